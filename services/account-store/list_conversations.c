/* SPDX-License-Identifier: MIT */
/* GET /v1/conversations?archived=&cursor=&limit=: a page of a person's conversations, newest
 * activity first. */
#include "app.h"
#include "cursor.h"
#include "flows.h"

#include "base/banned.h"

#define LIMIT_DEFAULT 30
#define LIMIT_MAX 100

static enum flow load_page(struct request *req)
{
	struct list_conversations *op = req->op;
	struct text cursor_text;
	struct cursor from;
	bool archived;
	if (req_query_int(req, "limit", 1, LIMIT_MAX, LIMIT_DEFAULT, &op->limit) ||
	    req_query_bool(req, "archived", false, &archived) ||
	    req_query_text(req, "cursor", CURSOR_MAX, &cursor_text))
		return fail(req, ERR_INVALID_REQUEST);
	if (cursor_read(cursor_text, &from))
		return fail_param(req, ERR_INVALID_REQUEST, "cursor",
				  "Give the nextCursor of an earlier page.");
	return db_run(req, SQL_LIST_CONVERSATIONS,
		      DB_ARGS(db_uuid(&req->identity.user), db_bool(archived), db_time(from.at),
			      db_uuid(&from.id), db_int(op->limit + 1)));
}

static enum flow lease_data_keys(struct request *req)
{
	struct list_conversations *op = req->op;
	size_t found = db_row_count(req);
	op->more = found > (size_t)op->limit;
	op->count = op->more ? (size_t)op->limit : found;
	op->rows = arena_alloc(&req->arena, (op->count + 1) * sizeof(*op->rows));
	for (size_t i = 0; i < op->count; i++) {
		db_row_at(req, 0, i, conversation_columns, &op->rows[i]);
		conversation_want_keys(&op->lease, &op->rows[i]);
	}
	return lease_wanted_keys(req);
}

static void write_next_cursor(struct json_writer *w, const struct list_conversations *op)
{
	json_key(w, "nextCursor");
	if (!op->more) {
		json_null(w);
		return;
	}
	const struct conversation *last = &op->rows[op->count - 1];
	char text[CURSOR_TEXT_SIZE];
	cursor_write(&(struct cursor){ .at = last->last_active_at, .id = last->id }, text);
	json_str(w, text);
}

static enum flow reply_with_page(struct request *req)
{
	struct list_conversations *op = req->op;
	struct strbuf *body = req_buffer(req, 1 << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "items");
	json_array_begin(&w);
	for (size_t i = 0; i < op->count; i++) {
		enum err err = conversation_open(req, &op->rows[i]);
		if (err)
			return fail(req, err);
		conversation_write(&w, &op->rows[i]);
	}
	json_array_end(&w);
	write_next_cursor(&w, op);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step list_conversations_flow[] = {
	{ "load_page", load_page },
	{ "lease_data_keys", lease_data_keys },
	{ "reply_with_page", reply_with_page },
	{ 0 },
};
