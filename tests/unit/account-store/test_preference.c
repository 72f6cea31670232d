/* SPDX-License-Identifier: MIT */
/* Preferences: the known keys and their types, and the defaults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "preference.h"

#include "base/banned.h"

static enum err decode(const char *json, char *ret_param)
{
	struct preferences p = { 0 };
	struct json_problem problem = { 0 };
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	enum err err = json_decode(text_of(json), preference_fields, &p, &arena, &problem);
	snprintf(ret_param, sizeof(problem.param), "%s", problem.param);
	return err;
}

static void known_keys_with_their_types_are_taken(void **state)
{
	(void)state;
	static const char *const good[] = {
		"{}",
		"{\"theme\":\"dark\"}",
		"{\"theme\":null}",
		"{\"ephemeralMode\":true,\"clientSideStorage\":false}",
		"{\"composer\":{\"temperature\":0.5,\"sendOnEnter\":true}}",
		"{\"fallbacks\":[{\"model\":\"a\",\"to\":[\"b\"]}]}",
		"{\"fallbacks\":[]}",
		"{\"defaultModel\":\"openai/x\"}",
	};
	char param[128];
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_int_equal(decode(good[i], param), OK);
}

static void anything_else_is_refused_by_name(void **state)
{
	(void)state;
	static const char *const bad[][2] = {
		{ "{\"colour\":\"dark\"}", "colour" },
		{ "{\"theme\":\"pink\"}", "theme" },
		{ "{\"theme\":1}", "theme" },
		{ "{\"ephemeralMode\":\"yes\"}", "ephemeralMode" },
		{ "{\"composer\":{\"x\":1}}", "composer.x" },
		{ "{\"composer\":{\"temperature\":9}}", "composer.temperature" },
		{ "{\"fallbacks\":[{\"model\":\"a\"}]}", "fallbacks[0].to" },
	};
	char param[128];
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(decode(bad[i][0], param), ERR_INVALID_REQUEST);
		assert_string_equal(param, bad[i][1]);
	}
}

static void check(const char *stored, struct identity identity, const char *expected)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(4096);
	struct json_writer w = JSON_WRITER_INIT(&out);
	assert_int_equal(preferences_write(text_of(stored), &identity, &w), OK);
	assert_int_equal(json_writer_end(&w), OK);
	assert_string_equal(out.data, expected);
}

static void what_is_set_stands_over_the_defaults(void **state)
{
	(void)state;
	const struct identity free_person = { .role = ROLE_USER,
					      .tier = TIER_FREE,
					      .amr = AMR_ACCESS };
	check(NULL, free_person,
	      "{\"theme\":\"system\",\"defaultModel\":null,\"ephemeralMode\":false,"
	      "\"clientSideStorage\":false}");
	check("{\"theme\":\"dark\",\"clientSideStorage\":true}", free_person,
	      "{\"theme\":\"dark\",\"clientSideStorage\":true,\"defaultModel\":null,"
	      "\"ephemeralMode\":false}");
}

static void ephemeral_mode_is_on_for_pro_people_and_off_for_the_local_owner(void **state)
{
	(void)state;
	assert_true(preference_ephemeral_default(
		&(struct identity){ .role = ROLE_USER, .tier = TIER_PRO, .amr = AMR_ACCESS }));
	assert_true(preference_ephemeral_default(&(struct identity){
		.role = ROLE_ADMIN, .tier = TIER_ENTERPRISE, .amr = AMR_TOKEN }));
	assert_false(preference_ephemeral_default(
		&(struct identity){ .role = ROLE_USER, .tier = TIER_PLUS, .amr = AMR_PASSWORD }));
	assert_false(preference_ephemeral_default(
		&(struct identity){ .role = ROLE_OWNER, .tier = TIER_PRO, .amr = AMR_LOCAL }));
	assert_false(preference_ephemeral_default(
		&(struct identity){ .role = ROLE_OWNER, .tier = TIER_PRO, .amr = AMR_TOKEN }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_keys_with_their_types_are_taken),
		cmocka_unit_test(anything_else_is_refused_by_name),
		cmocka_unit_test(what_is_set_stands_over_the_defaults),
		cmocka_unit_test(ephemeral_mode_is_on_for_pro_people_and_off_for_the_local_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
