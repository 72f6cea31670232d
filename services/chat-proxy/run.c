/* SPDX-License-Identifier: MIT */
/* The life of a run: how it begins, its states, how it ends. run.h tells the story. */
#include "run.h"

#include "log/log.h"
#include "metrics/metrics.h"

#include "app.h"

#include "base/banned.h"

/* Above the limit for what comes from upstream: our own final frames always fit. */
#define ROOM_FOR_END 65536

static struct metric runs_total =
	METRIC_COUNTER_INIT("grove_runs_total", "Runs that ended.", "status", "provider");
static struct metric first_byte_seconds = METRIC_SECONDS_INIT(
	"grove_first_byte_seconds", "Time from the upstream call to its first byte.", "provider");

static const char *const state_names[] = { "new",	"calling", "leasing",
					   "answering", "storing", "ended" };

const char *run_status_name(enum run_status s)
{
	static const char *const names[] = { "running", "completed", "stopped", "interrupted",
					     "failed" };
	return names[s];
}

bool run_is_over(const struct run *run)
{
	return run->state == RUN_STORING || run->state == RUN_ENDED;
}

/* CALLING again: with the next key, or the same question put more plainly. */
static bool may_enter(const struct run *run, enum run_state state)
{
	return state > run->state || (state == RUN_CALLING && run->state == RUN_LEASING) ||
	       (state == RUN_CALLING && run->state == RUN_CALLING);
}

void run_enter(struct run *run, enum run_state state)
{
	char id[UUID_TEXT_SIZE];
	uuid_format(&run->id, id);
	log_debug("run.state", LOG_STR("runId", id), LOG_STR("from", state_names[run->state]),
		  LOG_STR("to", state_names[state]));
	BUG_ON(!may_enter(run, state));
	run->state = state;
	if (state == RUN_ANSWERING) {
		run->first_byte_us = clock_mono_us();
		metric_observe(&first_byte_seconds,
			       (double)(run->first_byte_us - run->called_us) / 1e6,
			       provider_name(run->lease.provider));
	}
}

static void heartbeat(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, heartbeat);
	if (run->state == RUN_ENDED)
		return;
	run_keep_alive(run);
	loop_timer_set(timer, run->app->config->keep_alive_ms);
}

static void clear_buffer(const struct run *run, struct strbuf *b)
{
	if (run->ephemeral)
		wipe_text(strbuf_text(b));
	strbuf_clear(b);
}

/* What was said, and whoever still reads it. */
static void forget(struct run *run)
{
	run_cut_viewers(run);
	loop_task_cancel(&run->pump);
	clear_buffer(run, &run->upstream_body);
	clear_buffer(run, &run->frames);
	clear_buffer(run, &run->whole);
	clear_buffer(run, &run->text);
	clear_buffer(run, &run->final_body);
	run->frame_count = 0;
}

/* A slow reader gets its rest, and the row of the request log is waited for; what must not be kept
 * is not. */
static void lingered(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, linger);
	if (run->ephemeral)
		forget(run);
	if (run->viewers || !run->booked)
		loop_timer_set(timer, RUN_LINGER_STATELESS_MS);
	else
		runs_remove(run->app->runs, run);
}

void run_linger(struct run *run)
{
	bool wanted = run->ids.stored || (run->ephemeral && run->viewers);
	loop_timer_set(&run->linger, wanted ? RUN_LINGER_MS : RUN_LINGER_STATELESS_MS);
}

static void init_head(struct run *run)
{
	char id[UUID_TEXT_SIZE];
	uuid_format(&run->id, id);
	snprintf(run->head.id, sizeof(run->head.id), "chatcmpl-%s", id);
	run->head.created_s = run->created.value / 1000;
	run->head.model = text_of(run->model);
}

static void init_buffers(struct run *run)
{
	const struct chat_proxy_config *c = run->app->config;
	strbuf_init(&run->upstream_body, 4 * CHAT_REQUEST_MAX);
	strbuf_init(&run->frames, (size_t)c->run_buffer_bytes + ROOM_FOR_END);
	strbuf_init(&run->whole, (size_t)c->answer_bytes);
	strbuf_init(&run->text, (size_t)c->answer_bytes);
	strbuf_init(&run->unflushed, (size_t)c->answer_bytes);
	strbuf_init(&run->flushing, (size_t)c->answer_bytes);
	strbuf_init(&run->final_body, 2 * (size_t)c->answer_bytes);
	sse_parser_init(&run->parser, (size_t)c->event_bytes);
}

static void take_question(struct run *run, struct run_question *q)
{
	run->arena = *q->arena;
	*q->arena = (struct arena)ARENA_INIT;
	run->request = *q->request;
	q->request->doc = NULL;
	run->context = q->context;
	run->context_count = q->context_count;
	if (q->context_count)
		run->request.prompt_bytes = 0;
	for (size_t i = 0; i < q->context_count; i++)
		run->request.prompt_bytes += q->context[i].content.len;
	run->session_handle = q->session_handle.ptr
				      ? xmemdup0(q->session_handle.ptr, q->session_handle.len)
				      : NULL;
	run->model = xmemdup0(run->request.choice.model.ptr, run->request.choice.model.len);
	run->lease = *q->lease;
	*q->lease = (struct lease){ 0 };
}

