/* SPDX-License-Identifier: MIT */
/* The frames of a run: whole server-sent events, numbered from 1, in one buffer. */
#include "run.h"

#include "app.h"

#include "base/banned.h"

#define FRAME_AROUND 64 /* "id: …", "event: error", "data: " and line ends */

static void append(struct run *run, const char *event, struct text data)
{
	if (sse_append(&run->frames, (int64_t)run->frame_count + 1, event, data))
		return; /* final frames only, and never in practice: they have room of their own */
	if (run->frame_count == run->frame_room) {
		run->frame_room = run->frame_room ? run->frame_room * 2 : 64;
		run->frame_ends =
			xreallocarray(run->frame_ends, run->frame_room, sizeof(*run->frame_ends));
	}
	run->frame_ends[run->frame_count++] = run->frames.len;
	if (run->state != RUN_ENDED)
		loop_timer_set(&run->heartbeat, run->app->config->keep_alive_ms);
	run_schedule_pump(run);
}

enum err run_emit(struct run *run, struct text data)
{
	if (run->frames.len + data.len + FRAME_AROUND > (size_t)run->app->config->run_buffer_bytes)
		return ERR_TOO_LARGE;
	append(run, NULL, data);
	return OK;
}

void run_emit_first(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf data = STRBUF_INIT(8192);
	if (!openai_write_first_chunk(&run->head, &run->ids, &data))
		append(run, NULL, strbuf_text(&data));
}

void run_describe_failure(const struct run *run, struct run_problem *ret)
{
	const struct provider_error *e = &run->last_error;
	bool is_providers = run->failure == e->err && !run->failure_message;
	*ret = (struct run_problem){ .details = STRBUF_INIT(1024) };
	struct json_writer w = JSON_WRITER_INIT(&ret->details);
	json_object_begin(&w);
	if (is_providers && e->status) {
		json_key(&w, "status");
		json_int(&w, e->status);
	}
	if (is_providers && e->code[0]) {
		json_key(&w, "providerCode");
		json_str(&w, e->code);
	}
	json_object_end(&w);
	bool has_details = !json_writer_end(&w) && ret->details.len > 2;
	ret->detail = (struct error_detail){
		.message = is_providers ? provider_error_message(e) : run->failure_message,
		.param = is_providers && e->param[0] ? e->param : NULL,
		.details = has_details ? strbuf_text(&ret->details) : TEXT_NULL,
		.retry_after_s = is_providers ? e->retry_after_s : 0,
	};
}

static void emit_error(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(8192);
	struct run_problem problem;
	run_describe_failure(run, &problem);
	if (!http_error_body(run->failure, &problem.detail, &body))
		append(run, "error", strbuf_text(&body));
	strbuf_clear(&problem.details);
}

static void emit_good_end(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf data = STRBUF_INIT(8192);
	if (!run->saw_finish && !openai_write_text_chunk(&run->head, TEXT_NULL, "stop", &data))
		append(run, NULL, strbuf_text(&data));
	strbuf_reset(&data);
	if (run->wants_usage && !openai_write_usage_chunk(&run->head, &run->usage, &data))
		append(run, NULL, strbuf_text(&data));
}

void run_emit_end(struct run *run)
{
	if (!run->frame_count)
		run_emit_first(run);
	if (run->failure)
		emit_error(run);
	else
		emit_good_end(run);
	append(run, NULL, TEXT("[DONE]"));
}

void run_emit_whole(struct run *run)
{
	AUTO(strbuf_clear)
	struct strbuf data = STRBUF_INIT((size_t)run->app->config->run_buffer_bytes);
	if (run->frame_count || run->state != RUN_ENDED)
		return;
	run_emit_first(run);
	if (run->text.len &&
	    (openai_write_text_chunk(&run->head, strbuf_text(&run->text), NULL, &data) ||
	     run_emit(run, strbuf_text(&data))))
		run->failure = ERR_TOO_LARGE;
	run->saw_finish = false;
	run_emit_end(run);
}
