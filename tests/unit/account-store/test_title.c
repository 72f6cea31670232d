/* SPDX-License-Identifier: MIT */
/* Titles: what a person typed, and what a first message gives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "title.h"

#include "base/banned.h"

struct cleaned {
	enum err err;
	char text[TITLE_MAX_BYTES + 1];
};

static struct cleaned clean(const char *raw)
{
	AUTO(strbuf_clear) struct strbuf title = STRBUF_INIT(TITLE_MAX_BYTES);
	struct cleaned result = { .err = title_clean(text_of(raw), &title) };
	memcpy(result.text, title.data, title.len + 1);
	return result;
}

static void white_space_of_every_kind_becomes_one_space(void **state)
{
	(void)state;
	assert_string_equal(clean("  a \t\n b\xc2\xa0\xe3\x80\x80"
				  "c\xe2\x80\x8b ")
				    .text,
			    "a b c");
	assert_string_equal(clean("\xe2\x80\xae"
				  "evil")
				    .text,
			    "evil");
}

static void blank_titles_are_refused(void **state)
{
	(void)state;
	static const char *const blank[] = { "", " ", "\n\t", "\xe2\x80\x8b\xe2\x80\xa8", "\x7f" };
	for (size_t i = 0; i < ARRAY_SIZE(blank); i++)
		assert_int_equal(clean(blank[i]).err, ERR_INVALID_REQUEST);
}

static void sixty_code_points_fit_and_sixty_one_do_not(void **state)
{
	(void)state;
	char tree[61 * 4 + 1];
	for (size_t i = 0; i < 61; i++)
		memcpy(tree + 4 * i, "\xf0\x9f\x8c\xb3", 5);
	assert_int_equal(clean(tree).err, ERR_TOO_LARGE);
	tree[60 * 4] = '\0';
	assert_string_equal(clean(tree).text, tree);
}

static void a_failed_clean_leaves_the_buffer_alone(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf title = STRBUF_INIT(TITLE_MAX_BYTES);
	assert_int_equal(strbuf_append_str(&title, "before"), OK);
	assert_int_equal(title_clean(TEXT("  "), &title), ERR_INVALID_REQUEST);
	assert_string_equal(title.data, "before");
}

static void the_title_is_the_first_sentence(void **state)
{
	(void)state;
	static const struct {
		const char *message, *title;
	} cases[] = {
		{ "Hello there. How are you?", "Hello there." },
		{ "How do I boil an egg? I am hungry", "How do I boil an egg?" },
		{ "no stop here", "no stop here" },
		{ "first line\nsecond line", "first line" },
		{ "\n\n  ## A heading\ntext", "A heading" },
		{ "> quoted. And more", "quoted." },
		{ "1. Boil water. 2. Wait", "1. Boil water." },
		{ "What is 3.14 about? Tell me", "What is 3.14 about?" },
		{ "See example.org for more. Thanks", "See example.org for more." },
		{ "\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82\xe5\x86\x8d\xe8\xa7\x81",
		  "\xe4\xbd\xa0\xe5\xa5\xbd\xe3\x80\x82" },
		{ "```\ncode()\n```", "code()" },
		{ "", TITLE_DEFAULT },
		{ " \n\t", TITLE_DEFAULT },
		{ "###", TITLE_DEFAULT },
		{ "?!", "?!" },
	};
	AUTO(strbuf_clear) struct strbuf title = STRBUF_INIT(TITLE_MAX_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		title_from_text(text_of(cases[i].message), &title);
		assert_string_equal(title.data, cases[i].title);
	}
}

static void a_long_sentence_is_cut_at_a_word_with_an_ellipsis(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf title = STRBUF_INIT(TITLE_MAX_BYTES);
	title_from_text(
		TEXT("Please explain to me in great detail how photosynthesis works in trees"),
		&title);
	assert_string_equal(title.data,
			    "Please explain to me in great detail how photosynthesis\xe2\x80\xa6");
	char one_word[200];
	memset(one_word, 'x', sizeof(one_word));
	title_from_text((struct text){ one_word, sizeof(one_word) }, &title);
	assert_int_equal(utf8_count(title.data, title.len), TITLE_MAX);
}

static void any_message_gives_a_title_that_would_be_accepted(void **state)
{
	(void)state;
	static const char *const pieces[] = {
		"a", " ", "\n",		 ".", "\xc3\xbc", "\xf0\x9f\x8c\xb3", "#", "\xe3\x80\x82",
		"1", "?", "\xe2\x80\xa8"
	};
	AUTO(strbuf_clear) struct strbuf title = STRBUF_INIT(TITLE_MAX_BYTES);
	AUTO(strbuf_clear) struct strbuf again = STRBUF_INIT(TITLE_MAX_BYTES);
	uint32_t random = 1;
	for (int round = 0; round < 3000; round++) {
		AUTO(strbuf_clear) struct strbuf message = STRBUF_INIT(8192);
		for (uint32_t n = round % 400; n; n--) {
			random = random * 1664525 + 1013904223;
			assert_int_equal(
				strbuf_append_str(&message,
						  pieces[(random >> 16) % ARRAY_SIZE(pieces)]),
				OK);
		}
		title_from_text(strbuf_text(&message), &title);
		assert_int_equal(title_clean(strbuf_text(&title), &again), OK);
		assert_string_equal(title.data, again.data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(white_space_of_every_kind_becomes_one_space),
		cmocka_unit_test(blank_titles_are_refused),
		cmocka_unit_test(sixty_code_points_fit_and_sixty_one_do_not),
		cmocka_unit_test(a_failed_clean_leaves_the_buffer_alone),
		cmocka_unit_test(the_title_is_the_first_sentence),
		cmocka_unit_test(a_long_sentence_is_cut_at_a_word_with_an_ellipsis),
		cmocka_unit_test(any_message_gives_a_title_that_would_be_accepted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
