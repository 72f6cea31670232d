/* SPDX-License-Identifier: MIT */
/*
 * fetch against a server of raw bytes on the same loop: bodies, streams, pausing, cancelling in
 * every callback, limits, broken answers, the guard at connect time, and which calls share a
 * connection.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "base/base.h"
#include "fetch/fetch.h"
#include "metrics/metrics.h"
#include "raw_server.h"

#include "base/banned.h"

#define WAIT_LIMIT_MS 20000
#define HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

struct fixture {
	struct loop *loop;
	struct fetch *fetch;
	struct raw_server server;
	struct config_address peer;
	struct loop_timer limit;
	bool too_late;
};

/* What became of one call. */
struct probe {
	struct fixture *f;
	struct fetch_call *call;
	struct strbuf body;
	unsigned heads, pieces, dones;
	int status;
	enum err err;
	struct fetch_times times;
	char type[64];
	bool pause_once, pause_at_head, refuse_once, cancel_at_head, cancel_at_data, cancel_at_done,
		inside_start;
	struct fetch_call *victim; /* cancelled at the first data */
};

static void on_head(struct fetch_call *call, int status, void *arg)
{
	struct probe *p = arg;
	struct text type;

	BUG_ON(p->inside_start);
	p->heads++;
	p->status = status;
	if (fetch_response_header(call, "content-TYPE", &type))
		snprintf(p->type, sizeof(p->type), "%.*s", TEXT_FMT(type));
	if (p->pause_at_head)
		fetch_pause(call);
	if (p->cancel_at_head)
		fetch_cancel(call);
}

static bool on_data(struct fetch_call *call, struct text data, void *arg)
{
	struct probe *p = arg;

	BUG_ON(p->inside_start);
	p->pieces++;
	if (p->victim) {
		fetch_cancel(p->victim);
		p->victim = NULL;
	}
	if (p->refuse_once) {
		p->refuse_once = false;
		return false;
	}
	BUG_ON(strbuf_append_text(&p->body, data) != OK);
	if (p->pause_once) {
		p->pause_once = false;
		fetch_pause(call);
	}
	if (p->cancel_at_data)
		fetch_cancel(call);
	return true;
}

static void on_done(struct fetch_call *call, enum err err, int status, void *arg)
{
	struct probe *p = arg;

	BUG_ON(p->inside_start);
	p->dones++;
	p->err = err;
	p->status = status;
	fetch_times(call, &p->times);
	if (p->cancel_at_done)
		fetch_cancel(call);
}

static const struct fetch_events events = { on_head, on_data, on_done };

static void on_limit(struct loop_timer *timer)
{
	container_of(timer, struct fixture, limit)->too_late = true;
}

#define WAIT_UNTIL(f, condition)                              \
	do {                                                  \
		(f)->too_late = false;                        \
		loop_timer_set(&(f)->limit, WAIT_LIMIT_MS);   \
		while (!(condition) && !(f)->too_late)        \
			loop_turn((f)->loop);                 \
		loop_timer_stop(&(f)->limit);                 \
		if (!(condition))                             \
			fail_msg("too late: %s", #condition); \
	} while (0)

/* Turns for a while: shows that something does not happen. */
static void let_pass(struct fixture *f, int ms)
{
	f->too_late = false;
	loop_timer_set(&f->limit, ms);
	while (!f->too_late)
		loop_turn(f->loop);
}

static struct fetch_request get(struct fixture *f, const char *path)
{
	return (struct fetch_request){
		.kind = FETCH_PEER, .method = "GET", .peer = &f->peer, .url = path
	};
}

static void start(struct fixture *f, struct probe *p, const struct fetch_request *request)
{
	p->f = f;
	p->inside_start = true;
	strbuf_init(&p->body, 64 << 20);
	p->call = fetch_start(f->fetch, request, &events, p);
	p->inside_start = false;
}

static enum err finish(struct fixture *f, struct probe *p)
{
	WAIT_UNTIL(f, p->dones > 0);
	return p->err;
}

static enum err run(struct fixture *f, struct probe *p, const struct fetch_request *request)
{
	start(f, p, request);
	return finish(f, p);
}

static int set_up(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));

	secret_init_library(true);
	f->loop = loop_new();
	f->fetch = fetch_new(f->loop);
	loop_timer_init(&f->limit, f->loop, on_limit);
	raw_server_start(&f->server, f->loop, NULL);
	f->server.reply = HELLO;
	f->peer = (struct config_address){ .host = "127.0.0.1", .port = f->server.port };
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	fetch_free(f->fetch);
	raw_server_stop(&f->server);
	loop_timer_clear(&f->limit);
	loop_free(f->loop);
	free(f);
	metrics_clear();
	return 0;
}

