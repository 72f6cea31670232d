/* SPDX-License-Identifier: MIT */
#include "data_key.h"

#include "app.h"
#include "sql.h"

#include "base/banned.h"

static struct seal_place place(enum kek_family family, const struct uuid *user)
{
	return (struct seal_place){ .label = "grove/dek/v1",
				    .user = *user,
				    .table = "user_data_keys",
				    .column = "wrapped_sealed",
				    .extra = { text_of(kek_family_name(family)) } };
}

static struct text family_text(const struct data_key *k)
{
	return text_of(kek_family_name(k->family));
}

enum flow load_data_key(struct request *req)
{
	struct data_key *k = req->op;
	const struct keyvault *kv = req->app;
	if (!keks_are_ready(kv->keks))
		return fail(req, ERR_UNAVAILABLE);
	return db_run(req, SQL_DATA_KEY,
		      DB_ARGS(db_uuid(&req->identity.user), db_text(family_text(k)),
			      k->has_version ? db_int(k->wanted_version) : db_null()));
}

static enum err wrap_new(const struct keyvault *kv, const struct data_key *k,
			 const struct uuid *user, struct seal_key *kek, struct strbuf *ret_wrapped)
{
	AUTO(secret_clear) struct secret fresh = SECRET_INIT;
	struct seal_place where = place(k->family, user);
	enum err err = keks_current(kv->keks, k->family, kek);
	if (err)
		return err;
	kek->dek_version = 1;
	secret_random(&fresh, AEAD_KEY_BYTES);
	return seal(kek, &where, (struct text){ (const char *)fresh.bytes, fresh.len },
		    ret_wrapped);
}

enum flow make_data_key(struct request *req)
{
	struct data_key *k = req->op;
	AUTO(strbuf_clear) struct strbuf wrapped = STRBUF_INIT(256);
	struct seal_key kek;
	if (db_row_count(req))
		return FLOW_NEXT;
	if (k->has_version)
		return fail(req, ERR_NOT_FOUND);
	if (wrap_new(req->app, k, &req->identity.user, &kek, &wrapped))
		return fail(req, ERR_INTERNAL);
	/* Two at once: one of them is stored, and both read that one. The row comes first in the
	 * unit's results for unwrap_data_key. */
	db_begin(req);
	db_add(req, SQL_ADD_DATA_KEY,
	       DB_ARGS(db_uuid(&req->identity.user), db_text(family_text(k)),
		       db_bytes(text_from(kek.kek_id, 4)), db_bytes(strbuf_text(&wrapped))));
	db_add(req, SQL_DATA_KEY,
	       DB_ARGS(db_uuid(&req->identity.user), db_text(family_text(k)), db_null()));
	return db_go(req);
}

enum err data_key_unwrap(const struct keks *keks, enum kek_family family, const struct uuid *user,
			 struct text wrapped, struct secret *ret)
{
	struct seal_header header;
	struct seal_key kek;
	struct seal_place where = place(family, user);
	enum err err = seal_read_header(wrapped, &header);
	if (!err)
		err = keks_find(keks, family, header.kek_id, &kek);
	if (err)
		return err;
	kek.dek_version = header.dek_version;
	err = seal_open_secret(&kek, &where, wrapped, ret);
	if (!err && ret->len != AEAD_KEY_BYTES) {
		secret_clear(ret);
		return ERR_INTERNAL;
	}
	return err;
}

enum flow unwrap_data_key(struct request *req)
{
	struct data_key *k = req->op;
	const struct keyvault *kv = req->app;
	const struct db_unit *u = db_unit_of(req);
	size_t index = db_unit_count(u) == 2 ? 1 : 0;
	BUG_ON(!db_rows(u, index));
	k->version = db_get_int(u, index, 0, 0);
	struct text kek_id = db_get_text(u, index, 0, 1);
	BUG_ON(kek_id.len != sizeof(k->kek_id));
	memcpy(k->kek_id, kek_id.ptr, kek_id.len);
	return data_key_unwrap(kv->keks, k->family, &req->identity.user,
			       db_get_text(u, index, 0, 2), &k->bytes)
		       ? fail(req, ERR_INTERNAL)
		       : FLOW_NEXT;
}

struct seal_key data_key_for_sealing(const struct data_key *k)
{
	struct seal_key key = { .dek_version = (uint32_t)k->version, .key = k->bytes.bytes };
	memcpy(key.kek_id, k->kek_id, sizeof(key.kek_id));
	return key;
}
