/* SPDX-License-Identifier: MIT */
/* GET /v1/models: the catalogue and what the person's own servers offer, as an OpenAI list with our
 * own members. */
#include "model_lists.h"

#include "lease.h"

#include "base/banned.h"

struct keys_answer_item {
	bool given;
	struct json_uuid id;
	struct text provider;
	struct json_text base_url;
	struct secret key;
};

struct keys_answer {
	struct json_list items;
};

static const struct json_field item_fields[] = {
	{ JSON_UUID, "keyId", offsetof(struct keys_answer_item, id), .nullable = true },
	{ JSON_TEXT, "provider", offsetof(struct keys_answer_item, provider), .required = true,
	  .max = 32 },
	{ JSON_OPT_TEXT, "baseUrl", offsetof(struct keys_answer_item, base_url), .nullable = true,
	  .max = 1024 },
	{ JSON_SECRET_TEXT, "key", offsetof(struct keys_answer_item, key), .required = true,
	  .max = 4096 },
	{ .kind = JSON_IGNORE_UNKNOWN },
};

static const struct json_field answer_fields[] = {
	{ JSON_OBJECT_LIST, "items", offsetof(struct keys_answer, items), .required = true,
	  .max = 256, .fields = item_fields, .size = sizeof(struct keys_answer_item) },
	{ .kind = JSON_IGNORE_UNKNOWN },
};

static enum flow ask_keyvault(struct request *req)
{
	struct text handle = http_header(req->exchange, "X-Session-Key");
	/* Handles are letters, digits, - and _: nothing to escape; anything else is not a handle.
	 */
	for (size_t i = 0; i < handle.len; i++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
			    handle.ptr[i]))
			handle = TEXT_NULL;
	const char *path = handle.len && handle.len <= 64
				   ? arena_printf(&req->arena, "/internal/keys?sessionHandle=%.*s",
						  TEXT_FMT(handle))
				   : "/internal/keys";
	return peer_run(req, DAEMON_KEYVAULT, "GET", path, TEXT_NULL);
}

static void take_key(struct list_models *op, struct keys_answer_item *item)
{
	enum provider provider;
	if (provider_from_name(item->provider, &provider))
		return;
	op->has_provider[provider] = true;
	if (op->count == LIST_KEYS_MAX)
		return;
	struct listed_key *k = &op->keys[op->count++];
	k->provider = provider;
	k->id = item->id.given && !item->id.null ? item->id.value : uuid_new();
	k->key = secret_take(&item->key);
	k->base_url = item->base_url.value.ptr
			      ? xmemdup0(item->base_url.value.ptr, item->base_url.value.len)
			      : NULL;
}

static enum flow ask_servers(struct request *req)
{
	struct list_models *op = req->op;
	struct keys_answer answer = { 0 };
	enum err err = peer_reply(req, answer_fields, &answer);
	struct keys_answer_item *items = answer.items.items;
	for (size_t i = 0; !err && i < answer.items.count; i++)
		take_key(op, &items[i]);
	json_clear_secrets(answer_fields, &answer);
	wipe_text(peer_body(req));
	if (err)
		return fail(req, ERR_INTERNAL);
	return model_lists_ask(op, req) ? wait_custom(req, NULL) : FLOW_NEXT;
}

static void write_model(struct json_writer *w, enum provider provider, struct text id,
			bool prefixed)
{
	json_key(w, "id");
	if (prefixed) {
		AUTO(strbuf_clear) struct strbuf name = STRBUF_INIT(512);
		if (!strbuf_printf(&name, "%s/%.*s", provider_name(provider), TEXT_FMT(id)))
			json_text(w, strbuf_text(&name));
		else
			json_text(w, id);
	} else {
		json_text(w, id);
	}
	json_key(w, "object");
	json_str(w, "model");
	json_key(w, "created");
	json_int(w, 0);
	json_key(w, "owned_by");
	json_str(w, provider_name(provider));
	json_key(w, "provider");
	json_str(w, provider_name(provider));
}

static void write_price(struct json_writer *w, const struct price *price)
{
	json_key(w, "price");
	if (!price->known) {
		json_null(w);
		return;
	}
	json_object_begin(w);
	json_key(w, "input");
	json_double(w, price->input);
	json_key(w, "output");
	json_double(w, price->output);
	json_key(w, "cachedInput");
	json_double(w, price->cached < 0 ? price->input : price->cached);
	json_object_end(w);
}

static void write_catalogue_model(struct json_writer *w, const struct catalogue_model *m,
				  bool key_available)
{
	json_object_begin(w);
	write_model(w, m->provider, text_of(m->id), false);
	json_key(w, "contextWindow");
	json_int(w, m->context_window);
	json_key(w, "maxOutput");
	json_int(w, m->max_output);
	write_price(w, &m->price);
	json_key(w, "capabilities");
	json_array_begin(w);
	json_str(w, "tools");
	if (m->images)
		json_str(w, "images");
	if (m->reasoning)
		json_str(w, "reasoning");
	json_array_end(w);
	json_key(w, "keyAvailable");
	json_bool(w, key_available);
	json_object_end(w);
}

static void write_unknown_model(struct json_writer *w, enum provider provider, struct text id)
{
	const struct price unknown = { 0 };
	json_object_begin(w);
	write_model(w, provider, id, true);
	json_key(w, "contextWindow");
	json_null(w);
	json_key(w, "maxOutput");
	json_null(w);
	write_price(w, &unknown);
	json_key(w, "capabilities");
	json_array_begin(w);
	json_array_end(w);
	json_key(w, "keyAvailable");
	json_bool(w, true);
	json_object_end(w);
}

static void write_listed(struct json_writer *w, const struct listed_key *k)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	if (!k->answered || json_doc_parse(strbuf_text(&k->answer),
					   &(struct json_limits){ .max_members = 200000 }, &doc))
		return;
	for (const struct json_value *v = json_first(json_get(json_doc_root(doc), "data")); v;
	     v = json_next(v)) {
		struct text id;
		if (json_get_text(json_get(v, "id"), &id) && id.len && id.len <= 200)
			write_unknown_model(w, k->provider, id);
	}
}

static enum flow reply_with_models(struct request *req)
{
	const struct chat_proxy *app = req->app;
	const struct list_models *op = req->op;
	struct strbuf *body = req_buffer(req, 4u << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "object");
	json_str(&w, "list");
	json_key(&w, "data");
	json_array_begin(&w);
	for (size_t i = 0; i < op->count; i++)
		write_listed(&w, &op->keys[i]);
	for (size_t i = 0; i < app->catalogue->count; i++) {
		const struct catalogue_model *m = &app->catalogue->models[i];
		write_catalogue_model(&w, m, op->has_provider[m->provider]);
	}
	json_array_end(&w);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

void list_models_clear(void *op)
{
	model_lists_drop(op);
}

const struct flow_step list_models_flow[] = {
	{ "ask_keyvault", ask_keyvault },
	{ "ask_servers", ask_servers },
	{ "reply_with_models", reply_with_models },
	{ 0 },
};