static void a_whole_answer_arrives(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/v1/x?y=1");

	f->server.reply = "HTTP/1.1 404 Not Found\r\nContent-Type: text/plain; x "
			  "\r\nContent-Length: 5\r\n\r\nhello";
	assert_int_equal(run(f, &p, &r), OK);
	assert_int_equal(p.status, 404);
	assert_int_equal(p.heads, 1);
	assert_int_equal(p.dones, 1);
	assert_string_equal(p.body.data, "hello");
	assert_string_equal(p.type, "text/plain; x");
	assert_int_equal(fetch_live(f->fetch), 0);
	const char *request = f->server.last_request.data;
	assert_true(strncmp(request, "GET /v1/x?y=1 HTTP/1.1\r\n", 24) == 0);
	assert_non_null(strstr(request, "Accept-Encoding: identity\r\n"));
	assert_non_null(strstr(request, "User-Agent: grove\r\n"));
	assert_null(strstr(request, "Content-Type"));
	assert_null(strstr(request, "Expect"));
	strbuf_clear(&p.body);
}

static void a_body_headers_and_a_secret_are_sent(void **state)
{
	struct fixture *f = *state;
	AUTO(secret_clear) struct secret secret = SECRET_INIT;
	AUTO(auto_free) char *big = xmalloc(3 << 20);
	struct probe p = { 0 }, q = { 0 };
	struct fetch_header headers[] = { { "Content-Type", TEXT("application/json") },
					  { "X-Empty", TEXT("") } };
	struct fetch_request r = get(f, "/v1");

	secret_set(&secret, "sk-test", 7);
	memset(big, 'z', 3 << 20);
	r.method = "POST";
	r.body = (struct text){ big, 3 << 20 };
	r.headers = headers;
	r.header_count = 2;
	r.secret_header = "Authorization";
	r.secret_prefix = "Bearer ";
	r.secret = &secret;
	start(f, &p, &r);
	memset(big, 'y', 3 << 20); /* was copied */
	secret_clear(&secret);
	assert_int_equal(finish(f, &p), OK);
	const char *request = f->server.last_request.data;
	assert_non_null(strstr(request, "Content-Type: application/json\r\n"));
	assert_non_null(strstr(request, "Authorization: Bearer sk-test\r\n"));
	assert_non_null(strstr(request, "X-Empty:\r\n"));
	assert_non_null(strstr(request, "Content-Length: 3145728\r\n"));
	assert_null(strstr(request, "Expect"));
	assert_int_equal(request[f->server.last_request.len - 1], 'z');

	r = get(f, "/v1");
	r.method = "DELETE";
	assert_int_equal(run(f, &q, &r), OK);
	assert_true(strncmp(f->server.last_request.data, "DELETE /v1 ", 11) == 0);
	strbuf_clear(&p.body);
	strbuf_clear(&q.body);
}

static void methods_send_the_length_they_need(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *method, *body, *line;
	} cases[] = {
		{ "POST", NULL, "Content-Length: 0\r\n" },
		{ "PUT", NULL, "Content-Length: 0\r\n" },
		{ "PATCH", "ab", "Content-Length: 2\r\n" },
		{ "DELETE", "abc", "Content-Length: 3\r\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe p = { 0 };
		struct fetch_request r = get(f, "/");
		r.method = cases[i].method;
		r.body = text_of(cases[i].body);
		r.body_borrowed = true;
		assert_int_equal(run(f, &p, &r), OK);
		assert_non_null(strstr(f->server.last_request.data, cases[i].line));
		assert_true(strncmp(f->server.last_request.data, cases[i].method,
				    strlen(cases[i].method)) == 0);
		strbuf_clear(&p.body);
	}
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/");
	r.method = "HEAD";
	f->server.reply = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
	assert_int_equal(run(f, &p, &r), OK);
	assert_int_equal(p.pieces, 0);
}

