/* SPDX-License-Identifier: MIT */
/*
 * Time from clock_gettime(2), and RFC 3339. Dates are computed here (proleptic Gregorian calendar,
 * days from 1970) because timegm and friends accept and repair wrong dates instead of refusing
 * them.
 */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

#include "base/banned.h"

enum { MS_PER_SECOND = 1000, SECONDS_PER_DAY = 86400, LONGEST_RFC3339 = 64 };

/* Atomic because workers read the time while a test may set it. */
static _Atomic int64_t test_now;

static int64_t read_clock(clockid_t id, int64_t per_second)
{
	struct timespec ts;

	BUG_ON(clock_gettime(id, &ts) != 0);
	return (int64_t)ts.tv_sec * per_second + ts.tv_nsec / (1000000000 / per_second);
}

struct unix_ms clock_now(void)
{
	int64_t fixed = atomic_load_explicit(&test_now, memory_order_relaxed);

	return (struct unix_ms){ fixed ? fixed : read_clock(CLOCK_REALTIME, MS_PER_SECOND) };
}

int64_t clock_mono_ms(void)
{
	return read_clock(CLOCK_MONOTONIC, MS_PER_SECOND);
}

int64_t clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC, 1000000);
}

void clock_set_for_test(struct unix_ms now)
{
	atomic_store_explicit(&test_now, now.value, memory_order_relaxed);
}

static bool is_leap_year(int64_t year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return month == 2 && is_leap_year(year) ? 29 : days[month - 1];
}

/*
 * Howard Hinnant's days_from_civil and its inverse ("chrono-compatible low-level date algorithms"):
 * years begin in March, eras are 400 years of 146,097 days; year 0 is the earliest used here, so no
 * division is negative.
 */
static int64_t days_from_date(int year, int month, int day)
{
	int64_t y = month <= 2 ? year + 399 : year + 400;
	int64_t era = y / 400, year_of_era = y % 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return (era - 1) * 146097 + day_of_era - 719468;
}

static void date_from_days(int64_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t shifted = days + 719468 + 146097;
	int64_t era = shifted / 146097, day_of_era = shifted % 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month = (5 * day_of_year + 2) / 153;

	*ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
	*ret_month = (int)(month < 10 ? month + 3 : month - 9);
	*ret_year = (int)(year_of_era + (era - 1) * 400 + (*ret_month <= 2 ? 1 : 0));
}

static void put_digits(char *out, int value, int digits)
{
	for (int i = digits - 1; i >= 0; i--) {
		out[i] = (char)('0' + value % 10);
		value /= 10;
	}
}

void rfc3339_format(struct unix_ms at, char out[static RFC3339_SIZE])
{
	/* Four digits of year are all the format has: clamp to 0000-01-01 … 9999-12-31. */
	const int64_t first = days_from_date(0, 1, 1) * SECONDS_PER_DAY * MS_PER_SECOND;
	const int64_t last = days_from_date(10000, 1, 1) * SECONDS_PER_DAY * MS_PER_SECOND - 1;
	const int64_t ms_per_day = (int64_t)SECONDS_PER_DAY * MS_PER_SECOND;
	int64_t value = at.value < first ? first : at.value > last ? last : at.value;
	int64_t days = value / ms_per_day, rest = value % ms_per_day;
	int year, month, day;

	if (rest < 0) {
		rest += ms_per_day;
		days--;
	}
	date_from_days(days, &year, &month, &day);
	memcpy(out, "0000-00-00T00:00:00.000Z", RFC3339_SIZE);
	put_digits(out, year, 4);
	put_digits(out + 5, month, 2);
	put_digits(out + 8, day, 2);
	put_digits(out + 11, (int)(rest / 3600000), 2);
	put_digits(out + 14, (int)(rest / 60000 % 60), 2);
	put_digits(out + 17, (int)(rest / 1000 % 60), 2);
	put_digits(out + 20, (int)(rest % 1000), 3);
}

/* Takes `digits` decimal digits off the front; -1 when they are not there. */
static int take_digits(struct text *t, size_t digits)
{
	int value = 0;

	if (t->len < digits)
		return -1;
	for (size_t i = 0; i < digits; i++) {
		if (t->ptr[i] < '0' || t->ptr[i] > '9')
			return -1;
		value = value * 10 + (t->ptr[i] - '0');
	}
	*t = text_slice(*t, digits, t->len);
	return value;
}

static bool take_char(struct text *t, char upper, char lower)
{
	if (!t->len || (t->ptr[0] != upper && t->ptr[0] != lower))
		return false;
	*t = text_slice(*t, 1, t->len);
	return true;
}

static bool take_date(struct text *t, int64_t *ret_days)
{
	int year = take_digits(t, 4);
	if (year < 0 || !take_char(t, '-', '-'))
		return false;
	int month = take_digits(t, 2);
	if (month < 1 || month > 12 || !take_char(t, '-', '-'))
		return false;
	int day = take_digits(t, 2);
	if (day < 1 || day > days_in_month(year, month))
		return false;
	*ret_days = days_from_date(year, month, day);
	return true;
}

/* "hh:mm:ss" and the fraction, cut to milliseconds. */
static bool take_time(struct text *t, int *ret_second_of_day, int *ret_ms)
{
	int hour = take_digits(t, 2);
	if (hour < 0 || hour > 23 || !take_char(t, ':', ':'))
		return false;
	int minute = take_digits(t, 2);
	if (minute < 0 || minute > 59 || !take_char(t, ':', ':'))
		return false;
	int second = take_digits(t, 2);
	if (second < 0 || second > 60)
		return false;
	*ret_second_of_day = hour * 3600 + minute * 60 + second;
	*ret_ms = 0;
	if (!take_char(t, '.', '.'))
		return true;
	int digit = take_digits(t, 1);
	if (digit < 0)
		return false;
	for (int weight = 100; digit >= 0; weight /= 10) {
		*ret_ms += digit * weight;
		digit = take_digits(t, 1);
	}
	return true;
}

/* "Z" or "+hh:mm", as seconds east of UTC. */
static bool take_offset(struct text *t, int *ret_seconds)
{
	*ret_seconds = 0;
	if (take_char(t, 'Z', 'z'))
		return true;
	int sign = take_char(t, '+', '+') ? 1 : take_char(t, '-', '-') ? -1 : 0;
	if (!sign)
		return false;
	int hours = take_digits(t, 2);
	if (hours < 0 || hours > 23 || !take_char(t, ':', ':'))
		return false;
	int minutes = take_digits(t, 2);
	if (minutes < 0 || minutes > 59)
		return false;
	*ret_seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

enum err rfc3339_parse(struct text t, struct unix_ms *ret)
{
	int64_t days;
	int second_of_day, ms, offset;

	if (t.len > LONGEST_RFC3339 || !take_date(&t, &days) || !take_char(&t, 'T', 't'))
		return ERR_INVALID_REQUEST;
	/* A leap second is only ever 23:59:60 UTC; it reads as the midnight that follows. */
	bool leap = t.len >= 8 && t.ptr[6] == '6';
	if (!take_time(&t, &second_of_day, &ms) || !take_offset(&t, &offset) || t.len)
		return ERR_INVALID_REQUEST;
	int64_t seconds = days * SECONDS_PER_DAY + second_of_day - offset;
	if (leap && seconds % SECONDS_PER_DAY != 0)
		return ERR_INVALID_REQUEST;
	*ret = (struct unix_ms){ seconds * MS_PER_SECOND + ms };
	return OK;
}
