/* SPDX-License-Identifier: MIT */
/* Borrowed bytes: comparing, cutting, numbers and hexadecimal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"

#include "base/banned.h"

static void an_absent_text_differs_from_an_empty_one(void **state)
{
	(void)state;
	assert_true(text_equal(TEXT_NULL, TEXT_NULL));
	assert_true(text_equal(TEXT(""), text_of("")));
	assert_false(text_equal(TEXT_NULL, TEXT("")));
	assert_false(text_is(TEXT_NULL, ""));
	assert_false(text_is_ignoring_case(TEXT_NULL, ""));
	assert_null(text_of(NULL).ptr);
}

static void comparing_looks_at_all_bytes_and_the_length(void **state)
{
	(void)state;
	assert_true(text_is(TEXT("abc"), "abc"));
	assert_false(text_is(TEXT("abc"), "abcd"));
	assert_false(text_is(TEXT("abc"), "abC"));
	assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
	assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
}

static void case_is_ignored_for_ascii_letters_only(void **state)
{
	(void)state;
	assert_true(text_is_ignoring_case(TEXT("Content-TYPE"), "content-type"));
	assert_false(text_is_ignoring_case(TEXT("Ä"), "ä"));
	/* '@' and '`', '[' and '{' differ in the same bit as letters do. */
	assert_false(text_is_ignoring_case(TEXT("@"), "`"));
	assert_false(text_is_ignoring_case(TEXT("["), "{"));
	assert_false(text_is_ignoring_case(TEXT("ab"), "abc"));
}

static void a_prefix_longer_than_the_text_does_not_match(void **state)
{
	(void)state;
	assert_true(text_starts_with(TEXT("Bearer x"), "Bearer "));
	assert_true(text_starts_with(TEXT("x"), ""));
	assert_false(text_starts_with(TEXT("Bear"), "Bearer"));
	assert_false(text_starts_with(TEXT_NULL, ""));
}

