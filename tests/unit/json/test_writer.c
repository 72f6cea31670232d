/* SPDX-License-Identifier: MIT */
/* The writer writes what the gate accepts, whatever it is fed. */
#include "support.h"

#include <math.h>

#include "base/banned.h"

struct out {
	struct strbuf buf;
	struct json_writer w;
};

static struct out *out_new(void)
{
	struct out *o = xcalloc(1, sizeof(*o));

	strbuf_init(&o->buf, 1 << 20);
	o->w = (struct json_writer)JSON_WRITER_INIT(&o->buf);
	return o;
}

static void out_free(struct out **o)
{
	strbuf_clear(&(*o)->buf);
	free(*o);
}

static void assert_wrote(struct out *o, const char *expected)
{
	assert_ok(json_writer_end(&o->w));
	assert_string_equal(o->buf.data, expected);
	assert_ok(json_check(strbuf_text(&o->buf), NULL, NULL));
}

static void commas_and_brackets_come_by_themselves(void **state)
{
	(void)state;
	AUTO(out_free) struct out *o = out_new();
	struct json_writer *w = &o->w;
	const struct uuid id = { { 0xab } };

	json_object_begin(w);
	json_key(w, "a");
	json_array_begin(w);
	json_int(w, 1);
	json_str(w, "x");
	json_array_begin(w);
	json_array_end(w);
	json_object_begin(w);
	json_object_end(w);
	json_null(w);
	json_array_end(w);
	json_key_text(w, TEXT("b\"\n"));
	json_bool(w, true);
	json_key(w, "c");
	json_raw(w, TEXT("[1, 2]"));
	json_key(w, "d");
	json_uuid(w, &id);
	json_key(w, "e");
	json_time(w, INT64_C(1795507302123));
	json_key(w, "f");
	json_bool(w, false);
	json_object_end(w);
	assert_wrote(o, "{\"a\":[1,\"x\",[],{},null],\"b\\\"\\n\":true,\"c\":[1, 2],\"d\":"
			"\"ab000000-0000-0000-0000-000000000000\",\"e\":\"2026-11-24T08:01:42."
			"123Z\",\"f\":false}");
}

static void absent_values_are_written_as_null(void **state)
{
	(void)state;
	AUTO(out_free) struct out *o = out_new();

	json_array_begin(&o->w);
	json_text(&o->w, TEXT_NULL);
	json_str(&o->w, NULL);
	json_uuid(&o->w, NULL);
	json_raw(&o->w, TEXT_NULL);
	json_double(&o->w, NAN);
	json_double(&o->w, INFINITY);
	json_decimal(&o->w, -INFINITY, 2);
	json_text(&o->w, TEXT(""));
	json_array_end(&o->w);
	assert_wrote(o, "[null,null,null,null,null,null,null,\"\"]");
}

