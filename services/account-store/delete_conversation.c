/* SPDX-License-Identifier: MIT */
/* DELETE /v1/conversations/:id: it and everything of it, at once and for good. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

#define DELETE_AT 2

static enum flow delete_everything(struct request *req)
{
	struct uuid id;
	if (req_param_uuid(req, 0, &id))
		return fail(req, ERR_NOT_FOUND);
	db_begin(req);
	db_add(req, SQL_ALLOW_TIME, DB_NO_ARGS);
	db_add(req, SQL_LOCK_CONVERSATION, DB_ARGS(db_uuid(&req->identity.user), db_uuid(&id)));
	db_add(req, SQL_DELETE_CONVERSATION, DB_ARGS(db_uuid(&req->identity.user), db_uuid(&id)));
	return db_go(req);
}

static enum flow reply_gone(struct request *req)
{
	if (!db_affected(db_unit_of(req), DELETE_AT))
		return fail(req, ERR_NOT_FOUND);
	return reply_empty(req, 204);
}

const struct flow_step delete_conversation_flow[] = {
	{ "delete_everything", delete_everything },
	{ "reply_gone", reply_gone },
	{ 0 },
};
