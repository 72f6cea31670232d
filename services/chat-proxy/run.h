/* SPDX-License-Identifier: MIT */
/*
 * A run: one question to a provider and everything that happens to its answer, independent of who is watching.
 *
 *	NEW        made, nothing sent
 *	CALLING    the upstream call is out, nothing has come back; a refusal here tries the next key (LEASING), unseen by anybody
 *	LEASING    keyvault is asked for another key
 *	ANSWERING  text is coming; from here a failure is an error event and the partial text stays
 *	STORING    it is over; the tail goes to account-store before anybody is told so
 *	ENDED      final frames are out; the buffer lingers for viewers that come back, then the run is freed
 *
 * A stateless run has nothing to store but its row of metadata: it goes through STORING at once, and books that row while it lingers.
 *
 * Frames are whole server-sent events numbered from 1, kept in one buffer; any number of viewers read from it at their own pace. Text of a stored conversation is flushed each
 * second or 4 KiB, at the latest every 30 s as a sign of life. run_enter() is the only writer of the state.
 *
 * Ownership: the registry (runs.h) owns runs and frees them only from their linger timer, so that any callback may end a run it was called for; a viewer owns its exchange; the run
 * owns lease, request and upstream call. Viewers are freed when they have everything, or their client is gone: never while somebody walks the list.
 */
#pragma once

#include "base/base.h"
#include "fetch/fetch.h"
#include "flow/peer.h"
#include "http/server.h"
#include "http/sse.h"
#include "loop/loop.h"
#include "token/envelope.h"

#include "chat_request.h"
#include "lease.h"
#include "openai.h"
#include "provider_error.h"
#include "usage.h"

struct chat_proxy;

enum run_state { RUN_NEW, RUN_CALLING, RUN_LEASING, RUN_ANSWERING, RUN_STORING, RUN_ENDED };
enum run_status {
	RUN_STATUS_RUNNING,
	RUN_STATUS_COMPLETED,
	RUN_STATUS_STOPPED,
	RUN_STATUS_INTERRUPTED,
	RUN_STATUS_FAILED
};
const char *run_status_name(enum run_status s);

#define RUN_MAX_KEYS 8
#define RUN_LINGER_MS 60000
#define RUN_LINGER_STATELESS_MS 1000

enum viewer_kind {
	VIEWER_ASKER,		/* asked for a stream; the head may wait so that a failure keeps its status code */
	VIEWER_FOLLOWER,	/* came later: the head goes out at once */
	VIEWER_WHOLE,		/* wants the whole answer in one piece */
};

struct viewer {
	struct run *run;
	struct http_exchange *ex;
	struct viewer *next;
	enum viewer_kind kind;
	bool begun;		/* the head is out */
	size_t next_frame;	/* index of the next frame to write */
	bool full;		/* waits for its connection to drain */
};

struct run {
	struct chat_proxy *app;
	struct run *next;	/* registry */
	struct uuid id;
	struct identity identity;
	enum run_state state;
	enum run_status status;
	struct unix_ms created, ended;

	/* what is asked */
	struct arena arena;	/* request and context live here until the first byte */
	struct chat_request request;
	struct context_message *context;
	size_t context_count;
	struct strbuf upstream_body;
	char *session_handle;
	bool streams, wants_usage, ephemeral, holds_head;
	struct grove_ids ids;
	char *model;		/* the name upstream knows */
	struct answer_head head;

	/* keys */
	struct lease lease;	/* of the last call; its names are kept for the row when the key itself is gone */
	struct uuid excluded[RUN_MAX_KEYS];
	size_t excluded_count;
	struct provider_error last_error;
	struct peer_call *leasing;

	/* the answer */
	struct fetch_call *call;
	int64_t called_us, first_byte_us;
	int upstream_status;	/* 0 before the head */
	bool upstream_is_sse, plain_stream;
	struct sse_parser parser;
	struct strbuf whole;	/* an answer or refusal that is not a stream */
	bool saw_done, saw_finish, saw_event;
	char finish_reason[32];
	struct usage usage;
	struct tool_numbers tool_numbers;
	size_t text_bytes;
	struct strbuf text;	/* of a stored answer, for those who ask for it in one piece */
	struct loop_timer silence;
	enum err failure;	/* 0: none */
	const char *failure_message;	/* static; NULL: the provider's or the table's */
	size_t unmeasured;	/* bytes since the buffers were last compared with their limits */

