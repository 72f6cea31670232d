/* SPDX-License-Identifier: MIT */
/* Requests and whole answers: what handlers see, what peers see, and every way to be refused. */
#include "support.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/stat.h>

#include "metrics/metrics.h"

#include "base/banned.h"

static void test_a_request_gets_its_answer(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, "POST /echo?a=1 HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello");
	run_until(f, has_received(&c, "}"));
	assert_int_equal(strncmp(received(&c), "HTTP/1.1 200 OK\r\n", 17), 0);
	expect_text(&c, "\r\nContent-Type: application/json\r\n");
	expect_text(&c, "\r\nContent-Length: 29\r\n");
	expect_text(&c, "\r\nCache-Control: no-store\r\n");
	expect_text(&c, "\r\nX-Content-Type-Options: nosniff\r\n");
	expect_text(&c, "\r\n\r\n{\"POST\":\"/echo?a=1\",\"body\":5}");
	expect_no_text(&c, "X-Request-Id");
	expect_no_text(&c, "Connection:");
	assert_false(c.ended);
	assert_string_equal(f->last_body.data, "hello");
	client_close(&c);
}

static void test_every_method_reaches_the_handler(void **state)
{
	static const char *const names[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(auto_free)
		char *request = xasprintf(
			"%s /echo HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\nab", names[i]);
		AUTO(auto_free) char *answer = xasprintf("{\"%s\":\"/echo\",\"body\":2}", names[i]);

		client_send(&c, request);
		run_until(f, has_received(&c, answer));
	}
	client_close(&c);
}

static void test_a_head_gets_the_length_and_no_body(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, "HEAD /echo HTTP/1.1\r\n" HOST "\r\n");
	run_until(f, has_received(&c, "\r\n\r\n"));
	expect_text(&c, "\r\nContent-Length: 25\r\n");
	client_send(&c, GET("/echo"));
	run_until(f, has_received(&c, "{\"GET\""));
	expect_no_text(&c, "{\"HEAD\"");
	client_close(&c);
}

static void test_no_content_has_no_body_and_no_type(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, GET("/empty") GET("/echo"));
	run_until(f, has_received(&c, "{\"GET\""));
	assert_int_equal(strncmp(received(&c), "HTTP/1.1 204 No Content\r\n", 25), 0);
	assert_int_equal(count_received(&c, "\nContent-Type:"), 1);
	assert_int_equal(count_received(&c, "Content-Length"), 1);
	client_close(&c);
}

static void test_an_error_has_the_shape_of_the_house(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, GET("/error"));
	run_until(f, has_received(&c, "}}"));
	assert_int_equal(strncmp(received(&c), "HTTP/1.1 429 Too Many Requests\r\n", 32), 0);
	expect_text(&c, "\r\nRetry-After: 7\r\n");
	expect_text(&c, "\"code\":\"rate_limited\",\"message\":\"Slow "
			"\\\"down\\\".\",\"param\":\"model\",\"details\":{\"n\":1}}}");
	client_close(&c);
}

static void test_headers_set_by_the_handler_win(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, GET("/hold"));
	run_until(f, f->held_count == 1);
	http_set_request_id(f->held[0], "first");
	http_set_request_id(f->held[0], "second");
	http_set_header(f->held[0], "Content-Type", "text/html");
	http_set_header(f->held[0], "content-type", "text/plain");
	http_set_header(f->held[0], "Cache-Control", "no-cache");
	http_reply(f->held[0], 200, TEXT("x"));
	run_until(f, has_received(&c, "\r\n\r\nx"));
	expect_text(&c, "\r\nX-Request-Id: second\r\n");
	expect_text(&c, "\r\ncontent-type: text/plain\r\n");
	expect_text(&c, "\r\nCache-Control: no-cache\r\n");
	expect_no_text(&c, "no-store");
	expect_no_text(&c, "application/json");
	client_close(&c);
}

