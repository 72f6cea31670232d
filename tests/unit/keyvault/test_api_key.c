/* SPDX-License-Identifier: MIT */
/* A provider key as it comes in and as it is shown. */
#include "support.h"

#include "api_key.h"

#include "base/banned.h"

static bool clean(const char *in, size_t len, char out[static 64])
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	secret_set(&key, in, len);
	bool good = api_key_clean(&key);
	snprintf(out, 64, "%s", good ? (const char *)key.bytes : "");
	if (good)
		assert_int_equal(strlen(out), key.len);
	return good;
}

static void blanks_and_line_ends_around_a_key_are_dropped(void **state)
{
	(void)state;
	static const char *const cases[] = { "sk-abc",
					     " sk-abc",
					     "sk-abc ",
					     "\tsk-abc\n",
					     "sk-abc\r\n",
					     "\n\n sk-abc",
					     " \t\r\nsk-abc \t\r\n" };
	char out[64];
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_true(clean(cases[i], strlen(cases[i]), out));
		assert_string_equal(out, "sk-abc");
	}
}

static void every_visible_ascii_character_may_be_in_a_key(void **state)
{
	(void)state;
	char all[94], out[64];
	for (size_t i = 0; i < sizeof(all); i++)
		all[i] = (char)('!' + i);
	assert_true(clean(all, 47, out));
	assert_memory_equal(out, all, 47);
	assert_true(clean(all + 47, 47, out));
	assert_memory_equal(out, all + 47, 47);
}

static void what_no_key_has_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{ "", 0 },	   { " ", 1 },	       { " \r\n\t ", 5 },	{ "a b", 3 },
		{ "a\tb", 3 },	   { "a\nb", 3 },      { "a\0b", 3 },		{ "\0abc", 4 },
		{ "abc\0", 4 },	   { "\0", 1 },	       { "a\x7f", 2 },		{ "a\x1f", 2 },
		{ "\xc3\xa4", 2 }, { "a\xc2\xa0", 3 }, { "\xef\xbb\xbfsk", 5 },
	};
	char out[64];
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (clean(cases[i].bytes, cases[i].len, out))
			fail_msg("case %zu was taken", i);
}

static void preview_is_the_last_four_characters_of_a_long_key_only(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "sk-proj-0123456789abcdefWXYZ", "WXYZ" },
		{ "01234567WXYZ", "WXYZ" }, /* 12 */
		{ "1234567WXYZ", "" }, /* 11 */
		{ "ollama", "" },
		{ "abc", "" },
		{ "a", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(secret_clear) struct secret key = SECRET_INIT;
		char preview[KEY_PREVIEW_CHARS + 1];
		secret_set(&key, cases[i][0], strlen(cases[i][0]));
		api_key_preview(&key, preview);
		assert_string_equal(preview, cases[i][1]);
	}
}

static void place_of_a_key_is_the_published_one(void **state)
{
	(void)state;
	struct uuid user = numbered(1), id = numbered(2);
	struct seal_place p =
		api_key_place(&user, &id, TEXT("openai"), TEXT("https://api.openai.com:443"));
	assert_string_equal(p.label, "grove/byok/v1");
	assert_string_equal(p.table, "user_api_keys");
	assert_string_equal(p.column, "key_sealed");
	assert_true(uuid_equal(&p.user, &user) && uuid_equal(&p.row, &id));
	assert_true(text_is(p.extra[0], "openai"));
	assert_true(text_is(p.extra[1], "https://api.openai.com:443"));
	assert_null(p.extra[2].ptr);
}

static void listing_writes_null_for_what_is_not_set(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(4096);
	struct json_writer w = JSON_WRITER_INIT(&out);
	struct api_key_row row = { .id = numbered(1),
				   .provider = TEXT("openai"),
				   .name = TEXT("work \"x\""),
				   .preview = TEXT("WXYZ"),
				   .active = true,
				   .has_daily = true,
				   .daily = 0,
				   .priority = -3,
				   .status = TEXT("ok"),
				   .created = at("2026-01-02T03:04:05.678Z") };
	api_key_write(&w, &row);
	assert_int_equal(json_writer_end(&w), OK);
	assert_string_equal(
		out.data,
		"{\"id\":\"00000000-0000-0000-0000-000000000001\",\"provider\":\"openai\","
		"\"keyName\":\"work \\\"x\\\"\",\"keyPreview\":\"WXYZ\",\"baseUrl\":null,"
		"\"active\":true,\"status\":\"ok\",\"monthlyBudget\":null,\"dailyLimit\":0,"
		"\"rateLimitRpm\":null,\"priorityOrder\":-3,\"createdAt\":\"2026-01-02T03:04:05."
		"678Z\",\"lastUsedAt\":null}");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(blanks_and_line_ends_around_a_key_are_dropped),
		cmocka_unit_test(every_visible_ascii_character_may_be_in_a_key),
		cmocka_unit_test(what_no_key_has_is_refused),
		cmocka_unit_test(preview_is_the_last_four_characters_of_a_long_key_only),
		cmocka_unit_test(place_of_a_key_is_the_published_one),
		cmocka_unit_test(listing_writes_null_for_what_is_not_set),
	};
	return cmocka_run_group_tests(tests, use_unlocked_memory, NULL);
}
