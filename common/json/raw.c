/* SPDX-License-Identifier: MIT */
/* Values of raw strings: escapes resolved, no memory used. */
#include "json/raw.h"

#include <string.h>

#include "base/banned.h"

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

unsigned hex4(const char *digits)
{
	unsigned value = 0;

	for (int i = 0; i < 4; i++)
		value = value << 4 | (unsigned)hex_digit(digits[i]);
	return value;
}

static size_t encode_utf8(unsigned c, char out[static 4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)((0xf0 << (4 - len)) | c);
	return len;
}

static char unescape_letter(char letter)
{
	switch (letter) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return letter; /* quote, backslash, slash */
	}
}

/* At a backslash. */
static size_t unescape(struct pieces *p)
{
	const char *at = p->rest.ptr;
	size_t used = 2;
	unsigned c;

	if (at[1] != 'u') {
		c = (unsigned char)unescape_letter(at[1]);
	} else {
		c = hex4(at + 2);
		used = 6;
		if (c >= 0xd800 && c < 0xdc00) {
			c = 0x10000 + ((c - 0xd800) << 10) + (hex4(at + 8) - 0xdc00);
			used = 12;
		}
	}
	p->rest = text_slice(p->rest, used, p->rest.len);
	return encode_utf8(c, p->character);
}

struct text pieces_next(struct pieces *p)
{
	if (p->rest.len == 0)
		return p->rest;
	if (p->rest.ptr[0] == '\\')
		return (struct text){ p->character, unescape(p) };
	const char *backslash = memchr(p->rest.ptr, '\\', p->rest.len);
	size_t len = backslash ? (size_t)(backslash - p->rest.ptr) : p->rest.len;
	struct text run = { p->rest.ptr, len };
	p->rest = (struct text){ p->rest.ptr + len, p->rest.len - len };
	return run;
}

size_t raw_length(struct text raw)
{
	struct pieces p = { .rest = raw };
	size_t len = 0;

	for (struct text t = pieces_next(&p); t.len > 0; t = pieces_next(&p))
		len += t.len;
	return len;
}

void raw_copy(struct text raw, char *out)
{
	struct pieces p = { .rest = raw };

	for (struct text t = pieces_next(&p); t.len > 0; t = pieces_next(&p)) {
		memcpy(out, t.ptr, t.len);
		out += t.len;
	}
}

/* Takes the next byte of the value; false at its end. */
static bool next_byte(struct pieces *p, struct text *run, char *ret)
{
	if (run->len == 0)
		*run = pieces_next(p);
	if (run->len == 0)
		return false;
	*ret = *run->ptr++;
	run->len--;
	return true;
}

static bool has_escapes(struct text raw)
{
	return raw.len > 0 && memchr(raw.ptr, '\\', raw.len);
}

static int compare_plain(struct text a, struct text b)
{
	size_t common = a.len < b.len ? a.len : b.len;
	int order = common > 0 ? memcmp(a.ptr, b.ptr, common) : 0;

	return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

int raw_compare(struct text a, struct text b)
{
	if (!has_escapes(a) && !has_escapes(b))
		return compare_plain(a, b);
	struct pieces pa = { .rest = a }, pb = { .rest = b };
	struct text run_a = { 0 }, run_b = { 0 };
	for (;;) {
		char ca = 0, cb = 0;
		bool more_a = next_byte(&pa, &run_a, &ca), more_b = next_byte(&pb, &run_b, &cb);
		if (!more_a || !more_b)
			return more_a - more_b;
		if (ca != cb)
			return (unsigned char)ca < (unsigned char)cb ? -1 : 1;
	}
}

bool raw_is(struct text raw, const char *value)
{
	struct pieces p = { .rest = raw };
	size_t left = strlen(value);

	for (struct text t = pieces_next(&p); t.len > 0; t = pieces_next(&p)) {
		if (t.len > left || memcmp(t.ptr, value, t.len) != 0)
			return false;
		value += t.len;
		left -= t.len;
	}
	return left == 0;
}

/* FNV-1a: spreads honest keys. Nothing depends on it being hard to collide (see gate.c). */
uint64_t raw_hash(struct text raw)
{
	struct pieces p = { .rest = raw };
	uint64_t hash = 0xcbf29ce484222325;

	for (struct text t = pieces_next(&p); t.len > 0; t = pieces_next(&p))
		for (size_t i = 0; i < t.len; i++)
			hash = (hash ^ (unsigned char)t.ptr[i]) * 0x100000001b3;
	return hash;
}
