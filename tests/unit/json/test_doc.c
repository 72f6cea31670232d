/* SPDX-License-Identifier: MIT */
/* Foreign documents: read by exact names, absent where anything is missing or of another kind. */
#include "support.h"

#include "base/banned.h"

static const char answer[] = "{\"id\":\"x\\u00e4\",\"Id\":2,\"usage\":{\"prompt_tokens\":12,"
			     "\"cost\":0.25,\"big\":9007199254740992,\"deep\":{\"n\":1}},"
			     "\"choices\":[{\"delta\":{\"content\":\"hi\"}},null,[1,2,3]],\"ok\":"
			     "true,\"no\":false,\"nil\":null,\"large\":1e300,\"whole\":3.0}";

static struct json_doc *parse(const char *json)
{
	struct json_doc *doc = NULL;

	assert_ok(json_doc_parse(text_of(json), NULL, &doc));
	return doc;
}

static void members_are_found_by_their_exact_names(void **state)
{
	(void)state;
	AUTO(auto_json_doc) struct json_doc *doc = parse(answer);
	const struct json_value *root = json_doc_root(doc);
	struct text t;
	int64_t n;

	assert_true(json_get_text(json_get(root, "id"), &t));
	assert_true(text_is(t, "x\xc3\xa4"));
	assert_true(json_get_int(json_get(root, "Id"), &n));
	assert_int_equal(n, 2);
	assert_null(json_get(root, "ID"));
	assert_null(json_get(root, "OK"));
	assert_true(json_get_int(json_get_path(root, "usage.prompt_tokens"), &n));
	assert_int_equal(n, 12);
	assert_true(json_get_int(json_get_path(root, "usage.deep.n"), &n));
	assert_null(json_get_path(root, "usage.deep.n.x"));
	assert_null(json_get_path(root, "usage.Deep.n"));
	assert_null(json_get_path(root, "choices.delta"));
}

static void a_wrong_kind_reads_as_absent(void **state)
{
	(void)state;
	AUTO(auto_json_doc) struct json_doc *doc = parse(answer);
	const struct json_value *root = json_doc_root(doc);
	struct text t = TEXT("before");
	int64_t n = -7;
	double d = -7;
	bool b = true;

	assert_false(json_get_text(json_get(root, "ok"), &t));
	assert_false(json_get_text(json_get(root, "nil"), &t));
	assert_false(json_get_text(NULL, &t));
	assert_false(json_get_int(json_get(root, "id"), &n));
	assert_false(json_get_int(json_get_path(root, "usage.cost"), &n));
	assert_false(json_get_int(json_get(root, "large"), &n));
	assert_false(json_get_int(json_get(root, "ok"), &n));
	assert_false(json_get_number(json_get(root, "id"), &d));
	assert_false(json_get_number(NULL, &d));
	assert_false(json_get_bool(json_get(root, "nil"), &b));
	assert_false(json_get_bool(NULL, &b));
	assert_true(text_is(t, "before") && n == -7 && d == -7 && b);
	assert_null(json_get(json_get(root, "choices"), "delta"));
	assert_null(json_get(NULL, "x"));
	assert_null(json_get_path(NULL, "x.y"));
	assert_null(json_at(root, 0));
	assert_null(json_at(NULL, 0));
	assert_false(json_is_object(NULL) || json_is_array(NULL) || json_is_null(NULL));
}

static void numbers_and_words_are_read(void **state)
{
	(void)state;
	AUTO(auto_json_doc) struct json_doc *doc = parse(answer);
	const struct json_value *root = json_doc_root(doc);
	int64_t n;
	double d;
	bool b;

	assert_true(json_get_int(json_get_path(root, "usage.big"), &n) &&
		    n == INT64_C(9007199254740992));
	assert_true(json_get_int(json_get(root, "whole"), &n) && n == 3);
	assert_true(json_get_number(json_get_path(root, "usage.cost"), &d) && d == 0.25);
	assert_true(json_get_number(json_get(root, "large"), &d) && d == 1e300);
	assert_true(json_get_bool(json_get(root, "ok"), &b) && b);
	assert_true(json_get_bool(json_get(root, "no"), &b) && !b);
	assert_true(json_is_null(json_get(root, "nil")));
}

static void lists_and_members_can_be_walked(void **state)
{
	(void)state;
	AUTO(auto_json_doc) struct json_doc *doc = parse(answer);
	const struct json_value *choices = json_get(json_doc_root(doc), "choices");
	struct text t;
	size_t n = 0;

	assert_int_equal(json_count(choices), 3);
	assert_int_equal(json_count(json_doc_root(doc)), 9);
	assert_int_equal(json_count(json_get(json_doc_root(doc), "id")), 0);
	assert_int_equal(json_count(NULL), 0);
	assert_true(json_get_text(json_get_path(json_at(choices, 0), "delta.content"), &t));
	assert_true(json_is_null(json_at(choices, 1)));
	assert_true(json_is_array(json_at(choices, 2)));
	assert_null(json_at(choices, 3));
	assert_null(json_first(NULL));
	for (const struct json_value *v = json_first(json_get(json_doc_root(doc), "usage")); v;
	     v = json_next(v), n++)
		assert_true(json_name(v).len > 0);
	assert_int_equal(n, 4);
}

static void what_the_gate_refuses_gives_no_document(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"", "{", "{\"a\":1,\"a\":2}", "\"\\u0000\"", "1e400", "{}x", "[01]"
	};
	struct json_doc *doc = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(json_doc_parse(text_of(bad[i]), NULL, &doc), ERR_INVALID_JSON);
	assert_null(doc);
	json_doc_free(NULL);
}

static void a_document_is_written_back_as_it_was(void **state)
{
	(void)state;
	static const char *const same[] = {
		"{\"a\":[1,-2,0.5,1e+300,9007199254740992],\"b\":{\"\":null,\"c\\\"\":[true,false]}"
		",\"d\":\"\xc3\xa4\\n\"}",
		"[]",
		"{}",
		"null",
		"\"\\u0001\"",
		"[[[[]]]]",
		"-0.001",
		"1000000000000000",
		"0",
	};

	for (size_t i = 0; i < ARRAY_SIZE(same); i++) {
		AUTO(auto_json_doc) struct json_doc *doc = parse(same[i]);
		AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(4096);
		struct json_writer w = JSON_WRITER_INIT(&out);

		json_write_value(&w, json_doc_root(doc));
		assert_ok(json_writer_end(&w));
		assert_string_equal(out.data, same[i]);
	}
}

static void the_deepest_document_can_be_written(void **state)
{
	(void)state;
	AUTO(auto_free) char *open = repeat("", "[", JSON_MAX_DEPTH, "");
	AUTO(auto_free) char *json = repeat(open, "]", JSON_MAX_DEPTH, "");
	AUTO(auto_json_doc) struct json_doc *doc = parse(json);
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(4096);
	struct json_writer w = JSON_WRITER_INIT(&out);

	json_write_value(&w, json_doc_root(doc));
	assert_ok(json_writer_end(&w));
	assert_string_equal(out.data, json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_found_by_their_exact_names),
		cmocka_unit_test(a_wrong_kind_reads_as_absent),
		cmocka_unit_test(numbers_and_words_are_read),
		cmocka_unit_test(lists_and_members_can_be_walked),
		cmocka_unit_test(what_the_gate_refuses_gives_no_document),
		cmocka_unit_test(a_document_is_written_back_as_it_was),
		cmocka_unit_test(the_deepest_document_can_be_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
