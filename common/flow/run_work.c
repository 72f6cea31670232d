/* SPDX-License-Identifier: MIT */
/*
 * Waiting for the worker threads. The thread sees only the op; so a request that dies meanwhile is
 * kept, answered or not, until the thread has let go of it.
 */
#include "flow/request_private.h"

#include "base/banned.h"

struct flow_work {
	struct work work;
	struct request *req;
	void (*run)(void *op);
	bool orphaned;
};

static void on_thread(struct work *work)
{
	struct flow_work *w = container_of(work, struct flow_work, work);
	w->run(w->req->op);
}

static void on_loop(struct work *work, bool cancelled)
{
	(void)cancelled;
	struct flow_work *w = container_of(work, struct flow_work, work);
	struct request *req = w->req;
	bool orphaned = w->orphaned;
	req->work = NULL;
	free(w);
	if (orphaned)
		request_fail_now(req, ERR_CANCELLED);
	else
		request_resume(req);
}

enum flow work_run(struct request *req, void (*run)(void *op))
{
	struct flow_work *w = xcalloc(1, sizeof(*w));
	w->req = req;
	w->run = run;
	w->work.run = on_thread;
	w->work.done = on_loop;
	if (work_submit(req->env->work, &w->work)) {
		free(w);
		return fail(req, ERR_UNAVAILABLE);
	}
	req->work = w;
	req->waiting_for = WAIT_WORK;
	return FLOW_WAIT;
}

bool run_work_drop(struct request *req)
{
	BUG_ON(!req->work);
	req->work->orphaned = true;
	work_cancel(req->env->work, &req->work->work);
	return false;
}

enum flow wait_custom(struct request *req, void (*cancel)(struct request *req))
{
	req->cancel = cancel;
	req->waiting_for = WAIT_CUSTOM;
	return FLOW_WAIT;
}

void wait_custom_done(struct request *req, enum err err)
{
	BUG_ON(req->waiting_for != WAIT_CUSTOM);
	if (err)
		request_fail_now(req, err);
	else
		request_resume(req);
}
