/* SPDX-License-Identifier: MIT */
/* The server: from listening to the last connection, and how many connections it takes. */
#include "http/server.h"

#include <sys/socket.h>

#include "base/base.h"
#include "http/http_private.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define DEFAULT_MAX_BODY (1024 * 1024)
#define DEFAULT_MAX_CONNECTIONS 1024
#define DEFAULT_IDLE_MS 75000
#define DEFAULT_READ_MS 30000
#define ACCEPT_AGAIN_MS 100

static struct metric connections_metric =
	METRIC_GAUGE_INIT("grove_http_connections", "Open connections to our listeners.");

/* The loop's thread only. Needed once: evhttp takes the listener's user pointer, so the error
 * callback cannot have ours. */
static struct http_server *all_servers;

static struct evconnlistener *listener(const struct http_server *s)
{
	return s->bound ? evhttp_bound_socket_get_listener(s->bound) : NULL;
}

static bool is_full(const struct http_server *s)
{
	return s->conn_count >= s->config.max_connections;
}

static void accept_again(struct loop_timer *timer)
{
	struct http_server *s = container_of(timer, struct http_server, accept_again);

	if (s->bound && !is_full(s))
		evconnlistener_enable(listener(s));
}

/* Out of descriptors, most likely: without a pause the loop would turn on this alone. The argument
 * is evhttp's. */
static void accept_failed(struct evconnlistener *l, void *http)
{
	struct http_server *s = all_servers;

	log_debug("http.accept_failed", LOG_INT("errno", EVUTIL_SOCKET_ERROR()));
	while (s && s->http != http)
		s = s->next;
	BUG_ON(!s);
	evconnlistener_disable(l);
	loop_timer_set(&s->accept_again, ACCEPT_AGAIN_MS);
}

void http_server_conn_added(struct http_server *s)
{
	s->conn_count++;
	metric_add(&connections_metric, 1);
	if (is_full(s) && s->bound)
		evconnlistener_disable(listener(s));
}

void http_server_conn_removed(struct http_server *s)
{
	bool was_full = is_full(s);

	s->conn_count--;
	metric_add(&connections_metric, -1);
	if (was_full && s->bound)
		evconnlistener_enable(listener(s));
}

static void take_config(struct http_server *s, const struct http_server_config *config)
{
	struct wire_gate defaults;

	s->config = *config;
	s->config.listen.unix_path =
		config->listen.unix_path ? xstrdup(config->listen.unix_path) : NULL;
	if (s->config.max_body == 0)
		s->config.max_body = DEFAULT_MAX_BODY;
	if (s->config.max_connections == 0)
		s->config.max_connections = DEFAULT_MAX_CONNECTIONS;
	if (s->config.idle_timeout_ms == 0)
		s->config.idle_timeout_ms = DEFAULT_IDLE_MS;
	if (s->config.read_timeout_ms == 0)
		s->config.read_timeout_ms = DEFAULT_READ_MS;
	wire_gate_init(&defaults, NULL);
	s->limits = defaults.limits;
	s->limits.max_body = s->config.max_body;
}

static void start_evhttp(struct http_server *s, int fd)
{
	const unsigned flags = LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_CLOSE_ON_FREE;
	struct evconnlistener *l;

	s->http = evhttp_new(loop_base(s->loop));
	BUG_ON(!s->http);
	/* The gate is narrower; these are a second fence. */
	evhttp_set_max_headers_size(s->http,
				    (ev_ssize_t)(s->limits.max_line + s->limits.max_headers));
	evhttp_set_max_body_size(s->http, (ev_ssize_t)s->limits.max_body);
	evhttp_set_allowed_methods(s->http, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
						    EVHTTP_REQ_PUT | EVHTTP_REQ_PATCH |
						    EVHTTP_REQ_DELETE | EVHTTP_REQ_OPTIONS);
	evhttp_set_default_content_type(s->http, NULL);
	evhttp_set_bevcb(s->http, http_conn_new, s);
	evhttp_set_gencb(s->http, http_conn_request, s);
	l = evconnlistener_new(loop_base(s->loop), NULL, NULL, flags, 0, fd);
	BUG_ON(!l);
	s->bound = evhttp_bind_listener(s->http, l);
	BUG_ON(!s->bound);
	evconnlistener_set_error_cb(l, accept_failed);
}

enum err http_server_new(struct loop *loop, const struct http_server_config *config,
			 http_handler *handler, void *arg, struct http_server **ret,
			 struct strbuf *errors)
{
	struct http_server *s = xcalloc(1, sizeof(*s));
	int fd;

	s->loop = loop;
	s->handler = handler;
	s->arg = arg;
	take_config(s, config);
	fd = http_listen(s, errors);
	if (fd < 0) {
		free(s->config.listen.unix_path);
		free(s);
		return ERR_UNAVAILABLE;
	}
	loop_timer_init(&s->accept_again, loop, accept_again);
	start_evhttp(s, fd);
	s->next = all_servers;
	all_servers = s;
	*ret = s;
	return OK;
}

void http_server_address(const struct http_server *s, struct config_address *ret)
{
	*ret = s->config.listen;
	if (ret->unix_path)
		ret->unix_path = xstrdup(ret->unix_path);
}

void http_server_stop_accepting(struct http_server *s)
{
	struct conn *next;

	if (s->is_stopped)
		return;
	s->is_stopped = true;
	loop_timer_stop(&s->accept_again);
	http_unlink_socket(s);
	evhttp_del_accept_socket(s->http, s->bound);
	s->bound = NULL;
	for (struct conn *c = s->conns; c; c = next) {
		next = c->next;
		http_conn_close_if_idle(c);
	}
}

size_t http_server_live(const struct http_server *s)
{
	return s->live;
}

void http_server_free(struct http_server *s)
{
	struct http_server **at = &all_servers;

	if (!s)
		return;
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	http_server_stop_accepting(s);
	evhttp_free(s->http); /* closes every connection: each tells its exchange */
	BUG_ON(s->conn_count != 0 || s->live != 0);
	loop_timer_clear(&s->accept_again);
	free(s->by_fd);
	free(s->config.listen.unix_path);
	free(s);
}
