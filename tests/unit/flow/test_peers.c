/* SPDX-License-Identifier: MIT */
/* Waiting for another daemon: what it is told, what comes back, how its refusals travel on, and
 * what happens when it is away. */
#include "support.h"

#include "base/banned.h"

/* The daemon that is asked. */

static void note_question(struct request *req)
{
	struct world *w = req->app;
	w->vault_asked++;
	w->vault_saw = req->identity;
	snprintf(w->vault_target, sizeof(w->vault_target), "%.*s",
		 TEXT_FMT(http_target(req->exchange)));
}

static enum flow answer(struct request *req)
{
	struct strbuf *body = req_buffer(req, 200);
	note_question(req);
	assert_int_equal(strbuf_append_str(body, "{\"value\":7}"), OK);
	return reply_body(req, 200, body);
}

static enum flow answer_oddly(struct request *req)
{
	struct strbuf *body = req_buffer(req, 200);
	assert_int_equal(strbuf_append_str(body, "{\"value\":\"seven\"}"), OK);
	return reply_body(req, 200, body);
}

static enum flow echo(struct request *req)
{
	struct strbuf *body = req_buffer(req, 4 << 20);
	note_question(req);
	assert_int_equal(strbuf_append_text(body, http_body(req->exchange)), OK);
	return reply_body(req, 200, body);
}

static enum flow refuse_for_now(struct request *req)
{
	return fail_retry_after(req, ERR_KEYS_EXHAUSTED, 9, TEXT("{\"resetsAt\":5}"));
}

static enum flow break_down(struct request *req)
{
	return refuse(req, ERR_UNAVAILABLE);
}

static void count_cancel(struct request *req)
{
	struct world *w = req->app;
	(void)req;
	w->vault_held = NULL;
	w->vault_cancelled++;
}

static enum flow hold(struct request *req)
{
	struct world *w = req->app;
	w->vault_held = req;
	return wait_custom(req, count_cancel);
}

#define FLOW(name, ...) static const struct flow_step name[] = { __VA_ARGS__, { 0 } }
FLOW(answer_flow, { "answer", answer });
FLOW(oddly_flow, { "answer_oddly", answer_oddly });
FLOW(echo_flow, { "echo", echo });
FLOW(for_now_flow, { "refuse_for_now", refuse_for_now });
FLOW(broken_flow, { "break_down", break_down });
FLOW(hold_flow, { "hold", hold });

#define VAULT(path_, flow_)                                                                \
	{                                                                                  \
		HTTP_GET, (path_), .callers = CALLER(DAEMON_ACCOUNT_STORE), .steps = flow_ \
	}

static const struct route vault_routes[] = {
	VAULT("/answer", answer_flow),
	VAULT("/oddly", oddly_flow),
	VAULT("/for-now", for_now_flow),
	VAULT("/broken", broken_flow),
	VAULT("/hold", hold_flow),
	{ HTTP_GET, "/not-for-you", .callers = CALLER(DAEMON_CHAT_PROXY), .steps = answer_flow },
	{ HTTP_GET, "/person", .callers = CALLER(DAEMON_ACCOUNT_STORE), .needs_user = true,
	  .steps = answer_flow },
	{ HTTP_POST, "/echo", .callers = CALLER(DAEMON_ACCOUNT_STORE), .raw_body = true,
	  .max_body = 1 << 20, .steps = echo_flow },
	{ 0 },
};

/* The daemon that asks: /ask/<path> behind. */

struct answer {
	struct json_int value;
};

static const struct json_field answer_fields[] = {
	JSON_FIELD(JSON_INT, answer, value, .required = true),
	{ 0 },
};

static const char *inner(struct request *req)
{
	struct text target = text_slice(http_target(req->exchange), 4, SIZE_MAX);
	return arena_memdup0(&req->arena, target.ptr, target.len);
}

static enum flow ask_vault(struct request *req)
{
	return peer_run(req, DAEMON_KEYVAULT, "GET", inner(req), TEXT_NULL);
}

static enum flow ask_as_nobody(struct request *req)
{
	struct identity nobody = { 0 };
	return peer_run_as(req, DAEMON_KEYVAULT, &nobody, "GET", inner(req), TEXT_NULL);
}

