/* SPDX-License-Identifier: MIT */
#include "model_lists.h"

#include "base/banned.h"

static bool on_data(struct fetch_call *call, struct text data, void *arg)
{
	(void)call;
	struct listed_key *k = arg;
	enum err ignored = strbuf_append_text(&k->answer, data); /* a list too long is no list */
	(void)ignored;
	return true;
}

static void on_head(struct fetch_call *call, int status, void *arg)
{
	(void)call;
	struct listed_key *k = arg;
	k->answered = status == 200;
}

static void on_done(struct fetch_call *call, enum err err, int status, void *arg)
{
	(void)call;
	(void)status;
	struct listed_key *k = arg;
	struct list_models *op = k->op;
	k->call = NULL;
	if (err)
		k->answered = false;
	if (--op->waiting == 0)
		wait_custom_done(op->req, OK);
}

static const struct fetch_events events = { on_head, on_data, on_done };

static void ask(struct chat_proxy *app, struct listed_key *k)
{
	char base[1200], url[1300], pool[64], id[UUID_TEXT_SIZE];
	if (!upstream_base(app->config, k->provider, text_of(k->base_url), base, sizeof(base)))
		return;
	snprintf(url, sizeof(url), "%s/models", base);
	uuid_format(&k->id, id);
	snprintf(pool, sizeof(pool), "key:%s", id);
	strbuf_init(&k->answer, LIST_BYTES);
	struct fetch_request request = {
		.kind = FETCH_GUARDED,
		.method = "GET",
		.url = url,
		.secret_header = "Authorization",
		.secret_prefix = "Bearer ",
		.secret = &k->key,
		.pool = pool,
		.guard = app->guard,
		.ca_file = app->config->upstream_ca_file,
		.connect_ms = 3000,
		.total_ms = 5000,
		.max_body = LIST_BYTES,
	};
	k->call = fetch_start(app->daemon->fetch, &request, &events, k);
	k->op->waiting++;
}

bool model_lists_ask(struct list_models *op, struct request *req)
{
	op->req = req;
	for (size_t i = 0; i < op->count; i++) {
		op->keys[i].op = op;
		/* OpenAI's own list is long and old; the catalogue is the better menu. */
		if (op->keys[i].provider == PROVIDER_COMPATIBLE ||
		    op->keys[i].provider == PROVIDER_OPENROUTER)
			ask(req->app, &op->keys[i]);
	}
	return op->waiting > 0;
}

void model_lists_drop(struct list_models *op)
{
	for (size_t i = 0; i < op->count; i++) {
		struct listed_key *k = &op->keys[i];
		if (k->call)
			fetch_cancel(k->call);
		k->call = NULL;
		secret_clear(&k->key);
		free(k->base_url);
		k->base_url = NULL;
		strbuf_clear(&k->answer);
	}
	op->count = 0;
}
