/* SPDX-License-Identifier: MIT */
/* Numbers to text and back. strtod() and printf() follow the thread's locale, so it is set to "C"
 * around them. */
#include "json/raw.h"

#include <inttypes.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

struct locale_guard {
	locale_t c, before;
};

/* glibc hands out a static object for "C": this costs no memory and cannot fail. */
static struct locale_guard locale_enter(void)
{
	struct locale_guard g;

	g.c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	BUG_ON(!g.c);
	g.before = uselocale(g.c);
	return g;
}

static void locale_leave(struct locale_guard g)
{
	uselocale(g.before);
	freelocale(g.c);
}

double number_value(struct text number)
{
	char digits[NUMBER_MAX_CHARS + 1];

	BUG_ON(number.len > NUMBER_MAX_CHARS);
	memcpy(digits, number.ptr, number.len);
	digits[number.len] = '\0';
	struct locale_guard g = locale_enter();
	double value = strtod(digits, NULL);
	locale_leave(g);
	return value;
}

bool number_to_int(struct text number, int64_t *ret)
{
	int64_t value = 0;
	size_t i = number.len > 0 && number.ptr[0] == '-';
	size_t first = i;

	for (; i < number.len; i++) {
		if (number.ptr[i] < '0' || number.ptr[i] > '9')
			return false;
		value = value * 10 + (number.ptr[i] - '0');
		if (value > NUMBER_INT_MAX)
			return false;
	}
	if (i == first)
		return false;
	*ret = first ? -value : value;
	return true;
}

size_t number_format(double d, char out[static NUMBER_TEXT_SIZE])
{
	struct locale_guard g = locale_enter();
	int len = 0;

	for (int digits = 15; digits <= 17; digits++) {
		len = snprintf(out, NUMBER_TEXT_SIZE, "%.*g", digits, d);
		if (strtod(out, NULL) == d)
			break;
	}
	locale_leave(g);
	BUG_ON(len <= 0 || len >= NUMBER_TEXT_SIZE);
	return (size_t)len;
}

static void cut_trailing_zeros(char *digits)
{
	char *end = digits + strlen(digits);

	if (!strchr(digits, '.'))
		return;
	while (end[-1] == '0')
		end--;
	if (end[-1] == '.')
		end--;
	*end = '\0';
}

void number_format_decimal(double d, int places, char out[static NUMBER_DECIMAL_SIZE])
{
	BUG_ON(places < 0 || places > 15);
	struct locale_guard g = locale_enter();
	int len = snprintf(out, NUMBER_DECIMAL_SIZE, "%.*f", places, d);
	locale_leave(g);
	BUG_ON(len <= 0 || len >= NUMBER_DECIMAL_SIZE);
	cut_trailing_zeros(out);
	if (out[0] == '-' && out[1] == '0' && out[2] == '\0')
		memcpy(out, "0", 2);
}
