/* SPDX-License-Identifier: MIT */
/* GET /v1/tokens: a person's live tokens, without their secrets. */
#include "create_token.h"

#include "sql.h"

#include "base/banned.h"

struct token_item {
	struct uuid id;
	struct text name, scopes;
	struct unix_ms created, expires;
	struct text last_used;
};

static const struct db_column columns[] = {
	DB_COLUMN(DB_UUID, token_item, id),
	DB_COLUMN(DB_TEXT, token_item, name),
	DB_COLUMN(DB_TEXT, token_item, scopes),
	DB_COLUMN(DB_TIME, token_item, created),
	DB_COLUMN(DB_OPT_TIME, token_item, expires),
	DB_COLUMN(DB_TEXT, token_item, last_used),
	{ 0 },
};

static enum flow load_tokens(struct request *req)
{
	return db_run(req, SQL_TOKENS_OF_USER, DB_ARGS(db_uuid(&req->identity.user)));
}

static void write_item(struct json_writer *w, const struct token_item *item)
{
	struct text rest = item->scopes, scope;
	json_object_begin(w);
	json_key(w, "id");
	json_uuid(w, &item->id);
	json_key(w, "name");
	json_text(w, item->name);
	json_key(w, "scopes");
	json_array_begin(w);
	while (text_next(&rest, ' ', &scope))
		json_text(w, scope);
	json_array_end(w);
	json_key(w, "createdAt");
	json_time(w, item->created.value);
	json_key(w, "expiresAt");
	if (item->expires.value)
		json_time(w, item->expires.value);
	else
		json_null(w);
	json_key(w, "lastUsedOn");
	json_text(w, item->last_used);
	json_object_end(w);
}

static enum flow reply_with_tokens(struct request *req)
{
	struct strbuf *body = req_buffer(req, 256 * 1024);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "items");
	json_array_begin(&w);
	for (size_t i = 0; i < db_row_count(req); i++) {
		struct token_item item = { 0 };
		db_row_at(req, 0, i, columns, &item);
		write_item(&w, &item);
	}
	json_array_end(&w);
	json_key(&w, "nextCursor");
	json_null(&w);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step list_tokens_flow[] = {
	{ "load_tokens", load_tokens },
	{ "reply_with_tokens", reply_with_tokens },
	{ 0 },
};
