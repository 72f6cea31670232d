/* SPDX-License-Identifier: MIT */
/* The request gate: what passes, what does not and where it stops, at every split position. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/wire.h"

#include "base/banned.h"

#define HOST "Host: grove\r\n"
#define BYTES(literal)                         \
	{                                      \
		(literal), sizeof(literal) - 1 \
	}

struct bytes {
	const char *data;
	size_t len;
};

struct bad {
	const char *what;
	struct bytes request;
	enum err err;
	const char *stops_before; /* the refused byte and what follows; NULL: not checked */
};

static const struct bytes good[] = {
	BYTES("GET / HTTP/1.1\r\n" HOST "\r\n"),
	BYTES("HEAD /healthz HTTP/1.1\r\n" HOST "\r\n"),
	BYTES("OPTIONS /v1/keys HTTP/1.1\r\n" HOST "\r\n"),
	BYTES("DELETE /v1/keys/1 HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n"),
	BYTES("POST /v1/x HTTP/1.1\r\n" HOST "\r\n"),
	BYTES("POST /v1/x HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\n\0\r\n\n"),
	BYTES("PUT /v1/x HTTP/1.1\r\nhOST:\tgrove:7400 \t\r\ncontent-LENGTH:004  \r\n\r\nbody"),
	BYTES("PATCH /a//b/..c/.../d.?q=%2F%5C../.%0A&r=a|b{c}^` HTTP/1.1\r\n" HOST
	      "X-Empty:\r\n\r\n"),
	BYTES("GET /%41%7e%C3%A9/%2e%2ea HTTP/1.1\r\n" HOST "X: \xc3\xa9 \t x\r\n\r\n"),
	BYTES("GET /? HTTP/1.1\r\n" HOST "X-Twice: 1\r\nX-Twice: 2\r\n\r\n"),
	BYTES("POST / HTTP/1.1\r\n" HOST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
	BYTES("GET / HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n"),
	BYTES("GET /a HTTP/1.1\r\n" HOST "\r\nPOST /b HTTP/1.1\r\n" HOST
	      "Content-Length: 2\r\n\r\nxyGET /c HTTP/1.1\r\n" HOST "\r\n"),
};

static const struct bad bad[] = {
	/* What evhttp was measured to take (security.md 0.1). */
	{ "two assertions",
	  BYTES("GET / HTTP/1.1\r\n" HOST
		"Cf-Access-Jwt-Assertion: a\r\ncf-access-jwt-assertion: b\r\n\r\n"),
	  ERR_INVALID_REQUEST, ": b\r\n\r\n" },
	{ "NUL in a value", BYTES("GET / HTTP/1.1\r\n" HOST "X: tok\0rest\r\n\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "empty name", BYTES("GET / HTTP/1.1\r\n" HOST ": v\r\n\r\n"), ERR_INVALID_REQUEST,
	  ": v\r\n\r\n" },
	{ "blank before the colon", BYTES("GET / HTTP/1.1\r\n" HOST "Name : v\r\n\r\n"),
	  ERR_INVALID_REQUEST, " : v\r\n\r\n" },
	{ "folded line", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"), ERR_INVALID_REQUEST,
	  " b\r\n\r\n" },
	{ "folded first line", BYTES("GET / HTTP/1.1\r\n Host: grove\r\n\r\n"), ERR_INVALID_REQUEST,
	  " Host: grove\r\n\r\n" },
	{ "control byte in a name", BYTES("GET / HTTP/1.1\r\n" HOST "X\x01: a\r\n\r\n"),
	  ERR_INVALID_REQUEST, "\x01: a\r\n\r\n" },
	{ "control byte in a value", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\x1b\r\n\r\n"),
	  ERR_INVALID_REQUEST, "\x1b\r\n\r\n" },
	{ "DEL in a value", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n"),
	  ERR_INVALID_REQUEST, "\x7f\r\n\r\n" },
	{ "encoding with a blank name and a length",
	  BYTES("POST / HTTP/1.1\r\n" HOST
		"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\nbody"),
	  ERR_INVALID_REQUEST, NULL },
	{ "lengths 0 and 33",
	  BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 33\r\n\r\n"),
	  ERR_INVALID_REQUEST, ": 33\r\n\r\n" },
	{ "length +4", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: +4\r\n\r\nbody"),
	  ERR_INVALID_REQUEST, "+4\r\n\r\nbody" },
	{ "length 4,4", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 4,4\r\n\r\nbody"),
	  ERR_INVALID_REQUEST, ",4\r\n\r\nbody" },
	{ "length 4 4", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 4 4\r\n\r\nbody"),
	  ERR_INVALID_REQUEST, "4\r\n\r\nbody" },
	{ "length -1", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n\r\n"),
	  ERR_INVALID_REQUEST, "-1\r\n\r\n" },
	{ "length 0x4", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x4\r\n\r\nbody"),
	  ERR_INVALID_REQUEST, NULL },
	{ "length 4abc", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 4abc\r\n\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "empty length", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: \r\n\r\n"),
	  ERR_INVALID_REQUEST, "\r\n\r\n" },
	{ "ten digits", BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 0000000001\r\n\r\nx"),
	  ERR_TOO_LARGE, NULL },
	{ "length over the limit",
	  BYTES("POST / HTTP/1.1\r\n" HOST "Content-Length: 1048577\r\n\r\n"), ERR_TOO_LARGE,
	  "7\r\n\r\n" },
	{ "chunked", BYTES("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x3\r\n"),
	  ERR_LENGTH_REQUIRED, ": chunked\r\n\r\n0x3\r\n" },
	{ "length and encoding",
	  BYTES("POST / HTTP/1.1\r\n" HOST
		"Content-Length: 4\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"),
	  ERR_LENGTH_REQUIRED, NULL },
	{ "bare LF behind the request line", BYTES("GET / HTTP/1.1\n" HOST "\r\n"),
	  ERR_INVALID_REQUEST, "\n" HOST "\r\n" },
	{ "bare LF behind a header", BYTES("GET / HTTP/1.1\r\nHost: grove\n\r\n"),
	  ERR_INVALID_REQUEST, "\n\r\n" },
	{ "bare LF as the last line", BYTES("GET / HTTP/1.1\r\n" HOST "\n"), ERR_INVALID_REQUEST,
	  "\n" },
	{ "bare CR in a value", BYTES("GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n"),
	  ERR_INVALID_REQUEST, "b\r\n\r\n" },
	{ "no Host", BYTES("GET / HTTP/1.1\r\nX: y\r\n\r\n"), ERR_INVALID_REQUEST, "\n" },
	{ "two Hosts", BYTES("GET / HTTP/1.1\r\n" HOST HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "empty Host", BYTES("GET / HTTP/1.1\r\nHost: \r\n\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "a Host of two words", BYTES("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "a Host with a path", BYTES("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "absolute form", BYTES("GET http://grove/ HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "authority form", BYTES("CONNECT grove:80 HTTP/1.1\r\n" HOST "\r\n"),
	  ERR_METHOD_NOT_ALLOWED, " grove:80 HTTP/1.1\r\n" HOST "\r\n" },
	{ "asterisk form", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "authority behind slashes", BYTES("GET //evil/ HTTP/1.1\r\n" HOST "\r\n"),
	  ERR_INVALID_REQUEST, "/evil/ HTTP/1.1\r\n" HOST "\r\n" },
	{ "blank in the target", BYTES("GET /a b HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  "b HTTP/1.1\r\n" HOST "\r\n" },
	{ "control byte in the target", BYTES("GET /a\x01 HTTP/1.1\r\n" HOST "\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "byte over 127 in the target", BYTES("GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "fragment", BYTES("GET /a#b HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	/* Paths that two programs read differently. */
	{ "dot segment", BYTES("GET /./a HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "dots at the end", BYTES("GET /a/.. HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "dots before the query", BYTES("GET /a/..?x HTTP/1.1\r\n" HOST "\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "encoded dots", BYTES("GET /%2e%2E/a HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "half encoded dots", BYTES("GET /.%2e/a HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "encoded slash", BYTES("GET /a%2fb HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "backslash", BYTES("GET /a\\b HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "encoded backslash", BYTES("GET /a%5Cb HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "encoded NUL", BYTES("GET /a%00 HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "encoded NUL in the query", BYTES("GET /a?b=%00 HTTP/1.1\r\n" HOST "\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "encoded line break in the path", BYTES("GET /a%0d%0a HTTP/1.1\r\n" HOST "\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "half an escape", BYTES("GET /a%4 HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  " HTTP/1.1\r\n" HOST "\r\n" },
	{ "no escape", BYTES("GET /a%zz HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	/* The rest of the request line. */
	{ "empty line first", BYTES("\r\nGET / HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  NULL },
	{ "TLS", BYTES("\x16\x03\x01\x02"), ERR_INVALID_REQUEST, "\x16\x03\x01\x02" },
	{ "HTTP/1.0", BYTES("GET / HTTP/1.0\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  "0\r\n" HOST "\r\n" },
	{ "HTTP/0.9", BYTES("GET /\r\n\r\n"), ERR_INVALID_REQUEST, "\r\n\r\n" },
	{ "two blanks", BYTES("GET /  HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "blank at the end", BYTES("GET / HTTP/1.1 \r\n" HOST "\r\n"), ERR_INVALID_REQUEST, NULL },
	{ "small letters", BYTES("get / HTTP/1.1\r\n" HOST "\r\n"), ERR_METHOD_NOT_ALLOWED, NULL },
	{ "TRACE", BYTES("TRACE / HTTP/1.1\r\n" HOST "\r\n"), ERR_METHOD_NOT_ALLOWED, NULL },
	{ "a long method", BYTES("PROPPATCH / HTTP/1.1\r\n" HOST "\r\n"), ERR_METHOD_NOT_ALLOWED,
	  NULL },
	{ "a method that is no token", BYTES("G@T / HTTP/1.1\r\n" HOST "\r\n"), ERR_INVALID_REQUEST,
	  "@T / HTTP/1.1\r\n" HOST "\r\n" },
	/* What evhttp answers by itself or reads as the next request. */
	{ "an expectation of its own", BYTES("POST / HTTP/1.1\r\n" HOST "Expect: 200-ok\r\n\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "half an expectation", BYTES("POST / HTTP/1.1\r\n" HOST "Expect: 100-cont\r\n\r\n"),
	  ERR_INVALID_REQUEST, NULL },
	{ "a body on HEAD", BYTES("HEAD / HTTP/1.1\r\n" HOST "Content-Length: 4\r\n\r\nbody"),
	  ERR_INVALID_REQUEST, "\nbody" },
	{ "a bad one behind a good one",
	  BYTES("GET / HTTP/1.1\r\n" HOST "\r\nGET / HTTP/1.0\r\n\r\n"), ERR_INVALID_REQUEST,
	  "0\r\n\r\n" },
};

static enum err feed_split(struct wire_gate *gate, struct bytes b, size_t split,
			   size_t *ret_total_at)
{
	size_t at = 0;
	enum err err = wire_gate_feed(gate, b.data, split, &at);

	if (err == OK) {
		err = wire_gate_feed(gate, b.data + split, b.len - split, &at);
		at += split;
	}
	if (err != OK)
		*ret_total_at = at;
	return err;
}

static void test_good_requests_pass_at_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		for (size_t split = 0; split <= good[i].len; split++) {
			struct wire_gate gate;
			size_t at = SIZE_MAX;

			wire_gate_init(&gate, NULL);
			if (feed_split(&gate, good[i], split, &at) != OK)
				fail_msg("refused at %zu, split %zu: %s", at, split, good[i].data);
			assert_true(wire_gate_is_idle(&gate));
			assert_int_equal(gate.requests, i == ARRAY_SIZE(good) - 1 ? 3 : 1);
			assert_int_equal(gate.offset, good[i].len);
		}
	}
}

static void test_a_good_request_is_not_idle_before_its_last_byte(void **state)
{
	(void)state;
	for (size_t i = 0; i + 1 < ARRAY_SIZE(good); i++) {
		for (size_t len = 1; len < good[i].len; len++) {
			struct wire_gate gate;
			size_t at;

			wire_gate_init(&gate, NULL);
			assert_int_equal(wire_gate_feed(&gate, good[i].data, len, &at), OK);
			assert_false(wire_gate_is_idle(&gate));
			assert_int_equal(gate.requests, 0);
		}
	}
}

static void test_bad_requests_stop_at_the_same_byte_at_every_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		size_t first_at = SIZE_MAX;

		for (size_t split = 0; split <= bad[i].request.len; split++) {
			struct wire_gate gate;
			size_t at = SIZE_MAX;
			enum err err;

			wire_gate_init(&gate, NULL);
			err = feed_split(&gate, bad[i].request, split, &at);
			if (err != bad[i].err)
				fail_msg("%s, split %zu: error %d, not %d", bad[i].what, split, err,
					 bad[i].err);
			if (split == 0)
				first_at = at;
			if (at != first_at)
				fail_msg("%s, split %zu: stopped at %zu, not %zu", bad[i].what,
					 split, at, first_at);
			assert_int_equal(gate.offset, at);
			assert_false(wire_gate_is_idle(&gate));
		}
		if (bad[i].stops_before &&
		    first_at != bad[i].request.len - strlen(bad[i].stops_before))
			fail_msg("%s: stopped at %zu", bad[i].what, first_at);
	}
}

static void test_the_gate_stays_shut(void **state)
{
	struct wire_gate gate;
	size_t at = 7;

	(void)state;
	wire_gate_init(&gate, NULL);
	assert_int_equal(wire_gate_feed(&gate, "\n", 1, &at), ERR_INVALID_REQUEST);
	assert_int_equal(wire_gate_feed(&gate, good[0].data, good[0].len, &at),
			 ERR_INVALID_REQUEST);
	assert_int_equal(at, 0);
	assert_int_equal(gate.requests, 0);
}

static void test_every_known_header_may_come_once_only(void **state)
{
	static const char *const names[] = { "accept",	       "AUTHORIZATION",	 "Content-Type",
					     "Cookie",	       "Grove-Identity", "Origin",
					     "Last-Event-ID",  "X-Grove-CSRF",	 "X-Session-Key",
					     "Sec-Fetch-Site", "Connection" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(auto_free)
		char *once = xasprintf("GET / HTTP/1.1\r\n" HOST "%s: a\r\n", names[i]);
		AUTO(auto_free) char *twice = xasprintf("%s: a\r\n\r\n", names[i]);
		struct wire_gate gate;
		size_t at;

		wire_gate_init(&gate, NULL);
		assert_int_equal(wire_gate_feed(&gate, once, strlen(once), &at), OK);
		assert_int_equal(wire_gate_feed(&gate, twice, strlen(twice), &at),
				 ERR_INVALID_REQUEST);
	}
}

static enum err feed_repeated(struct wire_gate *gate, const char *piece, size_t count)
{
	enum err err = OK;
	size_t at;

	while (err == OK && count-- > 0)
		err = wire_gate_feed(gate, piece, strlen(piece), &at);
	return err;
}

static void test_limits_hold_to_the_byte(void **state)
{
	static const struct wire_limits limits = {
		.max_line = 20, .max_headers = 40, .max_lines = 3, .max_body = 5
	};
	static const struct {
		const char *request;
		enum err err;
	} cases[] = {
		{ "GET /45678 HTTP/1.1\r\n", ERR_URI_TOO_LONG },
		{ "GET /4567 HTTP/1.1\r\nHost: g\r\n\r\n", OK },
		{ "GET / HTTP/1.1\r\nHost: g\r\nA:\r\nB:\r\n\r\n", OK },
		{ "GET / HTTP/1.1\r\nHost: g\r\nA:\r\nB:\r\nC:\r\n\r\n", ERR_HEADERS_TOO_LARGE },
		{ "GET / HTTP/1.1\r\nHost: g\r\nA: 345678901234567890123456\r\n\r\n", OK },
		{ "GET / HTTP/1.1\r\nHost: g\r\nA: 3456789012345678901234567\r\n\r\n",
		  ERR_HEADERS_TOO_LARGE },
		{ "PUT / HTTP/1.1\r\nHost: g\r\nContent-Length: 5\r\n\r\n12345", OK },
		{ "PUT / HTTP/1.1\r\nHost: g\r\nContent-Length: 6\r\n\r\n", ERR_TOO_LARGE },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wire_gate gate;
		size_t at;

		wire_gate_init(&gate, &limits);
		if (wire_gate_feed(&gate, cases[i].request, strlen(cases[i].request), &at) !=
		    cases[i].err)
			fail_msg("error %d: %s", gate.err, cases[i].request);
	}
}

static void test_default_limits_are_those_of_the_house(void **state)
{
	struct wire_gate gate;
	size_t at;

	(void)state;
	wire_gate_init(&gate, NULL);
	assert_int_equal(wire_gate_feed(&gate, "GET /", 5, &at), OK);
	assert_int_equal(feed_repeated(&gate, "a", 2047), OK);
	assert_int_equal(feed_repeated(&gate, "a", 20), ERR_URI_TOO_LONG);

	wire_gate_init(&gate, NULL);
	assert_int_equal(feed_repeated(&gate, "GET / HTTP/1.1\r\n" HOST, 1), OK);
	assert_int_equal(feed_repeated(&gate, "X: y\r\n", 63), OK);
	assert_int_equal(feed_repeated(&gate, "X: y\r\n", 1), ERR_HEADERS_TOO_LARGE);

	wire_gate_init(&gate, NULL);
	assert_int_equal(feed_repeated(&gate, "GET / HTTP/1.1\r\n" HOST "X: ", 1), OK);
	assert_int_equal(feed_repeated(&gate, "a", 16384 - sizeof(HOST "X: ") + 1), OK);
	assert_int_equal(feed_repeated(&gate, "a", 1), ERR_HEADERS_TOO_LARGE);
}

static void test_a_head_request_is_known_as_one(void **state)
{
	struct wire_gate gate;
	size_t at;

	(void)state;
	wire_gate_init(&gate, NULL);
	assert_int_equal(feed_repeated(&gate, "HEAD / HTTP/1.1\r\n" HOST "\r\n", 1), OK);
	assert_true(wire_gate_is_head(&gate));
	assert_false(wire_gate_is_in_body(&gate));
	assert_int_equal(wire_gate_feed(&gate, "\n", 1, &at), ERR_INVALID_REQUEST);
	assert_false(wire_gate_is_head(&gate));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good_requests_pass_at_every_split),
		cmocka_unit_test(test_a_good_request_is_not_idle_before_its_last_byte),
		cmocka_unit_test(test_bad_requests_stop_at_the_same_byte_at_every_split),
		cmocka_unit_test(test_the_gate_stays_shut),
		cmocka_unit_test(test_every_known_header_may_come_once_only),
		cmocka_unit_test(test_limits_hold_to_the_byte),
		cmocka_unit_test(test_default_limits_are_those_of_the_house),
		cmocka_unit_test(test_a_head_request_is_known_as_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
