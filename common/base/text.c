/* SPDX-License-Identifier: MIT */
/* Borrowed bytes: comparing, cutting, and reading numbers and hexadecimal strictly. UTF-8 is in
 * utf8.c. */
#include "base/text.h"

#include "base/banned.h"

bool text_equal(struct text a, struct text b)
{
	if (!a.ptr || !b.ptr)
		return a.ptr == b.ptr;
	return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

bool text_is(struct text a, const char *s)
{
	return text_equal(a, text_of(s));
}

static char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool text_is_ignoring_case(struct text a, const char *s)
{
	struct text b = text_of(s);

	if (!a.ptr || !b.ptr)
		return a.ptr == b.ptr;
	if (a.len != b.len)
		return false;
	for (size_t i = 0; i < a.len; i++) {
		if (ascii_lower(a.ptr[i]) != ascii_lower(b.ptr[i]))
			return false;
	}
	return true;
}

bool text_starts_with(struct text t, const char *prefix)
{
	size_t len = strlen(prefix);

	return t.ptr && t.len >= len && memcmp(t.ptr, prefix, len) == 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct text text_trim(struct text t)
{
	while (t.len && is_blank(t.ptr[0])) {
		t.ptr++;
		t.len--;
	}
	while (t.len && is_blank(t.ptr[t.len - 1]))
		t.len--;
	return t;
}

struct text text_slice(struct text t, size_t from, size_t to)
{
	if (!t.ptr)
		return t;
	if (to > t.len)
		to = t.len;
	if (from > to)
		from = to;
	return (struct text){ t.ptr + from, to - from };
}

bool text_next(struct text *rest, char separator, struct text *ret_part)
{
	if (!rest->ptr)
		return false;
	const char *end = rest->len ? memchr(rest->ptr, separator, rest->len) : NULL;
	if (!end) {
		*ret_part = *rest;
		*rest = TEXT_NULL;
		return true;
	}
	size_t len = (size_t)(end - rest->ptr);
	*ret_part = (struct text){ rest->ptr, len };
	*rest = (struct text){ end + 1, rest->len - len - 1 };
	return true;
}

enum err text_to_u64(struct text t, uint64_t max, uint64_t *ret)
{
	uint64_t value = 0;

	if (!t.len || (t.ptr[0] == '0' && t.len > 1))
		return ERR_INVALID_REQUEST;
	for (size_t i = 0; i < t.len; i++) {
		if (t.ptr[i] < '0' || t.ptr[i] > '9')
			return ERR_INVALID_REQUEST;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(t.ptr[i] - '0'), &value))
			return ERR_INVALID_REQUEST;
	}
	if (value > max)
		return ERR_INVALID_REQUEST;
	*ret = value;
	return OK;
}

enum err text_to_i64(struct text t, int64_t *ret)
{
	bool negative = t.len && t.ptr[0] == '-';
	uint64_t magnitude;
	enum err err = text_to_u64(negative ? text_slice(t, 1, t.len) : t,
				   (uint64_t)INT64_MAX + (negative ? 1 : 0), &magnitude);

	if (err)
		return err;
	if (negative && !magnitude)
		return ERR_INVALID_REQUEST; /* "-0" */
	/* -(m - 1) - 1 because INT64_MIN has no positive counterpart. */
	*ret = negative ? -(int64_t)(magnitude - 1) - 1 : (int64_t)magnitude;
	return OK;
}

bool bytes_to_hex(const void *data, size_t len, char *out, size_t out_size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *bytes = data;

	if (!out_size || len > (out_size - 1) / 2)
		return false;
	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len] = '\0';
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool hex_to_bytes(struct text hex, void *out, size_t out_len)
{
	uint8_t *bytes = out;

	if (hex.len % 2 || hex.len / 2 != out_len)
		return false;
	/* Two passes: what the caller had is untouched when the text is wrong. */
	for (size_t i = 0; i < hex.len; i++) {
		if (hex_digit(hex.ptr[i]) < 0)
			return false;
	}
	for (size_t i = 0; i < out_len; i++) {
		unsigned high = (unsigned)hex_digit(hex.ptr[2 * i]);
		unsigned low = (unsigned)hex_digit(hex.ptr[2 * i + 1]);
		bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}
