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
	if (v->begun || v->kind == VIEWER_WHOLE)
		return;
	v->begun = true;
	set_headers(v);
	http_set_header(v->ex, "Content-Type", "text/event-stream; charset=utf-8");
	http_stream_begin(v->ex, 200);
}

void run_begin_heads(struct run *run)
{
	run->holds_head = false;
	for (struct viewer *v = run->viewers; v; v = v->next)
		begin_head(v);
}

/* A comment keeps proxies awake, and a caller who waits for the head gets it now. */
void run_keep_alive(struct run *run)
{
	run_begin_heads(run);
	for (struct viewer *v = run->viewers; v; v = v->next)
		if (v->begun && !v->full)
			http_stream_write(v->ex, TEXT(": waiting\n\n"));
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
	if (run->viewers || run->ids.stored)
		return;
	if (run->state == RUN_ENDED)
		run_linger(run);
	else
		run_finish(run, RUN_STATUS_STOPPED);
}

static size_t frame_start(const struct run *run, size_t index)
{
	return index ? run->frame_ends[index - 1] : 0;
}

/* Whole frames, as many as one helping holds. False when there is nothing (more) to write now. */
static bool write_frames(struct viewer *v)
{
	struct run *run = v->run;
	if (!v->begun || v->full || v->next_frame >= run->frame_count)
		return false;
	size_t from = frame_start(run, v->next_frame), to = run->frame_ends[run->frame_count - 1];
	size_t last = run->frame_count;
	while (last > v->next_frame + 1 && to - from > HTTP_STREAM_HIGH)
		to = run->frame_ends[--last - 1];
	v->next_frame = last;
	v->full = http_stream_write(v->ex, text_slice(strbuf_text(&run->frames), from, to)) >
		  HTTP_STREAM_HIGH;
	return true;
}

static void write_all_frames(struct viewer *v)
{
	while (write_frames(v)) {
	}
}

static void reply_whole(struct viewer *v)
{
	struct run *run = v->run;
	if (!run->failure && !run->final_body.len &&
	    openai_write_text_completion(&run->head, &run->ids, strbuf_text(&run->text), "stop",
					 &run->usage, &run->final_body))
		run->failure = ERR_TOO_LARGE;
	if (!run->failure) {
		http_reply(v->ex, 200, strbuf_text(&run->final_body));
		return;
	}
	struct run_problem problem;
	run_describe_failure(run, &problem);
	/* We have tried what could be tried: an SDK should not try the same again at once. */
	http_set_header(v->ex, "X-Should-Retry", "false");
	http_reply_error(v->ex, run->failure, &problem.detail);
	strbuf_clear(&problem.details);
}

/* The run has ended and this viewer has all of it. */
static void release(struct viewer *v)
{
	struct run *run = v->run;
	http_set_gone(v->ex, NULL, NULL);
	if (v->begun) {
		http_stream_end(v->ex);
	} else {
		set_headers(v);
		reply_whole(v);
	}
	unlink_viewer(v);
	/* Nothing of it is needed any more, unless it belongs to a conversation. */
	if (!run->viewers && !run->ids.stored)
		run_linger(run);
}

static void viewer_drained(struct http_exchange *ex, void *arg)
{
	(void)ex;
	struct viewer *v = arg;
	v->full = false;
	write_all_frames(v);
	if (v->run->state == RUN_ENDED && !v->full)
		release(v);
}

void run_pump(struct run *run)
{
	for (struct viewer *v = run->viewers; v; v = v->next)
		write_all_frames(v);
}

static void pump_task(struct loop_task *task)
{
	run_pump(container_of(task, struct run, pump));
}

/* All events of one read go out in one write. */
void run_schedule_pump(struct run *run)
{
	if (!run->viewers)
		return;
	run->pump.run = pump_task;
	loop_defer(run->app->daemon->loop, &run->pump);
}

void run_release_viewers(struct run *run)
{
	struct viewer *next;
	for (struct viewer *v = run->viewers; v; v = next) {
		next = v->next;
		/* A head still held back goes out now: with everything, or as the failure's own. */
		if (!run->failure)
			begin_head(v);
		write_all_frames(v);
		if (!v->full)
			release(v);
	}
}

void run_attach(struct run *run, struct http_exchange *ex, enum viewer_kind kind, size_t after_seq)
{
	struct viewer *v = xcalloc(1, sizeof(*v));
	v->run = run;
	v->ex = ex;
	v->kind = kind;
	if (kind != VIEWER_WHOLE)
		run_emit_whole(run);
	v->next_frame = after_seq < run->frame_count ? after_seq : run->frame_count;
	v->next = run->viewers;
	run->viewers = v;
	http_set_gone(ex, viewer_gone, v);
	http_set_drain(ex, viewer_drained, v);
	if (kind == VIEWER_FOLLOWER || !run->holds_head)
		begin_head(v);
	if (run->state == RUN_ENDED)
		run_release_viewers(run);
	else
		run_schedule_pump(run);
}

void run_cut_viewers(struct run *run)
{
	for (struct viewer *v = run->viewers, *next; v; v = next) {
		next = v->next;
		http_set_gone(v->ex, NULL, NULL);
		http_stream_abort(v->ex);
		free(v);
	}
	run->viewers = NULL;
}
