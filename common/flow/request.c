/* SPDX-License-Identifier: MIT */
/*
 * The life of a request: made from an exchange, checked (route, envelope, body), run step by step,
 * freed at one place. Everything a request can wait for lives in run_*.c; this file only knows that
 * it waits.
 */
#include "flow/request_private.h"

#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_MAX_BODY (64 * 1024)
#define CLIENT_GONE_STATUS 499 /* nginx's number for it, in metrics only */

static struct metric requests_total = METRIC_COUNTER_INIT(
	"grove_requests_total", "Requests answered.", "route", "method", "status");
static struct metric request_seconds = METRIC_SECONDS_INIT(
	"grove_request_seconds", "Time from a complete request to its answer.", "route", "method");
static struct metric step_seconds =
	METRIC_SECONDS_INIT("grove_step_seconds", "Time of one step of a flow, its wait included.",
			    "route", "method", "step");
static struct metric live_requests =
	METRIC_GAUGE_INIT("grove_requests_live", "Requests under way.");

static void run_steps(struct request *req);

static void link_request(struct request *req)
{
	struct flow_env *env = req->env;
	req->next = env->live;
	if (env->live)
		env->live->prev = req;
	env->live = req;
	env->live_count++;
	metric_set(&live_requests, (double)env->live_count);
}

static void unlink_request(struct request *req)
{
	struct flow_env *env = req->env;
	if (req->prev)
		req->prev->next = req->next;
	else
		env->live = req->next;
	if (req->next)
		req->next->prev = req->prev;
	env->live_count--;
	metric_set(&live_requests, (double)env->live_count);
}

/* The single place where a request is freed. */
static void free_request(struct request *req)
{
	if (req->route && req->route->clear && req->op)
		req->route->clear(req->op);
	if (req->route && req->route->body && req->op)
		json_clear_secrets(req->route->body, (char *)req->op + req->route->body_offset);
	run_db_drop(req);
	run_peer_drop(req);
	loop_timer_clear(&req->deadline);
	strbuf_clear(&req->response);
	for (size_t i = 0; i < req->buffer_count; i++)
		strbuf_clear(req->buffers[i]);
	unlink_request(req);
	arena_clear(&req->arena);
	free(req);
}

static void count_answer(const struct request *req)
{
	const char *route = req->route ? req->route->path : "none";
	const char *method = req->route ? http_method_name(req->route->method) : "other";
	char status[8];
	snprintf(status, sizeof(status), "%d", req->replied_status);
	metric_inc(&requests_total, route, method, status);
	double seconds = (double)(clock_mono_us() - req->started_us) / 1e6;
	metric_observe(&request_seconds, seconds, route, method);
	log_debug("request.done", LOG_STR("requestId", req->identity.request_id),
		  LOG_STR("route", route), LOG_STR("method", method),
		  LOG_INT("status", req->replied_status), LOG_INT("us", (int64_t)(seconds * 1e6)));
}

