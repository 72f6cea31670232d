/* SPDX-License-Identifier: MIT */
/* Waiting for another daemon's answer. */
#include "flow/request_private.h"

#include "log/log.h"

#include "base/banned.h"

#define PEER_MAX_BODY (32u << 20)

void run_peer_drop(struct request *req)
{
	if (req->peer)
		peer_call_cancel(req->peer);
	req->peer = NULL;
}

static void answered(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	struct request *req = arg;
	req->peer = NULL;
	if (err) {
		request_fail_now(req, ERR_UNAVAILABLE);
		return;
	}
	req->response_status = status;
	strbuf_clear(&req->response);
	strbuf_init(&req->response, PEER_MAX_BODY);
	if (strbuf_append_text(&req->response, body)) {
		request_fail_now(req, ERR_INTERNAL);
		return;
	}
	snprintf(req->response_retry_after, sizeof(req->response_retry_after), "%s",
		 peer_call_retry_after(call));
	if (status >= 400 && !req->accepts) {
		/* A refusal of the envelope is our own set-up fault, not the person's: it must not
		 * read as "sign in". */
		if (status == 401 && req->identity.has_user) {
			request_fail_now(req, ERR_INTERNAL);
			return;
		}
		req->fail_passes_peer = true;
		request_fail_now(req, ERR_INTERNAL);
		return;
	}
	request_resume(req);
}

enum flow peer_run_as(struct request *req, enum daemon_id daemon, const struct identity *as,
		      const char *method, const char *path, struct text body)
{
	struct peer_request call = {
		.daemon = daemon,
		.identity = as,
		.method = method,
		.path = path,
		.body = body,
		.max_body = PEER_MAX_BODY,
		.timeout_ms = req->route->timeout_ms,
	};
	req->accepts = req->accept_next;
	req->accept_next = false;
	req->peer = peer_call_start(req->env->peers, &call, answered, req);
	req->waiting_for = WAIT_PEER;
	return FLOW_WAIT;
}

enum flow peer_run(struct request *req, enum daemon_id daemon, const char *method, const char *path,
		   struct text body)
{
	return peer_run_as(req, daemon, &req->identity, method, path, body);
}

void peer_accept_errors(struct request *req)
{
	req->accept_next = true;
}

int peer_status(const struct request *req)
{
	return req->response_status;
}

struct text peer_body(const struct request *req)
{
	return strbuf_text(&req->response);
}

enum err peer_reply(struct request *req, const struct json_field *fields, void *target)
{
	struct json_problem problem = { 0 };
	if (!json_decode(peer_body(req), fields, target, &req->arena, &problem))
		return OK;
	log_debug("peer.misread", LOG_STR("param", problem.param),
		  LOG_STR("problem", problem.message));
	return ERR_INTERNAL;
}