static void bad_requests_are_refused_from_the_loop(void **state)
{
	struct fixture *f = *state;
	AUTO(secret_clear) struct secret secret = SECRET_INIT;
	struct fetch_header injected = { "X-A", TEXT("b\r\nX-C: d") },
			    bad_name = { "X A", TEXT("b") };
	struct fetch_request r[7];

	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		r[i] = get(f, "/");
		r[i].header_count = i < 2;
	}
	secret_set(&secret, "key\r\nX-Other: y", 15);
	r[0].headers = &injected;
	r[1].headers = &bad_name;
	r[2].secret_header = "Authorization";
	r[2].secret = &secret;
	r[3].secret_header = "Authorization"; /* and no secret: never sent without */
	r[4].url = "/a b";
	r[5].url = "http://127.0.0.1/";
	r[6].url = "/a\r\nX: y";
	for (size_t i = 0; i < ARRAY_SIZE(r); i++) {
		struct probe p = { 0 };
		assert_int_equal(run(f, &p, &r[i]), ERR_INVALID_REQUEST);
		assert_int_equal(p.dones, 1);
	}
	assert_int_equal(f->server.accepts, 0);
}

/* A stream in pieces: the next one is sent when the test says so. */
struct stream {
	struct raw_conn *conn;
};

static void begin_stream(struct raw_conn *conn, void *arg)
{
	((struct stream *)arg)->conn = conn;
	raw_send_str(conn, "HTTP/1.1 200 OK\r\nContent-Type: "
			   "text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
}

static void a_stream_comes_piece_by_piece(void **state)
{
	struct fixture *f = *state;
	struct stream s = { 0 };
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/stream");

	f->server.respond = begin_stream;
	f->server.arg = &s;
	r.read_size = 4096;
	start(f, &p, &r);
	WAIT_UNTIL(f, p.heads == 1);
	assert_int_equal(p.pieces, 0);
	for (unsigned i = 1; i <= 5; i++) {
		raw_send_str(s.conn, "6\r\nevent\n\r\n");
		WAIT_UNTIL(f, p.pieces == i);
	}
	raw_send_str(s.conn, "0\r\n\r\n");
	assert_int_equal(finish(f, &p), OK);
	assert_string_equal(p.body.data, "event\nevent\nevent\nevent\nevent\n");
	strbuf_clear(&p.body);
}

static void a_refused_piece_comes_again_after_resume(void **state)
{
	struct fixture *f = *state;
	struct probe p = { .refuse_once = true };
	struct fetch_request r = get(f, "/");

	r.silence_ms = 50;
	start(f, &p, &r);
	WAIT_UNTIL(f, p.pieces == 1);
	assert_int_equal(p.body.len, 0);
	let_pass(f, 120); /* paused: the silence is ours, no limit runs */
	assert_int_equal(p.dones, 0);
	fetch_resume(p.call);
	assert_int_equal(p.pieces, 1); /* not inside the call */
	assert_int_equal(finish(f, &p), OK);
	assert_string_equal(p.body.data, "hello");
	strbuf_clear(&p.body);
}

static void a_paused_call_does_not_take_more_than_buffers_hold(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *chunk = xmalloc(16 << 20);
	struct stream s = { 0 };
	struct probe p = { .pause_once = true };
	struct fetch_request r = get(f, "/");

	memset(chunk, 'a', 16 << 20);
	f->server.respond = begin_stream;
	f->server.arg = &s;
	r.max_body = 64 << 20;
	start(f, &p, &r);
	WAIT_UNTIL(f, p.heads == 1);
	raw_send_str(s.conn, "1000000\r\n");
	raw_send(s.conn, chunk, 16 << 20);
	raw_send_str(s.conn, "\r\n0\r\n\r\n");
	WAIT_UNTIL(f, p.pieces >= 1);
	let_pass(f, 50);
	assert_int_equal(p.pieces, 1);
	fetch_pause(p.call); /* again is nothing new */
	fetch_resume(p.call);
	fetch_pause(p.call);
	let_pass(f, 50);
	assert_int_equal(p.pieces, 1);
	fetch_resume(p.call);
	fetch_resume(p.call);
	assert_int_equal(finish(f, &p), OK);
	assert_int_equal(p.body.len, 16 << 20);
	assert_int_equal(p.body.data[(16 << 20) - 1], 'a');
	strbuf_clear(&p.body);
}

static void pausing_at_the_head_holds_the_body_back(void **state)
{
	struct fixture *f = *state;
	struct probe p = { .pause_at_head = true };
	struct fetch_request r = get(f, "/");

	start(f, &p, &r);
	WAIT_UNTIL(f, p.heads == 1);
	let_pass(f, 30);
	assert_int_equal(p.pieces, 0);
	fetch_resume(p.call);
	assert_int_equal(finish(f, &p), OK);
	assert_string_equal(p.body.data, "hello");
	strbuf_clear(&p.body);
}

static void cancelling_is_allowed_everywhere_and_final(void **state)
{
	struct fixture *f = *state;
	struct probe at_once = { 0 }, at_head = { .cancel_at_head = true },
		     at_data = { .cancel_at_data = true }, at_done = { .cancel_at_done = true },
		     paused = { .refuse_once = true };
	struct fetch_request r = get(f, "/");

	start(f, &at_once, &r);
	fetch_cancel(at_once.call);
	assert_int_equal(fetch_live(f->fetch), 0);
	start(f, &at_head, &r);
	start(f, &at_data, &r);
	start(f, &at_done, &r);
	start(f, &paused, &r);
	WAIT_UNTIL(f, at_head.heads && at_data.pieces && at_done.dones && paused.pieces);
	fetch_resume(paused.call);
	fetch_cancel(paused.call);
	let_pass(f, 30);
	assert_int_equal(at_once.heads + at_once.dones, 0);
	assert_int_equal(at_head.pieces + at_head.dones, 0);
	assert_int_equal(at_data.pieces, 1);
	assert_int_equal(at_data.dones, 0);
	assert_int_equal(at_done.dones, 1);
	assert_int_equal(paused.pieces, 1);
	assert_int_equal(paused.dones, 0);
	assert_int_equal(fetch_live(f->fetch), 0);
	fetch_cancel(NULL);
	strbuf_clear(&at_data.body);
	strbuf_clear(&at_done.body);
}

static void a_call_may_cancel_its_neighbour_from_a_callback(void **state)
{
	struct fixture *f = *state;
	struct stream s = { 0 };
	struct probe victim = { 0 }, killer = { 0 };
	struct fetch_request r = get(f, "/");

	f->server.respond = begin_stream;
	f->server.arg = &s;
	start(f, &victim, &r);
	WAIT_UNTIL(f, victim.heads == 1);
	f->server.respond = NULL;
	killer.victim = victim.call;
	assert_int_equal(run(f, &killer, &r), OK);
	assert_int_equal(victim.dones, 0);
	assert_int_equal(fetch_live(f->fetch), 0);
	WAIT_UNTIL(f,
		   f->server.closed == 1); /* the victim's connection goes: nobody will read it */
	strbuf_clear(&killer.body);
}

struct relay {
	struct probe first, second;
};

static void start_second(struct fetch_call *call, enum err err, int status, void *arg)
{
	struct relay *relay = arg;
	struct fetch_request r = get(relay->first.f, "/second");

	on_done(call, err, status, &relay->first);
	start(relay->first.f, &relay->second, &r);
}

static bool start_second_at_data(struct fetch_call *call, struct text data, void *arg)
{
	struct relay *relay = arg;
	struct fetch_request r = get(relay->first.f, "/second");

	(void)call;
	(void)data;
	start(relay->first.f, &relay->second, &r);
	return true;
}

static void calls_may_be_started_inside_callbacks(void **state)
{
	struct fixture *f = *state;
	struct relay relay = { .first = { .f = f } };
	struct fetch_events at_done = { on_head, on_data, start_second },
			    at_data = { NULL, start_second_at_data, NULL };
	struct fetch_request r = get(f, "/first");

	strbuf_init(&relay.first.body, 100);
	fetch_start(f->fetch, &r, &at_done, &relay);
	WAIT_UNTIL(f, relay.second.dones == 1);
	assert_int_equal(relay.second.err, OK);
	strbuf_clear(&relay.first.body);
	strbuf_clear(&relay.second.body);
	relay.second = (struct probe){ 0 };
	fetch_start(f->fetch, &r, &at_data, &relay);
	WAIT_UNTIL(f, relay.second.dones == 1);
	assert_int_equal(relay.second.err, OK);
	strbuf_clear(&relay.second.body);
}

static void interim_heads_are_skipped(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/");

	f->server.reply =
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Type: "
		"early\r\n\r\n"
		"HTTP/1.1 201 Created\r\nContent-Type: final\r\nContent-Length: 2\r\n\r\nok";
	assert_int_equal(run(f, &p, &r), OK);
	assert_int_equal(p.heads, 1);
	assert_int_equal(p.status, 201);
	assert_string_equal(p.type, "final");
	strbuf_clear(&p.body);
}

static void redirects_are_answers(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/");

	f->server.reply = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
	assert_int_equal(run(f, &p, &r), OK);
	assert_int_equal(p.status, 302);
	let_pass(f, 20);
	assert_int_equal(f->server.requests, 1);
}

static void proxies_of_the_environment_are_ignored(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/");

	setenv("http_proxy", "http://127.0.0.1:1/", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1/", 1);
	assert_int_equal(run(f, &p, &r), OK);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	strbuf_clear(&p.body);
}

struct answer_case {
	const char *reply;
	enum err err;
	unsigned heads;
};

static void broken_answers_have_their_error(void **state)
{
	struct fixture *f = *state;
	static const struct answer_case cases[] = {
		{ "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", ERR_PROVIDER_ERROR, 1 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		  ERR_PROVIDER_ERROR, 1 },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n",
		  ERR_PROVIDER_ERROR, 1 },
		{ "HTTP/1.1 200 OK\r\nContent-Le", ERR_PROVIDER_ERROR, 0 },
		{ "SSH-2.0-OpenSSH_9.2\r\n", ERR_PROVIDER_ERROR, 0 },
		{ "HTTP/9.9 200 OK\r\n\r\n", ERR_PROVIDER_ERROR, 0 },
		{ "HTTP/1.1 100 Continue\r\n\r\n", ERR_PROVIDER_ERROR, 0 },
		{ "", ERR_UNAVAILABLE, 0 },
		{ "HTTP/1.1 200 OK\r\n\r\nuntil the end", OK, 1 },
	};

	f->server.close_after = true;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct probe p = { 0 };
		struct fetch_request r = get(f, "/");
		f->server.reply = cases[i].reply;
		if (run(f, &p, &r) != cases[i].err || p.heads != cases[i].heads)
			fail_msg("%s: got %d, %u heads", cases[i].reply, p.err, p.heads);
		strbuf_clear(&p.body);
	}
}

