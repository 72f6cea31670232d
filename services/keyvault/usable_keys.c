/* SPDX-License-Identifier: MIT */
/* GET /internal/keys: the person's active keys, opened, for listing models. For chat-proxy only. */
#include "flows.h"

#include "app.h"
#include "open_key.h"
#include "sql.h"

#include "base/banned.h"

static enum flow load_keys(struct request *req)
{
	const struct keyvault *kv = req->app;
	if (!keyvault_persists(kv))
		return FLOW_NEXT;
	if (!keks_ring(kv->keks))
		return keyvault_keys_are_away(req);
	return db_run(req, SQL_USABLE_KEYS, DB_ARGS(db_uuid(&req->identity.user)));
}

static void write_key(struct json_writer *w, const struct uuid *id, struct text provider,
		      struct text base_url, const struct secret *key)
{
	json_object_begin(w);
	json_key(w, "keyId");
	json_uuid(w, id);
	json_key(w, "provider");
	json_text(w, provider);
	json_key(w, "baseUrl");
	json_text(w, base_url);
	json_key(w, "key");
	json_text(w, (struct text){ (const char *)key->bytes, key->len });
	json_object_end(w);
}

/* What cannot be used is left out: a lease tells why. */
static void write_stored(struct request *req, struct json_writer *w)
{
	struct usable_keys keys;
	usable_keys_read(db_unit_of(req), 0, &req->arena, &keys);
	usable_keys_place(req->app, &keys);
	for (size_t i = 0; i < keys.count; i++) {
		AUTO(secret_clear) struct secret key = SECRET_INIT;
		const struct usable_key *k = &keys.items[i];
		if (k->place != KEY_AT_HOME)
			continue;
		if (usable_key_open(req->app, &req->identity.user, k, &key))
			keyvault_could_not_open(req, "provider key", &k->id);
		else
			write_key(w, &k->id, k->provider, k->base_url, &key);
	}
}

static enum flow reply_with_keys(struct request *req)
{
	struct keyvault *kv = req->app;
	struct text handle;
	if (req_query_text(req, "sessionHandle", 64, &handle))
		return fail(req, ERR_INVALID_REQUEST);
	struct strbuf *body = req_buffer(req, 1u << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "items");
	json_array_begin(&w);
	const struct session_key *mine =
		session_keys_use(kv->session_keys, &req->identity, handle, clock_mono_ms());
	if (mine)
		write_key(&w, NULL, text_of(mine->provider), text_of(mine->base_url), &mine->key);
	if (keyvault_persists(kv))
		write_stored(req, &w);
	json_array_end(&w);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step usable_keys_flow[] = {
	{ "load_keys", load_keys },
	{ "reply_with_keys", reply_with_keys },
	{ 0 },
};