static void check_query(struct http_exchange *ex, const char *name, enum err err, bool found,
			const char *value)
{
	char out[8] = "before";
	bool is_found = !found;

	if (http_query(ex, name, out, sizeof(out), &is_found) != err)
		fail_msg("%s: not error %d", name, err);
	if (err != OK)
		return;
	assert_int_equal(is_found, found);
	assert_string_equal(out, value);
}

static void test_what_the_handler_can_ask(void **state)
{
	struct fixture *f = *state;
	struct http_exchange *ex;
	struct client c;

	client_open(&c, f);
	client_send(
		&c,
		"GET /hold?a=1&b=%C3%a9+x&a=2&flag&long=12345678&fits=1234567&bad=%FF&e=&c%64=1 "
		"HTTP/1.1\r\n"
		"hOST: grove\r\nX-Empty:\r\nX-Blank:\t v \t\r\nX-Two: 1\r\nX-Two: 2\r\n\r\n");
	run_until(f, f->held_count == 1);
	ex = f->held[0];
	assert_int_equal(http_method(ex), HTTP_GET);
	assert_true(text_is(http_path(ex), "/hold"));
	check_query(ex, "a", OK, true, "1");
	check_query(ex, "b", OK, true, "\xc3\xa9 x");
	check_query(ex, "flag", OK, true, "");
	check_query(ex, "e", OK, true, "");
	check_query(ex, "fits", OK, true, "1234567");
	check_query(ex, "none", OK, false, "");
	check_query(ex, "hold", OK, false, "");
	check_query(ex, "long", ERR_INVALID_REQUEST, false, NULL);
	check_query(ex, "bad", ERR_INVALID_REQUEST, false, NULL);
	assert_true(text_is(http_header(ex, "Host"), "grove"));
	assert_true(text_is(http_header(ex, "x-empty"), ""));
	assert_true(text_is(http_header(ex, "X-BLANK"), "v"));
	assert_null(http_header(ex, "X-None").ptr);
	assert_null(http_header(ex, "X-Two").ptr);
	assert_true(text_is(http_body(ex), ""));
	assert_true(text_is(http_peer_address(ex), "127.0.0.1"));
	http_reply(ex, 200, TEXT("x"));
	client_close(&c);
}

/* Keep-alive and pipelining. */

static void test_a_request_may_come_byte_by_byte(void **state)
{
	static const char request[] = "PUT /echo HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc";
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_int_equal(f->handled, 0);
		assert_int_equal(bufferevent_write(c.bev, request + i, 1), 0);
		settle(f);
	}
	run_until(f, has_received(&c, "}"));
	expect_text(&c, "{\"PUT\":\"/echo\",\"body\":3}");
	client_close(&c);
}

static void test_pipelined_requests_are_served_one_after_another(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, GET("/hold?1") "POST /hold?2 HTTP/1.1\r\n" HOST
				       "Content-Length: 4\r\n\r\nbody" GET("/hold?3") "GET /ec");
	for (size_t i = 0; i < 3; i++) {
		run_until(f, f->held_count == i + 1);
		assert_int_equal(http_server_live(f->server), 1);
		http_reply(f->held[i], 200, (struct text){ "123" + i, 1 });
	}
	client_send(&c, "ho HTTP/1.1\r\n" HOST "\r\n");
	run_until(f, has_received(&c, "/echo"));
	assert_int_equal(count_received(&c, "HTTP/1.1 200 OK"), 4);
	assert_true(strstr(received(&c), "\r\n\r\n1") < strstr(received(&c), "\r\n\r\n2"));
	assert_true(strstr(received(&c), "\r\n\r\n2") < strstr(received(&c), "\r\n\r\n3"));
	assert_int_equal(f->gone, 0);
	client_close(&c);
}

static void test_many_pipelined_requests_in_one_write(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	for (int i = 0; i < 500; i++)
		client_send(&c, GET("/echo"));
	run_until(f,
		  f->handled == 500 && count_received(&c, "{\"GET\":\"/echo\",\"body\":0}") == 500);
	client_close(&c);
}

static void test_connection_close_is_honoured(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, "GET /echo HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
	run_until(f, c.ended);
	expect_text(&c, "\r\nConnection: close\r\n");
	expect_text(&c, "{\"GET\"");
	client_close(&c);
}

