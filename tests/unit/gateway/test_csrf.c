/* SPDX-License-Identifier: MIT */
/* A CSRF token is one person's, one sign-in's and one house's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "csrf.h"

#include "base/banned.h"

static struct secret secret, another;

static int set_up(void **state)
{
	(void)state;
	secret_init_library(true);
	secret_set(&secret, "0123456789abcdef0123456789abcdef", 32);
	secret_set(&another, "0123456789abcdef0123456789abcdeg", 32);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	secret_clear(&secret);
	secret_clear(&another);
	return 0;
}

static struct identity ann(void)
{
	struct identity id = { .has_user = true, .session = "local" };

	assert_int_equal(uuid_parse(TEXT("01935b2c-7700-7001-8002-030405060708"), &id.user), OK);
	return id;
}

static void a_token_is_what_its_formula_says(void **state)
{
	struct identity id = ann();
	char token[CSRF_TOKEN_SIZE];

	(void)state;
	csrf_token(&secret, &id, token);
	/* python3: base64.urlsafe_b64encode(hmac.digest(key, b"grove/csrf/v1|01935b2c-…|local",
	 * "sha256")) */
	assert_string_equal(token, "chFl4cbd2nlblT8hEhWI3ywjiUo14sh0FsK8qxnLa7w");
}

static void it_fits_its_owner_only(void **state)
{
	struct identity id = ann(), other = ann(), session = ann();
	char token[CSRF_TOKEN_SIZE];

	(void)state;
	csrf_token(&secret, &id, token);
	assert_true(csrf_matches(&secret, &id, text_of(token)));
	other.user.bytes[15] ^= 1;
	session.session[0] = 'L';
	assert_false(csrf_matches(&secret, &other, text_of(token)));
	assert_false(csrf_matches(&secret, &session, text_of(token)));
	assert_false(csrf_matches(&another, &id, text_of(token)));
	/* Roles and scopes come and go; the page need not be loaded anew. */
	id.role = ROLE_ADMIN;
	id.scopes = SCOPE_PERSON;
	assert_true(csrf_matches(&secret, &id, text_of(token)));
}

static void every_character_counts(void **state)
{
	struct identity id = ann();
	char token[CSRF_TOKEN_SIZE], spoilt[CSRF_TOKEN_SIZE + 1];

	(void)state;
	csrf_token(&secret, &id, token);
	for (size_t i = 0; i < CSRF_TOKEN_SIZE - 1; i++) {
		memcpy(spoilt, token, sizeof(token));
		spoilt[i] = spoilt[i] == 'A' ? 'B' : 'A';
		assert_false(csrf_matches(&secret, &id, text_of(spoilt)));
	}
	for (size_t len = 0; len < CSRF_TOKEN_SIZE - 1; len++)
		assert_false(csrf_matches(&secret, &id, (struct text){ token, len }));
	snprintf(spoilt, sizeof(spoilt), "%sA", token);
	assert_false(csrf_matches(&secret, &id, text_of(spoilt)));
	assert_false(csrf_matches(&secret, &id, TEXT_NULL));
}

static void the_longest_session_fits(void **state)
{
	struct identity id = ann();
	char token[CSRF_TOKEN_SIZE];

	(void)state;
	memset(id.session, 's', sizeof(id.session) - 1);
	csrf_token(&secret, &id, token);
	assert_true(csrf_matches(&secret, &id, text_of(token)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_is_what_its_formula_says),
		cmocka_unit_test(it_fits_its_owner_only),
		cmocka_unit_test(every_character_counts),
		cmocka_unit_test(the_longest_session_fits),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
