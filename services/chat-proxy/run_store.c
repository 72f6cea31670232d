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

static void call_store(struct run *run, const char *what, struct text body,
		       void (*done)(struct peer_call *call, enum err err, int status,
				    struct text body, void *arg))
{
	char path[96], id[UUID_TEXT_SIZE];
	uuid_format(&run->ids.assistant_message, id);
	if (run->ids.stored)
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
	if (run->state == RUN_STORING && !run->flush_pending && run->unflushed.len <= FLUSH_MOST)
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

/* Another try is worth it when the store is away; a refusal (the conversation is gone) is final. */
static bool try_again(struct run *run, enum err err, int status)
{
	if (!err && status < 500)
		return false;
	if (++run->store_tries > MAX_TRIES)
		return false;
	tick_after(run, RETRY_MS);
	return true;
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
		log_warn("run.flush_refused", LOG_INT("status", status));
		run->flush_pending = false;
		if (!run_is_over(run)) {
			run_fail(run, status == 404 ? ERR_NOT_FOUND : ERR_UNAVAILABLE);
			return;
		}
	}
	if (run->state == RUN_STORING)
		send_next(run);
	else
		tick_after(run, run->unflushed.len >= FLUSH_BYTES ? 0
				: run->unflushed.len		  ? FLUSH_AFTER_MS
								  : SIGN_OF_LIFE_MS);
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
	if (json_writer_end(&w)) {
		run_fail(run, ERR_INTERNAL);
		return;
	}
	call_store(run, "flush", strbuf_text(&body), flushed);
}

void run_take_text(struct run *run, struct text text)
{
	run->text_bytes += text.len;
	if (!run->ids.stored || !text.len)
		return;
	bool was_empty = !run->unflushed.len;
	if (strbuf_append_text(&run->unflushed, text)) {
		run_fail(run, ERR_TOO_LARGE);
		return;
	}
	if (run->store_call || run->flush_pending)
		return;
	if (run->unflushed.len >= FLUSH_BYTES)
		tick_after(run, 0);
	else if (was_empty)
		tick_after(run, FLUSH_AFTER_MS);
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
	if (!stored && run->ids.stored && try_again(run, err, status))
		return;
	if (!stored)
		log_warn("run.end_not_stored", LOG_BOOL("conversation", run->ids.stored),
			 LOG_INT("status", status));
	/* An answer that could not be kept must not look kept. */
	if (!stored && run->ids.stored && !run->failure)
		run->failure = ERR_UNAVAILABLE;
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
	if (run->ids.stored) {
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
	/* A flush under way, or waiting for its next try, comes first. */
	if (run->store_call)
		return;
	if (run->flush_pending)
		tick_after(run, 0);
	else
		send_next(run);
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

/* --- leases
 * ------------------------------------------------------------------------------------------------------------
 */

static void settled(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	(void)call;
	(void)body;
	(void)arg;
	/* A lease that is not settled expires by itself. */
	if (err || status != 204)
		log_warn("lease.not_settled", LOG_INT("status", status));
}

static void settle(struct chat_proxy *app, const struct identity *identity, struct lease *lease,
		   const char *outcome, const struct usage *usage)
{
	if (!lease->held)
		return;
	lease->held = false;
	secret_clear(&lease->key);
	char path[96], id[UUID_TEXT_SIZE];
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(1024);
	uuid_format(&lease->id, id);
	snprintf(path, sizeof(path), "/internal/leases/%s/settle", id);
	struct json_writer w = JSON_WRITER_INIT(&body);
	json_object_begin(&w);
	write_id(&w, "keyId", lease->has_key_id ? &lease->key_id : NULL);
	json_key(&w, "outcome");
	json_str(&w, outcome);
	json_key(&w, "promptTokens");
	json_int(&w, usage ? usage->prompt : 0);
	json_key(&w, "completionTokens");
	json_int(&w, usage ? usage->completion : 0);
	json_key(&w, "cost");
	json_double(&w, usage && usage->cost_known ? usage->cost : 0);
	json_object_end(&w);
	BUG_ON(json_writer_end(&w));
	struct peer_request request = { .daemon = DAEMON_KEYVAULT,
					.identity = identity,
					.method = "POST",
					.path = path,
					.body = strbuf_text(&body) };
	peer_call_start(app->daemon->peers, &request, settled, NULL);
}

void run_settle(struct run *run, const char *outcome)
{
	bool used = run->state == RUN_ANSWERING;
	settle(run->app, &run->identity, &run->lease, outcome, used ? &run->usage : NULL);
	/* The next key comes with its own. At the end the names are still wanted for the row of the
	 * call. */
	if (run->state == RUN_CALLING && !run->status)
		lease_clear(&run->lease);
}

void lease_give_back(struct chat_proxy *app, const struct identity *identity, struct lease *lease)
{
	settle(app, identity, lease, "failed", NULL);
	lease_clear(lease);
}
