/* SPDX-License-Identifier: MIT */
/*
 * A server of raw bytes on the test's own loop: collects one request at a time (head and Content-Length body) and lets the test answer
 * with whatever bytes it likes. It counts connections and keeps the last request as it came.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/strbuf.h"
#include "loop/loop.h"

struct raw_conn;

struct raw_server {
	struct loop *loop;
	uint16_t port;
	void (*respond)(struct raw_conn *conn, void *arg);	/* called for each complete request; NULL: silence */
	void *arg;
	const char *reply;			/* used when respond is NULL */
	bool close_after;			/* with reply */
	unsigned accepts, requests, closed;	/* closed by the client, or by us */
	struct strbuf last_request;
	/* private */
	struct evconnlistener *listener;
	struct raw_conn *conns;
};

void raw_server_start(struct raw_server *s, struct loop *loop, const char *unix_path);	/* NULL: 127.0.0.1, any port */
void raw_server_stop(struct raw_server *s);
void raw_send(struct raw_conn *conn, const void *data, size_t len);
void raw_send_str(struct raw_conn *conn, const char *s);
void raw_close(struct raw_conn *conn);		/* once everything is written */
void raw_reset(struct raw_conn *conn);		/* at once, with a RST */
