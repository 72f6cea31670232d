/* SPDX-License-Identifier: MIT */
/*
 * The viewers of a run: each reads the frames from where it is, at the pace of its connection. What
 * a slow one has not read stays in the run's buffer, which has its own limit.
 */
#include "run.h"

#include "app.h"

#include "base/banned.h"

static void set_headers(struct viewer *v)
{
	char id[UUID_TEXT_SIZE];
	uuid_format(&v->run->id, id);
	http_set_header(v->ex, "X-Run-Id", id);
	http_set_header(v->ex, "X-Ephemeral-Mode", v->run->ephemeral ? "on" : "off");
	http_set_header(v->ex, "X-BYOK-Enabled", "true");
}

static void begin_head(struct viewer *v)
{
	if (v->begun || v->whole)
		return;
	v->begun = true;
	set_headers(v);
	http_set_header(v->ex, "Content-Type", "text/event-stream; charset=utf-8");
	http_stream_begin(v->ex, 200);
}

void run_begin_heads(struct run *run)
{
	for (struct viewer *v = run->viewers; v; v = v->next)
		begin_head(v);
}

static void unlink_viewer(struct viewer *v)
{
	struct viewer **link = &v->run->viewers;
	while (*link != v)
		link = &(*link)->next;
	*link = v->next;
	free(v);
}

/* A stateless call nobody waits for is cancelled upstream; a conversation's run goes on. */
static void viewer_gone(struct http_exchange *ex, void *arg)
{
	(void)ex;
	struct viewer *v = arg;
	struct run *run = v->run;
	unlink_viewer(v);
	if (!run->viewers && !run->ids.stored && !run_is_over(run))
		run_finish(run, RUN_STATUS_STOPPED);
}

static size_t frame_start(const struct run *run, size_t index)
{
	return index ? run->frame_ends[index - 1] : 0;
}

static bool write_frames(struct viewer *v)
{
	struct run *run = v->run;
	if (v->whole || !v->begun || v->full || v->next_frame >= run->frame_count)
		return false;
	size_t from = frame_start(run, v->next_frame), to = run->frame_ends[run->frame_count - 1];
	/* Whole frames, as many as one helping holds. */
	size_t last = run->frame_count;
	while (last > v->next_frame + 1 && to - from > HTTP_STREAM_HIGH)
		to = run->frame_ends[--last - 1];
	v->next_frame = last;
	v->full = http_stream_write(v->ex, text_slice(strbuf_text(&run->frames), from, to)) >
		  HTTP_STREAM_HIGH;
	return true;
}

static void release(struct viewer *v);

static void viewer_drained(struct http_exchange *ex, void *arg)
{
	(void)ex;
	struct viewer *v = arg;
	v->full = false;
	while (write_frames(v)) {
	}
	if (v->run->state == RUN_ENDED && !v->full)
		release(v);
}

void run_pump(struct run *run)
{
	for (struct viewer *v = run->viewers; v; v = v->next)
		while (write_frames(v)) {
		}
}

static void pump_task(struct loop_task *task)
{
	run_pump(container_of(task, struct run, pump));
}

void run_emit(struct run *run, const char *event, struct text data)
{
	if (sse_append(&run->frames, (int64_t)run->frame_count + 1, event, data))
		return; /* the buffer's limit is checked where frames come from; final frames have
			   room of their own */
	if (run->frame_count == run->frame_room) {
		run->frame_room = run->frame_room ? run->frame_room * 2 : 64;
		run->frame_ends =
			xreallocarray(run->frame_ends, run->frame_room, sizeof(*run->frame_ends));
	}
	run->frame_ends[run->frame_count++] = run->frames.len;
	loop_timer_set(&run->heartbeat, RUN_HEARTBEAT_MS);
	/* All events of one read go out in one write. */
	run->pump.run = pump_task;
	loop_defer(run->app->daemon->loop, &run->pump);
}

static void reply_failure(struct viewer *v)
{
	struct run *run = v->run;
	const struct provider_error *e = &run->last_error;
	AUTO(strbuf_clear) struct strbuf details = STRBUF_INIT(1024);
	struct json_writer w = JSON_WRITER_INIT(&details);
	json_object_begin(&w);
	if (e->status) {
		json_key(&w, "status");
		json_int(&w, e->status);
	}
	if (e->code[0]) {
		json_key(&w, "providerCode");
		json_str(&w, e->code);
	}
	json_object_end(&w);
	struct error_detail detail = {
		.message = run->failure == e->err ? provider_error_message(e) : NULL,
		.param = e->param[0] ? e->param : NULL,
		.details =
			json_writer_end(&w) || details.len <= 2 ? TEXT_NULL : strbuf_text(&details),
		.retry_after_s = e->retry_after_s,
	};
	/* We have tried what could be tried: an SDK should not try the same again at once. */
	http_set_header(v->ex, "X-Should-Retry", "false");
	http_reply_error(v->ex, run->failure ? run->failure : ERR_CANCELLED, &detail);
}

static void reply_whole(struct viewer *v)
{
	struct run *run = v->run;
	if (!run->failure && !run->final_body.len &&
	    openai_write_text_completion(&run->head, &run->ids, TEXT(""), "stop", &run->usage,
					 &run->final_body))
		run->failure = ERR_INTERNAL;
	if (run->failure)
		reply_failure(v);
	else
		http_reply(v->ex, 200, strbuf_text(&run->final_body));
}

/* The run has ended and this viewer has all of it. */
static void release(struct viewer *v)
{
	http_set_gone(v->ex, NULL, NULL);
	if (v->begun) {
		http_stream_end(v->ex);
	} else {
		set_headers(v);
		if (v->whole)
			reply_whole(v);
		else
			reply_failure(v);
	}
	unlink_viewer(v);
}

void run_release_viewers(struct run *run)
{
	struct viewer *next;
	for (struct viewer *v = run->viewers; v; v = next) {
		next = v->next;
		/* A head still held back at the end of a good answer goes out now, with everything.
		 */
		if (!v->begun && !v->whole && !run->failure) {
			begin_head(v);
			while (write_frames(v)) {
			}
		}
		if (!v->full)
			release(v);
	}
}

void run_attach(struct run *run, struct http_exchange *ex, bool whole, size_t after_seq)
{
	struct viewer *v = xcalloc(1, sizeof(*v));
	v->run = run;
	v->ex = ex;
	v->whole = whole;
	v->next_frame = after_seq < run->frame_count ? after_seq : run->frame_count;
	v->next = run->viewers;
	run->viewers = v;
	http_set_gone(ex, viewer_gone, v);
	http_set_drain(ex, viewer_drained, v);
	if (!run->holds_head || run->state == RUN_ANSWERING || run_is_over(run))
		begin_head(v);
	run->pump.run = pump_task;
	if (run->state == RUN_ENDED) {
		run_pump(run);
		run_release_viewers(run);
	} else {
		loop_defer(run->app->daemon->loop, &run->pump);
	}
}
