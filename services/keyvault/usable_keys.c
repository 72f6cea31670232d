/* SPDX-License-Identifier: MIT */
/* GET /internal/keys: the person's active keys, opened, for listing models. For chat-proxy only. */
#include "flows.h"

#include "app.h"
#include "sql.h"

#include "base/banned.h"

enum err usable_key_open(const struct keyvault *kv, const struct uuid *user,
			 const struct usable_key *k, struct secret *ret)
{
	AUTO(secret_clear) struct secret data_key = SECRET_INIT;
	struct seal_header header;
	enum err err = data_key_unwrap(kv->keks, KEK_BYOK, user, k->wrapped, &data_key);
	if (!err)
		err = seal_read_header(k->sealed, &header);
	if (err)
		return err;
	struct seal_key key = { .dek_version = header.dek_version, .key = data_key.bytes };
	memcpy(key.kek_id, header.kek_id, sizeof(key.kek_id));
	struct seal_place place = api_key_place(user, &k->id, k->provider, k->origin);
	return seal_open_secret(&key, &place, k->sealed, ret);
}

static enum flow load_keys(struct request *req)
{
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

static enum err write_stored(struct request *req, struct json_writer *w)
{
	struct usable_keys keys;
	usable_keys_read(db_unit_of(req), 0, &req->arena, &keys);
	for (size_t i = 0; i < keys.count; i++) {
		AUTO(secret_clear) struct secret key = SECRET_INIT;
		enum err err = usable_key_open(req->app, &req->identity.user, &keys.items[i], &key);
		if (err)
			return err;
		write_key(w, &keys.items[i].id, keys.items[i].provider, keys.items[i].base_url,
			  &key);
	}
	return OK;
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
	enum err err = keyvault_persists(kv) ? write_stored(req, &w) : OK;
	json_array_end(&w);
	json_object_end(&w);
	enum flow done =
		err || json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
	wipe(body->data, body->len);
	return done;
}

const struct flow_step usable_keys_flow[] = {
	{ "load_keys", load_keys },
	{ "reply_with_keys", reply_with_keys },
	{ 0 },
};