static enum flow ask_tolerantly(struct request *req)
{
	peer_accept_errors(req);
	return peer_run(req, DAEMON_KEYVAULT, "GET", inner(req), TEXT_NULL);
}

static enum flow send_body(struct request *req)
{
	return peer_run(req, DAEMON_KEYVAULT, "POST", "/echo", http_body(req->exchange));
}

static enum flow read_answer(struct request *req)
{
	struct answer found = { 0 };
	if (peer_reply(req, answer_fields, &found))
		return refuse(req, ERR_INTERNAL);
	struct strbuf *body = req_buffer(req, 100);
	assert_int_equal(strbuf_printf(body, "value %d", (int)found.value.value), OK);
	return reply_body(req, 200, body);
}

static enum flow hand_body_back(struct request *req)
{
	struct strbuf *body = req_buffer(req, 4 << 20);
	assert_int_equal(strbuf_append_text(body, peer_body(req)), OK);
	return reply_body(req, 200, body);
}

static enum flow tell_status(struct request *req)
{
	if (peer_status(req) == 503)
		return fail_from_peer(req);
	struct strbuf *body = req_buffer(req, 100);
	assert_int_equal(
		strbuf_printf(body, "status %d, %zu bytes", peer_status(req), peer_body(req).len),
		OK);
	return reply_body(req, 200, body);
}

/* Errors are accepted for one call, not for the next. */
static enum flow ask_again(struct request *req)
{
	assert_int_equal(peer_status(req), 429);
	return peer_run(req, DAEMON_KEYVAULT, "GET", "/for-now", TEXT_NULL);
}

static enum flow never_reached(struct request *req)
{
	(void)req;
	fail_msg("a refusal reached the next step");
	return FLOW_NEXT;
}

FLOW(ask_flow, { "ask_vault", ask_vault }, { "read_answer", read_answer });
FLOW(nobody_flow, { "ask_as_nobody", ask_as_nobody }, { "read_answer", read_answer });
FLOW(tolerant_flow, { "ask_tolerantly", ask_tolerantly }, { "tell_status", tell_status });
FLOW(body_flow, { "send_body", send_body }, { "hand_body_back", hand_body_back });
FLOW(twice_flow, { "ask_tolerantly", ask_tolerantly }, { "ask_again", ask_again },
     { "never_reached", never_reached });

#define STORE(path_, flow_)                                                          \
	{                                                                            \
		HTTP_GET, (path_), .callers = CALLER(DAEMON_GATEWAY), .steps = flow_ \
	}

static const struct route routes[] = {
	STORE("/ask/answer", ask_flow),
	STORE("/ask/oddly", ask_flow),
	STORE("/ask/for-now", ask_flow),
	STORE("/ask/broken", ask_flow),
	STORE("/ask/hold", ask_flow),
	STORE("/ask/not-for-you", ask_flow),
	STORE("/ask/nowhere", ask_flow),
	STORE("/ask/person", ask_flow),
	STORE("/own/person", nobody_flow),
	STORE("/own/answer", nobody_flow),
	STORE("/any/for-now", tolerant_flow),
	STORE("/any/broken", tolerant_flow),
	STORE("/any/answer", tolerant_flow),
	STORE("/two/for-now", twice_flow),
	{ HTTP_GET, "/sec/hold", .callers = CALLER(DAEMON_GATEWAY), .steps = ask_flow,
	  .timeout_ms = 30 },
	{ HTTP_POST, "/body", .callers = CALLER(DAEMON_GATEWAY), .raw_body = true,
	  .max_body = 1 << 20, .steps = body_flow },
	{ 0 },
};

static int set_up(void **state)
{
	*state = world_new(routes, NULL, vault_routes);
	return 0;
}

static int tear_down(void **state)
{
	world_free(*state);
	return 0;
}

