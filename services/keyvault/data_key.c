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
	if (!keks_ring(kv->keks))
		return keyvault_keys_are_away(req);
	return db_run(req, SQL_DATA_KEY,
		      DB_ARGS(db_uuid(&req->identity.user), db_text(family_text(k)),
			      k->has_version ? db_int(k->wanted_version) : db_null()));
}

static enum err wrap_new(const struct keyvault *kv, const struct data_key *k,
			 const struct uuid *user, struct seal_key *kek, struct strbuf *ret_wrapped)
{
	AUTO(secret_clear) struct secret fresh = SECRET_INIT;
	struct seal_place where = place(k->family, user);
	enum err err = kek_ring_current(keks_ring(kv->keks), k->family, kek);
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
		return fail_because(req, ERR_NOT_FOUND, "There is no data key of that version.");
	if (wrap_new(req->app, k, &req->identity.user, &kek, &wrapped))
		return fail(req, ERR_INTERNAL);
	/* Two at once: one of them is stored, and both read that one. */
	db_begin(req);
	db_add(req, SQL_ADD_DATA_KEY,
	       DB_ARGS(db_uuid(&req->identity.user), db_text(family_text(k)),
		       db_bytes(text_from(kek.kek_id, 4)), db_bytes(strbuf_text(&wrapped))));
	db_add(req, SQL_DATA_KEY,
	       DB_ARGS(db_uuid(&req->identity.user), db_text(family_text(k)), db_null()));
	return db_go(req);
}

/* Else one version's key could be put in another's place. */
static bool header_fits(const struct seal_header *header, const struct wrapped_key *wrapped)
{
	return header->dek_version == wrapped->version &&
	       text_equal(text_from(header->kek_id, sizeof(header->kek_id)), wrapped->kek_id);
}

enum err data_key_unwrap(const struct kek_ring *keks, enum kek_family family,
			 const struct uuid *user, const struct wrapped_key *wrapped,
			 struct secret *ret)
{
	AUTO(secret_clear) struct secret plain = SECRET_INIT;
	struct seal_header header;
	struct seal_key kek;
	struct seal_place where = place(family, user);
	enum err err = seal_read_header(wrapped->sealed, &header);
	if (!err && !header_fits(&header, wrapped))
		err = ERR_INTERNAL;
	if (!err)
		err = kek_ring_find(keks, family, header.kek_id, &kek);
	if (err)
		return err;
	kek.dek_version = header.dek_version;
	err = seal_open_secret(&kek, &where, wrapped->sealed, &plain);
	if (err || plain.len != AEAD_KEY_BYTES)
		return ERR_INTERNAL;
	secret_clear(ret);
	*ret = secret_take(&plain);
	return OK;
}

enum flow unwrap_data_key(struct request *req)
{
	struct data_key *k = req->op;
	const struct keyvault *kv = req->app;
	const struct db_unit *u = db_unit_of(req);
	size_t index = db_unit_count(u) - 1; /* behind the insert, if there was one */
	if (!db_rows(u, index)) /* the account went in this moment, its keys with it */
		return fail(req, ERR_UNAVAILABLE);
	struct wrapped_key wrapped = { db_get_int(u, index, 0, 0), db_get_text(u, index, 0, 1),
				       db_get_text(u, index, 0, 2) };
	if (data_key_unwrap(keks_ring(kv->keks), k->family, &req->identity.user, &wrapped,
			    &k->bytes)) {
		keyvault_could_not_open(req, "data key", NULL);
		return fail(req, ERR_INTERNAL);
	}
	k->version = wrapped.version;
	memcpy(k->kek_id, wrapped.kek_id.ptr, sizeof(k->kek_id));
	return FLOW_NEXT;
}

struct seal_key data_key_for_sealing(const struct data_key *k)
{
	struct seal_key key = { .dek_version = (uint32_t)k->version, .key = k->bytes.bytes };
	memcpy(key.kek_id, k->kek_id, sizeof(key.kek_id));
	return key;
}
