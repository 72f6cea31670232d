/* SPDX-License-Identifier: MIT */
/* Settings that would shut everybody out are refused; the table of routes keeps its promises. */
#include "app.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/banned.h"

static void auth_required_needs_a_way_to_sign_in(void **state)
{
	struct gateway_config c = { .auth_required = true };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);

	(void)state;
	assert_int_equal(gateway_config_check(&c, &errors), ERR_INVALID_REQUEST);
	assert_non_null(strstr(errors.data, "AUTH_REQUIRED:"));
	c.password_sign_in = true;
	assert_int_equal(gateway_config_check(&c, &errors), OK);
	c = (struct gateway_config){ .auth_required = true, .trust_identity_headers = true };
	assert_int_equal(gateway_config_check(&c, &errors), OK);
	c = (struct gateway_config){ 0 };
	assert_int_equal(gateway_config_check(&c, &errors), OK);
}

static void the_mode_of_auth_has_a_name(void **state)
{
	struct gateway_config c = { 0 };

	(void)state;
	assert_string_equal(auth_mode(&c), "off");
	c.password_sign_in = true;
	assert_string_equal(auth_mode(&c), "password");
	c.trust_identity_headers = true;
	assert_string_equal(auth_mode(&c), "access");
}

static void every_route_is_under_api_and_has_a_policy(void **state)
{
	(void)state;
	for (const struct route *r = gateway_routes; r->path; r++) {
		const struct policy *policy = r->policy;

		assert_memory_equal(r->path, "/api/", 5);
		assert_true(r->open && !r->callers);
		assert_non_null(policy);
		assert_true(policy->scope != 0);
		assert_true(r->op_size >= sizeof(struct passage));
		/* The same first steps everywhere, in this order. */
		assert_string_equal(r->steps[0].name, "enter_door");
		assert_string_equal(r->steps[1].name, "identify");
		assert_string_equal(r->steps[2].name, "accept_identity");
		assert_string_equal(r->steps[3].name, "authorize");
	}
}

static void no_two_routes_are_the_same(void **state)
{
	(void)state;
	for (const struct route *a = gateway_routes; a->path; a++)
		for (const struct route *b = gateway_routes; b < a; b++)
			assert_false(a->method == b->method && !strcmp(a->path, b->path));
}

static void tokens_never_manage_tokens_or_machines(void **state)
{
	(void)state;
	for (const struct route *r = gateway_routes; r->path; r++) {
		const struct policy *policy = r->policy;

		if (!strncmp(r->path, "/api/tokens", 11) || !strncmp(r->path, "/api/vms", 8) ||
		    !strncmp(r->path, "/api/auth/", 10))
			assert_int_equal(policy->scope, SCOPE_PERSON);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(auth_required_needs_a_way_to_sign_in),
		cmocka_unit_test(the_mode_of_auth_has_a_name),
		cmocka_unit_test(every_route_is_under_api_and_has_a_policy),
		cmocka_unit_test(no_two_routes_are_the_same),
		cmocka_unit_test(tokens_never_manage_tokens_or_machines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
