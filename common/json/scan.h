/* SPDX-License-Identifier: MIT */
/*
 * Inside json: steps over a text that has passed the gate, so nothing here checks anything. A "raw"
 * string is the source between the quotes (raw.h reads its value).
 */
#pragma once

#include <stdbool.h>

#include "base/text.h"

struct scan {
	const char *at;
};

void scan_space(struct scan *s);
struct text scan_string(struct scan *s); /* at a quote; returns the raw string */
struct text scan_value(struct scan *s); /* any value inside an object or list; returns its source */
void scan_colon(struct scan *s);
/* for (bool more = scan_enter(&s); more; more = scan_next(&s)) walks the items of a list or the
 * members of an object. */
bool scan_enter(struct scan *s);
bool scan_next(struct scan *s);
