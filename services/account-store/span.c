/* SPDX-License-Identifier: MIT */
/* Spans of a message. */
#include "span.h"

#include "base/banned.h"

enum err span_find(struct text source, int64_t start, int64_t end, struct text quote,
		   struct text *ret_excerpt)
{
	size_t from, length;
	if (start < 0 || end <= start)
		return ERR_INVALID_ANCHOR;
	if (!utf8_offset(source.ptr, source.len, (size_t)start, &from) ||
	    !utf8_offset(source.ptr + from, source.len - from, (size_t)(end - start), &length))
		return ERR_INVALID_ANCHOR;
	struct text excerpt = { source.ptr + from, length };
	if (quote.ptr && !text_equal(excerpt, quote))
		return ERR_INVALID_ANCHOR;
	*ret_excerpt = excerpt;
	return OK;
}
