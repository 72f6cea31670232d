/* SPDX-License-Identifier: MIT */
/*
 * struct text: borrowed bytes with a length. Not NUL-terminated, never owns. A text with ptr NULL is "absent", which differs
 * from the empty text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/err.h"

struct text {
	const char *ptr;
	size_t len;
};

#define TEXT(literal) ((struct text){ (literal), sizeof(literal) - 1 })
#define TEXT_NULL ((struct text){ NULL, 0 })
#define TEXT_FMT(t) (int)(t).len, (t).ptr	/* printf("%.*s", TEXT_FMT(t)) */

static inline struct text text_of(const char *s)
{
	return (struct text){ s, s ? strlen(s) : 0 };
}

static inline struct text text_from(const void *bytes, size_t len)
{
	return (struct text){ (const char *)bytes, len };
}

bool text_equal(struct text a, struct text b);		/* bytes; not for secrets (secret_equal) */
bool text_is(struct text a, const char *s);
bool text_is_ignoring_case(struct text a, const char *s);	/* ASCII only */
bool text_starts_with(struct text t, const char *prefix);
struct text text_trim(struct text t);			/* ASCII space and tab */
struct text text_slice(struct text t, size_t from, size_t to);	/* clamped */

/* Cuts the part before `separator` off `*rest`; false when *rest is absent. The last part leaves *rest absent. */
bool text_next(struct text *rest, char separator, struct text *ret_part);

/* Strict decimal: digits only, no sign for unsigned, no spaces, no leading zeros, no overflow. */
MUST_CHECK enum err text_to_u64(struct text t, uint64_t max, uint64_t *ret);
MUST_CHECK enum err text_to_i64(struct text t, int64_t *ret);

/* UTF-8 as in RFC 3629: no overlong forms, surrogates or values above U+10FFFF. */
bool utf8_valid(const char *data, size_t len);
size_t utf8_count(const char *data, size_t len);	/* code points; data must be valid */
/* Byte offset of the n-th code point (n == count gives len); false when there are fewer. */
bool utf8_offset(const char *data, size_t len, size_t code_point, size_t *ret_byte);
/* Largest prefix length <= max_bytes that does not cut a code point. */
size_t utf8_truncate(const char *data, size_t len, size_t max_bytes);

bool bytes_to_hex(const void *data, size_t len, char *out, size_t out_size);	/* lower case, NUL-terminated */
bool hex_to_bytes(struct text hex, void *out, size_t out_len);			/* exact length, either case */
