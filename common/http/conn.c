/* SPDX-License-Identifier: MIT */
/*
 * One connection: the gate before evhttp, the deadlines, and the watch for a peer that leaves.
 *
 * The gate sits in a callback of the input buffer, which libevent runs before evhttp's read
 * callback. At the first bad byte the buffer is cut back to the whole requests in front of it; when
 * those are answered, evhttp's callbacks are taken off the bufferevent and the refusal is written
 * to it directly. So evhttp never sees a bad byte, and never answers by itself.
 *
 * While an exchange waits, evhttp switches reading off and would not notice the peer leaving. We
 * switch it on again with no read callback: input collects (up to a watermark), EOF and reset end
 * the connection. EV_CLOSED would not do: for a reset epoll reports EPOLLERR, which libevent 2.1
 * maps to read and write only, and a loop with nothing but EV_CLOSED on that descriptor spins.
 */
#include <poll.h>
#include <sys/socket.h>

#include "base/base.h"
#include "http/http_private.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define REFUSE_MS 5000 /* to take the refusal off our hands */
#define LINGER_MS 2000
#define WATCH_MS 500 /* how often we look at a peer whose input we have stopped reading */
#define READ_SLACK 16384

static struct metric refusals_metric = METRIC_COUNTER_INIT(
	"grove_http_gate_refusals_total", "Requests refused by the HTTP gate.", "code");

static const char *const state_names[] = {
	[CONN_NEW] = "new",	      [CONN_IDLE] = "idle",
	[CONN_READING] = "reading",   [CONN_READING_BODY] = "reading_body",
	[CONN_SERVING] = "serving",   [CONN_ANSWERING] = "answering",
	[CONN_REFUSING] = "refusing", [CONN_LINGERING] = "lingering",
	[CONN_CUT] = "cut",
};

static int64_t state_deadline_ms(const struct conn *conn)
{
	switch (conn->state) {
	case CONN_NEW:
	case CONN_IDLE:
		return conn->server->config.idle_timeout_ms;
	case CONN_READING:
		return conn->server->config.read_timeout_ms / 3;
	case CONN_READING_BODY:
		return conn->server->config.read_timeout_ms;
	case CONN_REFUSING:
		return REFUSE_MS;
	case CONN_LINGERING:
		return LINGER_MS;
	case CONN_SERVING:
	case CONN_ANSWERING:
	case CONN_CUT:
		break;
	}
	return -1;
}

static void enter_state(struct conn *conn, enum conn_state state)
{
	int64_t deadline;

	log_debug("http.connection", LOG_INT("fd", conn->fd),
		  LOG_STR("from", state_names[conn->state]), LOG_STR("to", state_names[state]));
	conn->state = state;
	deadline = state_deadline_ms(conn);
	if (deadline >= 0)
		loop_timer_set(&conn->deadline, deadline);
	else
		loop_timer_stop(&conn->deadline);
}

size_t http_conn_read_limit(const struct http_server *s)
{
	return s->limits.max_body + s->limits.max_headers + s->limits.max_line + READ_SLACK;
}

/* The gate refuses. */

static void close_conn(struct conn *conn)
{
	evhttp_connection_free(conn->evcon); /* calls conn_closed() */
}

static void refusal_event(struct bufferevent *bev, short what, void *arg)
{
	struct conn *conn = arg;

	conn->peer_ended = true;
	if (what == (BEV_EVENT_READING | BEV_EVENT_EOF) &&
	    evbuffer_get_length(bufferevent_get_output(bev)) > 0)
		return; /* a half-close: it may still read */
	close_conn(conn);
}

static void refusal_written(struct bufferevent *bev, void *arg)
{
	struct conn *conn = arg;

	(void)bev;
	if (conn->state != CONN_REFUSING)
		return;
	if (conn->peer_ended) {
		close_conn(conn);
		return;
	}
	shutdown(conn->fd, SHUT_WR);
	enter_state(conn, CONN_LINGERING);
}

