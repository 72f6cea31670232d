/* SPDX-License-Identifier: MIT */
/* GET /v1/chat/runs/:id/events?after=: what a viewer has missed, then what comes. Last-Event-ID
 * does the same as `after`. */
#include "app.h"
#include "run.h"
#include "run_answer.h"

#include "base/banned.h"

static enum flow attach(struct request *req)
{
	int64_t after, last = 0;
	struct text last_event_id = http_header(req->exchange, "Last-Event-ID");
	if (last_event_id.ptr && (text_to_i64(last_event_id, &last) || last < 0))
		return fail_param(req, ERR_INVALID_REQUEST, "Last-Event-ID",
				  "The last event's number, from its id line.");
	enum err err = req_query_int(req, "after", 0, INT32_MAX, last, &after);
	if (err)
		return fail(req, err);
	struct run *run = find_run(req);
	if (!run)
		return fail(req, ERR_NOT_FOUND);
	run_attach(run, flow_take_exchange(req), VIEWER_FOLLOWER, (size_t)after);
	return FLOW_DONE;
}

const struct flow_step follow_run_flow[] = {
	{ "attach", attach },
	{ 0 },
};
