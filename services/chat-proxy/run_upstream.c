/* SPDX-License-Identifier: MIT */
/*
 * The upstream side of a run: one call to a provider, its answer read event by event, and the next
 * key when it refuses before anything was said.
 */
#include "run.h"

#include "log/log.h"

#include "app.h"

#include "base/banned.h"

#define READ_SIZE 8192
#define URL_MAX 1400

void run_hang_up(struct run *run)
{
	if (run->call)
		fetch_cancel(run->call);
	run->call = NULL;
}

/* The request is needed as long as another key may be tried. */
static void drop_question(struct run *run)
{
	strbuf_clear(&run->upstream_body);
	chat_request_clear(&run->request);
	run->context = NULL;
	run->context_count = 0;
	arena_clear(&run->arena);
}

static void begin_answer(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf data = STRBUF_INIT(8192);
	if (run->state == RUN_ANSWERING)
		return;
	run_enter(run, RUN_ANSWERING);
	drop_question(run);
	/* A stored run has told its ids already, when its head went out. */
	if (run->streams && !run->frame_count &&
	    !openai_write_first_chunk(&run->head, &run->ids, &data))
		run_emit(run, NULL, strbuf_text(&data));
	run_begin_heads(run);
}

static void take_finish_reason(struct run *run, struct text reason)
{
	if (!reason.len)
		return;
	run->saw_finish = true;
	snprintf(run->finish_reason, sizeof(run->finish_reason), "%.*s",
		 TEXT_FMT(text_slice(reason, 0, 31)));
}

/* --- refusals
 * ------------------------------------------------------------------------------------------------------
 */

static void leased(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	(void)call;
	struct run *run = arg;
	run->leasing = NULL;
	/* No further key: what the last one said is what the caller hears. */
	if (err || status != 201 || lease_read(body, &run->lease)) {
		run_fail(run, run->last_error.err);
		return;
	}
	run_call(run);
}

static void lease_next(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(8192);
	run_enter(run, RUN_LEASING);
	if (lease_write_request(run->request.choice.provider, text_of(run->model),
				text_of(run->session_handle), run->excluded, run->excluded_count,
				&body)) {
		run_fail(run, ERR_INTERNAL);
		return;
	}
	struct peer_request request = { .daemon = DAEMON_KEYVAULT,
					.identity = &run->identity,
					.method = "POST",
					.path = "/internal/leases",
					.body = strbuf_text(&body) };
	run->leasing = peer_call_start(run->app->daemon->peers, &request, leased, run);
}

/* The call ended badly. Before the answer began, and if it is the key's fault, the next key may do.
 */
static void refused(struct run *run, const struct provider_error *e)
{
	run->last_error = *e;
	run->call = NULL;
	char id[UUID_TEXT_SIZE];
	uuid_format(&run->id, id);
	log_info("upstream.refused", LOG_STR("runId", id),
		 LOG_STR("provider", provider_name(run->lease.provider)),
		 LOG_INT("status", e->status), LOG_STR("code", err_info(e->err)->code));
	bool may_go_on = run->state == RUN_CALLING && e->key != KEY_FINE && run->lease.has_key_id &&
			 run->excluded_count < RUN_MAX_KEYS;
	if (!may_go_on) {
		run_fail(run, e->err);
		return;
	}
	run->excluded[run->excluded_count++] = run->lease.key_id;
	run_settle(run, e->key == KEY_REJECTED ? "rejected" : "limited");
	strbuf_clear(&run->whole);
	sse_parser_clear(&run->parser);
	sse_parser_init(&run->parser, (size_t)run->app->config->event_bytes);
	lease_next(run);
}

static void refuse_with_body(struct run *run, int status, struct text body)
{
	struct text retry_after = TEXT_NULL;
	struct provider_error e;
	if (!fetch_response_header(run->call, "Retry-After", &retry_after))
		retry_after = TEXT_NULL;
	provider_error_read(status, body, retry_after, &e);
	refused(run, &e);
}

/* --- events
 * --------------------------------------------------------------------------------------------------------
 */

/* A mid-stream error object tells its kind in `code`, sometimes as a number that reads like a
 * status. */
