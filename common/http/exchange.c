/* SPDX-License-Identifier: MIT */
/*
 * One request and its answer. The exchange borrows evhttp's request: its texts point into it. Once
 * the answer is whole, evhttp frees the request; when the peer leaves first, evhttp lets go of it
 * and we do.
 */
#include <event2/keyvalq_struct.h>
#include <strings.h>
#include <sys/queue.h>

#include "base/base.h"
#include "http/http_private.h"

#include "base/banned.h"

#define DEFAULT_TYPE "application/json"

static const struct {
	enum http_method method;
	enum evhttp_cmd_type type;
	const char *name;
} methods[] = {
	{ HTTP_GET, EVHTTP_REQ_GET, "GET" },
	{ HTTP_HEAD, EVHTTP_REQ_HEAD, "HEAD" },
	{ HTTP_POST, EVHTTP_REQ_POST, "POST" },
	{ HTTP_PUT, EVHTTP_REQ_PUT, "PUT" },
	{ HTTP_PATCH, EVHTTP_REQ_PATCH, "PATCH" },
	{ HTTP_DELETE, EVHTTP_REQ_DELETE, "DELETE" },
	{ HTTP_OPTIONS, EVHTTP_REQ_OPTIONS, "OPTIONS" },
};

const char *http_method_name(enum http_method m)
{
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].method == m)
			return methods[i].name;
	return "other";
}

struct http_exchange *http_exchange_new(struct conn *conn, struct evhttp_request *req)
{
	struct http_exchange *ex = xcalloc(1, sizeof(*ex));

	ex->conn = conn;
	ex->req = req;
	return ex;
}

static void free_exchange(struct http_exchange *ex)
{
	free(ex->request_id);
	free(ex);
}

void http_exchange_gone(struct http_exchange *ex)
{
	struct evhttp_request *req = ex->req;

	ex->conn->exchange = NULL;
	if (ex->on_gone)
		ex->on_gone(ex, ex->gone_arg);
	free_exchange(ex);
	/* Without a connection it is in nobody's queue any more. */
	if (!evhttp_request_get_connection(req))
		evhttp_request_free(req);
}

/* The request. */

enum http_method http_method(const struct http_exchange *ex)
{
	enum evhttp_cmd_type type = evhttp_request_get_command(ex->req);

	for (size_t i = 0; i < ARRAY_SIZE(methods); i++)
		if (methods[i].type == type)
			return methods[i].method;
	return HTTP_OTHER;
}

const char *http_method_text(const struct http_exchange *ex)
{
	return http_method_name(http_method(ex)); /* the gate let exactly these through */
}

struct text http_target(const struct http_exchange *ex)
{
	return text_of(evhttp_request_get_uri(ex->req));
}

struct text http_path(const struct http_exchange *ex)
{
	struct text rest = http_target(ex), path;

	BUG_ON(!text_next(&rest, '?', &path));
	return path;
}

struct text http_header(const struct http_exchange *ex, const char *name)
{
	const struct evkeyvalq *headers = evhttp_request_get_input_headers(ex->req);
	const struct evkeyval *header;
	struct text found = TEXT_NULL;

	TAILQ_FOREACH(header, headers, next)
	{
		if (strcasecmp(header->key, name) != 0)
			continue;
		if (found.ptr) /* not one of the gate's list: no first and last to choose from */
			return TEXT_NULL;
		found = text_trim(text_of(header->value));
	}
	return found;
}

struct text http_body(const struct http_exchange *ex)
{
	struct evbuffer *body = evhttp_request_get_input_buffer(ex->req);
	size_t len = evbuffer_get_length(body);

	if (len == 0)
		return TEXT("");
	return (struct text){ (const char *)evbuffer_pullup(body, -1), len };
}

struct text http_peer_address(const struct http_exchange *ex)
{
	char *address;
	ev_uint16_t port;

	if (ex->conn->server->config.listen.unix_path)
		return TEXT("unix");
	evhttp_connection_get_peer(ex->conn->evcon, &address, &port);
	return text_of(address);
}

void http_set_gone(struct http_exchange *ex, void (*on_gone)(struct http_exchange *ex, void *arg),
		   void *arg)
{
	ex->on_gone = on_gone;
	ex->gone_arg = arg;
}

void http_set_request_id(struct http_exchange *ex, const char *request_id)
{
	char *copy = request_id ? xstrdup(request_id) : NULL;

	free(ex->request_id);
	ex->request_id = copy;
}

/* The answer. */

static void set_default_header(struct http_exchange *ex, const char *name, const char *value)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(ex->req);

	if (!evhttp_find_header(headers, name))
		BUG_ON(evhttp_add_header(headers, name, value) != 0);
}

