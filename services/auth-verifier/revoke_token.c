/* SPDX-License-Identifier: MIT */
/* DELETE /v1/tokens/:id: the token is dead from its next use on. */
#include "create_token.h"

#include "sql.h"

#include "base/banned.h"

static enum flow revoke_token(struct request *req)
{
	struct uuid id;
	if (req_param_uuid(req, 0, &id))
		return fail(req, ERR_NOT_FOUND);
	return db_run(req, SQL_REVOKE_TOKEN, DB_ARGS(db_uuid(&req->identity.user), db_uuid(&id)));
}

static enum flow confirm(struct request *req)
{
	return db_row_count(req) ? reply_empty(req, 204) : fail(req, ERR_NOT_FOUND);
}

const struct flow_step revoke_token_flow[] = {
	{ "revoke_token", revoke_token },
	{ "confirm", confirm },
	{ 0 },
};
