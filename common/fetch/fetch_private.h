/* SPDX-License-Identifier: MIT */
/*
 * What the files of this module share. A pool is one CURLM: its connections, its sockets on the loop, its timer. libcurl forbids
 * adding, removing or unpausing transfers from inside its callbacks, and answers are to be read outside of them; so each entry into libcurl that may run callbacks
 * stands between fetch_pool_enter() and fetch_pool_leave(), and what may not happen inside waits until the last leave.
 *
 *	fetch_call.c     a call's life: start, limits, callbacks, pause, cancel, end
 *	fetch_request.c  a request into libcurl's options        fetch_response.c  head lines, error mapping
 *	fetch_pool.c     pools on the loop                       fetch_memory.c    libcurl's memory, wiped when freed
 */
#pragma once

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/mem.h"
#include "base/strbuf.h"
#include "fetch/fetch.h"

#define FETCH_MAX_HEAD_BYTES (16 * 1024)
#define FETCH_MAX_HEAD_LINES 64

struct fetch_watch;

struct fetch_pool {
	struct fetch *fetch;
	char *name;
	CURLM *multi;
	struct loop_timer timer;	/* libcurl's */
	struct loop_timer idle;		/* runs while there are no calls */
	int64_t idle_since_ms;
	size_t calls;
	unsigned depth;			/* entries into libcurl */
	bool throwaway;
	TAILQ_HEAD(, fetch_watch) watches;
	TAILQ_HEAD(, fetch_call) reap;	/* cancelled or failed inside a callback */
	TAILQ_ENTRY(fetch_pool) link;
};

struct fetch {
	struct loop *loop;
	size_t live;
	size_t pool_count;
	TAILQ_HEAD(, fetch_pool) pools;
	TAILQ_HEAD(, fetch_call) calls;
};

enum fetch_phase { PHASE_CONNECTING, PHASE_WAITING, PHASE_READING };

struct fetch_call {
	struct fetch *fetch;
	struct fetch_pool *pool;
	CURL *easy;
	struct fetch_events events;
	void *arg;
	TAILQ_ENTRY(fetch_call) link, reap_link;

	/* the request */
	struct arena arena;
	enum fetch_kind kind;
	const struct guard *guard;
	struct guard_url target;	/* FETCH_GUARDED */
	struct curl_slist *headers;
	char *secret_line;		/* wiped once the head has come */
	size_t secret_len;
	size_t max_body;
	int first_byte_ms, silence_ms;

	/* the answer */
	struct strbuf head;		/* lines as they came, "name: value\r\n" */
	unsigned head_lines;
	size_t head_bytes;		/* of all heads and trailers */
	int status;
	bool head_done;
	size_t received;

	/* where it stands */
	bool attached, paused, curl_paused, cancelled, ending, guard_refused;
	bool to_reap;
	CURLcode reap_code;
	enum err forced;		/* why we made libcurl stop */
	enum fetch_phase phase;
	int64_t phase_since_ms, total_due_ms;
	struct loop_timer timer;
	struct loop_task task;		/* start refused, start inside a callback, resume */
};

/* fetch_request.c */
MUST_CHECK enum err fetch_request_apply(struct fetch_call *call, const struct fetch_request *request);
char *fetch_request_pool_name(const struct fetch_call *call, const struct fetch_request *request);

/* fetch_response.c */
MUST_CHECK enum err fetch_head_line(struct fetch_call *call, struct text line, bool *ret_complete);
enum err fetch_err_of_curl(const struct fetch_call *call, CURLcode code);

/* fetch_pool.c */
struct fetch_pool *fetch_pool_get(struct fetch *f, const char *name);
void fetch_pool_free(struct fetch_pool *p);
void fetch_pool_enter(struct fetch_pool *p);
void fetch_pool_leave(struct fetch_pool *p);	/* the last one reaps, then ends what is complete */
void fetch_pool_add(struct fetch_pool *p, struct fetch_call *call);
void fetch_pool_remove(struct fetch_call *call);
void fetch_pool_reap_later(struct fetch_call *call, CURLcode code);	/* at the last leave: destroyed if cancelled, else ended */

/* fetch_call.c */
void fetch_call_ended(struct fetch_call *call, CURLcode code);
void fetch_call_destroy(struct fetch_call *call);

/* fetch_memory.c */
void fetch_memory_init(void);	/* counted, like curl_global_init() */