void http_set_header(struct http_exchange *ex, const char *name, const char *value)
{
	struct evkeyvalq *headers = evhttp_request_get_output_headers(ex->req);

	BUG_ON(ex->has_begun);
	evhttp_remove_header(headers, name);
	BUG_ON(evhttp_add_header(headers, name, value) != 0);
}

static bool status_has_body(int status)
{
	return status >= 200 && status != 204 && status != 304;
}

static void complete_headers(struct http_exchange *ex, bool has_type)
{
	for (size_t i = 0; http_fixed_headers[i][0]; i++)
		set_default_header(ex, http_fixed_headers[i][0], http_fixed_headers[i][1]);
	if (has_type)
		set_default_header(ex, "Content-Type", DEFAULT_TYPE);
	if (ex->request_id)
		set_default_header(ex, "X-Request-Id", ex->request_id);
	if (ex->conn->server->is_stopped)
		http_set_header(ex, "Connection", "close");
}

/* evhttp would send the body of a HEAD's answer, and leave out its length. */
static void set_head_length(struct http_exchange *ex, size_t len)
{
	char number[24];

	snprintf(number, sizeof(number), "%zu", len);
	set_default_header(ex, "Content-Length", number);
}

/* evhttp may complete the request, even close the connection, before it returns: nothing of ours
 * may be needed then. */
static struct evhttp_request *let_go(struct http_exchange *ex)
{
	struct evhttp_request *req = ex->req;

	http_conn_exchange_ended(ex->conn);
	free_exchange(ex);
	return req;
}

void http_reply(struct http_exchange *ex, int status, struct text body)
{
	bool has_body = status_has_body(status) && body.len > 0;
	bool is_head = http_method(ex) == HTTP_HEAD;
	struct evbuffer *buffer = evbuffer_new();

	BUG_ON(!buffer || ex->has_begun);
	complete_headers(ex, has_body);
	if (has_body && is_head)
		set_head_length(ex, body.len);
	else if (has_body)
		BUG_ON(evbuffer_add(buffer, body.ptr, body.len) != 0);
	evhttp_send_reply(let_go(ex), status, http_reason(status), buffer);
	evbuffer_free(buffer);
}

/* Streaming. */

static struct evbuffer *output(const struct http_exchange *ex)
{
	return bufferevent_get_output(ex->conn->bev);
}

/* Called at each write that leaves less than the low-water mark. */
static void output_is_low(struct evhttp_connection *evcon, void *arg)
{
	struct conn *conn = arg;
	struct http_exchange *ex = conn->exchange;

	(void)evcon;
	loop_mark_turn(conn->server->loop);
	if (!ex || !ex->is_choked || evbuffer_get_length(output(ex)) >= HTTP_STREAM_LOW)
		return;
	ex->is_choked = false;
	if (ex->on_drain)
		ex->on_drain(ex, ex->drain_arg);
}

bool http_stream_has_begun(const struct http_exchange *ex)
{
	return ex->has_begun;
}

void http_stream_begin(struct http_exchange *ex, int status)
{
	BUG_ON(ex->has_begun);
	complete_headers(ex, status_has_body(status));
	ex->has_begun = true;
	bufferevent_setwatermark(ex->conn->bev, EV_WRITE, HTTP_STREAM_LOW - 1, 0);
	evhttp_send_reply_start(ex->req, status, http_reason(status));
}

size_t http_stream_write(struct http_exchange *ex, struct text data)
{
	size_t waiting;

	BUG_ON(!ex->has_begun);
	if (data.len > 0) {
		struct evbuffer *buffer = evbuffer_new();

		BUG_ON(!buffer || evbuffer_add(buffer, data.ptr, data.len) != 0);
		evhttp_send_reply_chunk_with_cb(ex->req, buffer, output_is_low, ex->conn);
		evbuffer_free(buffer);
	}
	waiting = evbuffer_get_length(output(ex));
	if (waiting > HTTP_STREAM_HIGH)
		ex->is_choked = true;
	return waiting;
}

void http_set_drain(struct http_exchange *ex, void (*on_drain)(struct http_exchange *ex, void *arg),
		    void *arg)
{
	ex->on_drain = on_drain;
	ex->drain_arg = arg;
}

void http_stream_end(struct http_exchange *ex)
{
	BUG_ON(!ex->has_begun);
	/* evhttp takes the write callback for "all is written". */
	bufferevent_setwatermark(ex->conn->bev, EV_WRITE, 0, 0);
	evhttp_send_reply_end(let_go(ex));
}

void http_stream_abort(struct http_exchange *ex)
{
	http_conn_cut(ex->conn);
	free_exchange(ex);
}