static void endless_heads_are_broken(void **state)
{
	struct fixture *f = *state;
	AUTO(strbuf_clear)
	struct strbuf many = STRBUF_INIT(1 << 20), interim = STRBUF_INIT(1 << 20),
		      wide = STRBUF_INIT(1 << 20);
	struct fetch_request r = get(f, "/");
	struct probe p[4] = { 0 };

	assert_int_equal(strbuf_append_str(&many, "HTTP/1.1 200 OK\r\n"), OK);
	for (int i = 0; i < 64; i++)
		assert_int_equal(strbuf_append_str(&many, i ? "A: b\r\n" : "Content-Length: 0\r\n"),
				 OK);
	AUTO(auto_free)
	char *just = xasprintf("%s\r\n", many.data), *more = xasprintf("%sA: b\r\n\r\n", many.data);
	f->server.reply = just;
	assert_int_equal(run(f, &p[0], &r), OK);
	f->server.reply = more;
	assert_int_equal(run(f, &p[1], &r), ERR_PROVIDER_ERROR);
	assert_int_equal(strbuf_printf(&wide, "HTTP/1.1 200 OK\r\nA: %17000s\r\n\r\n", "x"), OK);
	f->server.reply = wide.data;
	assert_int_equal(run(f, &p[2], &r), ERR_PROVIDER_ERROR);
	while (interim.len < 70000)
		assert_int_equal(
			strbuf_append_str(&interim, "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n"),
			OK);
	f->server.reply = interim.data;
	assert_int_equal(run(f, &p[3], &r), ERR_PROVIDER_ERROR);
	assert_int_equal(p[1].heads + p[2].heads + p[3].heads, 0);
}