static void write_refusal(struct conn *conn)
{
	struct evbuffer *out = bufferevent_get_output(conn->bev);
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(4096);
	int status = err_info(conn->refused)->status;
	char request_id[UUID_TEXT_SIZE];
	struct uuid id = uuid_new();

	/* What the peer called it is among the bytes that were not read. */
	uuid_format(&id, request_id);
	BUG_ON(http_error_body(conn->refused, NULL, &body) != OK);
	evbuffer_add_printf(out, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
	for (size_t i = 0; http_fixed_headers[i][0]; i++)
		evbuffer_add_printf(out, "%s: %s\r\n", http_fixed_headers[i][0],
				    http_fixed_headers[i][1]);
	evbuffer_add_printf(out,
			    "X-Request-Id: %s\r\nContent-Type: application/json\r\n"
			    "Content-Length: %zu\r\nConnection: close\r\n\r\n",
			    request_id, body.len);
	if (!wire_gate_is_head(&conn->gate))
		evbuffer_add(out, body.data, body.len);
}

static void refuse(struct conn *conn)
{
	struct evbuffer *input = bufferevent_get_input(conn->bev);

	enter_state(conn, CONN_REFUSING);
	bufferevent_setcb(conn->bev, NULL, refusal_written, refusal_event, conn);
	bufferevent_setwatermark(conn->bev, EV_WRITE, 0, 0);
	evbuffer_drain(input, evbuffer_get_length(input));
	write_refusal(conn);
	bufferevent_enable(conn->bev, EV_READ | EV_WRITE);
}

static bool may_refuse(const struct conn *conn)
{
	return conn->refused != OK && conn->answered == conn->gate.requests;
}

/* The gate looks. */

/* Drops all but the first `keep` bytes. */
static void cut_back(struct conn *conn, struct evbuffer *input, size_t keep)
{
	struct evbuffer *kept = evbuffer_new();

	BUG_ON(!kept);
	conn->is_editing = true;
	evbuffer_remove_buffer(input, kept, keep);
	evbuffer_drain(input, evbuffer_get_length(input));
	evbuffer_unfreeze(input, 0);
	evbuffer_add_buffer(input, kept);
	evbuffer_freeze(input, 0);
	conn->is_editing = false;
	evbuffer_free(kept);
}

static enum err feed_gate(struct conn *conn, struct evbuffer *input, size_t added)
{
	struct evbuffer_ptr at;
	struct evbuffer_iovec part;
	enum err err = OK;
	size_t bad_at;

	BUG_ON(evbuffer_ptr_set(input, &at, evbuffer_get_length(input) - added, EVBUFFER_PTR_SET) <
	       0);
	while (err == OK && added > 0) {
		size_t len;

		BUG_ON(evbuffer_peek(input, (ev_ssize_t)added, &at, &part, 1) < 1);
		len = part.iov_len < added ? part.iov_len : added;
		err = wire_gate_feed(&conn->gate, part.iov_base, len, &bad_at);
		added -= len;
		if (added > 0)
			BUG_ON(evbuffer_ptr_set(input, &at, len, EVBUFFER_PTR_ADD) < 0);
	}
	return err;
}

static void input_is_bad(struct conn *conn, struct evbuffer *input, uint64_t input_end)
{
	uint64_t input_start = input_end - evbuffer_get_length(input);
	uint64_t bad_start = conn->gate.request_start;

	metric_inc(&refusals_metric, err_info(conn->refused)->code);
	log_debug("http.refused", LOG_STR("code", err_info(conn->refused)->code));
	/* evhttp may have the beginning of the bad request already: then no byte in the buffer is
	 * before it. */
	cut_back(conn, input, bad_start > input_start ? (size_t)(bad_start - input_start) : 0);
	if (may_refuse(conn))
		refuse(conn);
}

/* At the watermark nothing is read any more, the peer's end neither: then we look at it from time
 * to time. */
static void watch_full_input(struct conn *conn)
{
	size_t waiting = evbuffer_get_length(bufferevent_get_input(conn->bev));

	if (conn->state == CONN_SERVING && waiting >= http_conn_read_limit(conn->server) &&
	    !loop_timer_is_set(&conn->deadline))
		loop_timer_set(&conn->deadline, WATCH_MS);
}

/* Where a connection is that evhttp has given no request of. */
static enum conn_state reading_state(const struct conn *conn)
{
	if (conn->gate.requests > conn->taken) /* a whole one; evhttp hands it over in a moment */
		return CONN_READING;
	if (wire_gate_is_idle(&conn->gate))
		return CONN_IDLE;
	return wire_gate_is_in_body(&conn->gate) ? CONN_READING_BODY : CONN_READING;
}

static void input_is_good(struct conn *conn)
{
	bool is_partial = conn->gate.requests == conn->taken;

	if (is_partial && conn->state <= CONN_READING && conn->state != reading_state(conn))
		enter_state(conn, reading_state(conn));
	watch_full_input(conn);
}

static bool adopt(struct conn *conn);

static void input_changed(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
	struct conn *conn = arg;
	uint64_t input_end;

	if (info->n_added == 0 || conn->is_editing)
		return;
	loop_mark_turn(conn->server->loop);
	if (conn->state == CONN_NEW && !adopt(conn))
		return;
	if (conn->state >= CONN_REFUSING) {
		evbuffer_drain(input, evbuffer_get_length(input));
		return;
	}
	if (conn->refused != OK) {
		cut_back(conn, input, evbuffer_get_length(input) - info->n_added);
		return;
	}
	input_end = conn->gate.offset + info->n_added;
	conn->refused = feed_gate(conn, input, info->n_added);
	if (conn->refused != OK)
		input_is_bad(conn, input, input_end);
	else
		input_is_good(conn);
}

/* Requests. */

static void watch_peer(struct conn *conn)
{
	bufferevent_data_cb on_write;
	bufferevent_event_cb on_event;
	void *arg;

	bufferevent_getcb(conn->bev, NULL, &on_write, &on_event, &arg);
	bufferevent_setcb(conn->bev, NULL, on_write, on_event, arg);
	bufferevent_enable(conn->bev, EV_READ);
}

static void request_complete(struct evhttp_request *req, void *arg);

/* evhttp has a whole request. */
void http_conn_request(struct evhttp_request *req, void *server)
{
	struct http_server *s = server;
	struct bufferevent *bev =
		evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));
	struct conn *conn = s->by_fd[bufferevent_getfd(bev)].conn;

	BUG_ON(conn->bev != bev || conn->exchange);
	loop_mark_turn(s->loop);
	conn->taken++;
	enter_state(conn, CONN_SERVING);
	evhttp_request_set_on_complete_cb(req, request_complete, conn);
	s->live++;
	conn->exchange = http_exchange_new(conn, req);
	s->handler(conn->exchange, s->arg);
	/* An answer may be complete, but not written: no callback of ours has run since. */
	if (conn->state == CONN_SERVING && !http_stream_has_begun(conn->exchange))
		watch_peer(conn);
	watch_full_input(conn);
}

