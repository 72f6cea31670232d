/* SPDX-License-Identifier: MIT */
/*
 * Time. Wall-clock instants are struct unix_ms (milliseconds since 1970, UTC); durations and deadlines are int64_t with the
 * unit in the name, taken from the monotonic clock. A test may replace the wall clock (clock_set_for_test).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

struct unix_ms {
	int64_t value;
};

struct unix_ms clock_now(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
void clock_set_for_test(struct unix_ms now);	/* value 0: back to the real clock */

#define RFC3339_SIZE 25	/* "2026-11-24T08:01:42.123Z" and its NUL */
void rfc3339_format(struct unix_ms at, char out[static RFC3339_SIZE]);
/* Accepts "Z" or an offset, with or without a fraction (RFC 3339 §5.6). */
MUST_CHECK enum err rfc3339_parse(struct text t, struct unix_ms *ret);
