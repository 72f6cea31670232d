/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "run.h"

#include "base/banned.h"

#define DRAIN_PATIENCE_MS 4000

bool upstream_base(const struct chat_proxy_config *config, enum provider provider,
		   struct text key_base_url, char *out, size_t size)
{
	const char *origin = NULL, *path = "/v1";
	switch (provider) {
	case PROVIDER_OPENAI:
		origin = config->upstreams.openai;
		break;
	case PROVIDER_OPENROUTER:
		origin = config->upstreams.openrouter;
		path = "/api/v1";
		break;
	case PROVIDER_COMPATIBLE:
		return key_base_url.len &&
		       snprintf(out, size, "%.*s", TEXT_FMT(key_base_url)) < (int)size;
	default:
		return false;
	}
	return snprintf(out, size, "%s%s", origin, path) < (int)size;
}

/* Short answers may end by themselves; then the rest is stored as interrupted. */
static void patience_over(struct loop_timer *timer)
{
	struct chat_proxy *app = container_of(timer, struct chat_proxy, drain_timer);
	runs_each(app->runs, run_interrupt);
}

void chat_proxy_drain(struct daemon *d)
{
	struct chat_proxy *app = d->app;
	loop_timer_set(&app->drain_timer, DRAIN_PATIENCE_MS);
}

bool chat_proxy_is_drained(const struct daemon *d)
{
	const struct chat_proxy *app = d->app;
	return !runs_live(app->runs);
}

enum err chat_proxy_open(struct daemon *d, struct strbuf *errors)
{
	const struct chat_proxy_config *c = d->config;
	const char *trusted[] = { c->upstreams.openai, c->upstreams.anthropic, c->upstreams.google,
				  c->upstreams.openrouter };
	struct guard *guard;
	enum err err =
		guard_new(&c->upstreams.local_allow, trusted, ARRAY_SIZE(trusted), &guard, errors);
	if (err)
		return err;
	struct chat_proxy *app = xcalloc(1, sizeof(*app));
	app->config = c;
	app->daemon = d;
	app->guard = guard;
	app->catalogue = catalogue_new();
	app->runs = runs_new();
	loop_timer_init(&app->drain_timer, d->loop, patience_over);
	d->app = app;
	return OK;
}

void chat_proxy_close(struct daemon *d)
{
	struct chat_proxy *app = d->app;
	loop_timer_clear(&app->drain_timer);
	runs_free(app->runs);
	catalogue_free(app->catalogue);
	guard_free(app->guard);
	free(app);
	d->app = NULL;
}
