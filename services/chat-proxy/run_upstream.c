/* SPDX-License-Identifier: MIT */
/*
 * The upstream side of a run: one call to a provider, its answer read event by event, and the next
 * key when it refuses before anything was said.
 */
#include "run.h"

#include "log/log.h"
#include "metrics/metrics.h"

#include "app.h"

#include "base/banned.h"

#define READ_SIZE 8192
#define URL_MAX 1400
#define REFUSAL_LOOK_AT 65536
#define MEASURE_EACH 65536
#define GOODBYE_MS 1000 /* after [DONE], for the connection to end in order */

static struct metric failovers_total = METRIC_COUNTER_INIT(
	"grove_failovers_total", "Refusals after which the next key was tried.", "provider");

void run_hang_up(struct run *run)
{
	if (run->call)
		fetch_cancel(run->call);
	run->call = NULL;
	if (run->silence.loop)
		loop_timer_stop(&run->silence);
}

/* The request, and the key, are needed as long as another try is possible. */
static void drop_question(struct run *run)
{
	if (run->ephemeral)
		wipe_text(strbuf_text(&run->upstream_body));
	strbuf_clear(&run->upstream_body);
	chat_request_clear(&run->request);
	run->context = NULL;
	run->context_count = 0;
	arena_clear(&run->arena);
	secret_clear(&run->lease.key);
}

static void begin_answer(struct run *run)
{
	if (run->state == RUN_ANSWERING)
		return;
	run_enter(run, RUN_ANSWERING);
	drop_question(run);
	/* A stored run has told its ids already, when its head went out. */
	if (run->streams && !run->frame_count)
		run_emit_first(run);
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

static void leased(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	(void)call;
	struct run *run = arg;
	run->leasing = NULL;
	struct lease next = { 0 };
	/* No further key: what the last one said is what the caller hears. */
	if (err || status != 201 || lease_read(body, &next)) {
		run_fail(run, run->last_error.err);
		return;
	}
	lease_clear(&run->lease);
	run->lease = next;
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
	run_hang_up(run);
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
	metric_inc(&failovers_total, provider_name(run->lease.provider));
	run->excluded[run->excluded_count++] = run->lease.key_id;
	run_settle(run, e->key == KEY_REJECTED ? "rejected" : "limited");
	strbuf_clear(&run->whole);
	sse_parser_clear(&run->parser);
	sse_parser_init(&run->parser, (size_t)run->app->config->event_bytes);
	lease_next(run);
}

/* The same question once more, without what this server does not understand. */
static bool ask_more_plainly(struct run *run, int status, struct text body)
{
	static const char word[] = "stream_options";
	if (run->plain_stream || !run->streams || (status != 400 && status != 422) ||
	    run->lease.provider != PROVIDER_COMPATIBLE ||
	    !memmem(body.ptr, body.len, word, sizeof(word) - 1))
		return false;
	run->plain_stream = true;
	strbuf_clear(&run->whole);
	run_call(run);
	return true;
}

static void refuse_with_body(struct run *run, struct fetch_call *call, int status)
{
	struct text retry_after = TEXT_NULL;
	struct provider_error e;
	if (ask_more_plainly(run, status, strbuf_text(&run->whole)))
		return;
	if (!fetch_response_header(call, "Retry-After", &retry_after))
		retry_after = TEXT_NULL;
	provider_error_read(status, strbuf_text(&run->whole), retry_after, &e);
	refused(run, &e);
}

/* It is all here, whatever becomes of the connection. */
static bool is_complete(const struct run *run)
{
	return run->upstream_is_sse && (run->saw_done || run->saw_finish);
}

static void complete(struct run *run)
{
	begin_answer(run);
	run_finish(run, RUN_STATUS_COMPLETED);
}

static void fail_answer(struct run *run, enum err err)
{
	struct provider_error e = run->last_error;
	if (!e.err)
		provider_error_from_fetch(err, true, &e);
	refused(run, &e);
}

/* Bytes may trickle; what counts is events. */
static void fell_silent(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, silence);
	run_hang_up(run);
	if (is_complete(run))
		complete(run);
	else
		fail_answer(run, ERR_PROVIDER_TIMEOUT);
}

static void listen_for(struct run *run, int64_t ms)
{
	if (!run->silence.loop)
		loop_timer_init(&run->silence, run->app->daemon->loop, fell_silent);
	loop_timer_set(&run->silence, ms);
}

static enum err take_chunk(struct run *run, const struct json_value *chunk)
{
	struct chunk_facts facts;
	AUTO(strbuf_clear)
	struct strbuf data = STRBUF_INIT(2 * (size_t)run->app->config->event_bytes);
	openai_read_chunk(chunk, &run->usage, &facts);
	if (facts.is_error) {
		provider_error_from_value(facts.error, &run->last_error);
		return ERR_PROVIDER_ERROR;
	}
	if (!facts.choices)
		return OK;
	begin_answer(run);
	take_finish_reason(run, facts.finish_reason);
	enum err err = openai_write_chunk(&run->head, facts.choices, &run->tool_numbers, &data);
	if (!err)
		err = run_emit(run, strbuf_text(&data));
	return err ? err : run_take_text(run, facts.content);
}

