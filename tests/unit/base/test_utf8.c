/* SPDX-License-Identifier: MIT */
/* UTF-8 after RFC 3629, at every border of its table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"

#include "base/banned.h"

#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

/* A copy of the exact size lets the sanitizer see a read past the end. */
static bool valid(struct text t)
{
	char *copy = xmalloc(t.len);
	memcpy(copy, t.ptr, t.len);
	bool result = utf8_valid(copy, t.len);
	free(copy);
	return result;
}

static void well_formed_sequences_are_valid_up_to_their_borders(void **state)
{
	static const struct text cases[] = {
		BYTES(""),
		BYTES("\x00"),
		BYTES("\x7F"),
		BYTES("\xC2\x80"),
		BYTES("\xDF\xBF"),
		BYTES("\xE0\xA0\x80"),
		BYTES("\xEC\xBF\xBF"),
		BYTES("\xED\x9F\xBF"),
		BYTES("\xEE\x80\x80"),
		BYTES("\xEF\xBF\xBD"),
		BYTES("\xEF\xBF\xBF"),
		BYTES("\xEF\xBB\xBF"),
		BYTES("\xF0\x90\x80\x80"),
		BYTES("\xF3\xBF\xBF\xBF"),
		BYTES("\xF4\x8F\xBF\xBF"),
		BYTES("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\xB3z"),
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(valid(cases[i]));
}

static void overlongs_surrogates_and_too_large_values_are_invalid(void **state)
{
	static const struct text cases[] = {
		/* overlong */
		BYTES("\xC0\x80"),
		BYTES("\xC0\xAF"),
		BYTES("\xC1\xBF"),
		BYTES("\xE0\x80\x80"),
		BYTES("\xE0\x9F\xBF"),
		BYTES("\xF0\x80\x80\x80"),
		BYTES("\xF0\x8F\xBF\xBF"),
		/* surrogates, alone and as CESU-8 pair */
		BYTES("\xED\xA0\x80"),
		BYTES("\xED\xBF\xBF"),
		BYTES("\xED\xA0\xBD\xED\xB0\x80"),
		/* above U+10FFFF, and leads that never existed */
		BYTES("\xF4\x90\x80\x80"),
		BYTES("\xF5\x80\x80\x80"),
		BYTES("\xF8\x88\x80\x80\x80"),
		BYTES("\xFC\x84\x80\x80\x80\x80"),
		BYTES("\xFE"),
		BYTES("\xFF"),
		/* stray and missing continuation bytes */
		BYTES("\x80"),
		BYTES("\xBF"),
		BYTES("a\x80"),
		BYTES("\xC2"),
		BYTES("\xE2\x82"),
		BYTES("\xF0\x9F\x8C"),
		BYTES("\xC2\x41"),
		BYTES("\xE2\x41\x82"),
		BYTES("\xE2\x82\x41"),
		BYTES("\xF0\x9F\x8C\x41"),
		BYTES("\xF0\x9F\xC0\x80"),
		BYTES("\xC2\xC2\x80"),
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_false(valid(cases[i]));
}

/* Encodes without asking whether it may. */
static size_t encode(uint32_t c, char out[static 4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

static void every_code_point_is_judged_rightly(void **state)
{
	char out[4];
	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		bool wanted = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
		size_t len = encode(c, out);
		if (utf8_valid(out, len) != wanted || (wanted && utf8_count(out, len) != 1))
			fail_msg("U+%04X", c);
	}
}

static void code_points_are_counted_not_bytes(void **state)
{
	(void)state;
	assert_int_equal(utf8_count("", 0), 0);
	assert_int_equal(utf8_count("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\xB3z", 11), 5);
}

static void offsets_of_code_points_include_the_end(void **state)
{
	static const char s[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\xB3z";
	static const size_t wanted[] = { 0, 1, 3, 6, 10, 11 };
	size_t got = 4711;
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++) {
		assert_true(utf8_offset(s, sizeof(s) - 1, i, &got));
		assert_int_equal(got, wanted[i]);
	}
	got = 4711;
	assert_false(utf8_offset(s, sizeof(s) - 1, 6, &got));
	assert_false(utf8_offset(s, sizeof(s) - 1, SIZE_MAX, &got));
	assert_int_equal(got, 4711);
	assert_true(utf8_offset("", 0, 0, &got));
	assert_int_equal(got, 0);
	assert_false(utf8_offset("", 0, 1, &got));
}

static void truncating_never_cuts_a_code_point(void **state)
{
	static const char s[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\xB3z";
	static const size_t wanted[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11, 11 };
	(void)state;
	for (size_t max = 0; max < ARRAY_SIZE(wanted); max++)
		assert_int_equal(utf8_truncate(s, sizeof(s) - 1, max), wanted[max]);
	assert_int_equal(utf8_truncate(s, sizeof(s) - 1, SIZE_MAX), 11);
	assert_int_equal(utf8_truncate("", 0, 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(well_formed_sequences_are_valid_up_to_their_borders),
		cmocka_unit_test(overlongs_surrogates_and_too_large_values_are_invalid),
		cmocka_unit_test(every_code_point_is_judged_rightly),
		cmocka_unit_test(code_points_are_counted_not_bytes),
		cmocka_unit_test(offsets_of_code_points_include_the_end),
		cmocka_unit_test(truncating_never_cuts_a_code_point),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
