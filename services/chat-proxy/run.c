/* SPDX-License-Identifier: MIT */
/* The life of a run: how it begins, its states, how it ends. run.h tells the story. */
#include "run.h"

#include "log/log.h"
#include "metrics/metrics.h"

#include "app.h"

#include "base/banned.h"

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

bool run_is_stored(const struct run *run)
{
	return run->ids.stored;
}

void run_enter(struct run *run, enum run_state state)
{
	char id[UUID_TEXT_SIZE];
	uuid_format(&run->id, id);
	log_debug("run.state", LOG_STR("runId", id), LOG_STR("from", state_names[run->state]),
		  LOG_STR("to", state_names[state]));
	BUG_ON(state <= run->state && !(state == RUN_CALLING && run->state == RUN_LEASING));
	run->state = state;
	if (state == RUN_ANSWERING) {
		run->first_byte_us = clock_mono_us();
		metric_observe(&first_byte_seconds,
			       (double)(run->first_byte_us - run->called_us) / 1e6,
			       provider_name(run->lease.provider));
	}
}

/* 15 s of silence: a comment keeps proxies awake, and a caller who waits for the head gets it now.
 */
static void heartbeat(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, heartbeat);
	if (run->state == RUN_ENDED)
		return;
	run_begin_heads(run);
	for (struct viewer *v = run->viewers; v; v = v->next)
		if (v->begun && !v->full)
			http_stream_write(v->ex, TEXT(": waiting\n\n"));
	loop_timer_set(timer, RUN_HEARTBEAT_MS);
}

static void lingered(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, linger);
	runs_remove(run->app->runs, run);
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
	strbuf_init(&run->frames, (size_t)c->run_buffer_bytes + 65536);
	strbuf_init(&run->whole, (size_t)c->answer_bytes);
	strbuf_init(&run->unflushed, (size_t)c->answer_bytes);
	strbuf_init(&run->flushing, (size_t)c->answer_bytes);
	strbuf_init(&run->final_body, 2 * (size_t)c->answer_bytes);
	sse_parser_init(&run->parser, (size_t)c->event_bytes);
}

struct run *run_start(struct chat_proxy *app, struct run_question *q)
{
	struct run *run = xcalloc(1, sizeof(*run));
	run->app = app;
	run->id = q->ids.run;
	run->identity = *q->identity;
	run->created = clock_now();
	run->arena = *q->arena;
	*q->arena = (struct arena)ARENA_INIT;
	run->request = *q->request;
	q->request->doc = NULL;
	run->context = q->context;
	run->context_count = q->context_count;
	run->session_handle = q->session_handle.ptr
				      ? xmemdup0(q->session_handle.ptr, q->session_handle.len)
				      : NULL;
	run->streams = run->request.stream;
	run->ephemeral = run->request.ephemeral;
	run->ids = q->ids;
	/* The web app always shows what an answer cost; a program gets it when it asks. */
	run->wants_usage = run->request.include_usage || run->identity.amr != AMR_TOKEN;
	run->holds_head = !run->ids.stored && !run->ephemeral;
	run->model = xmemdup0(run->request.choice.model.ptr, run->request.choice.model.len);
	run->lease = *q->lease;
	*q->lease = (struct lease){ 0 };
	init_buffers(run);
	init_head(run);
	loop_timer_init(&run->heartbeat, app->daemon->loop, heartbeat);
	loop_timer_init(&run->linger, app->daemon->loop, lingered);
	loop_timer_set(&run->heartbeat, RUN_HEARTBEAT_MS);
	runs_add(app->runs, run);
	return run;
}

static void emit_first(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf data = STRBUF_INIT(8192);
	if (!openai_write_first_chunk(&run->head, &run->ids, &data))
		run_emit(run, NULL, strbuf_text(&data));
}

void run_begin(struct run *run)
{
	if (run->streams && !run->holds_head)
		emit_first(run);
	run_call(run);
}

void run_replay(struct run *run, struct text answer)
{
	AUTO(strbuf_clear)
	struct strbuf data = STRBUF_INIT(2 * (size_t)run->app->config->answer_bytes);
	run->status = RUN_STATUS_COMPLETED;
	run->ended = run->created;
	if (run->streams)
		emit_first(run);
	if (run->streams && !openai_write_text_chunk(&run->head, answer, "stop", &data))
		run_emit(run, NULL, strbuf_text(&data));
	if (!run->streams && openai_write_text_completion(&run->head, &run->ids, answer, "stop",
							  &run->usage, &run->final_body))
		run->failure = ERR_INTERNAL;
	run->saw_finish = true;
	run->usage.estimated = true;
	run_conclude(run);
}

void run_fail(struct run *run, enum err err)
{
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
	usage_estimate(&run->usage, run->request.prompt_bytes, run->text_bytes);
	struct price price =
		catalogue_price(run->app->catalogue, run->lease.provider, text_of(run->model));
	usage_price(&run->usage, &price);
	run_settle(run, settle_outcome(run));
	metric_inc(&runs_total, run_status_name(status),
		   run->lease.provider ? provider_name(run->lease.provider) : "none");
	run_enter(run, RUN_STORING);
	run_store_end(run);
}

static void emit_error(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(4096);
	struct error_detail detail = { .message = run->failure == run->last_error.err
							  ? provider_error_message(&run->last_error)
							  : NULL };
	if (!http_error_body(run->failure, &detail, &body))
		run_emit(run, "error", strbuf_text(&body));
}

static void emit_end(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf data = STRBUF_INIT(8192);
	if (run->failure) {
		emit_error(run);
	} else {
		if (!run->saw_finish &&
		    !openai_write_text_chunk(&run->head, TEXT_NULL, "stop", &data))
			run_emit(run, NULL, strbuf_text(&data));
		strbuf_reset(&data);
		if (run->wants_usage && !openai_write_usage_chunk(&run->head, &run->usage, &data))
			run_emit(run, NULL, strbuf_text(&data));
	}
	run_emit(run, NULL, TEXT("[DONE]"));
}

void run_conclude(struct run *run)
{
	run_enter(run, RUN_ENDED);
	loop_timer_stop(&run->heartbeat);
	if (run->streams)
		emit_end(run);
	run_pump(run);
	run_release_viewers(run);
	lease_clear(&run->lease);
	loop_timer_set(&run->linger, run->ids.stored || run->viewers ? RUN_LINGER_MS : 1000);
}

void run_stop(struct run *run)
{
	run_finish(run, RUN_STATUS_STOPPED);
}

void run_free(struct run *run)
{
	run_hang_up(run);
	run_drop_store(run);
	if (run->leasing)
		peer_call_cancel(run->leasing);
	loop_task_cancel(&run->pump);
	loop_timer_clear(&run->heartbeat);
	loop_timer_clear(&run->linger);
	for (struct viewer *v = run->viewers, *next; v; v = next) {
		next = v->next;
		http_set_gone(v->ex, NULL, NULL);
		http_stream_abort(v->ex);
		free(v);
	}
	chat_request_clear(&run->request);
	arena_clear(&run->arena);
	lease_clear(&run->lease);
	sse_parser_clear(&run->parser);
	strbuf_clear(&run->upstream_body);
	strbuf_clear(&run->frames);
	strbuf_clear(&run->whole);
	strbuf_clear(&run->final_body);
	free(run->frame_ends);
	free(run->session_handle);
	free(run->model);
	free(run);
}