void http_conn_exchange_ended(struct conn *conn)
{
	conn->exchange = NULL;
	enter_state(conn, CONN_ANSWERING);
}

static void close_later(struct conn *conn)
{
	enter_state(conn, CONN_CUT);
	loop_defer(conn->server->loop, &conn->task);
}

/* evhttp has written the answer; it now frees the request, then closes the connection or reads on.
 */
static void request_complete(struct evhttp_request *req, void *arg)
{
	struct conn *conn = arg;

	(void)req;
	conn->answered++;
	conn->server->live--;
	if (conn->server->is_stopped)
		close_later(conn);
	else if (may_refuse(conn))
		loop_defer(conn->server->loop, &conn->task);
	else
		enter_state(conn,
			    wire_gate_is_idle(&conn->gate) && conn->gate.requests == conn->taken
				    ? CONN_IDLE
				    : CONN_READING);
}

/* Life and death. */

/* evhttp must not hear of it first: it would let go of a request whose answer was not ended, and
 * nobody would free it. */
void http_conn_cut(struct conn *conn)
{
	conn->exchange = NULL;
	bufferevent_disable(conn->bev, EV_READ | EV_WRITE);
	close_later(conn);
}

void http_conn_close_if_idle(struct conn *conn)
{
	if (conn->state == CONN_NEW && !adopt(conn))
		return;
	if (conn->state == CONN_IDLE)
		close_conn(conn);
}

static bool peer_is_gone(const struct conn *conn)
{
	struct pollfd p = { .fd = conn->fd, .events = POLLRDHUP };

	return poll(&p, 1, 0) > 0;
}

static void deadline_passed(struct loop_timer *timer)
{
	struct conn *conn = container_of(timer, struct conn, deadline);

	if (conn->state == CONN_SERVING && !peer_is_gone(conn))
		loop_timer_set(&conn->deadline, WATCH_MS);
	else
		close_conn(conn);
}

