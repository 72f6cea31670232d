/* SPDX-License-Identifier: MIT */
/*
 * What the server's files share. One connection (conn.c) has at most one exchange (exchange.c) at a time. evhttp owns the bufferevent and the
 * evhttp_connection; struct conn lives from just before the first to the closing of the second, and is found by its descriptor, since evhttp 2.1 gives
 * no place for a pointer.
 */
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <event2/http_struct.h>
#include <event2/listener.h>
#include <sys/types.h>

#include "http/server.h"
#include "http/wire.h"

enum conn_state {
	CONN_NEW,	/* accepted; evhttp has not told us its own handle yet */
	CONN_IDLE,	/* between requests */
	CONN_READING,	/* a request has begun */
	CONN_READING_BODY,
	CONN_SERVING,	/* an exchange waits for its answer */
	CONN_ANSWERING,	/* the whole answer is in the buffer */
	CONN_REFUSING,	/* the gate's answer is in the buffer; evhttp is out of it */
	CONN_LINGERING,	/* our side is shut; reads what still comes so that the answer is not lost to a reset */
	CONN_CUT,	/* to be closed in the next turn */
};

struct conn {
	struct http_server *server;
	struct bufferevent *bev;
	struct evhttp_connection *evcon;
	struct evbuffer_cb_entry *input_watch;
	int fd;
	enum conn_state state;
	struct wire_gate gate;
	enum err refused;		/* the gate's verdict, to be told once earlier requests are answered */
	uint64_t taken, answered;	/* requests that evhttp gave us; those whose answer is written */
	bool peer_ended, is_editing;
	struct loop_timer deadline;
	struct loop_task task;		/* adopt, refuse or cut, by state */
	struct http_exchange *exchange;
	struct conn *next, **link;
};

struct http_exchange {
	struct conn *conn;
	struct evhttp_request *req;
	char *request_id;
	void (*on_gone)(struct http_exchange *ex, void *arg);
	void *gone_arg;
	void (*on_drain)(struct http_exchange *ex, void *arg);
	void *drain_arg;
	bool has_begun, is_choked;
};

struct conn_slot {
	struct conn *conn;
};

struct http_server {
	struct loop *loop;
	struct evhttp *http;
	struct evhttp_bound_socket *bound;
	struct http_server_config config;	/* listen: with the port really bound; the path is ours */
	struct wire_limits limits;
	http_handler *handler;
	void *arg;
	struct loop_timer accept_again;
	bool is_stopped;
	dev_t unix_dev;
	ino_t unix_ino;
	struct conn *conns;
	struct conn_slot *by_fd;
	size_t conn_count, by_fd_count, live;
	struct http_server *next;
};

/* server.c */
void http_server_conn_added(struct http_server *s);
void http_server_conn_removed(struct http_server *s);

/* listen.c: a listening socket, or -1 and a line in `errors`. Fills in port, device and inode. */
int http_listen(struct http_server *s, struct strbuf *errors);
void http_unlink_socket(struct http_server *s);

/* conn.c */
struct bufferevent *http_conn_new(struct event_base *base, void *server);
void http_conn_request(struct evhttp_request *req, void *server);
void http_conn_exchange_ended(struct conn *conn);	/* its answer is in the buffer */
void http_conn_cut(struct conn *conn);			/* closes it in the next turn; its exchange is over */
void http_conn_close_if_idle(struct conn *conn);
size_t http_conn_read_limit(const struct http_server *s);

/* exchange.c */
struct http_exchange *http_exchange_new(struct conn *conn, struct evhttp_request *req);
void http_exchange_gone(struct http_exchange *ex);	/* tells the owner, frees it */

/* reply.c */
const char *http_reason(int status);
extern const char *const http_fixed_headers[][2];	/* ends with NULL */