static void test_expect_continue_is_answered_before_the_body(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, "POST /echo HTTP/1.1\r\n" HOST
			"Expect: 100-continue\r\nContent-Length: 4\r\n\r\n");
	run_until(f, has_received(&c, "\r\n\r\n"));
	assert_string_equal(received(&c), "HTTP/1.1 100 Continue\r\n\r\n");
	assert_int_equal(f->handled, 0);
	client_send(&c, "body");
	run_until(f, has_received(&c, "{\"POST\":\"/echo\",\"body\":4}"));
	client_send(&c, GET("/echo"));
	run_until(f, has_received(&c, "{\"GET\""));
	client_close(&c);
}

/* Refusals. */

struct refusal {
	const char *request;
	int status;
	const char *code;
};

static const struct refusal refusals[] = {
	{ "\r\n", 400, "invalid_request" },
	{ "GET / HTTP/1.1\n", 400, "invalid_request" },
	{ "GET / HTTP/1.0\r\n", 400, "invalid_request" },
	{ "GET / HTTP/1.1\r\n\r\n", 400, "invalid_request" },
	{ "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "invalid_request" },
	{ "GET //evil/ HTTP/1.1\r\n" HOST "\r\n", 400, "invalid_request" },
	{ "GET http://grove/ HTTP/1.1\r\n" HOST "\r\n", 400, "invalid_request" },
	{ "GET /a/../b HTTP/1.1\r\n" HOST "\r\n", 400, "invalid_request" },
	{ "GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400, "invalid_request" },
	{ "GET / HTTP/1.1\r\n" HOST "Expect: a-pony\r\n\r\n", 400, "invalid_request" },
	{ "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", 400, NULL },
	{ "HEAD / HTTP/1.0\r\n", 400, NULL },
	{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 33\r\n\r\n", 400,
	  "invalid_request" },
	{ "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411,
	  "length_required" },
	{ "POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n", 413, "too_large" },
	{ "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1048577\r\n\r\n", 413,
	  "too_large" },
	{ "BREW /pot HTTP/1.1\r\n" HOST "\r\n", 405, "method_not_allowed" },
	{ "TRACE / HTTP/1.1\r\n" HOST "\r\n", 405, "method_not_allowed" },
};

static void check_refused(struct client *c, const struct refusal *r)
{
	AUTO(auto_free) char *line = xasprintf("HTTP/1.1 %d ", r->status);
	AUTO(auto_free) char *code = xasprintf("\"code\":\"%s\"", r->code ? r->code : "");

	if (strncmp(received(c), line, strlen(line)) != 0)
		fail_msg("%s: %s", r->request, c->text);
	assert_int_equal(count_received(c, "HTTP/1.1 "), 1);
	expect_text(c, "\r\nContent-Type: application/json\r\n");
	expect_text(c, "\r\nConnection: close\r\n");
	expect_text(c, "\r\nCache-Control: no-store\r\n");
	if (r->code)
		expect_text(c, code);
	else
		assert_string_equal(strstr(received(c), "\r\n\r\n"), "\r\n\r\n");
}

static void test_bad_requests_are_refused_in_json_and_the_connection_ends(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct client c;

		client_open(&c, f);
		client_send(&c, refusals[i].request);
		client_send(&c, GET("/echo")); /* never interpreted */
		run_until(f, c.ended);
		check_refused(&c, &refusals[i]);
		client_close(&c);
	}
	assert_int_equal(f->handled, 0);
}

static void test_a_bad_request_is_refused_at_every_split(void **state)
{
	static const struct refusal r = { "PUT / HTTP/1.1\r\n" HOST "Content-Length: +4\r\n\r\n",
					  400, "invalid_request" };
	struct fixture *f = *state;

	for (size_t split = 1; split < strlen(r.request); split++) {
		struct client c;

		client_open(&c, f);
		assert_int_equal(bufferevent_write(c.bev, r.request, split), 0);
		settle(f);
		client_send(&c, r.request + split);
		run_until(f, c.ended);
		check_refused(&c, &r);
		client_close(&c);
	}
	assert_int_equal(f->handled, 0);
}

static void test_good_requests_before_a_bad_one_are_answered_first(void **state)
{
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c,
		    GET("/echo?1") GET("/hold?2") "GET / HTTP/1.1\nHost: grove\n\n" GET("/echo?4"));
	run_until(f, f->held_count == 1);
	client_send(&c, GET("/echo?5"));
	run_until(f, has_received(&c, "/echo?1"));
	expect_no_text(&c, " 400 ");
	http_reply(f->held[0], 200, TEXT("held"));
	run_until(f, c.ended);
	assert_int_equal(f->handled, 2);
	assert_int_equal(count_received(&c, "HTTP/1.1 "), 3);
	assert_true(strstr(received(&c), "held") < strstr(received(&c), "HTTP/1.1 400 "));
	expect_text(&c, "\"code\":\"invalid_request\"");
	client_close(&c);
}

