/* SPDX-License-Identifier: MIT */
/* The gate lets RFC 8259 through and nothing that two readers could understand differently. */
#include "support.h"

#include "base/banned.h"

static void plain_json_passes(void **state)
{
	(void)state;
	static const char *const good[] = {
		"{}",
		"[]",
		"\"\"",
		"0",
		"-0",
		"true",
		"false",
		"null",
		" {} ",
		"\t\r\n[ ]\n",
		"{\"a\":1}",
		"{ \"a\" : 1 , \"b\" : [ 1 , 2 ] }",
		"[[],{},[{}]]",
		"[1,-1,0.5,-0.5,1e5,1E+5,1e-5,0e0]",
		"9007199254740992",
		"-9007199254740992",
		"1.7976931348623157e308",
		"1e-400",
		"5e-324",
		"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\uD83D\\uDE00\\ue000\\uffff\"",
		"\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\x7f\"",
		"{\"\":0}",
		"{\"\xc3\xa4\":\"\xc3\xa4\"}",
		"{\"a\":{\"a\":{\"a\":1}},\"A\":2,\"a \":3}",
		"[{\"a\":1},{\"a\":2}]",
		"0.1234567890123456789012345678901234567890123456789012345678901",
		"\"\\u0001\\u001f\\u007f\"",
	};

	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct json_problem problem = { 0 };

		if (check_exact(text_of(good[i]), NULL, &problem) != OK)
			fail_msg("refused %s: %s", good[i], problem.message);
	}
}

