/* SPDX-License-Identifier: MIT */
/* DELETE /v1/api-keys/:id */
#include "flows.h"

#include "sql.h"

#include "base/banned.h"

static enum flow remove_key(struct request *req)
{
	struct uuid id;
	if (req_param_uuid(req, 0, &id))
		return fail(req, ERR_NOT_FOUND);
	return db_run(req, SQL_DELETE_API_KEY, DB_ARGS(db_uuid(&req->identity.user), db_uuid(&id)));
}

static enum flow confirm(struct request *req)
{
	return db_row_count(req) ? reply_empty(req, 204) : fail(req, ERR_NOT_FOUND);
}

const struct flow_step delete_key_flow[] = {
	{ "remove_key", remove_key },
	{ "confirm", confirm },
	{ 0 },
};