static void too_large_bodies_are_cut_off(void **state)
{
	struct fixture *f = *state;
	struct probe told = { 0 }, untold = { 0 }, just = { 0 };
	struct fetch_request r = get(f, "/");

	r.max_body = 5;
	assert_int_equal(run(f, &just, &r), OK);
	f->server.reply = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n";
	assert_int_equal(run(f, &told, &r), ERR_TOO_LARGE); /* without waiting for it */
	f->server.reply =
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n4\r\nefgh\r\n";
	assert_int_equal(run(f, &untold, &r), ERR_TOO_LARGE);
	assert_true(untold.body.len <= 5);
	strbuf_clear(&just.body);
	strbuf_clear(&untold.body);
}

static void each_phase_has_its_limit(void **state)
{
	struct fixture *f = *state;
	struct stream s = { 0 };
	struct probe first = { 0 }, interim = { 0 }, silence = { 0 }, total = { 0 };
	struct fetch_request r = get(f, "/");

	f->server.reply = NULL;
	r.first_byte_ms = 40;
	assert_int_equal(run(f, &first, &r), ERR_PROVIDER_TIMEOUT);
	f->server.reply = "HTTP/1.1 103 Early Hints\r\n\r\n";
	assert_int_equal(run(f, &interim, &r), ERR_PROVIDER_TIMEOUT);
	f->server.respond = begin_stream;
	f->server.arg = &s;
	r = get(f, "/");
	r.silence_ms = 200;
	start(f, &silence, &r);
	WAIT_UNTIL(f, silence.heads == 1);
	int64_t began = clock_mono_ms();
	for (unsigned i = 1; i <= 4; i++) { /* each byte begins the wait anew */
		let_pass(f, 100);
		raw_send_str(s.conn, "1\r\n.\r\n");
		WAIT_UNTIL(f, silence.pieces == i);
	}
	assert_int_equal(silence.dones, 0);
	assert_int_equal(finish(f, &silence), ERR_PROVIDER_TIMEOUT);
	/* Timers count from the start of their turn, so each of the five waits may be a few ms
	 * short. */
	assert_true(clock_mono_ms() - began >= 570);
	r = get(f, "/");
	r.total_ms = 60;
	assert_int_equal(run(f, &total, &r), ERR_PROVIDER_TIMEOUT);
	assert_int_equal(total.heads, 1);
	strbuf_clear(&silence.body);
}