static const struct {
	struct text json;
	const char *param, *message; /* the message contains this */
} bad[] = {
	/* not JSON */
	{ { NULL, 0 }, "", "ends too early (at byte 0)" },
	{ TEXT(""), "", "ends too early" },
	{ TEXT("  "), "", "ends too early" },
	{ TEXT("{"), "", "quoted key" },
	{ TEXT("["), "", "ends too early" },
	{ TEXT("[1"), "", "ends too early" },
	{ TEXT("[1,"), "", "ends too early" },
	{ TEXT("[1,]"), "", "where a value belongs (at byte 3)" },
	{ TEXT("[,1]"), "", "where a value belongs" },
	{ TEXT("[1 2]"), "", "no comma" },
	{ TEXT("[1}"), "", "no comma" },
	{ TEXT("{\"a\":1]"), "", "no comma" },
	{ TEXT("{\"a\"}"), "", "no colon" },
	{ TEXT("{\"a\":}"), "", "where a value belongs" },
	{ TEXT("{\"a\":1,}"), "", "quoted key" },
	{ TEXT("{a:1}"), "", "quoted key" },
	{ TEXT("{'a':1}"), "", "quoted key" },
	{ TEXT("{1:1}"), "", "quoted key" },
	{ TEXT("}"), "", "where a value belongs" },
	{ TEXT("]"), "", "where a value belongs" },
	{ TEXT("\"abc"), "", "ends inside a string" },
	{ TEXT("\"abc\\"), "", "unknown escape" },
	{ TEXT("\"\\u12"), "", "four hex digits" },
	{ TEXT("\"\\u12g4\""), "", "four hex digits" },
	{ TEXT("\"\\x41\""), "", "unknown escape" },
	{ TEXT("\"\\'\""), "", "unknown escape" },
	{ TEXT("\"\\\n\""), "", "unknown escape" },
	{ TEXT("tru"), "", "true, false or null" },
	{ TEXT("truE"), "", "true, false or null" },
	{ TEXT("nul\0"), "", "true, false or null" },
	{ TEXT("True"), "", "where a value belongs" },
	{ TEXT("NaN"), "", "where a value belongs" },
	{ TEXT("Infinity"), "", "where a value belongs" },
	{ TEXT("undefined"), "", "where a value belongs" },
	{ TEXT("/* */1"), "", "where a value belongs" },
	{ TEXT("\0"), "", "where a value belongs" },
	{ TEXT("\xc3\xa4"), "", "where a value belongs" },
	/* what lies behind the value */
	{ TEXT("{}x"), "", "goes on after its end" },
	{ TEXT("{}{}"), "", "goes on after its end" },
	{ TEXT("1 2"), "", "goes on after its end" },
	{ TEXT("{}\0"), "", "goes on after its end" },
	{ TEXT("truex"), "", "goes on after its end" },
	{ TEXT("1\v"), "", "goes on after its end" },
	{ TEXT("{}\xc2\xa0"), "", "goes on after its end" },
	/* numbers */
	{ TEXT("01"), "", "leading zero" },
	{ TEXT("-01"), "", "leading zero" },
	{ TEXT("00"), "", "leading zero" },
	{ TEXT("-"), "", "minus sign" },
	{ TEXT("--1"), "", "minus sign" },
	{ TEXT("+1"), "", "where a value belongs" },
	{ TEXT(".5"), "", "where a value belongs" },
	{ TEXT("-.5"), "", "minus sign" },
	{ TEXT("1."), "", "behind the point" },
	{ TEXT("1.e5"), "", "behind the point" },
	{ TEXT("1e"), "", "behind the e" },
	{ TEXT("1e+"), "", "behind the e" },
	{ TEXT("0x10"), "", "goes on after its end" },
	{ TEXT("1_000"), "", "goes on after its end" },
	{ TEXT("{\"n\":9007199254740993}"), "n", "within 2^53" },
	{ TEXT("{\"n\":-9007199254740993}"), "n", "within 2^53" },
	{ TEXT("{\"n\":18446744073709551616}"), "n", "within 2^53" },
	{ TEXT("{\"n\":1e400}"), "n", "a double can hold" },
	{ TEXT("{\"n\":-1e400}"), "n", "a double can hold" },
	{ TEXT("{\"n\":1e309}"), "n", "a double can hold" },
	{ TEXT("{\"n\":1e99999999999999999999}"), "n", "a double can hold" },
	{ TEXT("{\"n\":0.12345678901234567890123456789012345678901234567890123456789012}"), "n",
	  "63 characters" },
	/* strings */
	{ TEXT("\xef\xbb\xbf{}"), "", "byte order mark" },
	{ TEXT("\"a\nb\""), "", "control characters" },
	{ TEXT("{\"t\":\"a\tb\"}"), "t", "control characters" },
	{ TEXT("{\"t\":\"\x1f\"}"), "t", "control characters" },
	{ TEXT("{\"t\":\"a\0b\"}"), "t", "control characters" },
	{ TEXT("{\"t\":\"adm\\u0000in\"}"), "t", "\\u0000" },
	{ TEXT("{\"t\\u0000\":1}"), "", "\\u0000" },
	{ TEXT("{\"t\":\"\\ud800\"}"), "t", "surrogate" },
	{ TEXT("{\"t\":\"\\ud800x\"}"), "t", "surrogate" },
	{ TEXT("{\"t\":\"\\ud800\\n\"}"), "t", "surrogate" },
	{ TEXT("{\"t\":\"\\ud800\\u0041\"}"), "t", "surrogate" },
	{ TEXT("{\"t\":\"\\ud800\\ud800\"}"), "t", "surrogate" },
	{ TEXT("{\"t\":\"\\ud800\\ue000\"}"), "t", "surrogate" },
	{ TEXT("{\"t\":\"\\udc00\"}"), "t", "surrogate" },
	{ TEXT("{\"t\":\"\\udfff\\ud800\"}"), "t", "surrogate" },
	{ TEXT("\"\\ud83d\\ude"), "", "surrogate" },
	{ TEXT("{\"t\":\"\xff\"}"), "t", "UTF-8" },
	{ TEXT("{\"t\":\"\x80\"}"), "t", "UTF-8" },
	{ TEXT("{\"t\":\"\xc0\xaf\"}"), "t", "UTF-8" },
	{ TEXT("{\"t\":\"\xe0\x80\xaf\"}"), "t", "UTF-8" },
	{ TEXT("{\"t\":\"\xed\xa0\x80\"}"), "t", "UTF-8" },
	{ TEXT("{\"t\":\"\xf4\x90\x80\x80\"}"), "t", "UTF-8" },
	{ TEXT("{\"t\":\"\xe2\x82\"}"), "t", "UTF-8" },
	{ TEXT("{\"t\":\"\xc3\\u00a4\"}"), "t", "UTF-8" },
	{ TEXT("\"\xe2\x82"), "", "UTF-8" },
	/* duplicates */
	{ TEXT("{\"a\":1,\"a\":1}"), "a", "given twice" },
	{ TEXT("{\"a\":1,\"b\":2,\"a\":3}"), "a", "given twice" },
	{ TEXT("{\"\":1,\"\":1}"), "", "given twice" },
	{ TEXT("{\"alg\":\"none\",\"\\u0061lg\":\"RS256\"}"), "alg", "given twice" },
	{ TEXT("{\"a/b\":1,\"a\\/b\":1}"), "a/b", "given twice" },
	{ TEXT("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":1}"), "\xf0\x9f\x98\x80",
	  "given twice" },
	{ TEXT("{\"m\":[{\"x\":1},{\"r\":1,\"r\":2}]}"), "m[1].r", "m[1].r is given twice." },
	{ TEXT("[[],[0,{\"a\":{\"b\":1,\"b\":2}}]]"), "[1][1].a.b", "given twice" },
};