static void test_twenty_thousand_headers_are_refused(void **state)
{
	static const struct refusal r = { "20,000 headers", 431, "headers_too_large" };
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, "GET / HTTP/1.1\r\n" HOST);
	for (int i = 0; i < 20000; i++)
		client_send(&c, "X: y\r\n");
	client_send(&c, "\r\n");
	run_until(f, c.ended);
	check_refused(&c, &r);
	client_close(&c);
}

static void test_an_8_mib_header_is_refused_and_the_refusal_arrives(void **state)
{
	static const struct refusal r = { "8 MiB header", 431, "headers_too_large" };
	struct fixture *f = *state;
	AUTO(auto_free) char *value = xmalloc((8 << 20) + 1);
	struct client c;

	memset(value, 'a', 8 << 20);
	value[8 << 20] = '\0';
	client_open(&c, f);
	client_send(&c, "GET / HTTP/1.1\r\n" HOST "X: ");
	client_send(&c, value);
	run_until(f, c.ended);
	check_refused(&c, &r);
	client_close(&c);
}

static void test_a_long_target_is_refused(void **state)
{
	static const struct refusal r = { "3000 bytes", 414, "uri_too_long" };
	struct fixture *f = *state;
	struct client c;

	client_open(&c, f);
	client_send(&c, "GET /");
	for (int i = 0; i < 300; i++)
		client_send(&c, "0123456789");
	run_until(f, c.ended);
	check_refused(&c, &r);
	client_close(&c);
}

