/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "usage.h"

static struct usage read_usage(const char *json)
{
	struct arena arena = ARENA_INIT;
	struct usage u = { 0 };
	struct json_doc *doc = parsed(&arena, json);
	usage_read(&u, json_doc_root(doc));
	json_doc_free(doc);
	arena_clear(&arena);
	return u;
}

static void assert_shown(const struct usage *u, const char *wanted)
{
	struct arena arena = ARENA_INIT;
	struct strbuf out = STRBUF_INIT(4096);
	struct json_writer w = JSON_WRITER_INIT(&out);
	usage_write(&w, u);
	assert_ok(json_writer_end(&w));
	assert_text(strbuf_text(&out), quoted(&arena, wanted).ptr);
	strbuf_clear(&out);
	arena_clear(&arena);
}

/* Hand-checked: (prompt - cached) × input + cached × cachedInput + completion × output, a million.
 */
static void cost_is_exact_to_six_decimals(void **state)
{
	(void)state;
	static const struct {
		int64_t prompt, cached, completion;
		struct price price;
		const char *cost;
	} cases[] = {
		/* 1,000 × 2.50 + 500 × 10 = 7,500 */
		{ 1000, 0, 500, { true, 2.5, 10, 1.25 }, "0.0075" },
		/* 600 × 2.50 + 400 × 1.25 + 500 × 10 = 7,000 */
		{ 1000, 400, 500, { true, 2.5, 10, 1.25 }, "0.007" },
		/* no price of its own for cached ones: 1,000 × 2.50 + 0 */
		{ 1000, 400, 0, { true, 2.5, 10, -1 }, "0.0025" },
		/* more cached than asked cannot be: all 10 at 0.025 = 0.25 */
		{ 10, 50, 0, { true, 0.25, 2, 0.025 }, "0" },
		/* 123,456 × 0.05 + 7,890 × 0.40 = 6,172.8 + 3,156 = 9,328.8 */
		{ 123456, 0, 7890, { true, 0.05, 0.4, 0.005 }, "0.009329" },
		/* 1 × 0.15 + 1 × 0.60 = 0.75 */
		{ 1, 0, 1, { true, 0.15, 0.6, 0.075 }, "0.000001" },
		/* 400,000 × 1.75 + 128,000 × 14 = 700,000 + 1,792,000 */
		{ 400000, 0, 128000, { true, 1.75, 14, 0.175 }, "2.492" },
		{ 0, 0, 0, { true, 1.75, 14, 0.175 }, "0" },
		{ 5, 0, 5, { true, 0, 0, 0 }, "0" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct usage u = { .has_prompt = true,
				   .has_completion = true,
				   .prompt = cases[i].prompt,
				   .cached = cases[i].cached,
				   .completion = cases[i].completion };
		usage_price(&u, &cases[i].price);
		char *wanted =
			arena_printf(&arena,
				     "{'prompt_tokens':%d,'completion_tokens':%d,'total_tokens':%d,"
				     "'prompt_tokens_details':{'cached_tokens':%d},"
				     "'completion_tokens_details':{'reasoning_tokens':0},'cost':%s,"
				     "'estimated':false}",
				     (int)u.prompt, (int)u.completion,
				     (int)(u.prompt + u.completion), (int)u.cached, cases[i].cost);
		assert_shown(&u, wanted);
		arena_clear(&arena);
	}
}

static void unknown_price_is_null_not_nothing(void **state)
{
	(void)state;
	struct usage u = read_usage("{'prompt_tokens':3,'completion_tokens':4,"
				    "'completion_tokens_details':{'reasoning_tokens':2}}");
	usage_price(&u, &(struct price){ 0 });
	assert_shown(&u, "{'prompt_tokens':3,'completion_tokens':4,'total_tokens':7,"
			 "'prompt_tokens_details':{'cached_tokens':0},"
			 "'completion_tokens_details':{'reasoning_tokens':2},'cost':null,"
			 "'estimated':false}");
}

static void cost_the_provider_tells_wins(void **state)
{
	(void)state;
	struct usage u = read_usage("{'prompt_tokens':3,'completion_tokens':4,'cost':0.25}");
	usage_price(&u, &(struct price){ true, 1, 1, 1 });
	assert_true(u.cost_known && u.cost == 0.25);
}

static void last_value_wins_and_absent_is_not_zero(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct usage u = { 0 };
	static const char *const said[] = { "{'prompt_tokens':9,'completion_tokens':1}",
					    "{'completion_tokens':5}",
					    "null",
					    "7",
					    "{}",
					    "{'prompt_tokens':null,'completion_tokens':'x'}" };
	for (size_t i = 0; i < ARRAY_SIZE(said); i++) {
		struct json_doc *doc = parsed(&arena, said[i]);
		usage_read(&u, json_doc_root(doc));
		json_doc_free(doc);
	}
	usage_read(&u, NULL);
	assert_true(u.prompt == 9 && u.completion == 5 && !u.estimated);
	arena_clear(&arena);
}

static void numbers_that_cannot_be_are_left_out(void **state)
{
	(void)state;
	struct usage u = read_usage("{'prompt_tokens':-1,'completion_tokens':9007199254740991,"
				    "'prompt_tokens_details':[1],'cost':-0.5}");
	assert_true(!u.has_prompt && !u.has_completion && !u.cost_known && u.prompt == 0);
	u = read_usage("{'prompt_tokens':1.5,'completion_tokens':2.0,'cost':1e300}");
	assert_true(!u.has_prompt && u.completion == 2 && !u.cost_known);
}

static void what_was_not_counted_is_estimated_by_four_bytes(void **state)
{
	(void)state;
	static const struct {
		const char *said;
		int64_t prompt, completion;
		bool estimated;
	} cases[] = {
		{ "{}", 3, 2, true },
		{ "{'prompt_tokens':7}", 7, 2, true },
		{ "{'completion_tokens':7}", 3, 7, true },
		{ "{'prompt_tokens':0,'completion_tokens':0}", 0, 0, false },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct usage u = read_usage(cases[i].said);
		usage_estimate(&u, 9, 8);
		usage_estimate(&u, 9, 8); /* twice is once */
		assert_int_equal(u.prompt, cases[i].prompt);
		assert_int_equal(u.completion, cases[i].completion);
		assert_int_equal(u.estimated, cases[i].estimated);
	}
}

static void remembered_usage_reads_back(void **state)
{
	(void)state;
	static const struct {
		const char *stored;
		int64_t prompt, completion;
		bool cost_known, estimated;
	} cases[] = {
		{ "{'promptTokens':1,'completionTokens':2,'cost':0.5,'estimated':false}", 1, 2,
		  true, false },
		{ "{'promptTokens':1,'completionTokens':2,'cost':null,'estimated':true}", 1, 2,
		  false, true },
		{ "{'promptTokens':1}", 1, 0, false, true },
		{ "null", 0, 0, false, true },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct usage u = { 0 };
		struct json_doc *doc = parsed(&arena, cases[i].stored);
		usage_read_stored(&u, json_doc_root(doc));
		assert_int_equal(u.prompt, cases[i].prompt);
		assert_int_equal(u.completion, cases[i].completion);
		assert_int_equal(u.cost_known, cases[i].cost_known);
		assert_int_equal(u.estimated, cases[i].estimated);
		json_doc_free(doc);
		arena_clear(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cost_is_exact_to_six_decimals),
		cmocka_unit_test(unknown_price_is_null_not_nothing),
		cmocka_unit_test(cost_the_provider_tells_wins),
		cmocka_unit_test(last_value_wins_and_absent_is_not_zero),
		cmocka_unit_test(numbers_that_cannot_be_are_left_out),
		cmocka_unit_test(what_was_not_counted_is_estimated_by_four_bytes),
		cmocka_unit_test(remembered_usage_reads_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
