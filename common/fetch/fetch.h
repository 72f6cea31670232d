/* SPDX-License-Identifier: MIT */
/*
 * HTTP client on libcurl's multi interface, on the same loop. Two kinds of targets: our own daemons (FETCH_PEER: loopback or Unix socket) and the outside
 * (FETCH_GUARDED: providers; the guard of guard.h judges the address at connect time, after name resolution).
 *
 * Always: no redirects, no proxies from the environment, no netrc, no cookies, TLS >= 1.2 verified, Accept-Encoding: identity, TCP_NODELAY. Connections are
 * shared only inside a pool (a name): two keys never share one.
 *
 * Time limits are per phase: connect, first byte (of the head), silence between bytes; `total_ms` only for short calls. Completions come from the loop, never inside fetch_start(). fetch_cancel() is allowed everywhere,
 * also inside the callbacks; no callback comes after it. Request texts are copied.
 *
 * An idle connection that turns out to be closed when it is used again is replaced and the request sent once more, as long as no byte of an answer came. Names (FETCH_GUARDED
 * only) are resolved by libcurl on short-lived threads. fetch_free() is not allowed inside a callback.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "config/config.h"
#include "crypto/secret.h"
#include "fetch/guard.h"
#include "loop/loop.h"

struct fetch;
struct fetch *fetch_new(struct loop *loop);
void fetch_free(struct fetch *f);	/* cancels all calls */
size_t fetch_live(const struct fetch *f);

struct fetch_header {
	const char *name;
	struct text value;
};

enum fetch_kind { FETCH_PEER, FETCH_GUARDED };

struct fetch_request {
	enum fetch_kind kind;
	const char *method;
	const struct config_address *peer;	/* FETCH_PEER: where; the URL is then only the path with query */
	const char *url;
	const struct fetch_header *headers;
	size_t header_count;
	const char *secret_header;		/* e.g. "Authorization"; NULL = none */
	const char *secret_prefix;		/* e.g. "Bearer " */
	const struct secret *secret;
	struct text body;			/* absent: no body; sent with a Content-Length; borrowed until done when body_borrowed */
	bool body_borrowed;
	const char *pool;			/* NULL: one pool for each peer or origin */
	const struct guard *guard;		/* FETCH_GUARDED; must outlive the call */
	const char *ca_file;			/* NULL: the system's; tests */
	int connect_ms, first_byte_ms, silence_ms, total_ms;	/* 0: 10 s, 120 s, 120 s, none */
	size_t max_body;			/* bytes in all; 0 = 16 MiB; passed: ERR_TOO_LARGE */
	size_t read_size;			/* libcurl's receive buffer, 0 = 16 KiB; streams of small events do well with 4 KiB */
};

struct fetch_call;
struct fetch_events {
	/* The final head (1xx are skipped). Headers may be read by fetch_response_header until done. */
	void (*on_head)(struct fetch_call *call, int status, void *arg);
	/* Body bytes. Return false to pause: the same bytes come again after fetch_resume(). */
	bool (*on_data)(struct fetch_call *call, struct text data, void *arg);
	/* Exactly once, from the loop, unless cancelled; the call is freed after it returns. err: OK (complete answer of any status), ERR_UNAVAILABLE (could not connect, TLS,
	 * reset), ERR_PROVIDER_TIMEOUT (a phase's limit), ERR_TOO_LARGE, ERR_PROVIDER_ADDRESS_FORBIDDEN (guard, or a peer that is not on this machine), ERR_PROVIDER_ERROR (broken HTTP,
	 * body cut short, more than 64 header lines or 16 KiB of them), ERR_INVALID_REQUEST (the request itself: URL, header with control bytes, secret header without a secret). */
	void (*on_done)(struct fetch_call *call, enum err err, int status, void *arg);
};

/* Never fails at once: failures come through on_done. */
struct fetch_call *fetch_start(struct fetch *f, const struct fetch_request *request, const struct fetch_events *events, void *arg);
void fetch_cancel(struct fetch_call *call);
void fetch_pause(struct fetch_call *call);
void fetch_resume(struct fetch_call *call);
bool fetch_response_header(struct fetch_call *call, const char *name, struct text *ret);	/* case-insensitive; valid until done */
struct fetch_times {
	int64_t connect_us, first_byte_us, total_us;
	bool reused;
};
void fetch_times(const struct fetch_call *call, struct fetch_times *ret);
