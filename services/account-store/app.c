/* SPDX-License-Identifier: MIT */
#include "app.h"

#include <stdlib.h>

#include "reaper.h"

#include "base/banned.h"

enum err account_store_open(struct daemon *d, struct strbuf *errors)
{
	(void)errors;
	struct account_store *app = xcalloc(1, sizeof(*app));
	app->config = d->config;
	app->keys = data_keys_new(d->loop, app->config->data_key_life_ms);
	app->reaper = reaper_new(d->loop, d->db, app->config->reaper_interval_ms,
				 app->config->run_abandoned_ms);
	d->app = app;
	return OK;
}

void account_store_close(struct daemon *d)
{
	struct account_store *app = d->app;
	if (!app)
		return;
	reaper_free(app->reaper);
	data_keys_free(app->keys);
	free(app);
	d->app = NULL;
}
