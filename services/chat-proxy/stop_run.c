/* SPDX-License-Identifier: MIT */
/* POST /v1/chat/runs/:id/stop: the upstream call is closed at once; the text ends where it is. */
#include "app.h"
#include "run.h"
#include "run_answer.h"

#include "base/banned.h"

static enum flow stop(struct request *req)
{
	struct run *run = find_run(req);
	if (!run)
		return fail(req, ERR_NOT_FOUND);
	if (run_is_over(run))
		return fail(req, ERR_ALREADY_FINISHED);
	run_stop(run);
	return reply_run(req, run);
}

const struct flow_step stop_run_flow[] = {
	{ "stop", stop },
	{ 0 },
};