static void a_peer_is_asked_as_the_person_for_exactly_that_path(void **state)
{
	struct world *w = *state;
	struct uuid user;
	EXPECT(w, 200, "value 7", "GET", "/ask/answer?a=%20b&c=1",
	       .request_id = "one-and-the-same");
	assert_string_equal(w->vault_target, "/answer?a=%20b&c=1");
	assert_int_equal(uuid_parse(TEXT(USER), &user), OK);
	assert_true(w->vault_saw.has_user && uuid_equal(&w->vault_saw.user, &user));
	assert_int_equal(w->vault_saw.caller, DAEMON_ACCOUNT_STORE);
	assert_int_equal(w->vault_saw.role, ROLE_USER);
	assert_int_equal(w->vault_saw.scopes, SCOPE_CHAT);
	assert_string_equal(w->vault_saw.session, "s1");
	assert_string_equal(w->vault_saw.request_id, "one-and-the-same");
}

static void a_daemon_can_ask_for_itself(void **state)
{
	struct world *w = *state;
	EXPECT(w, 200, "value 7", "GET", "/own/answer");
	assert_false(w->vault_saw.has_user);
	EXPECT(w, 500, "internal", "GET", "/own/person");
}

static void a_body_goes_there_and_back(void **state)
{
	char *body = xmalloc(600001);
	memset(body, 'b', 600000);
	body[600000] = '\0';
	EXPECT(*state, 200, body, "POST", "/body", .body = body);
	EXPECT(*state, 200, "{\"a\":1}", "POST", "/body", .body = "{\"a\":1}");
	free(body);
}

static void a_refusal_is_handed_on_unchanged(void **state)
{
	struct world *w = *state;
	EXPECT(w, 429, "\r\nRetry-After: 9\r\n", "GET", "/ask/for-now");
	EXPECT(w, 429, "\"keys_exhausted\"", "GET", "/ask/for-now");
	EXPECT(w, 429, "\"details\":{\"resetsAt\":5}", "GET", "/ask/for-now");
	EXPECT(w, 503, "\"unavailable\"", "GET", "/ask/broken");
	EXPECT(w, 404, "\"not_found\"", "GET", "/ask/nowhere");
	EXPECT(w, 403, "\"forbidden\"", "GET", "/ask/not-for-you");
	/* None of it is an error of this daemon. */
	assert_false(was_logged(w, "\"level\":\"error\""));
	assert_true(was_logged(w, "\"code\":\"peer\""));
}

static void a_refused_envelope_does_not_read_as_sign_in(void **state)
{
	struct world *w = *state;
	w->vault.keys = NULL;
	EXPECT(w, 500, "\"internal\"", "GET", "/ask/answer");
	assert_true(was_logged(w, "\"level\":\"error\""));
}

static void refusals_that_are_accepted_reach_the_next_step(void **state)
{
	EXPECT(*state, 200, "status 429, ", "GET", "/any/for-now");
	EXPECT(*state, 200, "status 200, ", "GET", "/any/answer");
	EXPECT(*state, 503, "\"unavailable\"", "GET", "/any/broken");
	EXPECT(*state, 429, "\r\nRetry-After: 9\r\n", "GET", "/two/for-now");
}

static void an_answer_of_another_shape_is_an_internal(void **state)
{
	EXPECT(*state, 500, "\"internal\"", "GET", "/ask/oddly");
}

static void a_peer_that_is_away_is_unavailable(void **state)
{
	struct world *w = *state;
	http_server_free(w->vault_server);
	w->vault_server = NULL;
	EXPECT(w, 503, "\"unavailable\"", "GET", "/ask/answer");
	/* What may be refused is a matter of answers; there is none. */
	EXPECT(w, 503, "\"unavailable\"", "GET", "/any/answer");
	assert_false(was_logged(w, "\"level\":\"error\""));
}

static void a_peer_that_goes_away_while_asked_is_unavailable(void **state)
{
	struct world *w = *state;
	struct client c;
	client_open(&c, w);
	client_ask(&c, ASK("GET", "/ask/hold"));
	run_until(w, w->vault_held);
	http_server_free(w->vault_server);
	w->vault_server = NULL;
	run_until(w, c.ended);
	assert_int_equal(client_status(&c), 503);
	client_close(&c);
}

static void a_client_that_leaves_is_seen_by_the_peer_too(void **state)
{
	struct world *w = *state;
	struct client c;
	client_open(&c, w);
	client_ask(&c, ASK("GET", "/ask/hold"));
	run_until(w, w->vault_held);
	client_close(&c);
	run_until(w, w->vault_cancelled && !w->store.live_count);
}

