/* SPDX-License-Identifier: MIT */
/*
 * Server-sent events (WHATWG HTML §9.2): writing them, and an incremental parser for what providers send.
 *
 * The parser takes bytes split anywhere and calls back once for each event: lines end in LF, CRLF or CR; comments are skipped; several data lines are joined by LF;
 * a leading BOM is dropped; an event without data is not dispatched. Limits: a line and an event's data have a largest size (ERR_TOO_LARGE, and the parser stays
 * shut).
 * Pure; fuzzed at every split position.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"

/* `data` may hold line breaks (each becomes its own data line); `event` NULL = none; `id` < 0 = none. */
/* All or nothing: at the limit (ERR_TOO_LARGE) `out` stays as it was. Names and comments must hold no line break (BUG). */
MUST_CHECK enum err sse_append(struct strbuf *out, int64_t id, const char *event, struct text data);
MUST_CHECK enum err sse_append_comment(struct strbuf *out, const char *comment);

struct sse_event {
	struct text event;	/* "message" when none was named */
	struct text data;
	struct text id;		/* the last one seen, as the standard keeps it; absent when none */
};

struct sse_parser {
	struct strbuf line, data, event, id;	/* private */
	bool has_data, has_id, after_cr, at_start;
	enum err err;
};

void sse_parser_init(struct sse_parser *p, size_t max_event);
void sse_parser_clear(struct sse_parser *p);
/* The callback returns OK to go on; anything else stops and is returned. */
MUST_CHECK enum err sse_parser_feed(struct sse_parser *p, struct text bytes,
				    enum err (*on_event)(const struct sse_event *event, void *arg), void *arg);
/* End of the stream: an event not closed by an empty line is dropped, as the standard says; returns true when something was. */
bool sse_parser_finish(struct sse_parser *p);
