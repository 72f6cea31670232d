/* SPDX-License-Identifier: MIT */
/* Messages: row, opening, JSON. */
#include "message.h"

#include "base/banned.h"

#define TEXT_LIMIT (64u << 20) /* of one joined answer; the writers' own limits are far below */

const struct db_column message_columns[] = {
	DB_COLUMN(DB_UUID, message, id),
	DB_COLUMN(DB_OPT_UUID, message, parent_id),
	DB_COLUMN(DB_UUID, message, branch_id),
	DB_COLUMN(DB_TEXT, message, role),
	DB_COLUMN(DB_BYTES, message, content_sealed),
	DB_COLUMN(DB_TIME, message, created_at),
	DB_COLUMN(DB_TEXT, message, status),
	DB_COLUMN(DB_OPT_UUID, message, run_id),
	DB_COLUMN(DB_TEXT, message, model),
	DB_COLUMN(DB_TEXT, message, provider),
	DB_COLUMN(DB_TEXT, message, finish_reason),
	DB_COLUMN(DB_TEXT, message, usage),
	DB_COLUMN(DB_INT, message, sibling_index),
	DB_COLUMN(DB_INT, message, sibling_count),
	DB_COLUMN(DB_TEXT, message, sibling_ids),
	{ 0 },
};

static const struct db_column part_columns[] = {
	DB_COLUMN(DB_UUID, part, message_id),
	DB_COLUMN(DB_INT, part, seq),
	DB_COLUMN(DB_BYTES, part, text_sealed),
	{ 0 },
};

struct parts parts_read(struct request *req, size_t index)
{
	struct parts parts = { .count = db_rows(db_unit_of(req), index) };
	parts.items = arena_alloc(&req->arena, (parts.count + 1) * sizeof(*parts.items));
	for (size_t i = 0; i < parts.count; i++)
		db_row_at(req, index, i, part_columns, &parts.items[i]);
	return parts;
}

void parts_want_keys(struct key_lease *lease, const struct parts *parts)
{
	for (size_t i = 0; i < parts->count; i++)
		key_lease_want(lease, parts->items[i].text_sealed);
}

enum err parts_open_into(struct request *req, const struct parts *parts, const struct uuid *message,
			 struct strbuf *ret)
{
	int64_t expected = 1;
	for (size_t i = 0; i < parts->count; i++) {
		const struct part *part = &parts->items[i];
		struct content_place p;
		if (!uuid_equal(&part->message_id, message))
			continue;
		/* A gap means that somebody took a piece away: an answer must not read on as if
		 * nothing was missing. */
		if (part->seq != expected++)
			return ERR_INTERNAL;
		place_of_part(&p, &req->identity.user, message, part->seq);
		enum err err = content_open_into(req->op, &p, part->text_sealed, ret);
		if (err)
			return err;
	}
	return OK;
}

enum err message_open_text(struct request *req, const struct uuid *conversation,
			   const struct uuid *message, const struct db_opt_uuid *parent,
			   struct text role, struct text content_sealed, const struct parts *parts,
			   struct text *ret)
{
	if (content_sealed.ptr) {
		struct content_place p;
		place_of_message(&p, &req->identity.user, conversation, message, parent, role);
		return content_open(req->op, &p, content_sealed, &req->arena, ret);
	}
	AUTO(strbuf_clear) struct strbuf joined = STRBUF_INIT(TEXT_LIMIT);
	enum err err = parts_open_into(req, parts, message, &joined);
	if (!err)
		*ret = (struct text){ arena_memdup0(&req->arena, joined.data, joined.len),
				      joined.len };
	return err;
}

enum err message_open(struct request *req, const struct uuid *conversation,
		      const struct parts *parts, struct message *m)
{
	return message_open_text(req, conversation, &m->id, &m->parent_id, m->role,
				 m->content_sealed, parts, &m->content);
}

void json_opt_uuid(struct json_writer *w, const struct db_opt_uuid *id)
{
	json_uuid(w, id->set ? &id->value : NULL);
}

static void write_siblings(struct json_writer *w, const struct message *m)
{
	json_object_begin(w);
	json_key(w, "index");
	json_int(w, m->sibling_index);
	json_key(w, "count");
	json_int(w, m->sibling_count);
	json_key(w, "ids");
	json_raw(w, m->sibling_ids);
	json_object_end(w);
}

void message_write(struct json_writer *w, const struct message *m)
{
	json_object_begin(w);
	json_key(w, "id");
	json_uuid(w, &m->id);
	json_key(w, "parentId");
	json_opt_uuid(w, &m->parent_id);
	json_key(w, "branchId");
	json_uuid(w, &m->branch_id);
	json_key(w, "role");
	json_text(w, m->role);
	json_key(w, "content");
	json_text(w, m->content);
	json_key(w, "createdAt");
	json_time(w, m->created_at.value);
	json_key(w, "status");
	json_text(w, m->status);
	json_key(w, "runId");
	json_opt_uuid(w, &m->run_id);
	json_key(w, "model");
	json_text(w, m->model);
	json_key(w, "provider");
	json_text(w, m->provider);
	json_key(w, "finishReason");
	json_text(w, m->finish_reason);
	json_key(w, "usage");
	json_raw(w, m->usage);
	json_key(w, "siblings");
	write_siblings(w, m);
	json_object_end(w);
}
