/* SPDX-License-Identifier: MIT */
/* Spans count code points and must show the words they quote. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "span.h"

#include "base/banned.h"

/* "für 🌳 uns" */
#define SOURCE TEXT("f\xc3\xbcr \xf0\x9f\x8c\xb3 uns")

static void offsets_count_code_points(void **state)
{
	(void)state;
	struct text excerpt;
	assert_int_equal(span_find(SOURCE, 4, 5, TEXT("\xf0\x9f\x8c\xb3"), &excerpt), OK);
	assert_true(text_is(excerpt, "\xf0\x9f\x8c\xb3"));
	assert_int_equal(span_find(SOURCE, 0, 9, TEXT_NULL, &excerpt), OK);
	assert_int_equal(excerpt.len, SOURCE.len);
	assert_int_equal(span_find(SOURCE, 6, 9, TEXT("uns"), &excerpt), OK);
}

static void bad_spans_are_refused(void **state)
{
	(void)state;
	static const int64_t bad[][2] = { { -1, 2 },	    { 2, 2 },
					  { 3, 2 },	    { 0, 10 },
					  { 9, 10 },	    { 10, 11 },
					  { 0, INT64_MAX }, { INT64_MAX - 1, INT64_MAX } };
	struct text excerpt = TEXT("before");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(span_find(SOURCE, bad[i][0], bad[i][1], TEXT_NULL, &excerpt),
				 ERR_INVALID_ANCHOR);
	assert_int_equal(span_find(SOURCE, 0, 3, TEXT("fur"), &excerpt), ERR_INVALID_ANCHOR);
	assert_int_equal(span_find(TEXT(""), 0, 1, TEXT_NULL, &excerpt), ERR_INVALID_ANCHOR);
	assert_true(text_is(excerpt, "before"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offsets_count_code_points),
		cmocka_unit_test(bad_spans_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
