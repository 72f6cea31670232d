/* SPDX-License-Identifier: MIT */
/*
 * Two daemons and a client on one loop. The daemon under test plays account-store; its peer plays keyvault; the client plays gateway, with the gateway's
 * half of the pair keys. Routes tell the test what happened through struct world, which is their app.
 */
#pragma once

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "flow/flow.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

/* cmocka has a macro of this name; the parentheses take the function. */
#define refuse(...) (fail)(__VA_ARGS__)

#define KEY_A "RBBkYTdXbCeqTQ9JsI2BSmZ3Ns9gVLKUOkFvMiMc50s="
#define KEY_B "0aJWcaq3gEqxPvJxmLMNKrWF7q2w1wZ9Yh5Qv0cZ8nI="
#define USER "01935b2c-7700-7001-8002-030405060708"

struct world {
	struct loop *loop;
	struct loop_timer guard;
	struct fetch *fetch;
	struct work_pool *work;
	struct peers *peers;
	struct envelope_keys *gateway_keys, *store_keys, *vault_keys;
	struct flow_env store, vault;
	struct http_server *store_server, *vault_server;

	/* what the routes saw and did */
	struct request *held, *vault_held;
	struct http_exchange *taken;
	unsigned cleared, cancelled, vault_cancelled, taken_gone, vault_asked;
	struct identity vault_saw;
	char vault_target[256];
	char trace[64];
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	bool thread_runs, thread_may_end;

	/* what was logged */
	struct strbuf log;
};

struct client {
	struct world *w;
	struct bufferevent *bev;
	bool ended;
	char *text;
};

static inline void too_late(struct loop_timer *timer)
{
	(void)timer;
	fail_msg("waited for ten seconds");
}

#define run_until(w, condition)                                                                    \
	do {                                                                                       \
		loop_timer_set(&(w)->guard, 10000);                                                \
		while (!(condition))                                                               \
			loop_turn((w)->loop);                                                      \
		loop_timer_stop(&(w)->guard);                                                      \
	} while (0)

static inline void keep_line(const char *line, size_t len, void *arg)
{
	struct world *w = arg;
	assert_int_equal(strbuf_append(&w->log, line, len), OK);
}

static inline struct envelope_keys *keys_of(enum daemon_id self, const char *lines)
{
	struct envelope_keys *keys;
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	if (envelope_keys_parse(text_of(lines), self, &keys, &errors))
		fail_msg("%s", errors.data);
	return keys;
}

static inline struct http_server *serve(struct world *w, struct flow_env *env)
{
	struct http_server_config config = { .listen = { .host = "127.0.0.1" } };
	struct http_server *server;
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	if (http_server_new(w->loop, &config, flow_handle, env, &server, &errors))
		fail_msg("%s", errors.data);
	return server;
}

static inline struct world *world_new(const struct route *routes, const struct route *unmatched, const struct route *vault_routes)
{
	struct world *w = xcalloc(1, sizeof(*w));
	secret_init_library(true);
	log_init("test", LOG_INFO);
	strbuf_init(&w->log, 1 << 20);
	log_set_sink(keep_line, w);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->moved, NULL);
	w->loop = loop_new();
	loop_timer_init(&w->guard, w->loop, too_late);
	w->fetch = fetch_new(w->loop);
	w->work = work_pool_new(w->loop, 1, 4);
	w->gateway_keys = keys_of(DAEMON_GATEWAY, "gateway account-store " KEY_A "\n");
	w->store_keys = keys_of(DAEMON_ACCOUNT_STORE, "gateway account-store " KEY_A "\naccount-store keyvault " KEY_B "\n");
	w->vault_keys = keys_of(DAEMON_KEYVAULT, "account-store keyvault " KEY_B "\n");
	w->peers = peers_new(w->fetch, w->store_keys);
	w->store = (struct flow_env){ .loop = w->loop, .fetch = w->fetch, .peers = w->peers, .work = w->work, .keys = w->store_keys,
				      .routes = routes, .unmatched = unmatched, .app = w };
	w->store_server = serve(w, &w->store);
	if (vault_routes) {
		struct config_address address;
		w->vault = (struct flow_env){ .loop = w->loop, .keys = w->vault_keys, .routes = vault_routes, .app = w };
		w->vault_server = serve(w, &w->vault);
		http_server_address(w->vault_server, &address);
		peers_set(w->peers, DAEMON_KEYVAULT, &address);
	}
	return w;
}

/* Lets a thread that waits for the test go on. */
static inline void let_thread_end(struct world *w)
{
	pthread_mutex_lock(&w->mutex);
	w->thread_may_end = true;
	pthread_cond_broadcast(&w->moved);
	pthread_mutex_unlock(&w->mutex);
}

static inline bool thread_has_begun(struct world *w)
{
	pthread_mutex_lock(&w->mutex);
	bool runs = w->thread_runs;
	pthread_mutex_unlock(&w->mutex);
	return runs;
}

