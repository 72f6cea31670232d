/* SPDX-License-Identifier: MIT */
/* What is looked at before the first step runs: route, envelope, caller, person, body. */
#include "support.h"

#include "base/banned.h"

struct form {
	struct text name;
	struct json_int count;
};

struct post_item {
	int before; /* the form does not stand first */
	struct form form;
};

static const struct json_field form_fields[] = {
	JSON_FIELD(JSON_TEXT, form, name, .required = true, .max = 8),
	JSON_FIELD(JSON_INT, form, count, .min = 1, .max = 9),
	{ 0 },
};

static enum flow say_ok(struct request *req)
{
	struct strbuf *body = req_buffer(req, 100);
	assert_int_equal(strbuf_append_str(body, "{\"ok\":true}"), OK);
	return reply_body(req, 200, body);
}

static enum flow say_item(struct request *req)
{
	struct post_item *op = req->op;
	assert_int_equal(op->before, 0);
	return reply_json(req, 201, form_fields, &op->form);
}

static enum flow say_length(struct request *req)
{
	struct strbuf *body = req_buffer(req, 100);
	assert_int_equal(strbuf_printf(body, "%zu", http_body(req->exchange).len), OK);
	return reply_body(req, 200, body);
}

static void count_clear(void *op)
{
	(void)op;
}

static const struct flow_step ok_flow[] = { { "say_ok", say_ok }, { 0 } };
static const struct flow_step item_flow[] = { { "say_item", say_item }, { 0 } };
static const struct flow_step length_flow[] = { { "say_length", say_length }, { 0 } };

#define FROM_GATEWAY .callers = CALLER(DAEMON_GATEWAY)

static const struct route routes[] = {
	{ HTTP_GET, "/v1/items", FROM_GATEWAY, .needs_user = true, .steps = ok_flow },
	{ HTTP_POST, "/v1/items", FROM_GATEWAY, .needs_user = true, .body = form_fields,
	  .body_offset = offsetof(struct post_item, form), .op_size = sizeof(struct post_item),
	  .steps = item_flow, .clear = count_clear },
	{ HTTP_PATCH, "/v1/items", FROM_GATEWAY, .body = form_fields, .body_optional = true,
	  .body_offset = offsetof(struct post_item, form), .op_size = sizeof(struct post_item),
	  .steps = item_flow },
	{ HTTP_GET, "/v1/items/:id/parts/:part", FROM_GATEWAY, .steps = ok_flow },
	{ HTTP_POST, "/v1/raw", FROM_GATEWAY, .raw_body = true, .max_body = 16,
	  .steps = length_flow },
	{ HTTP_GET, "/v1/for-proxy", .callers = CALLER(DAEMON_CHAT_PROXY), .steps = ok_flow },
	{ HTTP_GET, "/open", .open = true, .steps = ok_flow },
	{ 0 },
};