static void trimming_takes_blanks_and_tabs_from_both_ends(void **state)
{
	static const struct {
		const char *given, *wanted;
	} cases[] = {
		{ "a", "a" },  { "  a\t", "a" }, { "\t a b \t", "a b" },
		{ "   ", "" }, { "", "" },	 { "\na\n", "\na\n" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_true(text_is(text_trim(text_of(cases[i].given)), cases[i].wanted));
	assert_null(text_trim(TEXT_NULL).ptr);
}

static void slices_are_clamped(void **state)
{
	(void)state;
	assert_true(text_is(text_slice(TEXT("abcdef"), 1, 3), "bc"));
	assert_true(text_is(text_slice(TEXT("abc"), 1, 99), "bc"));
	assert_true(text_is(text_slice(TEXT("abc"), 99, SIZE_MAX), ""));
	assert_true(text_is(text_slice(TEXT("abc"), 2, 1), ""));
	assert_null(text_slice(TEXT_NULL, 0, 3).ptr);
}

static void splitting_gives_every_part_even_empty_ones(void **state)
{
	static const struct {
		const char *given;
		const char *parts[4];
	} cases[] = {
		{ "a,b,c", { "a", "b", "c" } },
		{ "a", { "a" } },
		{ "", { "" } },
		{ ",", { "", "" } },
		{ "a,", { "a", "" } },
		{ ",,b", { "", "", "b" } },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text rest = text_of(cases[i].given), part;
		size_t n = 0;
		while (text_next(&rest, ',', &part)) {
			assert_true(n < 4 && cases[i].parts[n]);
			assert_true(text_is(part, cases[i].parts[n++]));
		}
		assert_true(n == 4 || !cases[i].parts[n]);
		assert_null(rest.ptr);
	}
}

static void an_absent_text_has_no_parts_and_leaves_the_part_alone(void **state)
{
	struct text rest = TEXT_NULL, part = TEXT("kept");
	(void)state;
	assert_false(text_next(&rest, ',', &part));
	assert_true(text_is(part, "kept"));
}

static void unsigned_numbers_are_strict(void **state)
{
	static const struct {
		const char *given;
		uint64_t max;
		bool ok;
		uint64_t wanted;
	} cases[] = {
		{ "0", UINT64_MAX, true, 0 },
		{ "7", 7, true, 7 },
		{ "8", 7, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "18446744073709551620", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "100000000000000000000000000000000000000000", UINT64_MAX, false, 0 },
		{ "", UINT64_MAX, false, 0 },
		{ "00", UINT64_MAX, false, 0 },
		{ "01", UINT64_MAX, false, 0 },
		{ "+1", UINT64_MAX, false, 0 },
		{ "-1", UINT64_MAX, false, 0 },
		{ "-0", UINT64_MAX, false, 0 },
		{ " 1", UINT64_MAX, false, 0 },
		{ "1 ", UINT64_MAX, false, 0 },
		{ "1e3", UINT64_MAX, false, 0 },
		{ "0x10", UINT64_MAX, false, 0 },
		{ "1.0", UINT64_MAX, false, 0 },
		{ "/", UINT64_MAX, false, 0 },
		{ ":", UINT64_MAX, false, 0 },
		{ "١", UINT64_MAX, false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t got = 4711;
		enum err err = text_to_u64(text_of(cases[i].given), cases[i].max, &got);
		assert_int_equal(err, cases[i].ok ? OK : ERR_INVALID_REQUEST);
		assert_true(got == (cases[i].ok ? cases[i].wanted : 4711));
	}
	uint64_t kept = 1;
	assert_int_equal(text_to_u64(TEXT_NULL, UINT64_MAX, &kept), ERR_INVALID_REQUEST);
	assert_int_equal(text_to_u64(TEXT("1\0"), UINT64_MAX, &kept), ERR_INVALID_REQUEST);
}

static void signed_numbers_reach_both_extremes_and_no_further(void **state)
{
	static const struct {
		const char *given;
		bool ok;
		int64_t wanted;
	} cases[] = {
		{ "0", true, 0 },
		{ "-1", true, -1 },
		{ "9223372036854775807", true, INT64_MAX },
		{ "9223372036854775808", false, 0 },
		{ "-9223372036854775807", true, -INT64_MAX },
		{ "-9223372036854775808", true, INT64_MIN },
		{ "-9223372036854775809", false, 0 },
		{ "18446744073709551615", false, 0 },
		{ "-18446744073709551616", false, 0 },
		{ "-0", false, 0 },
		{ "-", false, 0 },
		{ "--1", false, 0 },
		{ "+1", false, 0 },
		{ "-01", false, 0 },
		{ "- 1", false, 0 },
		{ "", false, 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t got = 4711;
		enum err err = text_to_i64(text_of(cases[i].given), &got);
		assert_int_equal(err, cases[i].ok ? OK : ERR_INVALID_REQUEST);
		assert_true(got == (cases[i].ok ? cases[i].wanted : 4711));
	}
}

static void hexadecimal_goes_there_and_back(void **state)
{
	static const uint8_t bytes[] = { 0x00, 0x0f, 0xf0, 0xff, 0xa5 };
	uint8_t back[sizeof(bytes)];
	char hex[2 * sizeof(bytes) + 1];
	(void)state;
	assert_true(bytes_to_hex(bytes, sizeof(bytes), hex, sizeof(hex)));
	assert_string_equal(hex, "000ff0ffa5");
	assert_true(hex_to_bytes(TEXT("000fF0FFa5"), back, sizeof(back)));
	assert_memory_equal(back, bytes, sizeof(bytes));
	assert_true(bytes_to_hex(bytes, 0, hex, 1));
	assert_string_equal(hex, "");
	assert_true(hex_to_bytes(TEXT(""), back, 0));
}

static void hexadecimal_needs_room_and_the_exact_length(void **state)
{
	static const char *const wrong[] = { "",     "a",    "aabb1", "aa",  "aabbcc",
					     "aag0", "0xaa", "aa b",  "-abb" };
	uint8_t out[2] = { 1, 2 };
	char hex[4];
	(void)state;
	assert_false(bytes_to_hex("ab", 2, hex, sizeof(hex)));
	assert_false(bytes_to_hex("", 0, hex, 0));
	assert_false(bytes_to_hex("x", SIZE_MAX / 2 + 1, hex, sizeof(hex)));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		assert_false(hex_to_bytes(text_of(wrong[i]), out, sizeof(out)));
	assert_int_equal(out[0], 1);
	assert_int_equal(out[1], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_absent_text_differs_from_an_empty_one),
		cmocka_unit_test(comparing_looks_at_all_bytes_and_the_length),
		cmocka_unit_test(case_is_ignored_for_ascii_letters_only),
		cmocka_unit_test(a_prefix_longer_than_the_text_does_not_match),
		cmocka_unit_test(trimming_takes_blanks_and_tabs_from_both_ends),
		cmocka_unit_test(slices_are_clamped),
		cmocka_unit_test(splitting_gives_every_part_even_empty_ones),
		cmocka_unit_test(an_absent_text_has_no_parts_and_leaves_the_part_alone),
		cmocka_unit_test(unsigned_numbers_are_strict),
		cmocka_unit_test(signed_numbers_reach_both_extremes_and_no_further),
		cmocka_unit_test(hexadecimal_goes_there_and_back),
		cmocka_unit_test(hexadecimal_needs_room_and_the_exact_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
