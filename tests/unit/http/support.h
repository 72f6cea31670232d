/* SPDX-License-Identifier: MIT */
/*
 * A server and its raw clients on one loop. The handler acts by path: /echo answers at once, /hold keeps the exchange for the test, the others are
 * described at handle(). run_until() turns the loop until a condition holds and fails the test after a minute.
 */
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/server.h"

#define HOST "Host: grove\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"
#define MAX_HELD 8

struct fixture {
	struct loop *loop;
	struct http_server *server;
	struct loop_timer guard;
	struct http_exchange *held[MAX_HELD];
	size_t held_count, handled, gone, drained;
	char last_target[256];
	struct strbuf last_body;
	struct http_server_config config;
};

struct client {
	struct fixture *f;
	struct bufferevent *bev;
	bool ended;	/* EOF or reset */
	char *text;	/* NUL-terminated copy of what came, made by received() */
};

static inline void too_late(struct loop_timer *timer)
{
	(void)timer;
	fail_msg("waited for a minute");
}

#define run_until(f, condition)                                                                    \
	do {                                                                                       \
		loop_timer_set(&(f)->guard, 60000);                                                \
		while (!(condition))                                                               \
			loop_turn((f)->loop);                                                      \
		loop_timer_stop(&(f)->guard);                                                      \
	} while (0)

static inline void do_nothing(struct loop_task *task)
{
	(void)task;
}

/* Turns until all that has been sent over loopback is read and answered, without waiting for anything. */
static inline void settle(struct fixture *f)
{
	struct loop_task task = { .run = do_nothing };

	for (int i = 0; i < 50; i++) {
		loop_defer(f->loop, &task);
		loop_turn(f->loop);
	}
}

static inline void exchange_gone(struct http_exchange *ex, void *arg)
{
	struct fixture *f = arg;

	f->gone++;
	for (size_t i = 0; i < f->held_count; i++)
		if (f->held[i] == ex)
			f->held[i] = NULL;
}

static inline void hold(struct fixture *f, struct http_exchange *ex)
{
	assert_true(f->held_count < MAX_HELD);
	f->held[f->held_count++] = ex;
	http_set_gone(ex, exchange_gone, f);
}

static inline void echo(struct http_exchange *ex)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(1 << 16);

	assert_int_equal(strbuf_printf(&b, "{\"%s\":\"%.*s\",\"body\":%zu}", http_method_text(ex),
				       TEXT_FMT(http_target(ex)), http_body(ex).len),
			 OK);
	http_reply(ex, 200, strbuf_text(&b));
}

static inline void handle(struct http_exchange *ex, void *arg)
{
	struct fixture *f = arg;
	struct text path = http_path(ex), target = http_target(ex);

	f->handled++;
	snprintf(f->last_target, sizeof(f->last_target), "%.*s", TEXT_FMT(target));
	strbuf_reset(&f->last_body);
	assert_int_equal(strbuf_append_text(&f->last_body, http_body(ex)), OK);
	if (text_is(path, "/hold"))
		hold(f, ex);
	else if (text_is(path, "/empty"))
		http_reply(ex, 204, TEXT_NULL);
	else if (text_is(path, "/error"))
		http_reply_error(ex, ERR_RATE_LIMITED,
				 &(struct error_detail){ .message = "Slow \"down\".",
							 .param = "model",
							 .details = TEXT("{\"n\":1}"),
							 .retry_after_s = 7 });
	else
		echo(ex);
}

static inline void start_server(struct fixture *f)
{
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);

	if (!f->config.listen.unix_path && !f->config.listen.host[0])
		memcpy(f->config.listen.host, "127.0.0.1", sizeof("127.0.0.1"));
	if (http_server_new(f->loop, &f->config, handle, f, &f->server, &errors) != OK)
		fail_msg("%s", errors.data);
}

static inline int set_up_loop(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	strbuf_init(&f->last_body, 1 << 24);
	f->loop = loop_new();
	loop_timer_init(&f->guard, f->loop, too_late);
	*state = f;
	return 0;
}

static inline int set_up(void **state)
{
	set_up_loop(state);
	start_server(*state);
	return 0;
}

static inline int tear_down(void **state)
{
	struct fixture *f = *state;

	http_server_free(f->server);
	loop_timer_clear(&f->guard);
	loop_free(f->loop);
	strbuf_clear(&f->last_body);
	free(f);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

static inline void client_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;

	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		c->ended = true;
}

static inline int dial(const struct config_address *a)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(a->port) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd, failed;

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	fd = socket(a->unix_path ? AF_UNIX : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	if (a->unix_path) {
		memcpy(un.sun_path, a->unix_path, strlen(a->unix_path) + 1);
		failed = connect(fd, (struct sockaddr *)&un, sizeof(un));
	} else {
		failed = connect(fd, (struct sockaddr *)&in, sizeof(in));
	}
	if (failed) {
		close(fd);
		return -1;
	}
	assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
	return fd;
}

static inline void client_open(struct client *c, struct fixture *f)
{
	struct config_address a;
	int fd;

	http_server_address(f->server, &a);
	fd = dial(&a);
	free(a.unix_path);
	assert_true(fd >= 0);
	*c = (struct client){ .f = f };
	c->bev = bufferevent_socket_new(loop_base(f->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	assert_non_null(c->bev);
	bufferevent_setcb(c->bev, NULL, NULL, client_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static inline void client_close(struct client *c)
{
	if (c->bev)
		bufferevent_free(c->bev);
	free(c->text);
	c->bev = NULL;
	c->text = NULL;
}

/* Leaves with a reset instead of an orderly end. */
static inline void client_reset(struct client *c)
{
	const struct linger now = { .l_onoff = 1, .l_linger = 0 };

	assert_int_equal(
		setsockopt(bufferevent_getfd(c->bev), SOL_SOCKET, SO_LINGER, &now, sizeof(now)), 0);
	client_close(c);
}

static inline void client_send(struct client *c, const char *text)
{
	assert_int_equal(bufferevent_write(c->bev, text, strlen(text)), 0);
}

static inline bool all_sent(const struct client *c)
{
	return evbuffer_get_length(bufferevent_get_output(c->bev)) == 0;
}

static inline size_t received_length(const struct client *c)
{
	return evbuffer_get_length(bufferevent_get_input(c->bev));
}

/* Looks without taking. */
static inline const char *received(struct client *c)
{
	size_t len = received_length(c);

	c->text = xrealloc(c->text, len + 1);
	evbuffer_copyout(bufferevent_get_input(c->bev), c->text, len);
	c->text[len] = '\0';
	return c->text;
}

static inline void forget_received(struct client *c)
{
	evbuffer_drain(bufferevent_get_input(c->bev), received_length(c));
}

static inline bool has_received(struct client *c, const char *text)
{
	return strstr(received(c), text) != NULL;
}

static inline unsigned count_received(struct client *c, const char *text)
{
	unsigned count = 0;

	for (const char *p = received(c); (p = strstr(p, text)) != NULL; p += strlen(text))
		count++;
	return count;
}

static inline void expect_text(struct client *c, const char *text)
{
	if (!has_received(c, text))
		fail_msg("no \"%s\" in: %s", text, c->text);
}

static inline void expect_no_text(struct client *c, const char *text)
{
	if (has_received(c, text))
		fail_msg("\"%s\" in: %s", text, c->text);
}
