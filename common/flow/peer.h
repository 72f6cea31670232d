/* SPDX-License-Identifier: MIT */
/*
 * Calls between daemons: an address book, the pair keys, and fetch. Steps use peer_run (flow.h); components that outlive a request use this
 * directly. Every call is sealed for exactly its method, path and body (token/envelope.h).
 */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "base/text.h"
#include "config/config.h"
#include "fetch/fetch.h"
#include "token/envelope.h"

struct peers;
struct peers *peers_new(struct fetch *fetch, const struct envelope_keys *keys);
void peers_free(struct peers *p);	/* calls under way are cancelled */
void peers_set(struct peers *p, enum daemon_id daemon, const struct config_address *address);	/* copies */

struct peer_request {
	enum daemon_id daemon;
	const struct identity *identity;	/* copied; {0} with a request id = the daemon for itself */
	const char *method, *path;		/* path with query */
	struct text body;			/* absent: none; copied */
	const struct fetch_header *headers;	/* extra ones (Content-Type is application/json) */
	size_t header_count;
	int timeout_ms;				/* total; 0 = 10 s; < 0: none, phases only (streams) */
	int first_byte_ms;			/* 0 = 120 s */
	size_t max_body;			/* 0 = 4 MiB */
	size_t read_size;
};

/* The fetch events of a streamed answer, or (peer_call_start) the whole answer at once. */
struct peer_call;
struct peer_call *peer_call_start(struct peers *p, const struct peer_request *request,
				  void (*done)(struct peer_call *call, enum err err, int status, struct text body, void *arg), void *arg);
void peer_call_cancel(struct peer_call *call);				/* no callback after it; not after done */
const char *peer_call_retry_after(const struct peer_call *call);	/* the answer's Retry-After, "" when none; inside done */

/* Streamed: the caller gets fetch's own events. ERR_FORBIDDEN: no key for that pair (a set-up fault). */
MUST_CHECK enum err peer_stream_start(struct peers *p, const struct peer_request *request, const struct fetch_events *events, void *arg,
				      struct fetch_call **ret);
