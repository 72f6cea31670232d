/* SPDX-License-Identifier: MIT */
/*
 * Requests as tables of named steps.
 *
 * A daemon is a table of routes; a route names its callers, its limits, its body table and a flow; a flow is a table of steps. The runner
 * gives for free: routing (404, 405), the envelope check, body decoding with field-exact errors, path parameters, a deadline, one
 * log line and one histogram sample per step, a single place where a request is freed.
 *
 * Laws: a step runs once and returns NEXT, WAIT, DONE or FAIL. WAIT means exactly one outstanding operation (db_run, peer_run, fetch_run, work_run).
 * Completions come from the loop, never inside the call that started them. When the client goes away or the deadline passes, the waiter is detached, the
 * flow's `clear` runs and the request is freed; work on a thread is waited for first. At most seven steps and no loops: what does not fit is a component.
 *
 *	const struct flow_step create_session_flow[] = {
 *		{ "load_account", load_account },
 *		{ "reply_with_token", reply_with_token },
 *		{ 0 },
 *	};
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "db/db.h"
#include "fetch/fetch.h"
#include "flow/peer.h"
#include "http/server.h"
#include "json/json.h"
#include "loop/work.h"
#include "token/envelope.h"

struct request;

enum flow { FLOW_NEXT, FLOW_WAIT, FLOW_DONE, FLOW_FAIL };

struct flow_step {
	const char *name;
	enum flow (*run)(struct request *req);
};

#define CALLER(daemon) (1u << (daemon))

struct route {
	enum http_method method;
	const char *path;			/* "/v1/conversations/:id"; a parameter is one segment */
	unsigned callers;			/* CALLER(DAEMON_GATEWAY) | …; 0 with .open */
	bool open;				/* no envelope: the gateway's public side, and nginx's auth request */
	bool needs_user;			/* envelope must name a person */
	const struct json_field *body;		/* NULL: no body is decoded (see raw_body) */
	size_t body_offset;			/* of the decoded struct inside op */
	bool body_optional;			/* an empty body leaves the struct zeroed */
	bool raw_body;				/* a body is allowed and read by the flow itself (http_body) */
	size_t max_body;			/* bytes; 0 = 64 KiB */
	size_t max_members;			/* JSON gate; 0 = JSON_MAX_MEMBERS */
	size_t op_size;				/* the flow's struct, zeroed */
	const struct flow_step *steps;
	void (*clear)(void *op);		/* frees what the op owns beyond the arena; runs once, always */
	int timeout_ms;				/* 0 = 10 s; the deadline ends with flow_take_exchange() */
	const void *policy;			/* the daemon's own column (the gateway's policy) */
};

#define ROUTE_MAX_PARAMS 4

/* What a request sees of its daemon. One for each daemon; made by daemon/, or by a test. */
struct flow_env {
	struct loop *loop;
	struct db *db;				/* NULL without one */
	struct fetch *fetch;
	struct peers *peers;
	struct work_pool *work;
	const struct envelope_keys *keys;	/* NULL: every route must be open */
	const struct route *routes;		/* ends with { 0 } */
	const struct route *unmatched;		/* runs for what no route matches and ends with fail_unmatched(); NULL: refused at once */
	void *app;
	struct request *live;			/* private: list of live requests */
	size_t live_count;
};

struct request {
	struct flow_env *env;
	const struct route *route;
	void *app;		/* env->app */
	void *op;		/* op_size bytes, zeroed */
	struct arena arena;
	struct identity identity;
	struct unix_ms now;	/* when it came */
	/* private from here on */
	struct http_exchange *exchange;
	bool exchange_taken;
	struct text params[ROUTE_MAX_PARAMS];
	enum err unmatched;		/* ERR_NOT_FOUND or ERR_METHOD_NOT_ALLOWED when env->unmatched runs */
	unsigned allowed_methods;
	const struct flow_step *step, *skip_to;
	int64_t started_us, step_started_us;
	struct loop_timer deadline;
	enum request_wait { WAIT_NOTHING, WAIT_DB, WAIT_PEER, WAIT_WORK, WAIT_CUSTOM } waiting_for;
	bool accept_next, accepts;	/* the coming, the current wait's errors reach the next step */
	struct waiter waiter;
	struct db_unit *unit;
	struct peer_call *peer;
	struct flow_work *work;
	void (*cancel)(struct request *req);
	struct strbuf response;		/* body of the last peer's answer */
	int response_status;
	char response_retry_after[16];
	struct strbuf *buffers[4];
	size_t buffer_count;
	enum err failed;
	struct error_detail fail_detail;
	bool fail_passes_peer;
	int replied_status;
	struct request *next, *prev;
};

/* The http_handler of a daemon; arg is its struct flow_env. */
void flow_handle(struct http_exchange *ex, void *arg);
/* Cancels every live request (client sees a cut connection). At the end of draining. */
void flow_cancel_all(struct flow_env *env);