static void nobody_there_is_unavailable(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 }, q = { 0 };
	struct fetch_request r = get(f, "/");
	struct config_address nowhere = { .unix_path = (char *)"/nonexistent/socket" };

	raw_server_stop(&f->server);
	assert_int_equal(run(f, &p, &r), ERR_UNAVAILABLE);
	r.peer = &nowhere;
	assert_int_equal(run(f, &q, &r), ERR_UNAVAILABLE);
	assert_int_equal(q.heads, 0);
	raw_server_start(&f->server, f->loop, NULL);
}

static void reset_connection(struct raw_conn *conn, void *arg)
{
	(void)arg;
	raw_reset(conn);
}

static void a_reset_before_the_answer_is_unavailable(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/");

	f->server.respond = reset_connection;
	assert_int_equal(run(f, &p, &r), ERR_UNAVAILABLE);
}

static void a_peer_is_on_this_machine_or_refused(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct config_address away = { .host = "192.0.2.1", .port = 9 };
	struct fetch_request r = get(f, "/");

	r.peer = &away;
	assert_int_equal(run(f, &p, &r), ERR_PROVIDER_ADDRESS_FORBIDDEN);
}

static void peers_may_be_on_unix_sockets(void **state)
{
	struct fixture *f = *state;
	char dir[] = "/tmp/grove-fetch-XXXXXX";
	struct raw_server server;
	struct probe p = { 0 };
	struct fetch_request r = get(f, "/over/unix");

	assert_non_null(mkdtemp(dir));
	AUTO(auto_free) char *path = xasprintf("%s/s", dir);
	struct config_address address = { .unix_path = path };
	raw_server_start(&server, f->loop, path);
	server.reply = HELLO;
	r.peer = &address;
	assert_int_equal(run(f, &p, &r), OK);
	assert_string_equal(p.body.data, "hello");
	assert_int_equal(server.requests, 1);
	raw_server_stop(&server);
	strbuf_clear(&p.body);
	unlink(path);
	rmdir(dir);
}

static struct guard *guard_for(const char *entry)
{
	char *items[] = { (char *)(uintptr_t)entry };
	struct config_list allow = { items, 1 };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	struct guard *g = NULL;

	BUG_ON(guard_new(&allow, NULL, 0, &g, &errors) != OK);
	return g;
}

static void the_guard_judges_every_outside_call(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *entry = xasprintf("127.0.0.1:%u", f->server.port);
	AUTO(auto_free)
	char *url = xasprintf("http://127.0.0.1:%u/v1/m%%2Fx?alt=sse", f->server.port);
	struct guard *g = guard_for(entry);
	struct probe refused = { 0 }, permitted = { 0 }, form = { 0 };
	struct fetch_request r = { .kind = FETCH_GUARDED, .method = "GET", .url = url };

	assert_int_equal(run(f, &refused, &r), ERR_PROVIDER_ADDRESS_FORBIDDEN);
	assert_int_equal(f->server.accepts, 0);
	r.guard = g;
	assert_int_equal(run(f, &permitted, &r), OK);
	assert_true(strncmp(f->server.last_request.data, "GET /v1/m%2Fx?alt=sse HTTP/1.1\r\n",
			    32) == 0);
	r.url = "https://user@api.example/";
	assert_int_equal(run(f, &form, &r), ERR_INVALID_REQUEST);
	guard_free(g);
	strbuf_clear(&permitted.body);
}

