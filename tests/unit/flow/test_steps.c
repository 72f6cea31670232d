/* SPDX-License-Identifier: MIT */
/* How steps follow each other, what they read of a request, and how they answer and refuse. */
#include "support.h"

#include "base/banned.h"

static void note(struct request *req, const char *step)
{
	struct world *w = req->app;
	size_t len = strlen(w->trace);
	snprintf(w->trace + len, sizeof(w->trace) - len, "%s ", step);
}

static enum flow first(struct request *req)
{
	note(req, "first");
	return FLOW_NEXT;
}

static enum flow leap(struct request *req)
{
	note(req, "leap");
	return flow_skip_to(req, "last");
}

static enum flow between(struct request *req)
{
	note(req, "between");
	return FLOW_NEXT;
}

static enum flow last(struct request *req)
{
	note(req, "last");
	return reply_empty(req, 204);
}

static enum flow refuse_plainly(struct request *req)
{
	note(req, "refuse");
	return refuse(req, ERR_CONFLICT);
}

static enum flow refuse_because(struct request *req)
{
	return fail_because(req, ERR_CONFLICT, "It is %s \"%d\".", "taken", 7);
}

static enum flow refuse_param(struct request *req)
{
	return fail_param(req, ERR_INVALID_REQUEST, "name", "Say %s.", "more");
}

static enum flow refuse_details(struct request *req)
{
	return fail_details(req, ERR_LEAF_MOVED, "Moved.", TEXT("{\"leaf\":null}"));
}

static enum flow refuse_for_now(struct request *req)
{
	return fail_retry_after(req, ERR_RATE_LIMITED, 42, TEXT("{\"resetsAt\":1}"));
}

static enum flow refuse_at_length(struct request *req)
{
	char text[2000];
	memset(text, 'x', sizeof(text));
	memcpy(text, "\xc3\xa4\xc3\xa4", 4);
	text[sizeof(text) - 1] = '\0';
	for (size_t i = 0; i + 2 < 600; i += 2)
		memcpy(text + i, "\xc3\xa4", 2);
	return fail_because(req, ERR_CONFLICT, "!%s", text);
}

static enum flow reply_with_queries(struct request *req)
{
	struct uuid id, ref;
	struct text q;
	int64_t limit;
	bool flag, given;
	if (req_param_uuid(req, 0, &id))
		return refuse(req, ERR_NOT_FOUND);
	if (req_query_text(req, "q", 12, &q) || req_query_int(req, "limit", 1, 100, 20, &limit) ||
	    req_query_bool(req, "flag", false, &flag) || req_query_uuid(req, "ref", &given, &ref))
		return refuse(req, ERR_INVALID_REQUEST);
	struct strbuf *body = req_buffer(req, 1000);
	assert_int_equal(strbuf_printf(body, "q=%s limit=%d flag=%d ref=%d", q.ptr ? q.ptr : "none",
				       (int)limit, flag, given),
			 OK);
	return reply_body(req, 200, body);
}

static enum flow reply_with_header(struct request *req)
{
	reply_header(req, "X-Run-Id", "run-1");
	return reply_empty(req, 202);
}

static enum flow take(struct request *req)
{
	struct world *w = req->app;
	w->taken = flow_take_exchange(req);
	return FLOW_DONE;
}

struct owner {
	struct world *world;
	char *owned;
};

static enum flow own_something(struct request *req)
{
	struct owner *op = req->op;
	op->world = req->app;
	op->owned = xstrdup("something");
	return text_is(req_param(req, 0), "fail") ? refuse(req, ERR_CONFLICT)
						  : reply_empty(req, 204);
}

static void clear_owner(void *op_)
{
	struct owner *op = op_;
	if (op->world)
		op->world->cleared++;
	free(op->owned);
}

#define FLOW(name, ...) static const struct flow_step name[] = { __VA_ARGS__, { 0 } }
FLOW(order_flow, { "first", first }, { "between", between }, { "last", last });
FLOW(leap_flow, { "first", first }, { "leap", leap }, { "between", between }, { "last", last });
FLOW(refuse_flow, { "refuse_plainly", refuse_plainly }, { "last", last });
FLOW(because_flow, { "refuse_because", refuse_because });
FLOW(param_flow, { "refuse_param", refuse_param });
FLOW(details_flow, { "refuse_details", refuse_details });
FLOW(for_now_flow, { "refuse_for_now", refuse_for_now });
FLOW(length_flow, { "refuse_at_length", refuse_at_length });
FLOW(query_flow, { "reply_with_queries", reply_with_queries });
FLOW(header_flow, { "reply_with_header", reply_with_header });
FLOW(take_flow, { "take", take });
FLOW(owner_flow, { "own_something", own_something });

#define GET(path_, flow_)                                                            \
	{                                                                            \
		HTTP_GET, (path_), .callers = CALLER(DAEMON_GATEWAY), .steps = flow_ \
	}