static void everything_else_is_refused_with_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct json_problem problem = { .message = "untouched" };
		enum err err = bad[i].json.ptr ? check_exact(bad[i].json, NULL, &problem)
					       : json_check(bad[i].json, NULL, &problem);

		if (err != ERR_INVALID_JSON)
			fail_msg("accepted %.*s", TEXT_FMT(bad[i].json));
		if (strcmp(problem.param, bad[i].param) != 0 ||
		    !strstr(problem.message, bad[i].message))
			fail_msg("%.*s gave [%s] %s", TEXT_FMT(bad[i].json), problem.param,
				 problem.message);
		assert_int_equal(json_check(bad[i].json, NULL, NULL), ERR_INVALID_JSON);
	}
}

static void every_prefix_of_a_document_is_refused(void **state)
{
	(void)state;
	static const char json[] = "{\"a\":[1,-2.5e3,{\"b\":\"x\\u00e4\\ud83d\\ude00\xc3\xa4\","
				   "\"c\":true}],\"d\":null}";

	for (size_t len = 0; len < sizeof(json) - 1; len++)
		assert_int_equal(check_exact((struct text){ json, len }, NULL, NULL),
				 ERR_INVALID_JSON);
	assert_ok(check_exact(TEXT(json), NULL, NULL));
}

static void depth_is_limited_to_32(void **state)
{
	(void)state;
	for (int mixed = 0; mixed < 2; mixed++) {
		const char *open = mixed ? "{\"a\":[" : "[", *close = mixed ? "]}" : "]";
		size_t levels = mixed ? 16 : 32;
		AUTO(auto_free) char *opened = repeat("", open, levels, "");
		AUTO(auto_free) char *exact = repeat(opened, close, levels, "");
		AUTO(auto_free) char *opened_more = repeat("[", open, levels, "");
		AUTO(auto_free) char *too_deep = repeat(opened_more, close, levels, "]");
		struct json_problem problem;

		assert_ok(json_check(text_of(exact), NULL, NULL));
		assert_int_equal(json_check(text_of(too_deep), NULL, &problem), ERR_INVALID_JSON);
		assert_non_null(strstr(problem.message, "nested too deeply"));
	}
	AUTO(auto_free) char *hostile = repeat("", "[", 1 << 20, "");
	assert_int_equal(json_check(text_of(hostile), NULL, NULL), ERR_INVALID_JSON);
	struct json_limits two = { .max_depth = 2 };
	assert_ok(json_check(TEXT("[[1]]"), &two, NULL));
	assert_int_equal(json_check(TEXT("[[[]]]"), &two, NULL), ERR_INVALID_JSON);
}

/* An object of `count` different keys. */
static struct strbuf object_of(size_t count, const char *more)
{
	struct strbuf b = STRBUF_INIT(4 << 20);

	assert_ok(strbuf_append_char(&b, '{'));
	for (size_t i = 0; i < count; i++)
		assert_ok(
			strbuf_printf(&b, "%s\"key%zu\":%zu", i ? "," : "", i * 7919 % 100003, i));
	assert_ok(strbuf_append_str(&b, more));
	assert_ok(strbuf_append_char(&b, '}'));
	return b;
}