/*
 * Stands in front of the C library's, for libcurl too: a name server under an attacker's control.
 * The answer is freed by the real freeaddrinfo(), which frees each node on its own.
 */
__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
						       const struct addrinfo *hints,
						       struct addrinfo **ret)
{
	static const struct {
		const char *name, *address;
	} zone[] = {
		{ "rebound.example", "127.0.0.1" },
		{ "metadata.example", "169.254.169.254" },
		{ "private.example", "10.0.0.7" },
	};
	struct node {
		struct addrinfo info;
		struct sockaddr_in in;
	};
	(void)hints;

	for (size_t i = 0; i < ARRAY_SIZE(zone); i++) {
		uint64_t port = 0;
		if (strcmp(name, zone[i].name) != 0)
			continue;
		struct node *node = xcalloc(1, sizeof(*node));
		if (service && text_to_u64(text_of(service), 65535, &port) != OK)
			port = 0;
		node->in = (struct sockaddr_in){ .sin_family = AF_INET,
						 .sin_port = htons((uint16_t)port) };
		inet_pton(AF_INET, zone[i].address, &node->in.sin_addr);
		node->info = (struct addrinfo){ .ai_family = AF_INET,
						.ai_socktype = SOCK_STREAM,
						.ai_protocol = IPPROTO_TCP,
						.ai_addrlen = sizeof(node->in),
						.ai_addr = (struct sockaddr *)&node->in };
		*ret = &node->info;
		return 0;
	}
	return EAI_NONAME;
}

static void a_name_that_was_rebound_is_refused_at_the_connect(void **state)
{
	struct fixture *f = *state;
	static const char *const names[] = { "rebound.example", "metadata.example",
					     "private.example" };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(auto_free) char *url = xasprintf("https://%s:%u/v1", names[i], f->server.port);
		struct fetch_request r = { .kind = FETCH_GUARDED, .method = "GET", .url = url };
		struct probe p = { 0 };
		assert_int_equal(run(f, &p, &r), ERR_PROVIDER_ADDRESS_FORBIDDEN);
	}
	assert_int_equal(f->server.accepts, 0);
	/* An entry with a name opens private addresses for it, loopback not. */
	AUTO(auto_free) char *entry = xasprintf("rebound.example:%u", f->server.port);
	AUTO(auto_free) char *url = xasprintf("http://%s/v1", entry);
	struct guard *g = guard_for(entry);
	struct probe p = { 0 };
	struct fetch_request r = { .kind = FETCH_GUARDED, .method = "GET", .url = url, .guard = g };
	assert_int_equal(run(f, &p, &r), ERR_PROVIDER_ADDRESS_FORBIDDEN);
	assert_int_equal(f->server.accepts, 0);
	guard_free(g);
}

static void an_unknown_name_is_unavailable(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct fetch_request r = { .kind = FETCH_GUARDED,
				   .method = "GET",
				   .url = "https://no-such-name.example/" };

	assert_int_equal(run(f, &p, &r), ERR_UNAVAILABLE);
}

static void a_call_that_is_looking_up_a_name_can_be_cancelled(void **state)
{
	struct fixture *f = *state;
	struct probe p = { 0 };
	struct fetch_request r = { .kind = FETCH_GUARDED,
				   .method = "GET",
				   .url = "https://no-such-name.example/" };

	start(f, &p, &r);
	loop_turn(f->loop);
	if (!p.dones)
		fetch_cancel(p.call);
	assert_int_equal(fetch_live(f->fetch), 0);
}

static void connections_are_shared_inside_a_pool_only(void **state)
{
	struct fixture *f = *state;
	static const char *const pools[] = {
		"key a", "key a", "key b", "key b", "key a", NULL, NULL
	};
	static const unsigned accepts[] = { 1, 1, 2, 2, 2, 3, 3 };

	for (size_t i = 0; i < ARRAY_SIZE(pools); i++) {
		struct probe p = { 0 };
		struct fetch_request r = get(f, "/");
		r.pool = pools[i];
		assert_int_equal(run(f, &p, &r), OK);
		assert_int_equal(f->server.accepts, accepts[i]);
		assert_int_equal(p.times.reused, i > 0 && accepts[i] == accepts[i - 1]);
		assert_true(p.times.first_byte_us > 0 && p.times.total_us >= p.times.first_byte_us);
		strbuf_clear(&p.body);
	}
	/* The two kinds have no pool in common, whatever it is called. */
	AUTO(auto_free) char *entry = xasprintf("127.0.0.1:%u", f->server.port);
	AUTO(auto_free) char *url = xasprintf("http://127.0.0.1:%u/", f->server.port);
	struct guard *g = guard_for(entry);
	struct probe p = { 0 };
	struct fetch_request r = {
		.kind = FETCH_GUARDED, .method = "GET", .url = url, .guard = g, .pool = "key a"
	};
	assert_int_equal(run(f, &p, &r), OK);
	assert_int_equal(f->server.accepts, 4);
	guard_free(g);
	strbuf_clear(&p.body);
}

