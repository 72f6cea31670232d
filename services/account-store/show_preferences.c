/* SPDX-License-Identifier: MIT */
/* GET /v1/preferences: what the person set, on top of the defaults. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

static enum flow load_preferences(struct request *req)
{
	return db_run(req, SQL_SHOW_PREFERENCES, DB_ARGS(db_uuid(&req->identity.user)));
}

static enum flow reply_with_what_is_set(struct request *req)
{
	return reply_with_preferences(req, db_row_count(req) ? db_get_text(db_unit_of(req), 0, 0, 0)
							     : TEXT_NULL);
}

const struct flow_step show_preferences_flow[] = {
	{ "load_preferences", load_preferences },
	{ "reply_with_what_is_set", reply_with_what_is_set },
	{ 0 },
};