static const struct route routes[] = {
	GET("/order", order_flow),
	GET("/leap", leap_flow),
	GET("/refuse", refuse_flow),
	GET("/because", because_flow),
	GET("/param", param_flow),
	GET("/details", details_flow),
	GET("/for-now", for_now_flow),
	GET("/length", length_flow),
	GET("/query/:id", query_flow),
	GET("/header", header_flow),
	GET("/take", take_flow),
	{ HTTP_GET, "/owner/:how", .callers = CALLER(DAEMON_GATEWAY),
	  .op_size = sizeof(struct owner), .steps = owner_flow, .clear = clear_owner },
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

static void expect_trace(struct world *w, const char *path, int status, const char *trace)
{
	w->trace[0] = '\0';
	EXPECT(w, status, "", "GET", path);
	assert_string_equal(w->trace, trace);
}

static void steps_run_once_in_the_order_of_the_table(void **state)
{
	expect_trace(*state, "/order", 204, "first between last ");
}

static void a_step_can_skip_to_a_later_one(void **state)
{
	expect_trace(*state, "/leap", 204, "first leap last ");
}

static void nothing_runs_after_a_failure_and_it_is_logged_once(void **state)
{
	struct world *w = *state;
	expect_trace(w, "/refuse", 409, "refuse ");
	const char *line = strstr(w->log.data, "request.failed");
	assert_non_null(line);
	assert_non_null(strstr(line, "\"step\":\"refuse_plainly\""));
	assert_null(strstr(line + 1, "request.failed"));
	assert_true(was_logged(w, "\"requestId\":\"from-the-gateway\""));
	assert_false(was_logged(w, "\"level\":\"error\""));
}

static void refusals_have_the_shape_of_the_house(void **state)
{
	EXPECT(*state, 409, "\"message\":\"It is taken \\\"7\\\".\"", "GET", "/because");
	EXPECT(*state, 400, "\"param\":\"name\"", "GET", "/param");
	EXPECT(*state, 400, "\"message\":\"Say more.\"", "GET", "/param");
	EXPECT(*state, 409, "\"details\":{\"leaf\":null}", "GET", "/details");
	EXPECT(*state, 429, "\r\nRetry-After: 42\r\n", "GET", "/for-now");
	EXPECT(*state, 429, "\"details\":{\"resetsAt\":1}", "GET", "/for-now");
}

static void a_long_message_is_cut_between_characters(void **state)
{
	struct client c;
	assert_int_equal(ask(&c, *state, ASK("GET", "/length")), 409);
	expect_no_text(&c, "\xef\xbf\xbd");
	expect_text(&c, "\xc3\xa4\"}}");
	client_close(&c);
}

static void query_parameters_are_typed_and_refused_by_name(void **state)
{
	static const struct {
		const char *target;
		int status;
		const char *says;
	} cases[] = {
		{ "/query/" USER, 200, "q=none limit=20 flag=0 ref=0" },
		{ "/query/" USER "?q=a%20b&limit=1&flag=true&ref=" USER, 200,
		  "q=a b limit=1 flag=1 ref=1" },
		{ "/query/" USER "?q=", 200, "q= limit" },
		{ "/query/" USER "?limit=100&flag=0", 200, "limit=100 flag=0" },
		{ "/query/nonsense", 404, "not_found" },
		{ "/query/" USER "?limit=0", 400, "\"param\":\"limit\"" },
		{ "/query/" USER "?limit=101", 400, "whole number from 1 to 100" },
		{ "/query/" USER "?limit=1e1", 400, "\"param\":\"limit\"" },
		{ "/query/" USER "?limit=", 400, "\"param\":\"limit\"" },
		{ "/query/" USER "?limit=99999999999999999999999", 400, "\"param\":\"limit\"" },
		{ "/query/" USER "?flag=maybe", 400, "\"param\":\"flag\"" },
		{ "/query/" USER "?ref=1", 400, "\"param\":\"ref\"" },
		{ "/query/" USER "?q=0123456789012", 400, "\"param\":\"q\"" },
		{ "/query/" USER "?q=%ff", 400, "\"param\":\"q\"" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		EXPECT(*state, cases[i].status, cases[i].says, "GET", cases[i].target);
}

static void a_reply_may_carry_headers(void **state)
{
	EXPECT(*state, 202, "\r\nX-Run-Id: run-1\r\n", "GET", "/header");
}

static void what_the_op_owns_is_cleared_once_however_it_ends(void **state)
{
	struct world *w = *state;
	EXPECT(w, 204, "", "GET", "/owner/well");
	assert_int_equal(w->cleared, 1);
	EXPECT(w, 409, "", "GET", "/owner/fail");
	assert_int_equal(w->cleared, 2);
}

static void taken_gone(struct http_exchange *ex, void *arg)
{
	struct world *w = arg;
	assert_ptr_equal(ex, w->taken);
	w->taken = NULL;
	w->taken_gone++;
}

static void a_taken_exchange_outlives_its_request(void **state)
{
	struct world *w = *state;
	struct client c;
	client_open(&c, w);
	client_ask(&c, ASK("GET", "/take"));
	run_until(w, w->taken);
	assert_int_equal(w->store.live_count, 0);
	http_set_header(w->taken, "Content-Type", "text/event-stream");
	http_stream_begin(w->taken, 200);
	http_stream_write(w->taken, TEXT("data: 1\n\n"));
	http_stream_end(w->taken);
	run_until(w, c.ended);
	expect_text(&c, "\r\nX-Request-Id: from-the-gateway\r\n");
	expect_text(&c, "data: 1\n\n");
	client_close(&c);
}

static void who_takes_an_exchange_hears_when_the_client_leaves(void **state)
{
	struct world *w = *state;
	struct client c;
	client_open(&c, w);
	client_ask(&c, ASK("GET", "/take"));
	run_until(w, w->taken);
	http_set_gone(w->taken, taken_gone, w);
	client_close(&c);
	run_until(w, w->taken_gone);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(steps_run_once_in_the_order_of_the_table),
		TEST(a_step_can_skip_to_a_later_one),
		TEST(nothing_runs_after_a_failure_and_it_is_logged_once),
		TEST(refusals_have_the_shape_of_the_house),
		TEST(a_long_message_is_cut_between_characters),
		TEST(query_parameters_are_typed_and_refused_by_name),
		TEST(a_reply_may_carry_headers),
		TEST(what_the_op_owns_is_cleared_once_however_it_ends),
		TEST(a_taken_exchange_outlives_its_request),
		TEST(who_takes_an_exchange_hears_when_the_client_leaves),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
