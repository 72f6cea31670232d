/* SPDX-License-Identifier: MIT */
/*
 * The HTTP/1.1 request gate: a byte-wise state machine that sees what a peer sends before evhttp does, and stops at the first thing
 * that is not plain RFC 9112. evhttp (2.1.12, measured) accepts bare LF, NUL-cut values, obs-fold, duplicate Content-Length, `0x` chunk sizes and
 * more; here they are all errors, so that two parsers never disagree about where a request ends.
 *
 * Accepted: `METHOD SP origin-form SP HTTP/1.1 CRLF`, header lines `token ":" OWS value OWS CRLF` with values of visible ASCII, SP, HTAB and bytes >= 0x80,
 * exactly one Host, at most one of each header in the list of wire.c (those anybody here reads), a body only with one plain `Content-Length: [0-9]{1,9}`,
 * no Transfer-Encoding, no Upgrade of our own. URI: no control bytes, no encoded slash, backslash, NUL or dot segment.
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
	uint64_t body_left;
	size_t line_bytes, header_bytes, lines;
	char name[48];
	size_t name_len;
	char value[32];
	size_t value_len;
	uint64_t seen;
	bool has_length, has_host;
	uint64_t length;
	unsigned escape;
	char tail[4];
};

void wire_gate_init(struct wire_gate *gate, const struct wire_limits *limits);	/* NULL: defaults */
/*
 * Feeds the next bytes. OK: all passed. Else the error (ERR_INVALID_REQUEST, ERR_LENGTH_REQUIRED, ERR_TOO_LARGE, ERR_URI_TOO_LONG,
 * ERR_HEADERS_TOO_LARGE), and *ret_bad_at says at which byte; the gate stays shut. */
MUST_CHECK enum err wire_gate_feed(struct wire_gate *gate, const char *data, size_t len, size_t *ret_bad_at);
/* True between requests: nothing of a next one was seen. */
bool wire_gate_is_idle(const struct wire_gate *gate);