/* The order of common/daemon. */
static inline void world_free(struct world *w)
{
	let_thread_end(w);
	flow_cancel_all(&w->store);
	flow_cancel_all(&w->vault);
	http_server_free(w->store_server);
	http_server_free(w->vault_server);
	work_pool_free(w->work);
	peers_free(w->peers);
	fetch_free(w->fetch);
	assert_int_equal(w->store.live_count + w->vault.live_count, 0);
	loop_timer_clear(&w->guard);
	loop_free(w->loop);
	envelope_keys_free(w->gateway_keys);
	envelope_keys_free(w->store_keys);
	envelope_keys_free(w->vault_keys);
	pthread_mutex_destroy(&w->mutex);
	pthread_cond_destroy(&w->moved);
	log_set_sink(NULL, NULL);
	strbuf_clear(&w->log);
	metrics_clear();
	free(w);
}

static inline bool was_logged(const struct world *w, const char *text)
{
	return strstr(w->log.data, text) != NULL;
}

/* The client. */

static inline void client_event(struct bufferevent *bev, short what, void *arg)
{
	struct client *c = arg;
	(void)bev;
	if (what & (BEV_EVENT_EOF | BEV_EVENT_ERROR))
		c->ended = true;
}

static inline void client_open(struct client *c, struct world *w)
{
	struct config_address a;
	struct sockaddr_in in = { .sin_family = AF_INET };
	http_server_address(w->store_server, &a);
	in.sin_port = htons(a.port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(evutil_make_socket_nonblocking(fd), 0);
	*c = (struct client){ .w = w };
	c->bev = bufferevent_socket_new(loop_base(w->loop), fd, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_setcb(c->bev, NULL, NULL, client_event, c);
	bufferevent_enable(c->bev, EV_READ | EV_WRITE);
}

static inline void client_close(struct client *c)
{
	if (c->bev)
		bufferevent_free(c->bev);
	free(c->text);
	*c = (struct client){ 0 };
}

struct ask {
	const char *method, *target, *headers, *body;	/* headers: whole lines with CRLF */
	bool no_envelope, no_user;
	const char *envelope;		/* this one instead of a true one */
	const char *sealed_target;	/* seals for another target */
	const char *request_id;		/* inside the envelope */
};

static inline void seal(struct world *w, const struct ask *a, struct strbuf *value)
{
	struct identity id = { .has_user = !a->no_user, .role = ROLE_USER, .tier = TIER_PRO, .amr = AMR_TOKEN, .scopes = SCOPE_CHAT, .session = "s1" };
	struct envelope_request request = { a->method, text_of(a->sealed_target ? a->sealed_target : a->target), text_of(a->body ? a->body : "") };
	assert_int_equal(uuid_parse(TEXT(USER), &id.user), OK);
	snprintf(id.request_id, sizeof(id.request_id), "%s", a->request_id ? a->request_id : "from-the-gateway");
	if (a->no_user)
		id = (struct identity){ 0 };
	assert_int_equal(envelope_seal(w->gateway_keys, DAEMON_ACCOUNT_STORE, &id, &request, clock_now(), value), OK);
}

static inline void client_ask(struct client *c, const struct ask *a)
{
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(1 << 20);
	enum err err = strbuf_printf(&out, "%s %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%s", a->method, a->target, a->headers ? a->headers : "");
	if (!a->no_envelope && !a->envelope)
		seal(c->w, a, &value);
	if (!err && !a->no_envelope)
		err = strbuf_printf(&out, ENVELOPE_HEADER ": %s\r\n", a->envelope ? a->envelope : value.data);
	if (!err && a->body)
		err = strbuf_printf(&out, "Content-Length: %zu\r\n", strlen(a->body));
	if (!err)
		err = strbuf_printf(&out, "\r\n%s", a->body ? a->body : "");
	assert_int_equal(err, OK);
	assert_int_equal(bufferevent_write(c->bev, out.data, out.len), 0);
}

static inline const char *client_text(struct client *c)
{
	struct evbuffer *in = bufferevent_get_input(c->bev);
	size_t len = evbuffer_get_length(in);
	c->text = xrealloc(c->text, len + 1);
	evbuffer_copyout(in, c->text, len);
	c->text[len] = '\0';
	return c->text;
}

static inline int client_status(struct client *c)
{
	int status = 0;
	if (sscanf(client_text(c), "HTTP/1.1 %d", &status) != 1)
		fail_msg("no answer: %s", c->text);
	return status;
}

static inline void expect_text(struct client *c, const char *text)
{
	if (!strstr(client_text(c), text))
		fail_msg("no \"%s\" in: %s", text, c->text);
}

static inline void expect_no_text(struct client *c, const char *text)
{
	if (strstr(client_text(c), text))
		fail_msg("\"%s\" in: %s", text, c->text);
}

/* Asks and waits for the whole answer, which stays readable in c. */
static inline int ask(struct client *c, struct world *w, const struct ask *a)
{
	client_open(c, w);
	client_ask(c, a);
	run_until(w, c->ended);
	return client_status(c);
}

#define ASK(method_, target_, ...)                                                                 \
	(&(const struct ask){ .method = (method_), .target = (target_)__VA_OPT__(, ) __VA_ARGS__ })

#define EXPECT(w, status_, text_, ...)                                                             \
	do {                                                                                       \
		struct client c_;                                                                  \
		int got_ = ask(&c_, (w), ASK(__VA_ARGS__));                                        \
		if (got_ != (status_))                                                             \
			fail_msg("%d instead of %d: %s", got_, (status_), c_.text);                \
		expect_text(&c_, (text_));                                                         \
		expect_text(&c_, "\r\nX-Request-Id: ");                                            \
		client_close(&c_);                                                                 \
	} while (0)
