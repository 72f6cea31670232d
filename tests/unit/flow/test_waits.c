/* SPDX-License-Identifier: MIT */
/* A request that waits: goes on, is given up at its deadline, or dies with its client; on the loop
 * and on a thread. */
#include "support.h"

#include "base/banned.h"

struct waiting {
	struct world *world;
	bool ran;
};

static void clear_waiting(void *op_)
{
	struct waiting *op = op_;
	if (op->world)
		op->world->cleared++;
}

static void count_cancel(struct request *req)
{
	struct world *w = req->app;
	assert_ptr_equal(w->held, req);
	w->held = NULL;
	w->cancelled++;
}

static enum flow hold(struct request *req)
{
	struct world *w = req->app;
	struct waiting *op = req->op;
	op->world = w;
	w->held = req;
	return wait_custom(req, count_cancel);
}

static enum flow reply(struct request *req)
{
	return reply_empty(req, 204);
}

/* On a thread: waits until the test lets it go. */
static void stay(void *op_)
{
	struct waiting *op = op_;
	struct world *w = op->world;
	pthread_mutex_lock(&w->mutex);
	w->thread_runs = true;
	while (!w->thread_may_end)
		pthread_cond_wait(&w->moved, &w->mutex);
	op->ran = true;
	pthread_mutex_unlock(&w->mutex);
}

static enum flow work(struct request *req)
{
	struct waiting *op = req->op;
	op->world = req->app;
	return work_run(req, stay);
}

static enum flow reply_when_run(struct request *req)
{
	struct waiting *op = req->op;
	return op->ran ? reply_empty(req, 204) : refuse(req, ERR_INTERNAL);
}

static const struct flow_step hold_flow[] = { { "hold", hold }, { "reply", reply }, { 0 } };
static const struct flow_step work_flow[] = { { "work", work },
					      { "reply_when_run", reply_when_run },
					      { 0 } };

#define ROUTE(path_, flow_, ms_)                                                      \
	{                                                                             \
		HTTP_GET, (path_), .callers = CALLER(DAEMON_GATEWAY),                 \
				   .op_size = sizeof(struct waiting), .steps = flow_, \
				   .clear = clear_waiting, .timeout_ms = (ms_)        \
	}