static int error_status(const struct json_value *error)
{
	int64_t code;
	if (json_get_int(json_get(error, "code"), &code) && code >= 400 && code < 600)
		return (int)code;
	return 502;
}

static enum err take_chunk(struct run *run, const struct json_value *chunk)
{
	struct chunk_facts facts;
	AUTO(strbuf_clear)
	struct strbuf data = STRBUF_INIT(2 * (size_t)run->app->config->event_bytes);
	openai_read_chunk(chunk, &run->usage, &facts);
	if (facts.is_error) {
		provider_error_read(error_status(facts.error), TEXT_NULL, TEXT_NULL,
				    &run->last_error);
		return ERR_PROVIDER_ERROR;
	}
	if (!facts.choices)
		return OK;
	begin_answer(run);
	take_finish_reason(run, facts.finish_reason);
	if (openai_write_chunk(&run->head, facts.choices, &data))
		return ERR_TOO_LARGE;
	run_emit(run, NULL, strbuf_text(&data));
	run_take_text(run, facts.content);
	return OK;
}

static enum err on_event(const struct sse_event *event, void *arg)
{
	struct run *run = arg;
	if (run->saw_done)
		return OK;
	if (text_is(text_trim(event->data), "[DONE]")) {
		run->saw_done = true;
		return OK;
	}
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	if (json_doc_parse(event->data, &(struct json_limits){ .max_members = 65536 }, &doc))
		return ERR_PROVIDER_ERROR;
	return take_chunk(run, json_doc_root(doc));
}

static bool is_event_stream(struct fetch_call *call)
{
	struct text type;
	return fetch_response_header(call, "Content-Type", &type) &&
	       text_starts_with(type, "text/event-stream");
}

static void on_head(struct fetch_call *call, int status, void *arg)
{
	struct run *run = arg;
	run->upstream_status = status;
	run->upstream_is_sse = status == 200 && run->streams && is_event_stream(call);
}

static void fail_answer(struct run *run, enum err err)
{
	struct provider_error e = run->last_error;
	run_hang_up(run);
	if (!e.err)
		provider_error_from_fetch(err, &e);
	refused(run, &e);
}

static bool on_data(struct fetch_call *call, struct text data, void *arg)
{
	(void)call;
	struct run *run = arg;
	if (!run->upstream_is_sse) {
		if (strbuf_append_text(&run->whole, data))
			fail_answer(run, ERR_TOO_LARGE);
		return true;
	}
	enum err err = sse_parser_feed(&run->parser, data, on_event, run);
	if (run_is_over(run))
		return true;
	if (err) {
		fail_answer(run, err);
		return true;
	}
	if (run->frames.len > (size_t)run->app->config->run_buffer_bytes ||
	    runs_user_bytes(run->app->runs, &run->identity.user) >
		    (size_t)run->app->config->user_buffer_bytes) {
		run->last_error = (struct provider_error){ .err = ERR_TOO_LARGE };
		run_hang_up(run);
		run_fail(run, ERR_TOO_LARGE);
	}
	return true;
}

/* --- the end of the call
 * --------------------------------------------------------------------------------------------- */

static void take_whole(struct run *run)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	struct text content, reason;
	const struct json_limits limits = { .max_members = 65536 };
	if (json_doc_parse(strbuf_text(&run->whole), &limits, &doc) ||
	    openai_read_completion(json_doc_root(doc), &run->usage, &content, &reason)) {
		provider_error_read(502, strbuf_text(&run->whole), TEXT_NULL, &run->last_error);
		fail_answer(run, ERR_PROVIDER_ERROR);
		return;
	}
	begin_answer(run);
	take_finish_reason(run, reason);
	run_take_text(run, content);
	if (run->streams) {
		/* Asked for a stream, got a document: it is told as one piece. */
		AUTO(strbuf_clear)
		struct strbuf data = STRBUF_INIT(2 * (size_t)run->app->config->answer_bytes);
		if (!openai_write_text_chunk(&run->head, content,
					     run->finish_reason[0] ? run->finish_reason : "stop",
					     &data))
			run_emit(run, NULL, strbuf_text(&data));
		run->saw_finish = true;
	} else {
		usage_estimate(&run->usage, run->request.prompt_bytes, run->text_bytes);
		struct price price = catalogue_price(run->app->catalogue, run->lease.provider,
						     text_of(run->model));
		usage_price(&run->usage, &price);
		if (openai_write_completion(&run->head, &run->ids, json_doc_root(doc), &run->usage,
					    &run->final_body)) {
			run_fail(run, ERR_TOO_LARGE);
			return;
		}
	}
	run_finish(run, RUN_STATUS_COMPLETED);
}

