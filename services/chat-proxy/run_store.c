/* SPDX-License-Identifier: MIT */
/*
 * What a run leaves behind: text flushed while it comes, the end of the turn, the row of the call,
 * the settled lease. Flushes are numbered and repeated until accepted, one at a time, so that none
 * is lost or doubled.
 */
#include "run.h"

#include "log/log.h"

#include "app.h"

#include "base/banned.h"

#define FLUSH_BYTES 4096
#define FLUSH_MOST (1u << 20) /* of one piece: account-store takes two */
#define FLUSH_AFTER_MS 1000
#define SIGN_OF_LIFE_MS 30000
#define RETRY_MS 500
#define MAX_TRIES 20

static void send_flush(struct run *run);
static void send_end(struct run *run);

static void write_id(struct json_writer *w, const char *key, const struct uuid *id)
{
	json_key(w, key);
	json_uuid(w, id);
}

static bool has_home(const struct run *run)
{
	return run->ids.stored && !run->homeless;
}

static void call_store(struct run *run, const char *what, struct text body,
		       void (*done)(struct peer_call *call, enum err err, int status,
				    struct text body, void *arg))
{
	char path[96], id[UUID_TEXT_SIZE];
	uuid_format(&run->ids.assistant_message, id);
	if (has_home(run))
		snprintf(path, sizeof(path), "/internal/turns/%s/%s", id, what);
	else
		snprintf(path, sizeof(path), "/internal/calls");
	struct peer_request request = { .daemon = DAEMON_ACCOUNT_STORE,
					.identity = &run->identity,
					.method = "POST",
					.path = path,
					.body = body };
	run->store_call = peer_call_start(run->app->daemon->peers, &request, done, run);
}

/* The end takes the last piece with it. */
static void send_next(struct run *run)
{
	bool ends = run_is_over(run) && !run->flush_pending && run->unflushed.len <= FLUSH_MOST;
	if (ends || !has_home(run))
		send_end(run);
	else
		send_flush(run);
}

static void store_tick(struct loop_timer *timer)
{
	struct run *run = container_of(timer, struct run, flush_timer);
	if (!run->store_call)
		send_next(run);
}

static void tick_after(struct run *run, int64_t ms)
{
	if (!run->flush_timer.loop)
		loop_timer_init(&run->flush_timer, run->app->daemon->loop, store_tick);
	loop_timer_set(&run->flush_timer, ms);
}

/* Another try is worth it when the store is away; a refusal (the conversation is gone) is final. A
 * run that goes on waits for as long as it takes, one that is over keeps people waiting. */
static bool try_again(struct run *run, enum err err, int status)
{
	if (!err && status < 500)
		return false;
	if (run_is_over(run) && ++run->store_tries > MAX_TRIES)
		return false;
	tick_after(run, RETRY_MS);
	return true;
}

/* The text has nowhere to go. An answer that could not be kept must not look kept. */
static void lose_home(struct run *run, int status)
{
	log_warn("run.not_stored", LOG_INT("status", status));
	run->homeless = true;
	run->flush_pending = false;
	run->store_tries = 0;
	strbuf_clear(&run->unflushed);
	strbuf_clear(&run->flushing);
	if (run->failure)
		return;
	run->failure = status == 404 ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
	run->failure_message =
		status == 404 ? "This conversation was deleted while the answer was being written."
			      : "The answer could not be saved, so it may be gone after a reload. "
				"Copy what you need, then try again in a few seconds.";
}

static int64_t next_flush_ms(const struct run *run)
{
	if (run->unflushed.len >= FLUSH_BYTES)
		return 0;
	return run->unflushed.len ? FLUSH_AFTER_MS : SIGN_OF_LIFE_MS;
}

static void flushed(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	(void)call;
	(void)body;
	struct run *run = arg;
	run->store_call = NULL;
	if (!err && status == 204) {
		run->flush_seq++;
		run->store_tries = 0;
		run->flush_pending = false;
		strbuf_clear(&run->flushing);
	} else if (try_again(run, err, status)) {
		return;
	} else {
		lose_home(run, status);
		run_finish(run, RUN_STATUS_FAILED); /* when it is not over yet */
	}
	if (run->store_call || run->state == RUN_ENDED)
		return;
	if (run->state == RUN_STORING)
		send_next(run);
	else
		tick_after(run, next_flush_ms(run));
}

