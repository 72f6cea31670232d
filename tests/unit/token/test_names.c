/* SPDX-License-Identifier: MIT */
/* Every name reads back as what it was written from, and nothing else reads as anything. */
#include "support.h"

#include "base/banned.h"

static void every_daemon_reads_back_from_its_name(void **state)
{
	(void)state;
	for (int i = 0; i < DAEMON_COUNT; i++) {
		enum daemon_id back;

		assert_ok(daemon_from_name(text_of(daemon_name((enum daemon_id)i)), &back));
		assert_int_equal(back, i);
	}
}

static void roles_tiers_and_ways_to_sign_in_read_back(void **state)
{
	(void)state;
	for (int i = ROLE_USER; i <= ROLE_OWNER; i++) {
		enum role back;
		assert_ok(role_from_name(text_of(role_name((enum role)i)), &back));
		assert_int_equal(back, i);
	}
	for (int i = TIER_FREE; i <= TIER_ENTERPRISE; i++) {
		enum tier back;
		assert_ok(tier_from_name(text_of(tier_name((enum tier)i)), &back));
		assert_int_equal(back, i);
	}
	for (int i = AMR_LOCAL; i <= AMR_PASSWORD; i++) {
		enum amr back;
		assert_ok(amr_from_name(text_of(amr_name((enum amr)i)), &back));
		assert_int_equal(back, i);
	}
}

static void scopes_read_back_and_a_person_has_no_scope_name(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		enum scope back;
		assert_ok(scope_from_name(text_of(scope_name((enum scope)(1 << i))), &back));
		assert_int_equal(back, 1 << i);
	}
	assert_null(scope_name(SCOPE_PERSON));
}

static void other_names_are_refused(void **state)
{
	(void)state;
	static const char *const names[] = { "",	 "none",   "Owner", "owner ",
					     "gateway2", "person", "\0x" };
	enum daemon_id daemon;
	enum role role;
	enum tier tier;
	enum amr amr;
	enum scope scope;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct text t = text_of(names[i]);
		assert_int_equal(daemon_from_name(t, &daemon), ERR_INVALID_REQUEST);
		assert_int_equal(role_from_name(t, &role), ERR_INVALID_REQUEST);
		assert_int_equal(tier_from_name(t, &tier), ERR_INVALID_REQUEST);
		assert_int_equal(amr_from_name(t, &amr), ERR_INVALID_REQUEST);
		assert_int_equal(scope_from_name(t, &scope), ERR_INVALID_REQUEST);
	}
	assert_int_equal(role_from_name(TEXT_NULL, &role), ERR_INVALID_REQUEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_daemon_reads_back_from_its_name),
		cmocka_unit_test(roles_tiers_and_ways_to_sign_in_read_back),
		cmocka_unit_test(scopes_read_back_and_a_person_has_no_scope_name),
		cmocka_unit_test(other_names_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
