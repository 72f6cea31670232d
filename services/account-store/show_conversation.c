/* SPDX-License-Identifier: MIT */
/* GET /v1/conversations/:id */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

static enum flow load_conversation(struct request *req)
{
	struct uuid id;
	if (req_param_uuid(req, 0, &id))
		return fail(req, ERR_NOT_FOUND);
	return db_run(req, SQL_SHOW_CONVERSATION,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&id)));
}

static enum flow lease_data_keys(struct request *req)
{
	struct show_conversation *op = req->op;
	if (!db_row(req, conversation_columns, &op->conversation))
		return fail(req, ERR_NOT_FOUND);
	conversation_want_keys(&op->lease, &op->conversation);
	return lease_wanted_keys(req);
}

static enum flow reply_with_conversation(struct request *req)
{
	struct show_conversation *op = req->op;
	return conversation_reply(req, 200, &op->conversation);
}

const struct flow_step show_conversation_flow[] = {
	{ "load_conversation", load_conversation },
	{ "lease_data_keys", lease_data_keys },
	{ "reply_with_conversation", reply_with_conversation },
	{ 0 },
};