struct run *run_start(struct chat_proxy *app, struct run_question *q)
{
	struct run *run = xcalloc(1, sizeof(*run));
	run->app = app;
	run->id = q->ids.run;
	run->ids = q->ids;
	run->identity = *q->identity;
	run->created = clock_now();
	take_question(run, q);
	run->streams = run->request.stream;
	run->ephemeral = run->request.ephemeral;
	/* The web app always shows what an answer cost; a program gets it when it asks. */
	run->wants_usage = run->request.include_usage || run->identity.amr != AMR_TOKEN;
	run->holds_head = !run->ids.stored && !run->ephemeral;
	init_buffers(run);
	init_head(run);
	loop_timer_init(&run->heartbeat, app->daemon->loop, heartbeat);
	loop_timer_init(&run->linger, app->daemon->loop, lingered);
	loop_timer_set(&run->heartbeat, app->config->keep_alive_ms);
	runs_add(app->runs, run);
	return run;
}

void run_begin(struct run *run)
{
	if (run->streams && !run->holds_head)
		run_emit_first(run);
	if (run->ids.stored)
		run_keep_stored(run);
	run_call(run);
}

/* What the first send came to, whatever that was. */
void run_replay(struct run *run, const struct run_memory *memory)
{
	run->status = memory->status;
	run->usage = memory->usage;
	run->ended = run->created;
	run->booked = true;
	bool early =
		memory->status == RUN_STATUS_FAILED || memory->status == RUN_STATUS_INTERRUPTED;
	/* Part of an answer, asked for in one piece, is better than none; `grove.status` says it.
	 */
	if (early && (run->streams || !memory->answer.len)) {
		run->failure = ERR_PROVIDER_ERROR;
		run->failure_message = "This message was sent before, and its answer ended "
				       "early. Ask for a new answer to it.";
	}
	if (early)
		run->ids.status = run_status_name(memory->status);
	if (strbuf_append_text(&run->text, memory->answer))
		run->failure = ERR_TOO_LARGE;
	run->streams = false; /* frames are made for whoever follows */
	run_conclude(run);
}

void run_fail(struct run *run, enum err err)
{
	if (run_is_over(run))
		return;
	run->failure = err;
	run_finish(run, RUN_STATUS_FAILED);
}

static const char *settle_outcome(const struct run *run)
{
	switch (run->last_error.key) {
	case KEY_REJECTED:
		return "rejected";
	case KEY_LIMITED:
	case KEY_EMPTY:
		return "limited";
	case KEY_FINE:
		break;
	}
	return run->status == RUN_STATUS_FAILED ? "failed" : "ok";
}

/* A call that was refused before it said anything cost nothing; one that was cut short is counted
 * as far as it was seen. */
static void count_usage(struct run *run)
{
	struct price price =
		catalogue_price(run->app->catalogue, run->lease.provider, text_of(run->model));
	if (run->state == RUN_ANSWERING || run->status != RUN_STATUS_FAILED)
		usage_estimate(&run->usage, run->request.prompt_bytes, run->text_bytes);
	if (run->status != RUN_STATUS_COMPLETED)
		run->usage.estimated = true;
	usage_price(&run->usage, &price);
}

void run_finish(struct run *run, enum run_status status)
{
	if (run_is_over(run))
		return;
	run->status = status;
	run->ended = clock_now();
	run_hang_up(run);
	if (run->leasing)
		peer_call_cancel(run->leasing);
	run->leasing = NULL;
	count_usage(run);
	run_settle(run, settle_outcome(run));
	metric_inc(&runs_total, run_status_name(status),
		   run->lease.provider ? provider_name(run->lease.provider) : "none");
	run_enter(run, RUN_STORING);
	run_store_end(run);
}

void run_conclude(struct run *run)
{
	run_enter(run, RUN_ENDED);
	loop_timer_stop(&run->heartbeat);
	if (run->streams)
		run_emit_end(run);
	for (const struct viewer *v = run->viewers; v; v = v->next)
		if (v->kind != VIEWER_WHOLE)
			run_emit_whole(run);
	run_pump(run);
	run_release_viewers(run);
	secret_clear(&run->lease.key);
	strbuf_clear(&run->whole);
	run_linger(run);
}

void run_stop(struct run *run)
{
	run_finish(run, RUN_STATUS_STOPPED);
}

void run_interrupt(struct run *run)
{
	if (run_is_over(run))
		return;
	run->failure = ERR_UNAVAILABLE;
	run->failure_message = "The server is being restarted; this answer ended early. Try again "
			       "in a few seconds.";
	run_finish(run, RUN_STATUS_INTERRUPTED);
}

size_t run_buffered(const struct run *run)
{
	return run->frames.len + run->whole.len + run->text.len + run->unflushed.len +
	       run->flushing.len + run->final_body.len;
}

void run_free(struct run *run)
{
	run_hang_up(run);
	run_drop_store(run);
	if (run->leasing)
		peer_call_cancel(run->leasing);
	loop_timer_clear(&run->heartbeat);
	loop_timer_clear(&run->linger);
	loop_timer_clear(&run->silence);
	forget(run);
	chat_request_clear(&run->request);
	arena_clear(&run->arena);
	lease_clear(&run->lease);
	sse_parser_clear(&run->parser);
	free(run->frame_ends);
	wipe_text(text_of(run->session_handle));
	free(run->session_handle);
	free(run->model);
	free(run);
}
