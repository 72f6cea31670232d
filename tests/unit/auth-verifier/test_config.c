/* SPDX-License-Identifier: MIT */
/* With auth required, settings that could let nobody or anybody in stop the start. */
#include "app.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static bool refuses(const struct auth_verifier_config *c, const char *variable)
{
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(2000);
	bool refused = auth_verifier_config_check(c, &errors) != OK;

	assert_int_equal(refused, errors.len > 0);
	return refused && strstr(errors.data, variable);
}

static void auth_off_needs_nothing(void **state)
{
	struct auth_verifier_config c = { 0 };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(2000);

	(void)state;
	assert_int_equal(auth_verifier_config_check(&c, &errors), OK);
}

static void auth_required_needs_a_source_of_identity(void **state)
{
	struct auth_verifier_config c = { .required = true };

	(void)state;
	assert_true(refuses(&c, "AUTH_REQUIRED:"));
	c.password_sign_in = true;
	assert_false(refuses(&c, ""));
}

static void access_needs_issuer_and_audience(void **state)
{
	char tag[] = "tag", domain[] = "https://team.example", *audience[] = { tag };
	struct auth_verifier_config c = { .required = true, .trust_identity_headers = true };

	(void)state;
	assert_true(refuses(&c, "AUTH_ACCESS_TEAM_DOMAIN:"));
	assert_true(refuses(&c, "AUTH_ACCESS_AUDIENCE:"));
	c.access_team_domain = domain;
	assert_false(refuses(&c, "AUTH_ACCESS_TEAM_DOMAIN:"));
	assert_true(refuses(&c, "AUTH_ACCESS_AUDIENCE:"));
	c.access_audience = (struct config_list){ audience, 1 };
	assert_false(refuses(&c, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auth_off_needs_nothing),
		cmocka_unit_test(auth_required_needs_a_source_of_identity),
		cmocka_unit_test(access_needs_issuer_and_audience),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
