/* SPDX-License-Identifier: MIT */
/* Identities are remembered for five seconds, by exactly what was shown, and forgotten at once when
 * credentials change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "identities.h"

#include "base/banned.h"

#define NOBODY TEXT_NULL

static int set_up(void **state)
{
	*state = identities_new();
	return 0;
}

static int tear_down(void **state)
{
	identities_free(*state);
	return 0;
}

static struct credentials_hash bearer(const char *token)
{
	return credentials_hash(text_of(token), NOBODY, NOBODY, NOBODY);
}

static struct person person(const char *name)
{
	struct person p = { .identity.has_user = true };

	snprintf(p.display_name, sizeof(p.display_name), "%s", name);
	return p;
}

static void remember(struct identities *ids, const char *token, const char *name, int64_t now_ms)
{
	struct credentials_hash hash = bearer(token);
	struct person p = person(name);

	identities_add(ids, identities_generation(ids), &hash, now_ms, &p);
}

/* The name, or NULL. */
static const char *found(const struct identities *ids, const char *token, int64_t now_ms)
{
	static struct person p;
	struct credentials_hash hash = bearer(token);

	return identities_find(ids, &hash, now_ms, &p) ? p.display_name : NULL;
}

static void somebody_is_known_for_five_seconds(void **state)
{
	assert_null(found(*state, "a", 1000));
	remember(*state, "a", "Ann", 1000);
	assert_string_equal(found(*state, "a", 1000), "Ann");
	assert_string_equal(found(*state, "a", 1000 + IDENTITIES_LIFE_MS - 1), "Ann");
	assert_null(found(*state, "a", 1000 + IDENTITIES_LIFE_MS));
	assert_null(found(*state, "b", 1000));
}

static void what_is_shown_differently_is_somebody_else(void **state)
{
	const struct text a = TEXT("a"), b = TEXT("b"), none = NOBODY, empty = TEXT("");
	const struct credentials_hash hashes[] = {
		credentials_hash(none, none, none, none),
		credentials_hash(empty, none, none, none),
		credentials_hash(none, empty, none, none),
		credentials_hash(a, none, none, none),
		credentials_hash(none, a, none, none),
		credentials_hash(none, none, a, none),
		credentials_hash(none, none, none, a),
		credentials_hash(a, b, none, none),
		credentials_hash(b, a, none, none),
		credentials_hash(TEXT("ab"), none, none, none),
		credentials_hash(a, none, b, none),
		credentials_hash(a, none, none, b),
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hashes); i++)
		for (size_t j = 0; j < i; j++)
			assert_memory_not_equal(hashes[i].bytes, hashes[j].bytes,
						sizeof(hashes[i].bytes));
}

static void a_newcomer_takes_the_place_of_another_never_the_identity(void **state)
{
	char token[16];

	for (int i = 0; i < 1000; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		remember(*state, token, token, 0);
		assert_string_equal(found(*state, token, 1), token);
	}
	for (int i = 0; i < 1000; i++) {
		snprintf(token, sizeof(token), "t%d", i);
		const char *name = found(*state, token, 1);
		if (name)
			assert_string_equal(name, token);
	}
}

static void a_drop_forgets_everybody(void **state)
{
	remember(*state, "a", "Ann", 0);
	remember(*state, "b", "Bob", 0);
	identities_drop(*state);
	assert_null(found(*state, "a", 1));
	assert_null(found(*state, "b", 1));
	remember(*state, "b", "Bob", 1);
	assert_string_equal(found(*state, "b", 1), "Bob");
}

static void an_answer_asked_for_before_the_drop_is_not_kept(void **state)
{
	struct credentials_hash hash = bearer("a");
	struct person p = person("Ann");
	uint64_t asked = identities_generation(*state);

	identities_drop(*state);
	identities_add(*state, asked, &hash, 0, &p);
	assert_null(found(*state, "a", 1));
	identities_add(*state, identities_generation(*state), &hash, 0, &p);
	assert_string_equal(found(*state, "a", 1), "Ann");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(somebody_is_known_for_five_seconds),
		TEST(what_is_shown_differently_is_somebody_else),
		TEST(a_newcomer_takes_the_place_of_another_never_the_identity),
		TEST(a_drop_forgets_everybody),
		TEST(an_answer_asked_for_before_the_drop_is_not_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