/* --- inside steps ------------------------------------------------------------------------------------------------- */

/* The only way to fail. Returns FLOW_FAIL. Message and details are copied to the arena; NULL message takes the table's sentence. */
enum flow fail(struct request *req, enum err err);
__attribute__((format(printf, 3, 4))) enum flow fail_because(struct request *req, enum err err, const char *format, ...);
__attribute__((format(printf, 4, 5))) enum flow fail_param(struct request *req, enum err err, const char *param, const char *format, ...);
enum flow fail_details(struct request *req, enum err err, const char *message, struct text details_json);
enum flow fail_retry_after(struct request *req, enum err err, int seconds, struct text details_json);
/* In the steps of env->unmatched only: 404, or 405 with Allow. */
enum flow fail_unmatched(struct request *req);

/* Continues at the named later step of the table instead of the next one. */
enum flow flow_skip_to(struct request *req, const char *step);

/* Path parameter by position in the route, still encoded; as a UUID: a malformed one is ERR_NOT_FOUND, as if it did not exist. */
struct text req_param(const struct request *req, size_t index);
MUST_CHECK enum err req_param_uuid(const struct request *req, size_t index, struct uuid *ret);
/* Query parameters. A malformed one fails with the name. `limit` style integers: default when absent. */
MUST_CHECK enum err req_query_text(struct request *req, const char *name, size_t max, struct text *ret);	/* absent text when missing */
MUST_CHECK enum err req_query_int(struct request *req, const char *name, int64_t min, int64_t max, int64_t fallback, int64_t *ret);
MUST_CHECK enum err req_query_bool(struct request *req, const char *name, bool fallback, bool *ret);
MUST_CHECK enum err req_query_uuid(struct request *req, const char *name, bool *ret_given, struct uuid *ret);

/* PostgreSQL. One statement: db_run. Several in one transaction: db_begin, db_add…, db_go. As the request's person when it has one (row-level security).
 * The step after the wait reads rows of statement 0, or of `index`. The wait fails the request by itself on ERR_UNAVAILABLE/ERR_INTERNAL; ERR_CONFLICT, ERR_NOT_FOUND and
 * ERR_INVALID_REQUEST (constraints) reach the next step only after db_accept_errors(). */
enum flow db_run(struct request *req, unsigned statement, const struct db_arg *args, size_t count);
void db_begin(struct request *req);
void db_add(struct request *req, unsigned statement, const struct db_arg *args, size_t count);
enum flow db_go(struct request *req);
void db_accept_errors(struct request *req);	/* before db_run/db_go: all constraint errors reach the next step */
enum err db_result(const struct request *req);	/* with db_accept_errors */
const struct db_unit *db_unit_of(const struct request *req);
size_t db_row_count(const struct request *req);					/* statement 0 */
bool db_row(struct request *req, const struct db_column *columns, void *target);	/* first row of statement 0; false: none */
bool db_row_at(struct request *req, size_t index, size_t row, const struct db_column *columns, void *target);

/* Another daemon, as the request's person. Body may be absent. Answers >= 400 fail the request and are handed on unchanged, except when peer_accept() named the
 * status before. The next step reads the answer. */
enum flow peer_run(struct request *req, enum daemon_id daemon, const char *method, const char *path, struct text body);
enum flow peer_run_as(struct request *req, enum daemon_id daemon, const struct identity *as, const char *method, const char *path, struct text body);
void peer_accept_errors(struct request *req);	/* before peer_run: every status reaches the next step */
int peer_status(const struct request *req);
struct text peer_body(const struct request *req);
/* Decodes the answer; a shape that does not fit is ERR_INTERNAL (a daemon broke the contract). */
MUST_CHECK enum err peer_reply(struct request *req, const struct json_field *fields, void *target);
enum flow fail_from_peer(struct request *req);	/* hands the last answer's error on */

/* CPU work on the pool: run(op) on a thread; it may touch only what op owns. */
enum flow work_run(struct request *req, void (*run)(void *op));

/* Anything else that ends with one wake: cancel() is called when the request dies first. */
enum flow wait_custom(struct request *req, void (*cancel)(struct request *req));
void wait_custom_done(struct request *req, enum err err);	/* from the loop; err != OK fails the request */

/* Replies. All return FLOW_DONE. */
enum flow reply_json(struct request *req, int status, const struct json_field *fields, const void *source);
enum flow reply_body(struct request *req, int status, const struct strbuf *json);
enum flow reply_empty(struct request *req, int status);
void reply_header(struct request *req, const char *name, const char *value);

/* A request's strbuf for building JSON, freed with it. */
struct strbuf *req_buffer(struct request *req, size_t limit);

/*
 * Hands the exchange to a component (a stream): the request ends without an answer when the step returns FLOW_DONE. The component sets its own on_gone.
 */
struct http_exchange *flow_take_exchange(struct request *req);
