/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 request gate: a byte-wise state machine that sees what a peer sends before evhttp does, and stops at the first thing
 * that is not plain RFC 9112. evhttp (2.1.12, measured) accepts bare LF, NUL-cut values, obs-fold, duplicate Content-Length, `0x` chunk sizes and
 * more; here they are all errors, so that two parsers never disagree about where a request ends.
 *
 * Accepted: `METHOD SP origin-form SP HTTP/1.1 CRLF` with one of the seven methods of server.h, header lines `token ":" OWS value OWS CRLF` with values of
 * visible ASCII, SP, HTAB and bytes >= 0x80, exactly one Host, at most one of each header in the list of wire.c (those anybody here reads), a body only with
 * one plain `Content-Length: [0-9]{1,9}` (none on HEAD, which evhttp would take for the next request), no Transfer-Encoding, no Expect but
 * 100-continue. Target: visible ASCII without `"`, `#`, `<`, `>`, `\`; whole escapes; it may not begin with `//` (evhttp reads an authority there). The path has no
 * encoded slash, backslash or control byte and no dot segment, plain or encoded; the query no encoded NUL.
 * Pure; fuzzed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct wire_limits {
	size_t max_line;	/* request line; default 2048 + method and version */
	size_t max_headers;	/* bytes of the header section, default 16384 */
	size_t max_lines;	/* header lines, default 64 */
	uint64_t max_body;	/* largest of all routes */
};

struct wire_gate {
	struct wire_limits limits;
	int state;		/* private from here on */
	enum err err;
	uint64_t offset;	/* bytes passed since init */
	uint64_t request_start;	/* offset where the request being read began */
	uint64_t requests;	/* whole requests passed */
	uint64_t body_left, length, seen;
	size_t line_bytes, header_bytes, lines;
	char name[48];		/* the method, then each header's name */
	size_t name_len;
	size_t value_len;	/* bytes of a value that is judged */
	int header;		/* index in the list of known headers, or -1 */
	unsigned matched;	/* bytes of "HTTP/1.1" seen */
	unsigned escape, escaped;	/* digits still due, value so far */
	size_t segment_len;
	bool segment_is_dots, in_query, trailing_blank, is_head;
};

void wire_gate_init(struct wire_gate *gate, const struct wire_limits *limits);	/* NULL: defaults */
/*
 * Feeds the next bytes. OK: all passed. Else the error (ERR_INVALID_REQUEST, ERR_METHOD_NOT_ALLOWED, ERR_LENGTH_REQUIRED, ERR_TOO_LARGE, ERR_URI_TOO_LONG,
 * ERR_HEADERS_TOO_LARGE), and *ret_bad_at says at which byte; the gate stays shut. */
MUST_CHECK enum err wire_gate_feed(struct wire_gate *gate, const char *data, size_t len, size_t *ret_bad_at);
/* True between requests: nothing of a next one was seen. */
bool wire_gate_is_idle(const struct wire_gate *gate);
/* The header section is complete, its body is not. */
bool wire_gate_is_in_body(const struct wire_gate *gate);
/* The request being read, or the one that was refused, is a HEAD: its answer has no body. */
bool wire_gate_is_head(const struct wire_gate *gate);