static int set_up(void **state)
{
	*state = world_new(routes, NULL, NULL);
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static void a_path_that_no_route_has_is_not_found(void **state)
{
	static const char *const paths[] = { "/v1/nothing",
					     "/v1",
					     "/",
					     "/v1/items/",
					     "/v1/items/x",
					     "/v1/items/x/parts/",
					     "/v1/items/x/parts/y/",
					     "/v1/items/x/parts/y/z",
					     "/V1/items",
					     "/v1/%69tems" };
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		EXPECT(*state, 404, "\"not_found\"", "GET", paths[i]);
	EXPECT(*state, 200, "ok", "GET", "/v1/items/x/parts/y");
	EXPECT(*state, 200, "ok", "GET", "/v1/items/x/parts/y?z=1");
}

static void a_method_that_no_route_has_names_those_that_would_do(void **state)
{
	EXPECT(*state, 405, "\r\nAllow: GET, HEAD, POST, PATCH\r\n", "DELETE", "/v1/items");
	EXPECT(*state, 405, "\"method_not_allowed\"", "OPTIONS", "/v1/items");
	EXPECT(*state, 405, "\r\nAllow: POST\r\n", "GET", "/v1/raw");
	EXPECT(*state, 405, "\r\nAllow: POST\r\n", "HEAD", "/v1/raw");
}

static void head_answers_like_get_without_the_body(void **state)
{
	struct client c;
	assert_int_equal(ask(&c, *state, ASK("HEAD", "/v1/items")), 200);
	expect_text(&c, "\r\nContent-Length: 11\r\n");
	expect_no_text(&c, "true");
	client_close(&c);
	assert_int_equal(ask(&c, *state, ASK("HEAD", "/v1/nothing")), 404);
	expect_no_text(&c, "not_found");
	client_close(&c);
}

static void without_an_envelope_there_is_no_answer(void **state)
{
	EXPECT(*state, 401, "\"unauthenticated\"", "GET", "/v1/items", .no_envelope = true);
	EXPECT(*state, 401, "\"unauthenticated\"", "GET", "/v1/items", .envelope = "v1.e30.AAAA");
	EXPECT(*state, 401, "\"unauthenticated\"", "GET", "/v1/items", .envelope = "");
	EXPECT(*state, 200, "ok", "GET", "/open", .no_envelope = true);
	EXPECT(*state, 200, "ok", "GET", "/open", .envelope = "nonsense");
}

static void an_envelope_is_good_for_its_path_with_query_only(void **state)
{
	EXPECT(*state, 401, "unauthenticated", "GET", "/v1/items?a=1",
	       .sealed_target = "/v1/items");
	EXPECT(*state, 401, "unauthenticated", "GET", "/v1/items",
	       .sealed_target = "/v1/items?a=1");
	EXPECT(*state, 200, "ok", "GET", "/v1/items?a=1&b=%20");
}

static void the_wrong_caller_is_forbidden(void **state)
{
	EXPECT(*state, 403, "\"forbidden\"", "GET", "/v1/for-proxy");
}

static void a_route_for_people_wants_a_person(void **state)
{
	EXPECT(*state, 401, "unauthenticated", "GET", "/v1/items", .no_user = true);
	EXPECT(*state, 200, "ok", "GET", "/v1/items/x/parts/y", .no_user = true);
}

static void a_daemon_without_keys_opens_its_open_routes_only(void **state)
{
	struct world *w = *state;
	w->store.keys = NULL;
	EXPECT(w, 401, "unauthenticated", "GET", "/v1/items");
	EXPECT(w, 200, "ok", "GET", "/open");
}

static void a_body_is_decoded_into_its_place(void **state)
{
	EXPECT(*state, 201, "{\"name\":\"abc\",\"count\":3}", "POST", "/v1/items",
	       .body = "{\"name\":\"abc\",\"count\":3}");
	EXPECT(*state, 201, "{\"name\":\"abc\"}", "POST", "/v1/items",
	       .body = "{\"name\":\"abc\"}");
}

static void a_body_that_does_not_fit_names_the_field(void **state)
{
	static const struct {
		const char *body, *says;
	} cases[] = {
		{ "{\"name\":\"abc\",\"other\":1}", "\"param\":\"other\"" },
		{ "{\"name\":\"123456789\"}", "\"param\":\"name\"" },
		{ "{\"name\":7}", "\"param\":\"name\"" },
		{ "{\"count\":1}", "\"param\":\"name\"" },
		{ "{\"name\":\"a\",\"count\":10}", "\"param\":\"count\"" },
		{ "{\"name\":\"a\",\"count\":1.5}", "\"param\":\"count\"" },
		{ "[]", "\"invalid_request\"" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT(*state, 400, cases[i].says, "POST", "/v1/items", .body = cases[i].body);
	EXPECT(*state, 400, "\"invalid_json\"", "POST", "/v1/items", .body = "{");
	EXPECT(*state, 400, "\"invalid_json\"", "POST", "/v1/items", .body = "{} {}");
	EXPECT(*state, 400, "\"invalid_json\"", "POST", "/v1/items");
}

static void an_optional_body_may_be_left_out(void **state)
{
	EXPECT(*state, 201, "{}", "PATCH", "/v1/items");
	EXPECT(*state, 201, "\"name\":\"x\"", "PATCH", "/v1/items", .body = "{\"name\":\"x\"}");
	EXPECT(*state, 400, "\"param\":\"name\"", "PATCH", "/v1/items", .body = "{}");
}

static void a_body_nobody_asked_for_is_refused(void **state)
{
	EXPECT(*state, 400, "takes no body", "GET", "/v1/items", .body = "{\"a\":1}");
	EXPECT(*state, 200, "ok", "GET", "/v1/items", .body = "{}");
}

static void each_route_has_its_own_limit_for_a_body(void **state)
{
	char *large = xmalloc(70000);
	memset(large, ' ', 69999);
	large[69999] = '\0';
	EXPECT(*state, 200, "16", "POST", "/v1/raw", .body = "0123456789abcdef");
	EXPECT(*state, 413, "\"too_large\"", "POST", "/v1/raw", .body = "0123456789abcdefg");
	EXPECT(*state, 413, "\"too_large\"", "POST", "/v1/items", .body = large);
	EXPECT(*state, 413, "\"too_large\"", "GET", "/open", .body = large);
	free(large);
}

static void the_request_id_of_the_envelope_comes_back(void **state)
{
	EXPECT(*state, 200, "\r\nX-Request-Id: abc-123\r\n", "GET", "/v1/items",
	       .request_id = "abc-123", .headers = "X-Request-Id: another-one\r\n");
	/* An envelope that names none leaves the one that was made. */
	EXPECT(*state, 200, "ok", "GET", "/v1/items/x/parts/y", .no_user = true);
}

static void a_request_id_from_outside_is_taken_only_when_plain(void **state)
{
	static const char *const bad[] = {
		"short", "with blank 0123", "semi;colon-0123", "\xc3\xbc-0123456789",
		"0123456789012345678901234567890123456789012345678901234567890123456789"
	};
	struct client c;
	EXPECT(*state, 200, "\r\nX-Request-Id: 0123abCD-\r\n", "GET", "/open",
	       .headers = "X-Request-Id: 0123abCD-\r\n");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(auto_free) char *header = xasprintf("X-Request-Id: %s\r\n", bad[i]);
		assert_int_equal(ask(&c, *state, ASK("GET", "/open", .headers = header)), 200);
		expect_no_text(&c, bad[i]);
		expect_text(&c, "\r\nX-Request-Id: ");
		client_close(&c);
	}
}

/* A daemon that tells nobody what it has before it knows who asks. */

static enum flow let_nobody_in(struct request *req)
{
	return text_is(http_header(req->exchange, "X-Real-Ip"), "friend")
		       ? FLOW_NEXT
		       : refuse(req, ERR_UNAUTHENTICATED);
}

static const struct flow_step shut_flow[] = { { "let_nobody_in", let_nobody_in },
					      { "fail_unmatched", fail_unmatched },
					      { 0 } };
static const struct route shut = { .method = HTTP_OTHER,
				   .path = "unmatched",
				   .open = true,
				   .raw_body = true,
				   .steps = shut_flow };

static void what_no_route_matches_may_have_steps_of_its_own(void **state)
{
	struct world *w = *state;
	struct client c;
	w->store.unmatched = &shut;
	assert_int_equal(ask(&c, w, ASK("DELETE", "/v1/items")), 401);
	expect_no_text(&c, "Allow:");
	client_close(&c);
	EXPECT(w, 401, "unauthenticated", "GET", "/v1/nothing");
	EXPECT(w, 404, "not_found", "GET", "/v1/nothing", .headers = "X-Real-Ip: friend\r\n");
	EXPECT(w, 405, "\r\nAllow: GET, HEAD, POST, PATCH\r\n", "DELETE", "/v1/items",
	       .headers = "X-Real-Ip: friend\r\n");
	EXPECT(w, 200, "ok", "GET", "/v1/items");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_path_that_no_route_has_is_not_found),
		TEST(a_method_that_no_route_has_names_those_that_would_do),
		TEST(head_answers_like_get_without_the_body),
		TEST(without_an_envelope_there_is_no_answer),
		TEST(an_envelope_is_good_for_its_path_with_query_only),
		TEST(the_wrong_caller_is_forbidden),
		TEST(a_route_for_people_wants_a_person),
		TEST(a_daemon_without_keys_opens_its_open_routes_only),
		TEST(a_body_is_decoded_into_its_place),
		TEST(a_body_that_does_not_fit_names_the_field),
		TEST(an_optional_body_may_be_left_out),
		TEST(a_body_nobody_asked_for_is_refused),
		TEST(each_route_has_its_own_limit_for_a_body),
		TEST(the_request_id_of_the_envelope_comes_back),
		TEST(a_request_id_from_outside_is_taken_only_when_plain),
		TEST(what_no_route_matches_may_have_steps_of_its_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