static void strings_are_escaped_and_repaired(void **state)
{
	(void)state;
#define FFFD "\xef\xbf\xbd"
	static const struct {
		struct text text;
		const char *expected;
	} cases[] = {
		{ TEXT("plain </script> ' & \x7f"), "\"plain </script> ' & \x7f\"" },
		{ TEXT("\"\\/"), "\"\\\"\\\\/\"" },
		{ TEXT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
		{ TEXT("\x01\x1f\x1b"), "\"\\u0001\\u001f\\u001b\"" },
		{ TEXT("a\xe2\x80\xa8z\xe2\x80\xa9"), "\"a\\u2028z\\u2029\"" },
		{ TEXT("\xe2\x80\xa7\xe2\x80\xaa\xe2\x81\xa8"),
		  "\"\xe2\x80\xa7\xe2\x80\xaa\xe2\x81\xa8\"" },
		{ TEXT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
		  "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"" },
		{ TEXT("a\xff"
		       "b"),
		  "\"a" FFFD "b\"" },
		{ TEXT("\xc3"), "\"" FFFD "\"" },
		{ TEXT("\xe2\x82"), "\"" FFFD FFFD "\"" },
		{ TEXT("\xe2\x82\xc3\xa4"), "\"" FFFD FFFD "\xc3\xa4\"" },
		{ TEXT("\xc0\xaf"), "\"" FFFD FFFD "\"" },
		{ TEXT("\xed\xa0\x80"), "\"" FFFD FFFD FFFD "\"" },
		{ TEXT("\xf4\x90\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\"" },
		{ TEXT("\xe2\x80\xa8\xff\n\xc3\xa4\""), "\"\\u2028" FFFD "\\n\xc3\xa4\\\"\"" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(out_free) struct out *o = out_new();
		struct text copy = exact_copy(cases[i].text);

		json_text(&o->w, copy);
		free((void *)(uintptr_t)copy.ptr);
		assert_wrote(o, cases[i].expected);
	}
}

static void numbers_are_written_in_their_shortest_form(void **state)
{
	(void)state;
	static const struct {
		double d;
		const char *expected;
	} cases[] = {
		{ 0, "0" },
		{ -0.0, "-0" },
		{ 1, "1" },
		{ -1.5, "-1.5" },
		{ 0.1, "0.1" },
		{ 0.3, "0.3" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 123456789, "123456789" },
		{ 1e15, "1e+15" },
		{ 1e21, "1e+21" },
		{ 5e-324, "4.94065645841247e-324" },
		{ 9007199254740992, "9007199254740992" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 2.5e-7, "2.5e-07" },
		{ 0.7, "0.7" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(out_free) struct out *o = out_new();

		json_double(&o->w, cases[i].d);
		assert_wrote(o, cases[i].expected);
		assert_true(strtod(o->buf.data, NULL) == cases[i].d);
	}
}

static void money_has_fixed_places_without_trailing_zeros(void **state)
{
	(void)state;
	static const struct {
		double d;
		int places;
		const char *expected;
	} cases[] = {
		{ 1.5, 6, "1.5" },     { 2, 6, "2" },	       { 0.000123, 6, "0.000123" },
		{ 0.0000004, 6, "0" }, { -0.0000004, 6, "0" }, { 100, 0, "100" },
		{ 99.6, 0, "100" },    { -1.25, 2, "-1.25" },  { 1e20, 2, "100000000000000000000" },
		{ 10, 2, "10" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(out_free) struct out *o = out_new();

		json_decimal(&o->w, cases[i].d, cases[i].places);
		assert_ok(json_writer_end(&o->w));
		assert_string_equal(o->buf.data, cases[i].expected);
	}
	AUTO(out_free) struct out *o = out_new();
	json_decimal(&o->w, -1.7976931348623157e308, 15);
	assert_ok(json_writer_end(&o->w));
	assert_int_equal(o->buf.len, 310);
}

static void integers_are_written_whole(void **state)
{
	(void)state;
	AUTO(out_free) struct out *o = out_new();

	json_array_begin(&o->w);
	json_int(&o->w, INT64_MIN);
	json_int(&o->w, INT64_MAX);
	json_array_end(&o->w);
	assert_ok(json_writer_end(&o->w));
	assert_string_equal(o->buf.data, "[-9223372036854775808,9223372036854775807]");
}

static void the_first_failure_sticks(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(8);
	struct json_writer w = JSON_WRITER_INIT(&b);

	json_array_begin(&w);
	json_str(&w, "far too long");
	json_int(&w, 1); /* would fit */
	json_array_end(&w);
	assert_int_equal(json_writer_end(&w), ERR_TOO_LARGE);
	assert_true(b.len <= 8);
}

static void misuse_is_reported_at_the_end(void **state)
{
	(void)state;
	AUTO(out_free) struct out *open = out_new();
	AUTO(out_free) struct out *crossed = out_new();
	AUTO(out_free) struct out *extra = out_new();
	AUTO(out_free) struct out *deep = out_new();
	AUTO(out_free) struct out *keyed = out_new();

	json_object_begin(&open->w);
	assert_int_equal(json_writer_end(&open->w), ERR_INTERNAL);
	json_object_begin(&crossed->w);
	json_array_end(&crossed->w);
	assert_int_equal(json_writer_end(&crossed->w), ERR_INTERNAL);
	json_object_end(&extra->w);
	assert_int_equal(json_writer_end(&extra->w), ERR_INTERNAL);
	for (int i = 0; i < JSON_MAX_DEPTH + 1; i++)
		json_array_begin(&deep->w);
	assert_int_equal(json_writer_end(&deep->w), ERR_INTERNAL);
	json_array_begin(&keyed->w);
	json_key(&keyed->w, "a");
	json_array_end(&keyed->w);
	assert_int_equal(json_writer_end(&keyed->w), ERR_INTERNAL);
}

struct inner {
	bool given;
	struct json_int n;
};
struct item {
	struct text t;
};
struct everything {
	struct text text, raw;
	struct json_text opt;
	struct secret secret;
	struct json_uuid id;
	struct json_bool flag;
	struct json_int n, at;
	struct json_number ratio;
	struct json_text_list texts;
	struct json_uuid_list ids;
	struct inner inner;
	struct json_list items;
};

static const struct json_field inner_fields[] = { JSON_FIELD(JSON_INT, inner, n, .nullable = true),
						  { 0 } };
static const struct json_field item_fields[] = { JSON_FIELD(JSON_TEXT, item, t), { 0 } };
static const struct json_field everything_fields[] = {
	JSON_FIELD(JSON_TEXT, everything, text),
	JSON_FIELD(JSON_RAW, everything, raw),
	JSON_FIELD(JSON_OPT_TEXT, everything, opt, .nullable = true),
	JSON_FIELD(JSON_SECRET_TEXT, everything, secret),
	JSON_FIELD(JSON_UUID, everything, id, .nullable = true),
	JSON_FIELD(JSON_BOOL, everything, flag, .nullable = true),
	JSON_FIELD(JSON_INT, everything, n, .nullable = true),
	JSON_FIELD(JSON_TIME, everything, at, .nullable = true),
	JSON_FIELD(JSON_NUMBER, everything, ratio, .nullable = true),
	JSON_FIELD(JSON_TEXT_LIST, everything, texts),
	JSON_FIELD(JSON_UUID_LIST, everything, ids),
	JSON_FIELD(JSON_OBJECT, everything, inner, .fields = inner_fields),
	JSON_FIELD(JSON_OBJECT_LIST, everything, items, .fields = item_fields,
		   .size = sizeof(struct item)),
	{ .kind = JSON_IGNORE_UNKNOWN },
};

/* Decodes, writes, compares. */
static void assert_round_trip(const char *json, const char *expected)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	AUTO(out_free) struct out *o = out_new();
	struct everything e = { 0 };

	assert_ok(json_decode(text_of(json), everything_fields, &e, &arena, NULL));
	json_write_fields(&o->w, everything_fields, &e);
	json_clear_secrets(everything_fields, &e);
	assert_wrote(o, expected);
}

static void the_table_that_reads_also_writes_but_never_secrets(void **state)
{
	(void)state;
	static const char full[] =
		"{\"text\":\"a\\nb\",\"raw\":[1, "
		"{}],\"opt\":\"\",\"id\":\"01935b2c-7700-7001-8002-030405060708\",\"flag\":false,"
		"\"n\":-7,\"at\":\"2026-11-24T08:01:42.123Z\",\"ratio\":0.25,\"texts\":[\"x\",\"\"]"
		","
		"\"ids\":[\"01935b2c-7700-7001-8002-030405060708\"],\"inner\":{\"n\":1},\"items\":["
		"{\"t\":\"1\"},{}]}";
	static const char nulls[] =
		"{\"opt\":null,\"id\":null,\"flag\":null,\"n\":null,\"at\":null,\"ratio\":null,"
		"\"inner\":{\"n\":null}}";

	assert_round_trip(full, full);
	assert_round_trip(nulls, nulls);
	assert_round_trip("{}", "{}");
	assert_round_trip("{\"texts\":[],\"ids\":[],\"items\":[],\"inner\":{}}",
			  "{\"texts\":[],\"ids\":[],\"inner\":{},\"items\":[]}");
	assert_round_trip("{\"secret\":\"hunter2\",\"unknown\":1,\"text\":\"t\"}",
			  "{\"text\":\"t\"}");
}

static int start(void **state)
{
	(void)state;
	secret_init_library(true);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commas_and_brackets_come_by_themselves),
		cmocka_unit_test(absent_values_are_written_as_null),
		cmocka_unit_test(strings_are_escaped_and_repaired),
		cmocka_unit_test(numbers_are_written_in_their_shortest_form),
		cmocka_unit_test(money_has_fixed_places_without_trailing_zeros),
		cmocka_unit_test(integers_are_written_whole),
		cmocka_unit_test(the_first_failure_sticks),
		cmocka_unit_test(misuse_is_reported_at_the_end),
		cmocka_unit_test(the_table_that_reads_also_writes_but_never_secrets),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
