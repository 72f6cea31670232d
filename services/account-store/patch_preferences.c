/* SPDX-License-Identifier: MIT */
/* PATCH /v1/preferences: given keys replace, null goes back to the default, the rest stays. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

#define BODY_LIMIT 65536

enum flow reply_with_preferences(struct request *req, struct text stored)
{
	struct strbuf *body = req_buffer(req, BODY_LIMIT);
	struct json_writer w = JSON_WRITER_INIT(body);
	if (preferences_write(stored, &req->identity, &w) || json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	return reply_body(req, 200, body);
}

static enum flow store_changes(struct request *req)
{
	struct patch_preferences *op = req->op;
	struct strbuf *patch = req_buffer(req, BODY_LIMIT);
	struct json_writer w = JSON_WRITER_INIT(patch);
	json_write_fields(&w, preference_fields, &op->form);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	return db_run(req, SQL_PATCH_PREFERENCES,
		      DB_ARGS(db_uuid(&req->identity.user), db_text(strbuf_text(patch))));
}

static enum flow reply_with_result(struct request *req)
{
	return reply_with_preferences(req, db_get_text(db_unit_of(req), 0, 0, 0));
}

const struct flow_step patch_preferences_flow[] = {
	{ "store_changes", store_changes },
	{ "reply_with_result", reply_with_result },
	{ 0 },
};
