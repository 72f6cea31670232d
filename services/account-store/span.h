/* SPDX-License-Identifier: MIT */
/* Spans of a message: offsets in Unicode code points of its source text, and the quoted words as a check. Pure. */
#pragma once

#include "base/base.h"

/*
 * The bytes of [start, end). ERR_INVALID_ANCHOR: reversed, empty, outside the text, or not the words that are quoted (absent quote: not checked).
 * `source` must be valid UTF-8.
 */
MUST_CHECK enum err span_find(struct text source, int64_t start, int64_t end, struct text quote, struct text *ret_excerpt);
