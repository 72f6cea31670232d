/* SPDX-License-Identifier: MIT */
/*
 * GET /v1/conversations/:id/branches/:branchId/messages?limit=&before=: the newest page of a
 * branch's path, oldest message first. The next page ends before the first item of this one; the
 * cursor is that message's id.
 */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

#define LIMIT_DEFAULT 50
#define LIMIT_MAX 200
/* A page of long messages is a short page. */
#define PAGE_BYTES (4 << 20)

enum { START_AT, PARTS_AT, PAGE_AT };

static enum flow load_page(struct request *req)
{
	struct list_messages *op = req->op;
	const struct uuid *user = &req->identity.user;
	int64_t limit;
	bool has_before;
	struct uuid before;
	if (req_param_uuid(req, 0, &op->conversation) || req_param_uuid(req, 1, &op->branch))
		return fail(req, ERR_NOT_FOUND);
	if (req_query_int(req, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &limit) ||
	    req_query_uuid(req, "before", &has_before, &before))
		return fail(req, ERR_INVALID_REQUEST);
	const struct uuid *end = has_before ? &before : NULL;
	db_begin(req);
	db_add(req, SQL_PATH_START,
	       DB_ARGS(db_uuid(user), db_uuid(&op->conversation), db_uuid(&op->branch),
		       db_uuid(end)));
	db_add(req, SQL_OPEN_PARTS, DB_ARGS(db_uuid(user), db_uuid(&op->conversation)));
	db_add(req, SQL_PATH_PAGE,
	       DB_ARGS(db_uuid(user), db_uuid(&op->conversation), db_uuid(&op->branch),
		       db_uuid(end), db_int(limit), db_int(PAGE_BYTES)));
	return db_go(req);
}

static enum flow lease_data_keys(struct request *req)
{
	struct list_messages *op = req->op;
	const struct db_unit *unit = db_unit_of(req);
	if (!db_rows(unit, START_AT))
		return fail(req, ERR_NOT_FOUND);
	if (!db_get_bool(unit, START_AT, 0, 0))
		return fail_param(req, ERR_NOT_FOUND, "before",
				  "There is no such message in this conversation.");
	op->parts = parts_read(req, PARTS_AT);
	op->count = db_rows(unit, PAGE_AT);
	op->rows = arena_alloc(&req->arena, (op->count + 1) * sizeof(*op->rows));
	for (size_t i = 0; i < op->count; i++) {
		struct message *m = &op->rows[op->count - 1 - i];
		db_row_at(req, PAGE_AT, i, message_columns, m);
		key_lease_want(&op->lease, m->content_sealed);
	}
	parts_want_keys(&op->lease, &op->parts);
	return lease_wanted_keys(req);
}

static enum flow reply_with_page(struct request *req)
{
	struct list_messages *op = req->op;
	struct strbuf *body = req_buffer(req, 128 << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "items");
	json_array_begin(&w);
	for (size_t i = 0; i < op->count; i++) {
		enum err err = message_open(req, &op->conversation, &op->parts, &op->rows[i]);
		if (err)
			return fail(req, err);
		message_write(&w, &op->rows[i]);
	}
	json_array_end(&w);
	json_key(&w, "nextCursor");
	json_uuid(&w, op->count && op->rows[0].parent_id.set ? &op->rows[0].id : NULL);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step list_messages_flow[] = {
	{ "load_page", load_page },
	{ "lease_data_keys", lease_data_keys },
	{ "reply_with_page", reply_with_page },
	{ 0 },
};