static void on_done(struct fetch_call *call, enum err err, int status, void *arg)
{
	(void)call;
	struct run *run = arg;
	if (err) {
		struct provider_error e;
		provider_error_from_fetch(err, &e);
		refused(run, &e);
	} else if (status != 200) {
		refuse_with_body(run, status, strbuf_text(&run->whole));
	} else if (!run->upstream_is_sse) {
		run->call = NULL;
		take_whole(run);
	} else if (run->saw_done || run->saw_finish) {
		run->call = NULL;
		begin_answer(run);
		run_finish(run, RUN_STATUS_COMPLETED);
	} else {
		/* A clean end of the connection is not the end of an answer. */
		struct provider_error e = { .err = ERR_PROVIDER_ERROR, .key = KEY_LIMITED };
		refused(run, &e);
	}
}

static const struct fetch_events events = { on_head, on_data, on_done };

static enum err write_question(struct run *run)
{
	struct upstream_options options = {
		.model = text_of(run->model),
		.provider = run->lease.provider,
		.ephemeral = run->ephemeral,
		.context = run->context,
		.context_count = run->context_count,
	};
	strbuf_clear(&run->upstream_body);
	return chat_request_write(&run->request, &options, &run->upstream_body);
}

/* Connections are shared only by calls with the same key. */
static void pool_name(const struct run *run, char *out, size_t size)
{
	char key[UUID_TEXT_SIZE] = "";
	if (run->lease.has_key_id) {
		uuid_format(&run->lease.key_id, key);
		snprintf(out, size, "key:%s", key);
	} else {
		uuid_format(&run->id, key);
		snprintf(out, size, "session:%s", key);
	}
}

void run_call(struct run *run)
{
	const struct chat_proxy_config *c = run->app->config;
	char base[URL_MAX], url[URL_MAX + 32], pool[64];
	run_enter(run, RUN_CALLING);
	run->last_error = (struct provider_error){ 0 };
	if (!provider_is_spoken(run->lease.provider) || write_question(run) ||
	    !upstream_base(c, run->lease.provider, text_of(run->lease.base_url), base,
			   sizeof(base))) {
		run_fail(run, provider_is_spoken(run->lease.provider) ? ERR_INTERNAL
								      : ERR_PROVIDER_MISMATCH);
		return;
	}
	snprintf(url, sizeof(url), "%s/chat/completions", base);
	pool_name(run, pool, sizeof(pool));
	const struct fetch_header headers[] = {
		{ "Content-Type", TEXT("application/json") },
		{ "Accept", run->streams ? TEXT("text/event-stream") : TEXT("application/json") },
	};
	struct fetch_request request = {
		.kind = FETCH_GUARDED,
		.method = "POST",
		.url = url,
		.headers = headers,
		.header_count = ARRAY_SIZE(headers),
		.secret_header = "Authorization",
		.secret_prefix = "Bearer ",
		.secret = &run->lease.key,
		.body = strbuf_text(&run->upstream_body),
		.pool = pool,
		.guard = run->app->guard,
		.ca_file = c->upstream_ca_file,
		.connect_ms = (int)c->connect_ms,
		.first_byte_ms = (int)c->first_byte_ms,
		.silence_ms = (int)c->silence_ms,
		.max_body = (size_t)c->answer_bytes * 4, /* frames around the text */
		.read_size = READ_SIZE,
	};
	run->called_us = clock_mono_us();
	run->call = fetch_start(run->app->daemon->fetch, &request, &events, run);
}