static void free_conn(struct conn *conn)
{
	struct http_server *s = conn->server;

	if (conn->fd >= 0 && s->by_fd[conn->fd].conn == conn)
		s->by_fd[conn->fd].conn = NULL;
	*conn->link = conn->next;
	if (conn->next)
		conn->next->link = conn->link;
	loop_task_cancel(&conn->task);
	loop_timer_clear(&conn->deadline);
	evbuffer_remove_cb_entry(bufferevent_get_input(conn->bev), conn->input_watch);
	bufferevent_decref(conn->bev);
	free(conn);
	http_server_conn_removed(s);
}

/* Whoever closes it: the peer, evhttp, we. evhttp frees the bufferevent and queued requests when we
 * return. */
static void conn_closed(struct evhttp_connection *evcon, void *arg)
{
	struct conn *conn = arg;

	(void)evcon;
	loop_mark_turn(conn->server->loop);
	if (conn->taken > conn->answered)
		conn->server->live--;
	if (conn->exchange)
		http_exchange_gone(conn->exchange);
	free_conn(conn);
}

static void task_runs(struct loop_task *task)
{
	struct conn *conn = container_of(task, struct conn, task);

	if (conn->state == CONN_NEW)
		(void)adopt(conn);
	else if (conn->state == CONN_CUT)
		close_conn(conn);
	else if (may_refuse(conn))
		refuse(conn);
}

static void remember_fd(struct http_server *s, struct conn *conn)
{
	size_t wanted = (size_t)conn->fd + 1;

	if (wanted > s->by_fd_count) {
		size_t count = wanted + wanted / 2 + 16;

		s->by_fd = xreallocarray(s->by_fd, count, sizeof(struct conn_slot));
		memset(s->by_fd + s->by_fd_count, 0,
		       (count - s->by_fd_count) * sizeof(struct conn_slot));
		s->by_fd_count = count;
	}
	s->by_fd[conn->fd].conn = conn;
}

/*
 * evhttp asks for a bufferevent before it makes its connection, and tells of neither success nor
 * failure. It stays the argument of the bufferevent's callbacks, so a moment later we find it
 * there; when evhttp failed, there is none.
 */
static bool adopt(struct conn *conn)
{
	void *evcon;

	loop_task_cancel(&conn->task);
	bufferevent_getcb(conn->bev, NULL, NULL, NULL, &evcon);
	if (!evcon) {
		free_conn(conn);
		return false;
	}
	conn->evcon = evcon;
	conn->fd = bufferevent_getfd(conn->bev);
	remember_fd(conn->server, conn);
	evhttp_connection_set_closecb(conn->evcon, conn_closed, conn);
	enter_state(conn, CONN_IDLE);
	return true;
}

static void set_up_bufferevent(struct conn *conn)
{
	const struct http_server *s = conn->server;
	const struct timeval stalled = { .tv_sec = s->config.idle_timeout_ms / 1000,
					 .tv_usec = s->config.idle_timeout_ms % 1000 * 1000 };

	bufferevent_incref(conn->bev);
	bufferevent_setwatermark(conn->bev, EV_READ, 0, http_conn_read_limit(s));
	bufferevent_set_timeouts(conn->bev, NULL,
				 &stalled); /* a peer that does not take its answer */
	conn->input_watch = evbuffer_add_cb(bufferevent_get_input(conn->bev), input_changed, conn);
	BUG_ON(!conn->input_watch);
}

struct bufferevent *http_conn_new(struct event_base *base, void *server)
{
	struct http_server *s = server;
	struct conn *conn = xcalloc(1, sizeof(*conn));

	conn->server = s;
	conn->fd = -1;
	conn->task.run = task_runs;
	wire_gate_init(&conn->gate, &s->limits);
	loop_timer_init(&conn->deadline, s->loop, deadline_passed);
	conn->bev = bufferevent_socket_new(base, -1, 0);
	BUG_ON(!conn->bev);
	set_up_bufferevent(conn);
	conn->next = s->conns;
	conn->link = &s->conns;
	if (conn->next)
		conn->next->link = &conn->next;
	s->conns = conn;
	loop_defer(s->loop, &conn->task);
	http_server_conn_added(s);
	return conn->bev;
}