static void many_pools_do_not_pile_up(void **state)
{
	struct fixture *f = *state;
	char pool[32];

	for (unsigned i = 0; i < 300; i++) {
		struct probe p = { 0 };
		struct fetch_request r = get(f, "/");
		snprintf(pool, sizeof(pool), "key %u", i);
		r.pool = pool;
		assert_int_equal(run(f, &p, &r), OK);
		strbuf_clear(&p.body);
	}
	WAIT_UNTIL(f, f->server.closed >= 300 - 256);
}

static void a_hundred_calls_at_once_all_finish(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) struct probe *p = xcalloc(100, sizeof(*p));
	struct fetch_request r = get(f, "/");

	for (int i = 0; i < 100; i++)
		start(f, &p[i], &r);
	assert_int_equal(fetch_live(f->fetch), 100);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(finish(f, &p[i]), OK);
		assert_string_equal(p[i].body.data, "hello");
		strbuf_clear(&p[i].body);
	}
	AUTO(strbuf_clear) struct strbuf metrics = STRBUF_INIT(1 << 20);
	assert_int_equal(metrics_write(&metrics), OK);
	assert_non_null(strstr(metrics.data, "grove_fetch_calls_total{result=\"ok\"} 100\n"));
	assert_non_null(strstr(metrics.data, "grove_fetch_live 0\n"));
}

static void freeing_everything_ends_the_calls_silently(void **state)
{
	struct fixture *f = *state;
	struct stream s = { 0 };
	struct probe p = { 0 }, q = { 0 };
	struct fetch_request r = get(f, "/");

	f->server.respond = begin_stream;
	f->server.arg = &s;
	start(f, &p, &r);
	WAIT_UNTIL(f, p.heads == 1);
	start(f, &q, &r);
	fetch_free(f->fetch);
	f->fetch = NULL;
	let_pass(f, 20);
	assert_int_equal(p.dones + q.dones, 0);
}

#define FETCH_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FETCH_TEST(a_whole_answer_arrives),
		FETCH_TEST(a_body_headers_and_a_secret_are_sent),
		FETCH_TEST(methods_send_the_length_they_need),
		FETCH_TEST(bad_requests_are_refused_from_the_loop),
		FETCH_TEST(a_stream_comes_piece_by_piece),
		FETCH_TEST(a_refused_piece_comes_again_after_resume),
		FETCH_TEST(a_paused_call_does_not_take_more_than_buffers_hold),
		FETCH_TEST(pausing_at_the_head_holds_the_body_back),
		FETCH_TEST(cancelling_is_allowed_everywhere_and_final),
		FETCH_TEST(a_call_may_cancel_its_neighbour_from_a_callback),
		FETCH_TEST(calls_may_be_started_inside_callbacks),
		FETCH_TEST(interim_heads_are_skipped),
		FETCH_TEST(redirects_are_answers),
		FETCH_TEST(proxies_of_the_environment_are_ignored),
		FETCH_TEST(broken_answers_have_their_error),
		FETCH_TEST(endless_heads_are_broken),
		FETCH_TEST(too_large_bodies_are_cut_off),
		FETCH_TEST(each_phase_has_its_limit),
		FETCH_TEST(nobody_there_is_unavailable),
		FETCH_TEST(a_reset_before_the_answer_is_unavailable),
		FETCH_TEST(a_peer_is_on_this_machine_or_refused),
		FETCH_TEST(peers_may_be_on_unix_sockets),
		FETCH_TEST(the_guard_judges_every_outside_call),
		FETCH_TEST(a_name_that_was_rebound_is_refused_at_the_connect),
		FETCH_TEST(an_unknown_name_is_unavailable),
		FETCH_TEST(a_call_that_is_looking_up_a_name_can_be_cancelled),
		FETCH_TEST(connections_are_shared_inside_a_pool_only),
		FETCH_TEST(many_pools_do_not_pile_up),
		FETCH_TEST(a_hundred_calls_at_once_all_finish),
		FETCH_TEST(freeing_everything_ends_the_calls_silently),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