static void test_a_body_of_the_largest_size_passes(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *body = xmalloc((1 << 20) + 1);
	struct client c;

	memset(body, 0xff, 1 << 20);
	body[1 << 20] = '\0';
	client_open(&c, f);
	client_send(&c, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 1048576\r\n\r\n");
	client_send(&c, body);
	run_until(f, has_received(&c, "}"));
	expect_text(&c, "\"body\":1048576}");
	assert_string_equal(f->last_body.data, body);
	client_close(&c);
}

static void test_refusals_and_connections_are_counted(void **state)
{
	struct fixture *f = *state;
	AUTO(strbuf_clear) struct strbuf text = STRBUF_INIT(1 << 20);
	struct client c, bad;

	metrics_clear();
	client_open(&c, f);
	client_open(&bad, f);
	client_send(&bad, "\n");
	run_until(f, bad.ended);
	client_send(&c, GET("/echo"));
	run_until(f, has_received(&c, "}"));
	assert_int_equal(metrics_write(&text), OK);
	assert_non_null(
		strstr(text.data, "grove_http_gate_refusals_total{code=\"invalid_request\"} 1\n"));
	assert_non_null(strstr(text.data, "grove_http_connections 2\n"));
	client_close(&bad);
	client_close(&c);
}

/* Listening. */

static void test_a_taken_port_is_named(void **state)
{
	struct fixture *f = *state;
	struct http_server_config config = { 0 };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	struct http_server *second = NULL;
	char where[64];

	http_server_address(f->server, &config.listen);
	assert_true(config.listen.port != 0);
	config_address_format(&config.listen, where, sizeof(where));
	assert_int_equal(http_server_new(f->loop, &config, handle, f, &second, &errors),
			 ERR_UNAVAILABLE);
	assert_null(second);
	assert_non_null(strstr(errors.data, where));
	assert_non_null(strstr(errors.data, "Address already in use"));
}

static void unix_path(char *out, size_t size)
{
	char folder[] = "/tmp/grove-http-XXXXXX";

	assert_non_null(mkdtemp(folder));
	snprintf(out, size, "%s/socket", folder);
}

static void remove_folder_of(char *path)
{
	*strrchr(path, '/') = '\0';
	assert_int_equal(rmdir(path), 0); /* empty: the socket is gone */
}

static void test_a_unix_socket_is_private_and_removed(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct stat st;
	char path[64];

	unix_path(path, sizeof(path));
	f->config.listen.unix_path = path;
	start_server(f);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	client_open(&c, f);
	client_send(&c, GET("/hold"));
	run_until(f, f->held_count == 1);
	assert_true(text_is(http_peer_address(f->held[0]), "unix"));
	http_reply(f->held[0], 200, TEXT("x"));
	client_send(&c, "bad\n");
	run_until(f, c.ended);
	expect_text(&c, "HTTP/1.1 200 OK");
	expect_text(&c, "HTTP/1.1 400 Bad Request");
	client_close(&c);
	http_server_free(f->server);
	f->server = NULL;
	remove_folder_of(path);
}

static void test_a_stale_unix_socket_is_replaced_and_a_live_one_is_not(void **state)
{
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	struct http_server *second = NULL;
	char path[64];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	unix_path(path, sizeof(path));
	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd); /* left behind */
	f->config.listen.unix_path = path;
	start_server(f);
	assert_int_equal(http_server_new(f->loop, &f->config, handle, f, &second, &errors),
			 ERR_UNAVAILABLE);
	assert_non_null(strstr(errors.data, path));
	assert_non_null(strstr(errors.data, "Address already in use"));
	http_server_free(f->server);
	f->server = NULL;
	remove_folder_of(path);
}

static void test_a_file_in_the_way_is_not_removed(void **state)
{
	struct fixture *f = *state;
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	char path[64];

	unix_path(path, sizeof(path));
	close(open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	f->config.listen.unix_path = path;
	assert_int_equal(http_server_new(f->loop, &f->config, handle, f, &f->server, &errors),
			 ERR_UNAVAILABLE);
	assert_int_equal(unlink(path), 0);
	remove_folder_of(path);
}

static void test_accepted_sockets_do_not_wait_to_send(void **state)
{
	struct fixture *f = *state;
	struct client c;
	int ours, fd;

	client_open(&c, f);
	client_send(&c, GET("/hold"));
	run_until(f, f->held_count == 1);
	/* The accepted socket is the descriptor whose peer is our client. */
	for (fd = 3, ours = 0; fd < 100; fd++) {
		struct sockaddr_in peer = { 0 }, own = { 0 };
		socklen_t len = sizeof(peer), own_len = sizeof(own), size = sizeof(int);
		int on = 0;

		getsockname(bufferevent_getfd(c.bev), (struct sockaddr *)&own, &own_len);
		if (getpeername(fd, (struct sockaddr *)&peer, &len) != 0 ||
		    peer.sin_port != own.sin_port)
			continue;
		ours++;
		assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, &size), 0);
		assert_true(on);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
	assert_int_equal(ours, 1);
	http_reply(f->held[0], 200, TEXT("x"));
	client_close(&c);
}

static void test_connections_over_the_limit_wait(void **state)
{
	struct fixture *f = *state;
	struct client c[4];

	f->config.max_connections = 2;
	start_server(f);
	for (size_t i = 0; i < 4; i++) {
		client_open(&c[i], f);
		client_send(&c[i], GET("/hold"));
	}
	run_until(f, f->held_count == 2);
	http_reply(f->held[0], 200, TEXT("x"));
	http_reply(f->held[1], 200, TEXT("x"));
	run_until(f, received_length(&c[0]) > 0 && received_length(&c[1]) > 0);
	assert_int_equal(f->held_count, 2);
	client_close(&c[0]);
	run_until(f, f->held_count == 3);
	client_close(&c[1]);
	run_until(f, f->held_count == 4);
	assert_int_equal(http_server_live(f->server), 2);
	client_close(&c[2]);
	client_close(&c[3]);
	run_until(f, http_server_live(f->server) == 0);
}

