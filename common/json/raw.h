/* SPDX-License-Identifier: MIT */
/*
 * Inside json: the values of raw strings (the source between two quotes) and of numbers, both
 * checked by the gate. A string is read piece by piece, so that measuring, comparing and hashing
 * need no memory.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

/* The pieces of a string's value: runs of the source and single unescaped characters. Empty at the
 * end. */
struct pieces {
	struct text rest;
	char character[4];
};
struct text pieces_next(struct pieces *p);

size_t raw_length(struct text raw); /* bytes of the value */
void raw_copy(struct text raw, char *out); /* raw_length() bytes, no NUL */
int raw_compare(struct text a, struct text b); /* of the values, like memcmp() */
bool raw_is(struct text raw, const char *value);
uint64_t raw_hash(struct text raw); /* of the value, however it is written */

int hex_digit(char c); /* -1 for anything else */
unsigned hex4(const char *digits); /* four valid digits */

#define NUMBER_MAX_CHARS 63 /* longer ones are refused: cJSON would cut them */
#define NUMBER_INT_MAX \
	INT64_C(9007199254740992) /* 2^53: what a double, so any reader, keeps exactly */
double number_value(struct text number); /* HUGE_VAL when too large */
/* Plain digits (no fraction, no exponent) within +-2^53. */
bool number_to_int(struct text number, int64_t *ret);
/* The shortest of %.15g, %.16g and %.17g that reads back; returns the length. */
#define NUMBER_TEXT_SIZE 32
size_t number_format(double d, char out[static NUMBER_TEXT_SIZE]);
/* Fixed places without trailing zeros; places 0..15. */
#define NUMBER_DECIMAL_SIZE 352
void number_format_decimal(double d, int places, char out[static NUMBER_DECIMAL_SIZE]);
