/* SPDX-License-Identifier: MIT */
/* Clocks, and RFC 3339 in both directions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"

#include "base/banned.h"

static void the_monotonic_clock_does_not_go_back(void **state)
{
	(void)state;
	int64_t us = clock_mono_us(), ms = clock_mono_ms();
	assert_true(us > 0 && ms >= us / 1000);
	assert_true(clock_mono_us() >= us);
	assert_true(clock_mono_us() / 1000 >= ms);
}

static void the_wall_clock_is_the_systems_until_a_test_sets_it(void **state)
{
	(void)state;
	int64_t before = (int64_t)time(NULL) * 1000;
	assert_true(clock_now().value >= before - 1000 && clock_now().value < before + 60000);
	clock_set_for_test((struct unix_ms){ 1234 });
	assert_int_equal(clock_now().value, 1234);
	clock_set_for_test((struct unix_ms){ 0 });
	assert_true(clock_now().value >= before - 1000);
}

static const struct {
	int64_t ms;
	const char *text;
} instants[] = {
	{ 0, "1970-01-01T00:00:00.000Z" },
	{ 1, "1970-01-01T00:00:00.001Z" },
	{ -1, "1969-12-31T23:59:59.999Z" },
	{ -86400000, "1969-12-31T00:00:00.000Z" },
	{ 951782400000, "2000-02-29T00:00:00.000Z" },
	{ 951868799999, "2000-02-29T23:59:59.999Z" },
	{ 951868800000, "2000-03-01T00:00:00.000Z" },
	{ 1078012800000, "2004-02-29T00:00:00.000Z" },
	{ 1795507302123, "2026-11-24T08:01:42.123Z" },
	{ 4107542400000, "2100-03-01T00:00:00.000Z" },
	{ 4107456000000, "2100-02-28T00:00:00.000Z" },
	{ -2203891200000, "1900-03-01T00:00:00.000Z" },
	{ -62135596800000, "0001-01-01T00:00:00.000Z" },
	{ -62167219200000, "0000-01-01T00:00:00.000Z" },
	{ 253402300799999, "9999-12-31T23:59:59.999Z" },
};

static void instants_go_to_text_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(instants); i++) {
		char out[RFC3339_SIZE];
		struct unix_ms back = { 4711 };
		rfc3339_format((struct unix_ms){ instants[i].ms }, out);
		assert_string_equal(out, instants[i].text);
		assert_int_equal(rfc3339_parse(text_of(out), &back), OK);
		assert_int_equal(back.value, instants[i].ms);
	}
}

/* The C library's own calendar as a second opinion, one instant for each of 400 years' days. */
static void every_day_of_four_centuries_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -20000; day < 126097 + 20000; day++) {
		char out[RFC3339_SIZE], wanted[64];
		time_t seconds = (time_t)(day * 86400 + day % 86400);
		struct tm tm;
		assert_non_null(gmtime_r(&seconds, &tm));
		strftime(wanted, sizeof(wanted), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		rfc3339_format((struct unix_ms){ (int64_t)seconds * 1000 }, out);
		assert_string_equal(out, wanted);
	}
}

static void instants_out_of_range_are_clamped(void **state)
{
	char out[RFC3339_SIZE];
	(void)state;
	rfc3339_format((struct unix_ms){ INT64_MAX }, out);
	assert_string_equal(out, "9999-12-31T23:59:59.999Z");
	rfc3339_format((struct unix_ms){ INT64_MIN }, out);
	assert_string_equal(out, "0000-01-01T00:00:00.000Z");
}

static void other_spellings_mean_the_same_instant(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t00:00:00z", 0 },
		{ "1970-01-01T00:00:00+00:00", 0 },
		{ "1970-01-01T00:00:00-00:00", 0 },
		{ "1970-01-01T01:30:00+01:30", 0 },
		{ "1969-12-31T16:00:00-08:00", 0 },
		{ "1970-01-01T23:59:00+23:59", 0 },
		{ "1969-12-31T00:01:00-23:59", 0 },
		{ "1970-01-01T00:00:00.5Z", 500 },
		{ "1970-01-01T00:00:00.05Z", 50 },
		{ "1970-01-01T00:00:00.0019Z", 1 },
		{ "1970-01-01T00:00:00.123456789Z", 123 },
		{ "1970-01-01T00:00:00.999999999999999999Z", 999 },
		{ "1969-12-31T23:59:59.999Z", -1 },
		{ "2016-12-31T23:59:60Z", 1483228800000 }, /* a leap second is the next midnight */
		{ "2016-12-31T23:59:60.25Z", 1483228800250 },
		{ "2016-12-31T15:59:60-08:00", 1483228800000 },
		{ "1985-04-12T23:20:50.52Z", 482196050520 }, /* RFC 3339 §5.8 */
		{ "1996-12-19T16:39:57-08:00", 851042397000 },
		{ "1937-01-01T12:00:27.87+00:20", -1041337172130 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unix_ms got = { 4711 };
		assert_int_equal(rfc3339_parse(text_of(cases[i].text), &got), OK);
		assert_int_equal(got.value, cases[i].ms);
	}
}

static void wrong_dates_and_forms_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"Z",
		"1970",
		"1970-01-01",
		"1970-01-01T00:00Z",
		"1970-01-01T00:00:00",
		"1970-01-01 00:00:00Z",
		"1970-01-01T00:00:00 Z",
		" 1970-01-01T00:00:00Z",
		"1970-01-01T00:00:00Z ",
		"1970-01-01T00:00:00ZZ",
		"1970-00-01T00:00:00Z",
		"1970-13-01T00:00:00Z",
		"1970-01-00T00:00:00Z",
		"1970-01-32T00:00:00Z",
		"1970-04-31T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"1900-02-29T00:00:00Z",
		"2100-02-29T00:00:00Z",
		"2000-02-30T00:00:00Z",
		"1970-01-01T24:00:00Z",
		"1970-01-01T00:60:00Z",
		"1970-01-01T00:00:61Z",
		"1970-01-01T00:00:60Z",
		"2016-12-31T23:59:60+01:00",
		"2016-12-31T12:59:60Z",
		"1970-01-01T00:00:00.Z",
		"1970-01-01T00:00:00,5Z",
		"1970-01-01T00:00:00.x5Z",
		"1970-01-01T00:00:00+24:00",
		"1970-01-01T00:00:00+00:60",
		"1970-01-01T00:00:00+0000",
		"1970-01-01T00:00:00+00",
		"1970-01-01T00:00:00+",
		"1970-01-01T00:00:00+1:00",
		"1970-1-01T00:00:00Z",
		"70-01-01T00:00:00Z",
		"+1970-01-01T00:00:00Z",
		"-970-01-01T00:00:00Z",
		"1970/01/01T00:00:00Z",
		"1970-01-01T00.00.00Z",
		"1970-01-01T-1:00:00Z",
		"1970-01-01T00:00:00.00000000000000000000000000000000000000000000000000Z",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unix_ms got = { 4711 };
		if (rfc3339_parse(text_of(cases[i]), &got) != ERR_INVALID_REQUEST ||
		    got.value != 4711)
			fail_msg("accepted: %s", cases[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_monotonic_clock_does_not_go_back),
		cmocka_unit_test(the_wall_clock_is_the_systems_until_a_test_sets_it),
		cmocka_unit_test(instants_go_to_text_and_back),
		cmocka_unit_test(every_day_of_four_centuries_agrees_with_the_c_library),
		cmocka_unit_test(instants_out_of_range_are_clamped),
		cmocka_unit_test(other_spellings_mean_the_same_instant),
		cmocka_unit_test(wrong_dates_and_forms_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