static void test_an_idle_connection_is_closed(void **state)
{
	struct fixture *f = *state;
	struct client c;

	f->config.idle_timeout_ms = 30;
	start_server(f);
	client_open(&c, f);
	run_until(f, c.ended);
	assert_int_equal(received_length(&c), 0);
	client_close(&c);
	client_open(&c, f);
	client_send(&c, GET("/echo"));
	run_until(f, c.ended);
	expect_text(&c, "{\"GET\"");
	client_close(&c);
}

static void test_a_request_that_takes_too_long_is_closed(void **state)
{
	static const char *const beginnings[] = { "G", "GET / HTTP/1.1\r\nHos",
						  "POST / HTTP/1.1\r\n" HOST
						  "Content-Length: 4\r\n\r\nbod",
						  GET("/echo") "GE" };
	struct fixture *f = *state;

	f->config.read_timeout_ms = 30;
	start_server(f);
	for (size_t i = 0; i < ARRAY_SIZE(beginnings); i++) {
		struct client c;

		client_open(&c, f);
		client_send(&c, beginnings[i]);
		run_until(f, c.ended);
		assert_int_equal(count_received(&c, "HTTP/1.1 "), i == 3);
		client_close(&c);
	}
}

static void test_a_header_has_a_third_of_the_time_of_a_body(void **state)
{
	struct fixture *f = *state;
	struct client header, body;

	f->config.read_timeout_ms = 1500;
	start_server(f);
	client_open(&body, f);
	client_send(&body, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbod");
	client_open(&header, f);
	client_send(&header, "POST / HTTP/1.1\r\n" HOST);
	run_until(f, header.ended || body.ended);
	assert_true(header.ended);
	assert_false(body.ended);
	client_close(&header);
	client_close(&body);
}

#define BARE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up_loop, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_request_gets_its_answer),
		TEST(test_every_method_reaches_the_handler),
		TEST(test_a_head_gets_the_length_and_no_body),
		TEST(test_no_content_has_no_body_and_no_type),
		TEST(test_an_error_has_the_shape_of_the_house),
		TEST(test_headers_set_by_the_handler_win),
		TEST(test_what_the_handler_can_ask),
		TEST(test_a_request_may_come_byte_by_byte),
		TEST(test_pipelined_requests_are_served_one_after_another),
		TEST(test_many_pipelined_requests_in_one_write),
		TEST(test_connection_close_is_honoured),
		TEST(test_expect_continue_is_answered_before_the_body),
		TEST(test_bad_requests_are_refused_in_json_and_the_connection_ends),
		TEST(test_a_bad_request_is_refused_at_every_split),
		TEST(test_good_requests_before_a_bad_one_are_answered_first),
		TEST(test_twenty_thousand_headers_are_refused),
		TEST(test_an_8_mib_header_is_refused_and_the_refusal_arrives),
		TEST(test_a_long_target_is_refused),
		TEST(test_a_body_of_the_largest_size_passes),
		TEST(test_refusals_and_connections_are_counted),
		TEST(test_a_taken_port_is_named),
		BARE_TEST(test_a_unix_socket_is_private_and_removed),
		BARE_TEST(test_a_stale_unix_socket_is_replaced_and_a_live_one_is_not),
		BARE_TEST(test_a_file_in_the_way_is_not_removed),
		TEST(test_accepted_sockets_do_not_wait_to_send),
		BARE_TEST(test_connections_over_the_limit_wait),
		BARE_TEST(test_an_idle_connection_is_closed),
		BARE_TEST(test_a_request_that_takes_too_long_is_closed),
		BARE_TEST(test_a_header_has_a_third_of_the_time_of_a_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