	/* frames */
	struct strbuf frames;
	size_t *frame_ends;
	size_t frame_count, frame_room;
	struct viewer *viewers;
	struct loop_task pump;
	struct loop_timer heartbeat, linger;

	/* storing */
	struct strbuf unflushed, flushing;
	int64_t flush_seq;	/* last accepted */
	bool flush_pending;
	bool homeless;		/* account-store refuses the text for good: the conversation is gone */
	bool booked;		/* nothing is left to be stored */
	struct peer_call *store_call;
	struct loop_timer flush_timer;
	int store_tries;
	struct strbuf final_body;	/* answer of a whole viewer */
};

/* run.c */
struct run_question {
	const struct identity *identity;
	struct chat_request *request;	/* taken */
	struct arena *arena;		/* taken: what request and context are borrowed from */
	struct context_message *context;
	size_t context_count;
	struct lease *lease;		/* taken */
	struct text session_handle;
	struct grove_ids ids;
};
/* An answer that was given before, as account-store remembers it. */
struct run_memory {
	struct text answer;
	enum run_status status;
	struct usage usage;
};
struct run *run_start(struct chat_proxy *app, struct run_question *question);	/* NEW */
void run_begin(struct run *run);			/* calls the provider; a stored stream tells its ids at once */
void run_replay(struct run *run, const struct run_memory *memory);	/* ENDED */
void run_enter(struct run *run, enum run_state state);
void run_fail(struct run *run, enum err err);		/* ends as FAILED */
void run_finish(struct run *run, enum run_status status);	/* → STORING → ENDED */
void run_conclude(struct run *run);			/* stored or not: final frames, ENDED */
void run_stop(struct run *run);				/* by its owner: upstream closed at once */
void run_interrupt(struct run *run);			/* the daemon goes away */
bool run_is_over(const struct run *run);		/* STORING or ENDED */
size_t run_buffered(const struct run *run);		/* bytes it holds for others */
void run_linger(struct run *run);			/* ENDED: sets when it is freed */
void run_free(struct run *run);				/* registry only */

/* run_upstream.c */
void run_call(struct run *run);		/* CALLING with the lease in hand */
void run_hang_up(struct run *run);	/* closes the upstream call */

/* run_frames.c */
MUST_CHECK enum err run_emit(struct run *run, struct text data);	/* appends a frame of the answer; ERR_TOO_LARGE: the buffer is full */
void run_emit_first(struct run *run);	/* who is who */
void run_emit_end(struct run *run);	/* how it ended; there is always room for that */
void run_emit_whole(struct run *run);	/* an answer that was not asked for as a stream, for somebody who follows it */
struct run_problem {
	struct error_detail detail;
	struct strbuf details;
};
void run_describe_failure(const struct run *run, struct run_problem *ret);	/* strbuf_clear details after */

/* run_viewers.c */
void run_attach(struct run *run, struct http_exchange *ex, enum viewer_kind kind, size_t after_seq);
void run_schedule_pump(struct run *run);
void run_pump(struct run *run);			/* writes what viewers have not seen */
void run_release_viewers(struct run *run);	/* ENDED: ends their answers */
void run_begin_heads(struct run *run);
void run_keep_alive(struct run *run);		/* a comment to everybody */
void run_cut_viewers(struct run *run);

/* run_store.c */
MUST_CHECK enum err run_take_text(struct run *run, struct text text);	/* part of the answer: to be flushed */
void run_keep_stored(struct run *run);		/* signs of life from now on */
void run_store_end(struct run *run);		/* finish or calls row; then run_conclude() */
void run_drop_store(struct run *run);

/* run_settle.c */
void run_settle(struct run *run, const char *outcome);	/* gives the lease back; no answer awaited */
/* For a lease that never became a run. */
void lease_give_back(struct chat_proxy *app, const struct identity *identity, struct lease *lease);
