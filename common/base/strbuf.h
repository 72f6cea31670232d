/* SPDX-License-Identifier: MIT */
/*
 * struct strbuf: a growing byte buffer that knows its limit from birth.
 *
 * Invariants: data is always NUL-terminated behind len (data[len] == 0), also right after STRBUF_INIT; len <= limit. An
 * append that would pass the limit changes nothing and returns ERR_TOO_LARGE. The buffer owns its memory until
 * strbuf_clear() or strbuf_detach(). strbuf_clear() may be called twice. Not for secrets.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/text.h"

struct strbuf {
	char *data;
	size_t len, capacity, limit;
};

extern char strbuf_empty[1];	/* where data points before the first append; never written */
#define STRBUF_INIT(limit_bytes) { strbuf_empty, 0, 0, (limit_bytes) }

void strbuf_init(struct strbuf *b, size_t limit);
void strbuf_clear(struct strbuf *b);		/* frees; usable again with the same limit */
void strbuf_reset(struct strbuf *b);		/* len = 0, keeps the memory */
MUST_CHECK enum err strbuf_append(struct strbuf *b, const void *data, size_t len);
MUST_CHECK enum err strbuf_append_text(struct strbuf *b, struct text t);
MUST_CHECK enum err strbuf_append_str(struct strbuf *b, const char *s);
MUST_CHECK enum err strbuf_append_char(struct strbuf *b, char c);
MUST_CHECK __attribute__((format(printf, 2, 3))) enum err strbuf_printf(struct strbuf *b, const char *format, ...);
/* For lists of problems shown to people: appends when it fits, else leaves it out; a list cut short still says that something is wrong. */
__attribute__((format(printf, 2, 3))) void strbuf_note(struct strbuf *b, const char *format, ...);
void strbuf_drop_front(struct strbuf *b, size_t len);	/* removes the first len bytes */
void strbuf_truncate(struct strbuf *b, size_t len);
char *strbuf_detach(struct strbuf *b, size_t *ret_len);	/* hands the memory over; b becomes empty */
struct text strbuf_text(const struct strbuf *b);
