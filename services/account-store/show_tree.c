/* SPDX-License-Identifier: MIT */
/* GET /v1/conversations/:id/tree: the branches with their anchors, without any message. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

static const struct db_column branch_columns[] = {
	DB_COLUMN(DB_UUID, branch_row, id),
	DB_COLUMN(DB_OPT_UUID, branch_row, parent_id),
	DB_COLUMN(DB_OPT_UUID, branch_row, anchor_message_id),
	DB_COLUMN(DB_INT, branch_row, span_start),
	DB_COLUMN(DB_INT, branch_row, span_end),
	DB_COLUMN(DB_BYTES, branch_row, quote_sealed),
	DB_COLUMN(DB_BYTES, branch_row, title_sealed),
	DB_COLUMN(DB_OPT_UUID, branch_row, leaf_message_id),
	DB_COLUMN(DB_BOOL, branch_row, archived),
	DB_COLUMN(DB_TIME, branch_row, created_at),
	DB_COLUMN(DB_INT, branch_row, message_count),
	{ 0 },
};

static enum flow load_branches(struct request *req)
{
	struct show_tree *op = req->op;
	if (req_param_uuid(req, 0, &op->conversation))
		return fail(req, ERR_NOT_FOUND);
	return db_run(req, SQL_LIST_BRANCHES,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&op->conversation)));
}

static enum flow lease_data_keys(struct request *req)
{
	struct show_tree *op = req->op;
	op->count = db_row_count(req);
	if (!op->count)
		return fail(req, ERR_NOT_FOUND);
	op->rows = arena_alloc(&req->arena, op->count * sizeof(*op->rows));
	for (size_t i = 0; i < op->count; i++) {
		db_row_at(req, 0, i, branch_columns, &op->rows[i]);
		key_lease_want(&op->lease, op->rows[i].quote_sealed);
		key_lease_want(&op->lease, op->rows[i].title_sealed);
	}
	return lease_wanted_keys(req);
}

static enum err open_branch(struct request *req, struct branch_row *b)
{
	const struct show_tree *op = req->op;
	struct content_place p;
	place_of_branch(&p, &req->identity.user, &op->conversation, &b->id, "quote_sealed");
	enum err err = content_open(&op->lease, &p, b->quote_sealed, &req->arena, &b->quote);
	if (err)
		return err;
	place_of_branch(&p, &req->identity.user, &op->conversation, &b->id, "title_sealed");
	return content_open(&op->lease, &p, b->title_sealed, &req->arena, &b->title);
}

static void write_span(struct json_writer *w, const struct branch_row *b)
{
	if (!b->quote.ptr) {
		json_null(w);
		return;
	}
	json_object_begin(w);
	json_key(w, "start");
	json_int(w, b->span_start);
	json_key(w, "end");
	json_int(w, b->span_end);
	json_key(w, "quote");
	json_text(w, b->quote);
	json_object_end(w);
}

static void write_branch(struct json_writer *w, const struct branch_row *b)
{
	json_object_begin(w);
	json_key(w, "id");
	json_uuid(w, &b->id);
	json_key(w, "parentId");
	json_opt_uuid(w, &b->parent_id);
	json_key(w, "anchorMessageId");
	json_opt_uuid(w, &b->anchor_message_id);
	json_key(w, "span");
	write_span(w, b);
	json_key(w, "title");
	json_text(w, b->title);
	json_key(w, "messageCount");
	json_int(w, b->message_count);
	json_key(w, "leafMessageId");
	json_opt_uuid(w, &b->leaf_message_id);
	json_key(w, "archived");
	json_bool(w, b->archived);
	json_key(w, "createdAt");
	json_time(w, b->created_at.value);
	json_object_end(w);
}

static enum flow reply_with_tree(struct request *req)
{
	struct show_tree *op = req->op;
	struct strbuf *body = req_buffer(req, 16 << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "branches");
	json_array_begin(&w);
	for (size_t i = 0; i < op->count; i++) {
		enum err err = open_branch(req, &op->rows[i]);
		if (err)
			return fail(req, err);
		write_branch(&w, &op->rows[i]);
	}
	json_array_end(&w);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step show_tree_flow[] = {
	{ "load_branches", load_branches },
	{ "lease_data_keys", lease_data_keys },
	{ "reply_with_tree", reply_with_tree },
	{ 0 },
};
