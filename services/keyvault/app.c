/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "base/banned.h"

#define SWEEP_MS 15000

bool keyvault_persists(const struct keyvault *kv)
{
	return secret_is_set(&kv->config->byok_secret);
}

static void sweep(struct loop_timer *timer)
{
	struct keyvault *kv = container_of(timer, struct keyvault, sweep);
	session_keys_expire(kv->session_keys, clock_mono_ms());
	loop_timer_set(timer, SWEEP_MS);
}

enum err keyvault_open(struct daemon *d, struct strbuf *errors)
{
	const struct keyvault_config *c = d->config;
	struct guard *guard;
	enum err err = guard_new(&c->local_allow, NULL, 0, &guard, errors);
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
