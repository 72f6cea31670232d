/* SPDX-License-Identifier: MIT */
/* GET /v1/conversations/:id/messages/:messageId */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

enum { PARTS_AT, MESSAGE_AT };

static enum flow load_message(struct request *req)
{
	struct list_messages *op = req->op;
	const struct uuid *user = &req->identity.user;
	struct uuid id;
	if (req_param_uuid(req, 0, &op->conversation) || req_param_uuid(req, 1, &id))
		return fail(req, ERR_NOT_FOUND);
	db_begin(req);
	db_add(req, SQL_ANSWER_PARTS, DB_ARGS(db_uuid(user), db_uuid(&id)));
	db_add(req, SQL_SHOW_MESSAGE,
	       DB_ARGS(db_uuid(user), db_uuid(&op->conversation), db_uuid(&id)));
	return db_go(req);
}

static enum flow lease_data_keys(struct request *req)
{
	struct list_messages *op = req->op;
	op->rows = arena_alloc(&req->arena, sizeof(*op->rows));
	if (!db_row_at(req, MESSAGE_AT, 0, message_columns, op->rows))
		return fail(req, ERR_NOT_FOUND);
	op->parts = parts_read(req, PARTS_AT);
	key_lease_want(&op->lease, op->rows->content_sealed);
	parts_want_keys(&op->lease, &op->parts);
	return lease_wanted_keys(req);
}

static enum flow reply_with_message(struct request *req)
{
	struct list_messages *op = req->op;
	enum err err = message_open(req, &op->conversation, &op->parts, op->rows);
	if (err)
		return fail(req, err);
	struct strbuf *body = req_buffer(req, 128 << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	message_write(&w, op->rows);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step show_message_flow[] = {
	{ "load_message", load_message },
	{ "lease_data_keys", lease_data_keys },
	{ "reply_with_message", reply_with_message },
	{ 0 },
};
