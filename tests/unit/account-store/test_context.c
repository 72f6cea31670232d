/* SPDX-License-Identifier: MIT */
/* What a model is told, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "context.h"

#include "base/banned.h"

static void check(const char *prompt, const struct context_node *nodes, size_t count,
		  const char *expected)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(4096);
	struct json_writer w = JSON_WRITER_INIT(&out);
	assert_int_equal(context_write(text_of(prompt), nodes, count, &w), OK);
	assert_int_equal(json_writer_end(&w), OK);
	assert_string_equal(out.data, expected);
}

#define USER(words)                                          \
	{                                                    \
		.role = TEXT("user"), .content = TEXT(words) \
	}
#define ANSWER(words)                                             \
	{                                                         \
		.role = TEXT("assistant"), .content = TEXT(words) \
	}

static void the_path_is_told_in_order(void **state)
{
	(void)state;
	const struct context_node nodes[] = { USER("one"), ANSWER("1"), USER("two \"quoted\"\n") };
	check(NULL, nodes, 3,
	      "[{\"role\":\"user\",\"content\":\"one\"},{\"role\":\"assistant\",\"content\":\"1\"},"
	      "{\"role\":\"user\",\"content\":\"two \\\"quoted\\\"\\n\"}]");
	check(NULL, nodes, 0, "[]");
}

static void a_system_prompt_comes_first_and_an_empty_one_not_at_all(void **state)
{
	(void)state;
	const struct context_node nodes[] = { USER("hi") };
	check("Be brief.", nodes, 1,
	      "[{\"role\":\"system\",\"content\":\"Be "
	      "brief.\"},{\"role\":\"user\",\"content\":\"hi\"}]");
	check("", nodes, 1, "[{\"role\":\"user\",\"content\":\"hi\"}]");
}

static void an_answer_without_text_is_left_out(void **state)
{
	(void)state;
	const struct context_node nodes[] = { USER("one"), ANSWER(""), USER("two") };
	check(NULL, nodes, 3,
	      "[{\"role\":\"user\",\"content\":\"one\"},{\"role\":\"user\",\"content\":\"two\"}]");
}

static void an_excerpt_stands_in_front_of_its_question(void **state)
{
	(void)state;
	struct context_node nodes[] = { ANSWER("long"), USER("why?") };
	nodes[1].quote = TEXT("two\nlines");
	check(NULL, nodes, 2,
	      "[{\"role\":\"assistant\",\"content\":\"long\"},"
	      "{\"role\":\"user\",\"content\":\"> two\\n> lines\\n\\nwhy?\"}]");
}

static void the_next_context_begins_with_the_one_before(void **state)
{
	(void)state;
	struct context_node nodes[] = { USER("one"), ANSWER("1"), USER("aside"), ANSWER("2"),
					USER("more") };
	nodes[2].quote = TEXT("quoted");
	AUTO(strbuf_clear) struct strbuf first = STRBUF_INIT(4096), second = STRBUF_INIT(4096);
	struct json_writer a = JSON_WRITER_INIT(&first), b = JSON_WRITER_INIT(&second);
	assert_int_equal(context_write(TEXT("sys"), nodes, 3, &a), OK);
	assert_int_equal(context_write(TEXT("sys"), nodes, 5, &b), OK);
	assert_memory_equal(second.data, first.data, first.len - 1);
}

static void a_context_that_does_not_fit_is_said(void **state)
{
	(void)state;
	struct context_node nodes[] = { USER("a question that is longer than the buffer") };
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(32);
	struct json_writer w = JSON_WRITER_INIT(&out);
	assert_int_not_equal(context_write(TEXT_NULL, nodes, 1, &w), OK);
	nodes[0].quote = TEXT("and the quote is longer than that too, by far");
	AUTO(strbuf_clear) struct strbuf other = STRBUF_INIT(32);
	struct json_writer v = JSON_WRITER_INIT(&other);
	assert_int_not_equal(context_write(TEXT_NULL, nodes, 1, &v), OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_path_is_told_in_order),
		cmocka_unit_test(a_system_prompt_comes_first_and_an_empty_one_not_at_all),
		cmocka_unit_test(an_answer_without_text_is_left_out),
		cmocka_unit_test(an_excerpt_stands_in_front_of_its_question),
		cmocka_unit_test(the_next_context_begins_with_the_one_before),
		cmocka_unit_test(a_context_that_does_not_fit_is_said),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
