/* SPDX-License-Identifier: MIT */
/* A server of raw bytes on the test's own loop; see the header. */
#include "raw_server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/base.h"

#include "base/banned.h"

struct raw_conn {
	struct raw_server *server;
	struct bufferevent *bev;
	struct raw_conn *next;
	bool closing;
};

static void free_conn(struct raw_conn *c)
{
	struct raw_conn **link = &c->server->conns;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->server->closed++;
	bufferevent_free(c->bev);
	free(c);
}

static size_t request_length(const char *data, size_t len)
{
	const char *end = memmem(data, len, "\r\n\r\n", 4);
	uint64_t body = 0;

	if (!end)
		return 0;
	size_t head = (size_t)(end - data) + 4;
	const char *field = memmem(data, head, "Content-Length: ", 16);
	if (field) {
		struct text rest = { field + 16, (size_t)(end + 2 - field - 16) }, value;
		BUG_ON(!text_next(&rest, '\r', &value) || text_to_u64(value, 1 << 30, &body) != OK);
	}
	return len >= head + body ? head + (size_t)body : 0;
}

static void on_read(struct bufferevent *bev, void *arg)
{
	struct raw_conn *c = arg;
	struct raw_server *s = c->server;
	struct evbuffer *in = bufferevent_get_input(bev);
	size_t have = evbuffer_get_length(in), len;
	const char *data = have ? (const char *)evbuffer_pullup(in, -1) : NULL;

	if (!data || (len = request_length(data, have)) == 0)
		return;
	strbuf_reset(&s->last_request);
	BUG_ON(strbuf_append(&s->last_request, data, len) != OK);
	evbuffer_drain(in, len);
	s->requests++;
	if (s->respond) {
		s->respond(c, s->arg);
	} else if (s->reply) {
		raw_send_str(c, s->reply);
		if (s->close_after)
			raw_close(c);
	}
}

static void on_written(struct bufferevent *bev, void *arg)
{
	struct raw_conn *c = arg;

	if (c->closing && evbuffer_get_length(bufferevent_get_output(bev)) == 0)
		free_conn(c);
}

static void on_end(struct bufferevent *bev, short what, void *arg)
{
	(void)bev;
	(void)what;
	free_conn(arg);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *addr, int len,
		      void *arg)
{
	struct raw_server *s = arg;
	struct raw_conn *c = xcalloc(1, sizeof(*c));
	(void)l;
	(void)addr;
	(void)len;

	s->accepts++;
	c->server = s;
	c->next = s->conns;
	s->conns = c;
	c->bev = bufferevent_socket_new(loop_base(s->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(c->bev, on_read, on_written, on_end, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

void raw_server_start(struct raw_server *s, struct loop *loop, const char *unix_path)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(in);

	*s = (struct raw_server){ .loop = loop };
	strbuf_init(&s->last_request, 64 << 20);
	if (unix_path)
		snprintf(un.sun_path, sizeof(un.sun_path), "%s", unix_path);
	s->listener = evconnlistener_new_bind(
		loop_base(loop), on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, -1,
		unix_path ? (struct sockaddr *)&un : (struct sockaddr *)&in,
		unix_path ? (int)sizeof(un) : (int)sizeof(in));
	BUG_ON(!s->listener);
	if (!unix_path) {
		BUG_ON(getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&in,
				   &len) < 0);
		s->port = ntohs(in.sin_port);
	}
}

void raw_server_stop(struct raw_server *s)
{
	while (s->conns)
		free_conn(s->conns);
	if (s->listener)
		evconnlistener_free(s->listener);
	s->listener = NULL;
	strbuf_clear(&s->last_request);
}

void raw_send(struct raw_conn *c, const void *data, size_t len)
{
	bufferevent_write(c->bev, data, len);
}

void raw_send_str(struct raw_conn *c, const char *s)
{
	raw_send(c, s, strlen(s));
}

void raw_close(struct raw_conn *c)
{
	c->closing = true;
	if (evbuffer_get_length(bufferevent_get_output(c->bev)) == 0)
		free_conn(c);
}

void raw_reset(struct raw_conn *c)
{
	struct linger linger = { 1, 0 };

	setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	free_conn(c);
}
