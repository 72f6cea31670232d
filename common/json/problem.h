/* SPDX-License-Identifier: MIT */
/* Inside json: how a struct json_problem is written. Both functions take NULL. */
#pragma once

#include <stddef.h>

#include "base/text.h"

#include "json/json.h"

/* Appends ".key" (or "key" at the start) or "[index]" to ret->param; what does not fit is left off.
 * Keys are raw strings. */
void problem_add_key(struct json_problem *problem, struct text raw_key);
void problem_add_index(struct json_problem *problem, size_t index);
/* The sentence: the field's name, or `subject` where there is none, and what is wrong with it. */
__attribute__((format(printf, 3, 4))) void problem_say(struct json_problem *problem,
						       const char *subject, const char *format,
						       ...);