static const struct route routes[] = {
	ROUTE("/hold", hold_flow, 0),
	ROUTE("/hold/briefly", hold_flow, 20),
	ROUTE("/work", work_flow, 0),
	ROUTE("/work/briefly", work_flow, 20),
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

static void begin(struct client *c, struct world *w, const char *path)
{
	client_open(c, w);
	client_ask(c, ASK("GET", path));
}

static void a_wait_that_ends_well_goes_on(void **state)
{
	struct world *w = *state;
	struct client c;
	begin(&c, w, "/hold");
	run_until(w, w->held);
	assert_int_equal(w->store.live_count, 1);
	wait_custom_done(w->held, OK);
	run_until(w, c.ended);
	assert_int_equal(client_status(&c), 204);
	assert_int_equal(w->cancelled, 0);
	assert_int_equal(w->cleared, 1);
	client_close(&c);
}

static void a_wait_that_ends_badly_fails_the_request(void **state)
{
	struct world *w = *state;
	struct client c;
	begin(&c, w, "/hold");
	run_until(w, w->held);
	wait_custom_done(w->held, ERR_UNAVAILABLE);
	run_until(w, c.ended);
	assert_int_equal(client_status(&c), 503);
	assert_int_equal(w->cancelled, 0);
	assert_int_equal(w->cleared, 1);
	client_close(&c);
}

static void a_client_that_leaves_cancels_the_wait(void **state)
{
	struct world *w = *state;
	struct client c;
	begin(&c, w, "/hold");
	run_until(w, w->held);
	client_close(&c);
	run_until(w, !w->store.live_count);
	assert_int_equal(w->cancelled, 1);
	assert_int_equal(w->cleared, 1);
}

static void the_deadline_cancels_the_wait_and_answers(void **state)
{
	struct world *w = *state;
	struct client c;
	begin(&c, w, "/hold/briefly");
	run_until(w, c.ended);
	assert_int_equal(client_status(&c), 503);
	expect_text(&c, "took too long");
	assert_int_equal(w->cancelled, 1);
	assert_int_equal(w->cleared, 1);
	assert_int_equal(w->store.live_count, 0);
	client_close(&c);
}

static void begin_work(struct client *c, struct world *w, const char *path)
{
	size_t before = w->store.live_count;
	begin(c, w, path);
	run_until(w, w->store.live_count > before);
	while (!thread_has_begun(w))
		sched_yield();
}

static void work_comes_back_to_the_loop(void **state)
{
	struct world *w = *state;
	struct client c;
	begin_work(&c, w, "/work");
	let_thread_end(w);
	run_until(w, c.ended);
	assert_int_equal(client_status(&c), 204);
	client_close(&c);
}

static void a_request_stays_until_its_thread_lets_go_of_it(void **state)
{
	struct world *w = *state;
	struct client c, probe;
	begin_work(&c, w, "/work");
	client_close(&c);
	/* The loop has surely seen the client leave when a later request has been answered. */
	begin(&probe, w, "/hold/briefly");
	run_until(w, probe.ended);
	client_close(&probe);
	assert_int_equal(w->cleared, 1); /* the probe's */
	assert_int_equal(w->store.live_count, 1);
	let_thread_end(w);
	run_until(w, !w->store.live_count);
	assert_int_equal(w->cleared, 2);
}

static void the_deadline_answers_though_a_thread_still_works(void **state)
{
	struct world *w = *state;
	struct client c;
	begin_work(&c, w, "/work/briefly");
	run_until(w, c.ended);
	assert_int_equal(client_status(&c), 503);
	client_close(&c);
	assert_int_equal(w->store.live_count, 1);
	assert_int_equal(w->cleared, 0);
	let_thread_end(w);
	run_until(w, !w->store.live_count);
	assert_int_equal(w->cleared, 1);
}

static void work_that_nobody_has_begun_is_dropped_with_its_client(void **state)
{
	struct world *w = *state;
	struct client busy, c;
	begin_work(&busy, w, "/work"); /* the only thread */
	begin(&c, w, "/work");
	run_until(w, w->store.live_count == 2);
	client_close(&c);
	run_until(w, w->store.live_count == 1);
	assert_int_equal(w->cleared, 1);
	let_thread_end(w);
	run_until(w, busy.ended);
	client_close(&busy);
}

static void a_full_queue_of_work_refuses(void **state)
{
	struct world *w = *state;
	struct client clients[6];
	begin_work(&clients[0], w, "/work");
	for (size_t i = 1; i < 5; i++)
		begin(&clients[i], w, "/work");
	run_until(w, w->store.live_count == 5);
	begin(&clients[5], w, "/work");
	run_until(w, clients[5].ended);
	assert_int_equal(client_status(&clients[5]), 503);
	let_thread_end(w);
	for (size_t i = 0; i < 5; i++) {
		run_until(w, clients[i].ended);
		assert_int_equal(client_status(&clients[i]), 204);
	}
	for (size_t i = 0; i < 6; i++)
		client_close(&clients[i]);
}

static void cancelling_all_cuts_every_client_and_waits_for_threads(void **state)
{
	struct world *w = *state;
	struct client held, working, gone;
	begin(&held, w, "/hold");
	run_until(w, w->held);
	begin_work(&working, w, "/work");
	begin(&gone, w, "/work");
	run_until(w, w->store.live_count == 3);
	client_close(&gone);
	run_until(w, w->store.live_count == 2);
	flow_cancel_all(&w->store);
	assert_int_equal(w->cancelled, 1);
	assert_int_equal(w->store.live_count, 1); /* the thread's */
	flow_cancel_all(&w->store); /* again: it must not be freed under the thread */
	assert_int_equal(w->store.live_count, 1);
	run_until(w, held.ended && working.ended);
	assert_string_equal(client_text(&held), "");
	assert_string_equal(client_text(&working), "");
	let_thread_end(w);
	run_until(w, !w->store.live_count);
	assert_int_equal(w->cleared, 3);
	client_close(&held);
	client_close(&working);
}

static void a_server_that_ends_lets_go_of_all_its_requests(void **state)
{
	struct world *w = *state;
	struct client c;
	begin(&c, w, "/hold");
	run_until(w, w->held);
	http_server_free(w->store_server);
	w->store_server = NULL;
	assert_int_equal(w->cancelled, 1);
	assert_int_equal(w->store.live_count, 0);
	run_until(w, c.ended);
	client_close(&c);
}

static void counters_say_how_requests_ended(void **state)
{
	struct world *w = *state;
	struct client c;
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(1 << 20);
	begin(&c, w, "/hold");
	run_until(w, w->held);
	client_close(&c);
	run_until(w, !w->store.live_count);
	EXPECT(w, 503, "", "GET", "/hold/briefly");
	assert_int_equal(metrics_write(&out), OK);
	assert_non_null(strstr(
		out.data, "grove_requests_total{route=\"/hold\",method=\"GET\",status=\"499\"} 1"));
	assert_non_null(strstr(
		out.data,
		"grove_requests_total{route=\"/hold/briefly\",method=\"GET\",status=\"503\"} 1"));
	assert_non_null(strstr(out.data, "grove_requests_live 0"));
	assert_false(was_logged(w, "\"level\":\"error\""));
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_wait_that_ends_well_goes_on),
		TEST(a_wait_that_ends_badly_fails_the_request),
		TEST(a_client_that_leaves_cancels_the_wait),
		TEST(the_deadline_cancels_the_wait_and_answers),
		TEST(work_comes_back_to_the_loop),
		TEST(a_request_stays_until_its_thread_lets_go_of_it),
		TEST(the_deadline_answers_though_a_thread_still_works),
		TEST(work_that_nobody_has_begun_is_dropped_with_its_client),
		TEST(a_full_queue_of_work_refuses),
		TEST(cancelling_all_cuts_every_client_and_waits_for_threads),
		TEST(a_server_that_ends_lets_go_of_all_its_requests),
		TEST(counters_say_how_requests_ended),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
