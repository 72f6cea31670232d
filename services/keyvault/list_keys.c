/* SPDX-License-Identifier: MIT */
/* GET /v1/api-keys: a person's keys without their secrets, in the order they are used. */
#include "flows.h"

#include "sql.h"

#include "base/banned.h"

static enum flow load_keys(struct request *req)
{
	return db_run(req, SQL_API_KEYS, DB_ARGS(db_uuid(&req->identity.user)));
}

static enum flow reply_with_keys(struct request *req)
{
	struct strbuf *body = req_buffer(req, 512 * 1024);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "items");
	json_array_begin(&w);
	for (size_t i = 0; i < db_row_count(req); i++) {
		struct api_key_row row;
		api_key_read(db_unit_of(req), 0, i, &req->arena, &row);
		api_key_write(&w, &row);
	}
	json_array_end(&w);
	json_key(&w, "nextCursor");
	json_null(&w);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step list_keys_flow[] = {
	{ "load_keys", load_keys },
	{ "reply_with_keys", reply_with_keys },
	{ 0 },
};