static void members_are_limited_to_4096_in_all(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf exact = object_of(4096, "");
	AUTO(strbuf_clear) struct strbuf more = object_of(4097, "");
	AUTO(auto_free) char *spread = repeat("[", "{\"a\":1,\"b\":2},", 2048, "{\"c\":3}]");
	struct json_limits raised = { .max_members = 5000 };

	assert_ok(json_check(strbuf_text(&exact), NULL, NULL));
	assert_int_equal(json_check(strbuf_text(&more), NULL, NULL), ERR_INVALID_JSON);
	assert_ok(json_check(strbuf_text(&more), &raised, NULL));
	assert_int_equal(json_check(text_of(spread), NULL, NULL), ERR_INVALID_JSON);
	assert_ok(json_check(text_of(spread), &raised, NULL));
}

static void list_items_are_limited_to_65536_in_all(void **state)
{
	(void)state;
	AUTO(auto_free) char *exact = repeat("[", "0,", 65535, "0]");
	AUTO(auto_free) char *more = repeat("[", "0,", 65536, "0]");
	struct json_limits raised = { .max_items = 70000 };

	assert_ok(json_check(text_of(exact), NULL, NULL));
	assert_int_equal(json_check(text_of(more), NULL, NULL), ERR_INVALID_JSON);
	assert_ok(json_check(text_of(more), &raised, NULL));
}

static void duplicates_are_found_among_any_number_of_keys(void **state)
{
	(void)state;
	/* Around the sizes where another method of comparing begins, and with the heap. */
	static const size_t counts[] = { 1, 2, 11, 12, 13, 63, 64, 65, 1000, 4000 };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		AUTO(strbuf_clear) struct strbuf clean = object_of(counts[i], ",\"kez0\":0");
		AUTO(strbuf_clear) struct strbuf twice = object_of(counts[i], ",\"k\\u0065y0\":0");
		struct json_problem problem;

		assert_ok(json_check(strbuf_text(&clean), NULL, NULL));
		assert_int_equal(json_check(strbuf_text(&twice), NULL, &problem), ERR_INVALID_JSON);
		assert_string_equal(problem.param, "key0");
	}
}

static void keys_of_open_objects_are_kept_apart(void **state)
{
	(void)state;
	/* The inner object closes between two keys of the outer one. */
	assert_ok(json_check(TEXT("{\"a\":{\"b\":1,\"c\":{\"a\":1}},\"b\":{\"a\":2},\"c\":0}"),
			     NULL, NULL));
	assert_int_equal(
		json_check(TEXT("{\"a\":{\"b\":1,\"c\":{}},\"b\":{\"a\":2},\"a\":0}"), NULL, NULL),
		ERR_INVALID_JSON);
	AUTO(strbuf_clear) struct strbuf inner = object_of(100, "");
	AUTO(auto_free)
	char *nested = xasprintf("{\"x\":%s,\"y\":%s,\"x\":1}", inner.data, inner.data);
	struct json_problem problem;
	assert_int_equal(json_check(text_of(nested), NULL, &problem), ERR_INVALID_JSON);
	assert_string_equal(problem.param, "x");
}

static void long_names_are_cut_between_characters(void **state)
{
	(void)state;
	AUTO(auto_free) char *key = repeat("", "\xc3\xa4", 3000, "");
	AUTO(auto_free)
	char *json =
		xasprintf("{\"%s\":{\"%s\":{\"%s\":{\"%s\":[01e400,1]}}}}", key, key, key, key);
	AUTO(auto_free)
	char *field =
		xasprintf("{\"%s\":{\"x%s\":{\"%s\":{\"%s\":[1e400,1]}}}}", key, key, key, key);
	struct json_problem problem;

	assert_int_equal(json_check(text_of(json), NULL, &problem), ERR_INVALID_JSON);
	assert_int_equal(json_check(text_of(field), NULL, &problem), ERR_INVALID_JSON);
	assert_true(utf8_valid(problem.param, strlen(problem.param)));
	assert_true(utf8_valid(problem.message, strlen(problem.message)));
	assert_true(strlen(problem.param) > 80);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_json_passes),
		cmocka_unit_test(everything_else_is_refused_with_its_reason),
		cmocka_unit_test(every_prefix_of_a_document_is_refused),
		cmocka_unit_test(depth_is_limited_to_32),
		cmocka_unit_test(members_are_limited_to_4096_in_all),
		cmocka_unit_test(list_items_are_limited_to_65536_in_all),
		cmocka_unit_test(duplicates_are_found_among_any_number_of_keys),
		cmocka_unit_test(keys_of_open_objects_are_kept_apart),
		cmocka_unit_test(long_names_are_cut_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
