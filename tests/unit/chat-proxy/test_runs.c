/* SPDX-License-Identifier: MIT */
/* The registry, and what a run does without anybody around it: its frames and their limits. */
#include "app.h"
#include "run.h"

/* cmocka has a macro named fail. */
#include "support.h"

struct world {
	struct daemon daemon;
	struct chat_proxy_config config;
	struct chat_proxy app;
};

static void open_world(struct world *w)
{
	*w = (struct world){ .config = { .keep_alive_ms = 15000,
					 .event_bytes = 4096,
					 .answer_bytes = 65536,
					 .run_buffer_bytes = 4096,
					 .user_buffer_bytes = 65536 } };
	w->daemon.loop = loop_new();
	w->app = (struct chat_proxy){ .config = &w->config,
				      .daemon = &w->daemon,
				      .catalogue = catalogue_new(),
				      .runs = runs_new() };
}

static void close_world(struct world *w)
{
	runs_free(w->app.runs);
	catalogue_free(w->app.catalogue);
	loop_free(w->daemon.loop);
}

static struct run *start(struct world *w, const struct uuid *user, bool stored)
{
	struct arena arena = ARENA_INIT;
	struct chat_request request;
	struct chat_problem problem;
	struct lease lease = { 0 };
	struct identity identity = { .has_user = true, .user = *user };
	assert_ok(chat_request_read(quoted(&arena, "{'model':'m','stream':true,'messages':[{'role':"
						   "'user','content':'hi'}]}"),
				    &arena, &request, &problem));
	struct run_question q = { .identity = &identity,
				  .request = &request,
				  .arena = &arena,
				  .lease = &lease,
				  .ids = { .run = uuid_new(), .stored = stored } };
	return run_start(&w->app, &q);
}

static void runs_are_found_by_id_and_owner_only(void **state)
{
	(void)state;
	struct world w;
	struct uuid ann = uuid_new(), bob = uuid_new(), nobody = uuid_new();
	struct run *runs[300];
	open_world(&w);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++)
		runs[i] = start(&w, i % 2 ? &ann : &bob, false);
	for (size_t i = 0; i < ARRAY_SIZE(runs); i++) {
		assert_ptr_equal(runs_find(w.app.runs, &runs[i]->id, i % 2 ? &ann : &bob), runs[i]);
		assert_null(runs_find(w.app.runs, &runs[i]->id, i % 2 ? &bob : &ann));
	}
	assert_null(runs_find(w.app.runs, &nobody, &ann));
	assert_int_equal(runs_live(w.app.runs), ARRAY_SIZE(runs));
	struct uuid gone = runs[7]->id;
	runs_remove(w.app.runs, runs[7]);
	assert_null(runs_find(w.app.runs, &gone, &ann));
	assert_int_equal(runs_live(w.app.runs), ARRAY_SIZE(runs) - 1);
	close_world(&w);
}

static void frames_are_numbered_events(void **state)
{
	(void)state;
	struct world w;
	struct uuid ann = uuid_new();
	open_world(&w);
	struct run *run = start(&w, &ann, false);
	assert_ok(run_emit(run, TEXT("one")));
	assert_ok(run_emit(run, TEXT("two\nlines")));
	assert_text(strbuf_text(&run->frames),
		    "id: 1\ndata: one\n\nid: 2\ndata: two\ndata: lines\n\n");
	assert_int_equal(run->frame_count, 2);
	assert_int_equal(run->frame_ends[1], run->frames.len);
	assert_int_equal(runs_user_bytes(w.app.runs, &ann), run->frames.len);
	close_world(&w);
}

static void full_buffer_refuses_a_frame_and_still_takes_the_end(void **state)
{
	(void)state;
	struct world w;
	struct uuid ann = uuid_new();
	char piece[1000];
	size_t taken = 0;
	open_world(&w);
	struct run *run = start(&w, &ann, false);
	memset(piece, 'x', sizeof(piece));
	while (!run_emit(run, (struct text){ piece, sizeof(piece) }))
		taken++;
	assert_int_equal(taken, 3); /* of 4096 */
	run->failure = ERR_PROVIDER_ERROR;
	run->last_error =
		(struct provider_error){ .err = ERR_PROVIDER_ERROR, .status = 503, .code = "x" };
	run_emit_end(run);
	assert_int_equal(run->frame_count, taken + 2);
	assert_non_null(strstr(run->frames.data, "id: 4\nevent: error\ndata: {\"error\""));
	assert_non_null(
		strstr(run->frames.data, "\"details\":{\"status\":503,\"providerCode\":\"x\"}"));
	assert_non_null(strstr(run->frames.data, "id: 5\ndata: [DONE]\n\n"));
	close_world(&w);
}

static void end_of_a_run_without_frames_begins_with_who_is_who(void **state)
{
	(void)state;
	struct world w;
	struct uuid ann = uuid_new();
	open_world(&w);
	struct run *run = start(&w, &ann, false);
	run_emit_end(run);
	assert_int_equal(run->frame_count, 4); /* ids, finish, usage for the web app, [DONE] */
	assert_non_null(strstr(run->frames.data, "\"grove\":{\"runId\""));
	assert_non_null(strstr(run->frames.data, "\"finish_reason\":\"stop\""));
	close_world(&w);
}

static void remembered_answer_is_ended_and_followed_like_any(void **state)
{
	(void)state;
	struct world w;
	struct uuid ann = uuid_new();
	struct run_memory memory = { .answer = TEXT("the text"), .status = RUN_STATUS_COMPLETED };
	open_world(&w);
	struct run *run = start(&w, &ann, true);
	run_replay(run, &memory);
	assert_int_equal(run->state, RUN_ENDED);
	assert_int_equal(run->frame_count, 0);
	assert_int_equal(runs_live(w.app.runs), 0);
	run_emit_whole(run);
	run_emit_whole(run); /* once only */
	assert_int_equal(run->frame_count, 5);
	assert_non_null(strstr(run->frames.data, "the text"));
	assert_null(strstr(run->frames.data, "event: error"));
	close_world(&w);
}

static void failure_says_whose_it_is(void **state)
{
	(void)state;
	struct world w;
	struct uuid ann = uuid_new();
	struct run_problem p;
	open_world(&w);
	struct run *run = start(&w, &ann, false);
	run->last_error = (struct provider_error){
		.err = ERR_RATE_LIMITED, .status = 429, .retry_after_s = 9, .param = "n"
	};
	run->failure = ERR_RATE_LIMITED;
	run_describe_failure(run, &p);
	assert_text(p.detail.details, "{\"status\":429}");
	assert_int_equal(p.detail.retry_after_s, 9);
	assert_string_equal(p.detail.param, "n");
	strbuf_clear(&p.details);
	run->failure = ERR_UNAVAILABLE; /* ours: nothing of the provider's */
	run->failure_message = "Ours.";
	run_describe_failure(run, &p);
	assert_null(p.detail.details.ptr);
	assert_null(p.detail.param);
	assert_int_equal(p.detail.retry_after_s, 0);
	assert_string_equal(p.detail.message, "Ours.");
	strbuf_clear(&p.details);
	close_world(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_are_found_by_id_and_owner_only),
		cmocka_unit_test(frames_are_numbered_events),
		cmocka_unit_test(full_buffer_refuses_a_frame_and_still_takes_the_end),
		cmocka_unit_test(end_of_a_run_without_frames_begins_with_who_is_who),
		cmocka_unit_test(remembered_answer_is_ended_and_followed_like_any),
		cmocka_unit_test(failure_says_whose_it_is),
	};
	secret_init_library(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
