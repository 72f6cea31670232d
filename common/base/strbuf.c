/* SPDX-License-Identifier: MIT */
/* The growing buffer with a limit. Memory doubles as it fills and never passes the limit. */
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

#include "base/banned.h"

char strbuf_empty[1];

void strbuf_init(struct strbuf *b, size_t limit)
{
	*b = (struct strbuf)STRBUF_INIT(limit);
}

void strbuf_clear(struct strbuf *b)
{
	if (b->capacity)
		free(b->data);
	strbuf_init(b, b->limit);
}

void strbuf_reset(struct strbuf *b)
{
	strbuf_truncate(b, 0);
}

/* Makes room for `len` more bytes and the NUL. */
static enum err strbuf_reserve(struct strbuf *b, size_t len)
{
	BUG_ON(b->limit >= SIZE_MAX / 4);
	if (len > b->limit - b->len)
		return ERR_TOO_LARGE;
	size_t wanted = b->len + len + 1;
	if (wanted <= b->capacity)
		return OK;
	size_t grown = b->capacity ? b->capacity * 2 : 64;
	if (grown < wanted)
		grown = wanted;
	if (grown > b->limit + 1)
		grown = b->limit + 1;
	if (b->capacity) {
		b->data = xrealloc(b->data, grown);
	} else {
		b->data = xmalloc(grown);
		b->data[0] = '\0';
	}
	b->capacity = grown;
	return OK;
}

enum err strbuf_append(struct strbuf *b, const void *data, size_t len)
{
	if (!len)
		return OK;
	enum err err = strbuf_reserve(b, len);
	if (err)
		return err;
	memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return OK;
}

enum err strbuf_append_text(struct strbuf *b, struct text t)
{
	return strbuf_append(b, t.ptr, t.len);
}

enum err strbuf_append_str(struct strbuf *b, const char *s)
{
	return strbuf_append(b, s, strlen(s));
}

enum err strbuf_append_char(struct strbuf *b, char c)
{
	return strbuf_append(b, &c, 1);
}

enum err strbuf_printf(struct strbuf *b, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	BUG_ON(n < 0);
	enum err err = strbuf_reserve(b, (size_t)n);
	if (err)
		return err;
	if (!n)
		return OK; /* also keeps strbuf_empty unwritten when the limit is 0 */
	va_start(args, format);
	vsnprintf(b->data + b->len, b->capacity - b->len, format, args);
	va_end(args);
	b->len += (size_t)n;
	return OK;
}

void strbuf_drop_front(struct strbuf *b, size_t len)
{
	BUG_ON(len > b->len);
	if (!len)
		return;
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}

void strbuf_truncate(struct strbuf *b, size_t len)
{
	BUG_ON(len > b->len);
	b->len = len;
	if (b->capacity)
		b->data[len] = '\0';
}

char *strbuf_detach(struct strbuf *b, size_t *ret_len)
{
	char *data = b->capacity ? b->data : xcalloc(1, 1);

	if (ret_len)
		*ret_len = b->len;
	strbuf_init(b, b->limit);
	return data;
}

struct text strbuf_text(const struct strbuf *b)
{
	return (struct text){ b->data, b->len };
}

void strbuf_note(struct strbuf *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	char *line;
	int len = vasprintf(&line, format, args);
	va_end(args);
	BUG_ON(len < 0);
	enum err ignored = strbuf_append(b, line, (size_t)len);
	(void)ignored;
	free(line);
}