static void the_deadline_is_seen_by_the_peer_too(void **state)
{
	struct world *w = *state;
	EXPECT(w, 503, "\"unavailable\"", "GET", "/sec/hold");
	run_until(w, w->vault_cancelled);
}

static void cancelling_all_lets_go_of_peers(void **state)
{
	struct world *w = *state;
	struct client c;
	client_open(&c, w);
	client_ask(&c, ASK("GET", "/ask/hold"));
	run_until(w, w->vault_held);
	flow_cancel_all(&w->store);
	assert_int_equal(w->store.live_count, 0);
	run_until(w, w->vault_cancelled && c.ended);
	client_close(&c);
}

/* Without a request: what components use. */

struct call_result {
	unsigned done;
	enum err err;
	int status;
	size_t len;
	char retry_after[16];
};

static void call_done(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	struct call_result *r = arg;
	r->done++;
	r->err = err;
	r->status = status;
	r->len = body.len;
	snprintf(r->retry_after, sizeof(r->retry_after), "%s", peer_call_retry_after(call));
}

static void components_call_peers_themselves(void **state)
{
	struct world *w = *state;
	struct identity self = { 0 };
	struct call_result r = { 0 };
	struct peer_request request = {
		.daemon = DAEMON_KEYVAULT, .identity = &self, .method = "GET", .path = "/for-now"
	};
	peer_call_start(w->peers, &request, call_done, &r);
	assert_int_equal(r.done, 0);
	run_until(w, r.done);
	assert_int_equal(r.err, OK);
	assert_int_equal(r.status, 429);
	assert_string_equal(r.retry_after, "9");
	r = (struct call_result){ 0 };
	request.path = "/answer";
	request.max_body = 5;
	peer_call_start(w->peers, &request, call_done, &r);
	run_until(w, r.done);
	assert_int_equal(r.err, ERR_TOO_LARGE);
}

static void a_cancelled_call_is_never_heard_of_again(void **state)
{
	struct world *w = *state;
	struct identity self = { 0 };
	struct call_result r = { 0 };
	struct peer_request request = {
		.daemon = DAEMON_KEYVAULT, .identity = &self, .method = "GET", .path = "/hold"
	};
	struct peer_call *call = peer_call_start(w->peers, &request, call_done, &r);
	run_until(w, w->vault_held);
	peer_call_cancel(call);
	run_until(w, w->vault_cancelled);
	/* And one that is left to the end. */
	peer_call_start(w->peers, &request, call_done, &r);
	run_until(w, w->vault_held);
	assert_int_equal(r.done, 0);
}

static void a_pair_without_a_key_cannot_stream(void **state)
{
	struct world *w = *state;
	struct identity self = { 0 };
	struct config_address address;
	struct fetch_call *call = NULL;
	static const struct fetch_events none = { 0 };
	struct peer_request request = {
		.daemon = DAEMON_CHAT_PROXY, .identity = &self, .method = "GET", .path = "/"
	};
	http_server_address(w->vault_server, &address);
	peers_set(w->peers, DAEMON_CHAT_PROXY, &address);
	assert_int_equal(peer_stream_start(w->peers, &request, &none, NULL, &call), ERR_FORBIDDEN);
	assert_null(call);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_peer_is_asked_as_the_person_for_exactly_that_path),
		TEST(a_daemon_can_ask_for_itself),
		TEST(a_body_goes_there_and_back),
		TEST(a_refusal_is_handed_on_unchanged),
		TEST(a_refused_envelope_does_not_read_as_sign_in),
		TEST(refusals_that_are_accepted_reach_the_next_step),
		TEST(an_answer_of_another_shape_is_an_internal),
		TEST(a_peer_that_is_away_is_unavailable),
		TEST(a_peer_that_goes_away_while_asked_is_unavailable),
		TEST(a_client_that_leaves_is_seen_by_the_peer_too),
		TEST(the_deadline_is_seen_by_the_peer_too),
		TEST(cancelling_all_lets_go_of_peers),
		TEST(components_call_peers_themselves),
		TEST(a_cancelled_call_is_never_heard_of_again),
		TEST(a_pair_without_a_key_cannot_stream),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
