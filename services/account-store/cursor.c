/* SPDX-License-Identifier: MIT */
/* Cursors of time-ordered lists. */
#include "cursor.h"

#include "crypto/crypto.h"

#include "base/banned.h"

#define CURSOR_VERSION 1
#define CURSOR_BYTES (1 + 8 + 16)
/* 9999-12-31T23:59:59.999Z: later than any row, and PostgreSQL can hold it. */
#define END_OF_TIME_MS INT64_C(253402300799999)

struct cursor cursor_first(void)
{
	struct cursor c = { .at = { END_OF_TIME_MS } };
	memset(c.id.bytes, 0xff, sizeof(c.id.bytes));
	return c;
}

void cursor_write(const struct cursor *c, char out[static CURSOR_TEXT_SIZE])
{
	uint8_t raw[CURSOR_BYTES] = { CURSOR_VERSION };
	AUTO(strbuf_clear) struct strbuf text = STRBUF_INIT(CURSOR_TEXT_SIZE);
	for (size_t i = 0; i < 8; i++)
		raw[1 + i] = (uint8_t)((uint64_t)c->at.value >> (56 - 8 * i));
	memcpy(raw + 9, c->id.bytes, sizeof(c->id.bytes));
	BUG_ON(base64url_append(&text, raw, sizeof(raw)) != OK || text.len >= CURSOR_TEXT_SIZE);
	memcpy(out, text.data, text.len + 1);
}

enum err cursor_read(struct text t, struct cursor *ret)
{
	uint8_t raw[CURSOR_BYTES];
	size_t len;
	uint64_t at = 0;
	if (!t.ptr) {
		*ret = cursor_first();
		return OK;
	}
	if (base64url_decode(t, raw, sizeof(raw), &len) || len != sizeof(raw) ||
	    raw[0] != CURSOR_VERSION)
		return ERR_INVALID_REQUEST;
	for (size_t i = 0; i < 8; i++)
		at = at << 8 | raw[1 + i];
	if (at > (uint64_t)END_OF_TIME_MS)
		return ERR_INVALID_REQUEST;
	ret->at.value = (int64_t)at;
	memcpy(ret->id.bytes, raw + 9, sizeof(ret->id.bytes));
	return OK;
}