static void log_failure(const struct request *req)
{
	static const enum log_level levels[] = { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
	const struct err_info *info = err_info(req->failed);
	enum log_level level = levels[info->level];
	/* Whose fault it was, the other daemon has logged. */
	if (req->fail_passes_peer)
		level = req->response_status < 500 ? LOG_INFO : LOG_WARN;
	LOG_EVENT(level, "request.failed", LOG_STR("requestId", req->identity.request_id),
		  LOG_STR("route", req->route ? req->route->path : "none"),
		  LOG_STR("step", req->step && req->step->name ? req->step->name : "gate"),
		  LOG_STR("code", req->fail_passes_peer ? "peer" : info->code),
		  LOG_INT("status", req->fail_passes_peer ? req->response_status : info->status));
}

/* Sends the failure, if anybody is still there to read it. */
static void reply_failure(struct request *req)
{
	log_failure(req);
	struct http_exchange *ex = req->exchange;
	req->exchange = NULL;
	if (!ex)
		return;
	if (req->fail_passes_peer) {
		req->replied_status = req->response_status;
		if (req->response_retry_after[0])
			http_set_header(ex, "Retry-After", req->response_retry_after);
		http_reply(ex, req->response_status, strbuf_text(&req->response));
		return;
	}
	req->replied_status = err_info(req->failed)->status;
	http_reply_error(ex, req->failed, &req->fail_detail);
}

static void end_request(struct request *req)
{
	if (req->exchange) {
		/* A step said DONE without an answer. */
		BUG_ON(!req->failed && !req->exchange_taken);
		reply_failure(req);
	}
	count_answer(req);
	free_request(req);
}

static void observe_step(struct request *req)
{
	int64_t now = clock_mono_us();
	metric_observe(&step_seconds, (double)(now - req->step_started_us) / 1e6, req->route->path,
		       http_method_name(req->route->method), req->step->name);
	req->step_started_us = now;
}

static void run_steps(struct request *req)
{
	for (;;) {
		BUG_ON(!req->step->name); /* the table ended without an answer */
		req->skip_to = NULL;
		switch (req->step->run(req)) {
		case FLOW_NEXT:
			observe_step(req);
			req->step = req->skip_to ? req->skip_to : req->step + 1;
			break;
		case FLOW_WAIT:
			BUG_ON(req->waiting_for == WAIT_NOTHING);
			return;
		case FLOW_DONE:
			observe_step(req);
			end_request(req);
			return;
		case FLOW_FAIL:
			BUG_ON(!req->failed);
			observe_step(req);
			end_request(req);
			return;
		}
	}
}

void request_resume(struct request *req)
{
	req->waiting_for = WAIT_NOTHING;
	observe_step(req);
	req->step = req->skip_to ? req->skip_to : req->step + 1;
	run_steps(req);
}

void request_fail_now(struct request *req, enum err err)
{
	req->waiting_for = WAIT_NOTHING;
	if (!req->failed)
		req->failed = err;
	end_request(req);
}

/* Lets go of the outstanding operation. False: a thread holds it; the request is freed when it
 * comes back. */
static bool drop_wait(struct request *req)
{
	enum request_wait was = req->waiting_for;
	req->waiting_for = WAIT_NOTHING;
	switch (was) {
	case WAIT_NOTHING:
		return !req->work;
	case WAIT_DB:
		run_db_drop(req);
		return true;
	case WAIT_PEER:
		run_peer_drop(req);
		return true;
	case WAIT_CUSTOM:
		if (req->cancel)
			req->cancel(req);
		return true;
	case WAIT_WORK:
		return run_work_drop(req);
	}
	return true;
}

static void client_gone(struct http_exchange *ex, void *arg)
{
	(void)ex;
	struct request *req = arg;
	req->exchange = NULL;
	req->failed = ERR_CANCELLED;
	req->replied_status = CLIENT_GONE_STATUS;
	loop_timer_stop(&req->deadline);
	if (drop_wait(req))
		end_request(req);
}

static void deadline_passed(struct loop_timer *timer)
{
	struct request *req = container_of(timer, struct request, deadline);
	bool free_now = drop_wait(req);
	req->failed = ERR_UNAVAILABLE;
	req->fail_detail.message =
		"This took too long and was given up. Nothing more will happen for it; try again.";
	if (free_now) {
		end_request(req);
		return;
	}
	reply_failure(req);
}

void flow_cancel_all(struct flow_env *env)
{
	struct request *next;
	for (struct request *req = env->live; req; req = next) {
		next = req->next;
		struct http_exchange *ex = req->exchange;
		req->exchange = NULL;
		if (ex) {
			req->failed = ERR_CANCELLED;
			req->replied_status = CLIENT_GONE_STATUS;
			http_stream_abort(ex);
		}
		if (drop_wait(req))
			end_request(req);
	}
}

/* A request id names a request in every daemon's log. One that is not plain is replaced. */
static void take_request_id(struct request *req)
{
	struct text given = http_header(req->exchange, "X-Request-Id");
	bool plain = given.len >= 8 && given.len < sizeof(req->identity.request_id);
	for (size_t i = 0; plain && i < given.len; i++) {
		char c = given.ptr[i];
		plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			(c >= 'A' && c <= 'Z') || c == '-';
	}
	if (plain) {
		memcpy(req->identity.request_id, given.ptr, given.len);
		req->identity.request_id[given.len] = '\0';
		return;
	}
	struct uuid id = uuid_new();
	uuid_format(&id, req->identity.request_id);
}

static enum err check_envelope(struct request *req)
{
	if (req->route->open)
		return OK;
	struct envelope_request sealed_for = { http_method_text(req->exchange),
					       http_target(req->exchange),
					       http_body(req->exchange) };
	char request_id[sizeof(req->identity.request_id)];
	memcpy(request_id, req->identity.request_id, sizeof(request_id));
	enum err err = req->env->keys ? envelope_open(req->env->keys,
						      http_header(req->exchange, ENVELOPE_HEADER),
						      &sealed_for, req->now, &req->identity)
				      : ERR_UNAUTHENTICATED;
	if (err || !req->identity.request_id[0])
		memcpy(req->identity.request_id, request_id, sizeof(request_id));
	if (err)
		return err;
	if (!(req->route->callers & CALLER(req->identity.caller)))
		return ERR_FORBIDDEN;
	return req->route->needs_user && !req->identity.has_user ? ERR_UNAUTHENTICATED : OK;
}

static bool is_blank_body(struct text body)
{
	return !body.len || text_is(body, "{}");
}

static enum err decode_body(struct request *req)
{
	const struct route *route = req->route;
	struct text body = http_body(req->exchange);
	if (body.len > (route->max_body ? route->max_body : DEFAULT_MAX_BODY))
		return ERR_TOO_LARGE;
	if (route->raw_body)
		return OK;
	if (!route->body) {
		if (is_blank_body(body))
			return OK;
		req->fail_detail.message = "This request takes no body; send it without one.";
		return ERR_INVALID_REQUEST;
	}
	if (!body.len && route->body_optional)
		return OK;
	struct json_problem problem = { 0 };
	struct json_limits limits = { .max_members = route->max_members };
	enum err err =
		json_decode_limited(body, &limits, route->body,
				    (char *)req->op + route->body_offset, &req->arena, &problem);
	if (err) {
		req->fail_detail.message =
			problem.message[0] ? arena_strdup(&req->arena, problem.message) : NULL;
		req->fail_detail.param =
			problem.param[0] ? arena_strdup(&req->arena, problem.param) : NULL;
	}
	return err;
}

static void set_allow_header(struct http_exchange *ex, unsigned allowed)
{
	char value[80] = "";
	size_t len = 0;
	if (allowed & HTTP_GET)
		allowed |= HTTP_HEAD;
	for (unsigned m = HTTP_GET; m < HTTP_OTHER; m <<= 1)
		if (allowed & m)
			len += (size_t)snprintf(value + len, sizeof(value) - len, "%s%s",
						len ? ", " : "", http_method_name(m));
	http_set_header(ex, "Allow", value);
}

/* A path or method that no route has. */
static enum err refuse_unmatched(struct request *req)
{
	if (req->unmatched == ERR_METHOD_NOT_ALLOWED)
		set_allow_header(req->exchange, req->allowed_methods);
	return req->unmatched;
}

enum flow fail_unmatched(struct request *req)
{
	BUG_ON(!req->unmatched);
	return fail(req, refuse_unmatched(req));
}

/* Everything that is looked at before the first step. */
static enum err check(struct request *req)
{
	const struct flow_env *env = req->env;
	req->route = route_find(env->routes, req->exchange, req->params, &req->unmatched,
				&req->allowed_methods);
	if (!req->route && !env->unmatched)
		return refuse_unmatched(req);
	if (!req->route)
		req->route = env->unmatched;
	req->op = arena_alloc(&req->arena, req->route->op_size ? req->route->op_size : 1);
	enum err err = check_envelope(req);
	http_set_request_id(req->exchange, req->identity.request_id);
	return err ? err : decode_body(req);
}

void flow_handle(struct http_exchange *ex, void *arg)
{
	struct flow_env *env = arg;
	struct request *req = xcalloc(1, sizeof(*req));
	req->env = env;
	req->app = env->app;
	req->exchange = ex;
	req->now = clock_now();
	req->started_us = req->step_started_us = clock_mono_us();
	strbuf_init(&req->response, 0);
	loop_timer_init(&req->deadline, env->loop, deadline_passed);
	link_request(req);
	take_request_id(req);
	http_set_request_id(ex, req->identity.request_id);

	enum err err = check(req);
	if (err) {
		req->failed = err;
		end_request(req);
		return;
	}
	http_set_gone(ex, client_gone, req);
	loop_timer_set(&req->deadline,
		       req->route->timeout_ms ? req->route->timeout_ms : DEFAULT_TIMEOUT_MS);
	req->step = req->route->steps;
	run_steps(req);
}

struct http_exchange *flow_take_exchange(struct request *req)
{
	struct http_exchange *ex = req->exchange;
	req->exchange = NULL;
	req->exchange_taken = true;
	req->replied_status = 200;
	loop_timer_stop(&req->deadline);
	http_set_gone(ex, NULL, NULL);
	return ex;
}
