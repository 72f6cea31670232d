/* SPDX-License-Identifier: MIT */
/* What keyvault owns, from start to end, and what its flows share. */
#include "app.h"

#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define SWEEP_MS 15000

static struct metric not_opened =
	METRIC_COUNTER_INIT("grove_vault_not_opened_total",
			    "Sealed records that did not open where they stand.", "what");
static struct metric session_key_count =
	METRIC_GAUGE_INIT("grove_vault_session_keys", "Session keys in memory.");

bool keyvault_persists(const struct keyvault *kv)
{
	return secret_is_set(&kv->config->byok_secret);
}

static void sweep(struct loop_timer *timer)
{
	struct keyvault *kv = container_of(timer, struct keyvault, sweep);
	session_keys_expire(kv->session_keys, clock_mono_ms());
	metric_set(&session_key_count, (double)session_keys_count(kv->session_keys));
	loop_timer_set(timer, SWEEP_MS);
}

enum flow keyvault_keys_are_away(struct request *req)
{
	return fail_because(
		req, ERR_UNAVAILABLE,
		"Stored keys cannot be opened at the moment. keyvault's /readyz says why "
		"to the operator.");
}

void keyvault_could_not_open(const struct request *req, const char *what, const struct uuid *id)
{
	char id_text[UUID_TEXT_SIZE] = "";
	if (id)
		uuid_format(id, id_text);
	metric_inc(&not_opened, what);
	log_error("record.not_opened", LOG_STR("requestId", req->identity.request_id),
		  LOG_STR("what", what), LOG_STR("id", id_text));
}

enum err keyvault_open(struct daemon *d, struct strbuf *errors)
{
	const struct keyvault_config *c = d->config;
	struct guard *guard;
	enum err err = guard_new(&c->upstreams.local_allow, NULL, 0, &guard, errors);
	if (err)
		return err;
	struct keyvault *kv = xcalloc(1, sizeof(*kv));
	kv->config = c;
	kv->daemon = d;
	kv->guard = guard;
	kv->session_keys = session_keys_new();
	kv->keks = keks_new(d);
	loop_timer_init(&kv->sweep, d->loop, sweep);
	loop_timer_set(&kv->sweep, SWEEP_MS);
	d->app = kv;
	return OK;
}

void keyvault_connected(struct daemon *d)
{
	struct keyvault *kv = d->app;
	keks_load(kv->keks);
}

void keyvault_close(struct daemon *d)
{
	struct keyvault *kv = d->app;
	loop_timer_clear(&kv->sweep);
	keks_free(kv->keks);
	session_keys_free(kv->session_keys);
	guard_free(kv->guard);
	free(kv);
	d->app = NULL;
}