static void send_flush(struct run *run)
{
	if (!run->flush_pending) {
		size_t piece = utf8_truncate(run->unflushed.data, run->unflushed.len, FLUSH_MOST);
		BUG_ON(strbuf_append(&run->flushing, run->unflushed.data, piece));
		strbuf_drop_front(&run->unflushed, piece);
		run->flush_pending = true;
	}
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(64u << 20);
	struct json_writer w = JSON_WRITER_INIT(&body);
	json_object_begin(&w);
	write_id(&w, "runId", &run->id);
	json_key(&w, "seq");
	json_int(&w, run->flush_seq + 1);
	json_key(&w, "text");
	json_text(&w, strbuf_text(&run->flushing));
	json_object_end(&w);
	BUG_ON(json_writer_end(&w));
	call_store(run, "flush", strbuf_text(&body), flushed);
}

enum err run_take_text(struct run *run, struct text text)
{
	run->text_bytes += text.len;
	if (!run->ids.stored || !text.len)
		return OK;
	bool was_empty = !run->unflushed.len;
	enum err err = strbuf_append_text(&run->text, text);
	if (!err)
		err = strbuf_append_text(&run->unflushed, text);
	if (err || run->store_call || run->flush_pending)
		return err;
	if (was_empty || run->unflushed.len >= FLUSH_BYTES)
		tick_after(run, next_flush_ms(run));
	return OK;
}

void run_keep_stored(struct run *run)
{
	tick_after(run, SIGN_OF_LIFE_MS);
}

static void write_facts(struct json_writer *w, const struct run *run)
{
	json_key(w, "status");
	json_str(w, run_status_name(run->status));
	if (run->finish_reason[0]) {
		json_key(w, "finishReason");
		json_str(w, run->finish_reason);
	}
	json_key(w, "model");
	json_str(w, run->model);
	if (run->lease.provider) {
		json_key(w, "provider");
		json_str(w, provider_name(run->lease.provider));
	}
	if (run->lease.has_key_id)
		write_id(w, "keyId", &run->lease.key_id);
	json_key(w, "keyPreview");
	json_str(w, run->lease.preview);
	json_key(w, "source");
	json_str(w, run->lease.source[0] ? run->lease.source : "own");
}

static void write_counts(struct json_writer *w, const struct run *run)
{
	const struct usage *u = &run->usage;
	json_key(w, "promptTokens");
	json_int(w, u->prompt);
	json_key(w, "completionTokens");
	json_int(w, u->completion);
	json_key(w, "cachedTokens");
	json_int(w, u->cached);
	json_key(w, "reasoningTokens");
	json_int(w, u->reasoning);
	if (u->cost_known) {
		json_key(w, "cost");
		json_double(w, u->cost);
	}
	json_key(w, "estimated");
	json_bool(w, u->estimated);
	json_key(w, "latencyMs");
	json_int(w, run->ended.value - run->created.value);
	if (run->first_byte_us) {
		json_key(w, "firstByteMs");
		json_int(w, (run->first_byte_us - run->called_us) / 1000);
	}
}

static void end_stored(struct peer_call *call, enum err err, int status, struct text body,
		       void *arg)
{
	(void)call;
	(void)body;
	struct run *run = arg;
	run->store_call = NULL;
	bool stored = !err && status == 204;
	if (!stored && try_again(run, err, status))
		return;
	if (!stored && has_home(run)) {
		lose_home(run, status);
		/* The call was made all the same: it is booked as one without a conversation. */
		send_end(run);
		return;
	}
	if (!stored)
		log_warn("run.not_booked", LOG_INT("status", status));
	run->booked = true;
	if (run->state == RUN_STORING)
		run_conclude(run);
}

static void send_end(struct run *run)
{
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(64u << 20);
	struct json_writer w = JSON_WRITER_INIT(&body);
	json_object_begin(&w);
	write_id(&w, "runId", &run->id);
	write_facts(&w, run);
	write_counts(&w, run);
	if (has_home(run)) {
		json_key(&w, "seq");
		json_int(&w, run->flush_seq + 1);
		json_key(&w, "text");
		json_text(&w, strbuf_text(&run->unflushed));
	} else {
		json_key(&w, "ephemeral");
		json_bool(&w, run->ephemeral);
	}
	json_object_end(&w);
	BUG_ON(json_writer_end(&w));
	call_store(run, "finish", strbuf_text(&body), end_stored);
}

void run_store_end(struct run *run)
{
	run->store_tries = 0;
	if (!has_home(run)) {
		/* Nobody waits for the row of a call. */
		if (!run->store_call)
			send_end(run);
		run_conclude(run);
	} else if (!run->store_call) {
		/* A flush under way, or waiting for its next try, comes first. */
		send_next(run);
	}
}

void run_drop_store(struct run *run)
{
	if (run->store_call)
		peer_call_cancel(run->store_call);
	run->store_call = NULL;
	loop_timer_clear(&run->flush_timer);
	strbuf_clear(&run->unflushed);
	strbuf_clear(&run->flushing);
}