static enum err on_event(const struct sse_event *event, void *arg)
{
	struct run *run = arg;
	run->saw_event = true;
	if (run->saw_done)
		return OK;
	if (text_is(text_trim(event->data), "[DONE]")) {
		run->saw_done = true;
		return OK;
	}
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	if (json_doc_parse(event->data, &(struct json_limits){ .max_members = 65536 }, &doc)) {
		provider_error_from_nonsense(0, &run->last_error);
		return ERR_PROVIDER_ERROR;
	}
	return take_chunk(run, json_doc_root(doc));
}

static bool is_event_stream(struct fetch_call *call)
{
	struct text type;
	return fetch_response_header(call, "Content-Type", &type) &&
	       text_is_ignoring_case(text_slice(type, 0, strlen("text/event-stream")),
				     "text/event-stream");
}

static void on_head(struct fetch_call *call, int status, void *arg)
{
	struct run *run = arg;
	run->upstream_status = status;
	run->upstream_is_sse = status == 200 && run->streams && is_event_stream(call);
	if (run->upstream_is_sse)
		listen_for(run, run->app->config->silence_ms);
}

/* Of this run and of all runs of its person. Not looked at for each event: it takes a walk. */
static bool fits_buffers(struct run *run, size_t added)
{
	run->unmeasured += added;
	if (run->unmeasured < MEASURE_EACH)
		return true;
	run->unmeasured = 0;
	return runs_user_bytes(run->app->runs, &run->identity.user) <=
	       (size_t)run->app->config->user_buffer_bytes;
}

static enum err take_events(struct run *run, struct text data)
{
	run->saw_event = false;
	enum err err = sse_parser_feed(&run->parser, data, on_event, run);
	if (!err && run->saw_event)
		listen_for(run, run->saw_done ? GOODBYE_MS : run->app->config->silence_ms);
	return err;
}

/* Of a refusal only the beginning is looked at. */
static enum err take_bytes(struct run *run, struct text data)
{
	size_t room = REFUSAL_LOOK_AT - run->whole.len;
	if (run->upstream_status == 200)
		return strbuf_append_text(&run->whole, data);
	return strbuf_append_text(&run->whole, text_slice(data, 0, room));
}

static bool on_data(struct fetch_call *call, struct text data, void *arg)
{
	(void)call;
	struct run *run = arg;
	enum err err = run->upstream_is_sse ? take_events(run, data) : take_bytes(run, data);
	if (err) {
		fail_answer(run, err);
	} else if (!fits_buffers(run, data.len)) {
		run->failure_message = "Your running answers fill what this server keeps for one "
				       "person. Wait for one to end, then send again.";
		run_fail(run, ERR_TOO_LARGE);
	}
	return true;
}

/* Asked for a stream, got a document: it is told as one piece. */
static enum err tell_as_stream(struct run *run, struct text content)
{
	AUTO(strbuf_clear)
	struct strbuf data = STRBUF_INIT(2 * (size_t)run->app->config->answer_bytes);
	enum err err = openai_write_text_chunk(
		&run->head, content, run->finish_reason[0] ? run->finish_reason : "stop", &data);
	run->saw_finish = true;
	return err ? err : run_emit(run, strbuf_text(&data));
}

static enum err tell_whole(struct run *run, const struct json_value *completion)
{
	struct price price =
		catalogue_price(run->app->catalogue, run->lease.provider, text_of(run->model));
	usage_estimate(&run->usage, run->request.prompt_bytes, run->text_bytes);
	usage_price(&run->usage, &price);
	return openai_write_completion(&run->head, &run->ids, completion, &run->usage,
				       &run->final_body);
}

static void take_answer(struct run *run, const struct json_value *completion, struct text content,
			struct text reason)
{
	begin_answer(run);
	take_finish_reason(run, reason);
	enum err err = run_take_text(run, content);
	if (!err)
		err = run->streams ? tell_as_stream(run, content) : tell_whole(run, completion);
	if (err)
		fail_answer(run, ERR_TOO_LARGE);
	else
		run_finish(run, RUN_STATUS_COMPLETED);
}

static void take_whole(struct run *run)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	struct text content, reason;
	const struct json_limits limits = { .max_members = 65536 };
	enum err err = json_doc_parse(strbuf_text(&run->whole), &limits, &doc);
	const struct json_value *root = err ? NULL : json_doc_root(doc);
	const struct json_value *error = json_get(root, "error");
	if (error && !json_is_null(error)) {
		provider_error_from_value(error, &run->last_error);
		fail_answer(run, ERR_PROVIDER_ERROR);
	} else if (openai_read_completion(root, &run->usage, &content, &reason)) {
		provider_error_from_nonsense(run->upstream_status, &run->last_error);
		fail_answer(run, ERR_PROVIDER_ERROR);
	} else {
		take_answer(run, root, content, reason);
	}
}

static void on_done(struct fetch_call *call, enum err err, int status, void *arg)
{
	struct run *run = arg;
	struct provider_error e;
	run->call = NULL; /* freed when this returns */
	if (is_complete(run)) {
		complete(run);
	} else if (err) {
		provider_error_from_fetch(err, run->upstream_status != 0, &e);
		refused(run, &e);
	} else if (status != 200) {
		refuse_with_body(run, call, status);
	} else if (!run->upstream_is_sse) {
		take_whole(run);
	} else {
		/* A clean end of the connection is not the end of an answer. */
		provider_error_from_fetch(ERR_PROVIDER_ERROR, true, &e);
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
		.plain_stream = run->plain_stream,
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
	run->upstream_status = 0;
	run->upstream_is_sse = run->saw_finish = run->saw_done = false;
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
