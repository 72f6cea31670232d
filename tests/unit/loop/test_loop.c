/* SPDX-License-Identifier: MIT */
/* Turns, deferred tasks, timers and signals. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/base.h"
#include "loop/loop.h"

#include "base/banned.h"

struct named_task {
	struct loop_task task;
	char name;
	struct test *test;
	struct named_task *cancels, *defers;
	bool again;
};

struct test {
	struct loop *loop;
	char ran[32];
	size_t count;
	struct named_task tasks[4];
	struct loop_timer timer;
};

static void task_ran(struct loop_task *task)
{
	struct named_task *t = container_of(task, struct named_task, task);

	assert_true(t->test->count < sizeof(t->test->ran) - 1);
	t->test->ran[t->test->count++] = t->name;
	if (t->cancels)
		loop_task_cancel(&t->cancels->task);
	if (t->defers)
		loop_defer(t->test->loop, &t->defers->task);
	if (t->again)
		loop_defer(t->test->loop, &t->task);
}

static int set_up(void **state)
{
	static struct test test;

	memset(&test, 0, sizeof(test));
	test.loop = loop_new();
	for (size_t i = 0; i < ARRAY_SIZE(test.tasks); i++)
		test.tasks[i] = (struct named_task){ .task = { .run = task_ran },
						     .name = (char)('a' + i),
						     .test = &test };
	*state = &test;
	return 0;
}

static int tear_down(void **state)
{
	struct test *test = *state;

	loop_timer_clear(&test->timer);
	loop_free(test->loop);
	return 0;
}

static void test_a_task_runs_in_the_next_turn_and_in_order(void **state)
{
	struct test *t = *state;

	loop_defer(t->loop, &t->tasks[1].task);
	loop_defer(t->loop, &t->tasks[0].task);
	loop_defer(t->loop, &t->tasks[1].task); /* queued already */
	loop_defer(t->loop, &t->tasks[2].task);
	assert_string_equal(t->ran, "");
	loop_turn(t->loop);
	assert_string_equal(t->ran, "bac");
}

static void test_a_task_deferred_by_a_task_waits_for_another_turn(void **state)
{
	struct test *t = *state;

	t->tasks[0].again = true;
	t->tasks[0].defers = &t->tasks[1];
	loop_defer(t->loop, &t->tasks[0].task);
	loop_turn(t->loop);
	assert_string_equal(t->ran, "a");
	loop_turn(t->loop);
	assert_string_equal(t->ran, "aba");
}

static void test_a_cancelled_task_does_not_run(void **state)
{
	struct test *t = *state;

	for (size_t i = 0; i < 4; i++)
		loop_defer(t->loop, &t->tasks[i].task);
	loop_task_cancel(&t->tasks[3].task);
	loop_task_cancel(&t->tasks[3].task);
	t->tasks[0].cancels = &t->tasks[2]; /* the last of those that run now */
	t->tasks[1].defers = &t->tasks[2];
	loop_turn(t->loop);
	assert_string_equal(t->ran, "ab");
	loop_turn(t->loop);
	assert_string_equal(t->ran, "abc");
	loop_defer(t->loop, &t->tasks[3].task); /* the queue's end is still right */
	loop_turn(t->loop);
	assert_string_equal(t->ran, "abcd");
}

static void test_tasks_left_behind_are_dropped(void **state)
{
	struct test *t = *state;

	loop_defer(t->loop, &t->tasks[0].task);
	loop_free(t->loop);
	assert_string_equal(t->ran, "");
	t->loop = loop_new();
	loop_defer(t->loop, &t->tasks[0].task);
	loop_turn(t->loop);
	assert_string_equal(t->ran, "a");
}

static void stop_expired(struct loop_timer *timer)
{
	struct test *t = container_of(timer, struct test, timer);

	t->ran[t->count++] = 't';
	loop_stop(t->loop);
}

static void test_a_timer_fires_once_and_may_be_set_again(void **state)
{
	struct test *t = *state;
	int64_t began = clock_mono_ms();

	loop_timer_init(&t->timer, t->loop, stop_expired);
	assert_false(loop_timer_is_set(&t->timer));
	loop_timer_set(&t->timer, 60000);
	loop_timer_set(&t->timer, 20);
	assert_true(loop_timer_is_set(&t->timer));
	loop_run(t->loop);
	assert_true(clock_mono_ms() - began >= 15); /* libevent's clock is coarse */
	assert_false(loop_timer_is_set(&t->timer));
	loop_timer_set(&t->timer, -5);
	loop_run(t->loop);
	assert_string_equal(t->ran, "tt");
}

static void test_a_stopped_timer_does_not_fire(void **state)
{
	struct test *t = *state;
	struct loop_timer other = { 0 };

	loop_timer_stop(&other);
	loop_timer_clear(&other);
	loop_timer_init(&other, t->loop, stop_expired);
	loop_timer_set(&other, 0);
	loop_timer_stop(&other);
	assert_false(loop_timer_is_set(&other));
	loop_timer_clear(&other);
	loop_timer_init(&t->timer, t->loop, stop_expired);
	loop_timer_set(&t->timer, 10);
	loop_run(t->loop);
	assert_string_equal(t->ran, "t");
}

static void test_common_durations_fire_in_their_order(void **state)
{
	struct test *t = *state;
	struct loop_timer later = { 0 };

	loop_timer_init(&later, t->loop, stop_expired);
	loop_timer_set(&later, 1000);
	loop_timer_init(&t->timer, t->loop, stop_expired);
	loop_timer_set(&t->timer, 500);
	loop_timer_set(&t->timer, 500);
	loop_run(t->loop);
	assert_string_equal(t->ran, "t");
	assert_true(loop_timer_is_set(&later));
	loop_timer_clear(&later);
}

static void note_signal(int signo, void *arg)
{
	struct test *t = arg;

	t->ran[t->count++] = signo == SIGUSR1 ? 'u' : '?';
	loop_stop(t->loop);
}

static void test_a_signal_arrives_on_the_loop(void **state)
{
	struct test *t = *state;

	loop_on_signal(t->loop, SIGUSR1, note_signal, t);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_string_equal(t->ran, "");
	loop_run(t->loop);
	assert_string_equal(t->ran, "u");
}

static void burn(struct loop_task *task)
{
	int64_t until = clock_mono_us() + 3000;

	(void)task;
	while (clock_mono_us() < until)
		;
}

static void test_the_longest_turn_is_measured(void **state)
{
	struct test *t = *state;
	int64_t lag, before = clock_mono_ms();

	t->tasks[0].task.run = burn;
	loop_defer(t->loop, &t->tasks[0].task);
	loop_turn(t->loop);
	loop_defer(t->loop, &t->tasks[1].task);
	loop_turn(t->loop);
	lag = loop_take_lag_us(t->loop);
	assert_true(lag >= 3000);
	assert_true(lag < 3000000);
	assert_int_equal(loop_take_lag_us(t->loop), 0);
	assert_true(loop_last_turn_ms(t->loop) >= before);
}

static void test_waiting_does_not_count_as_lag(void **state)
{
	struct test *t = *state;

	loop_timer_init(&t->timer, t->loop, stop_expired);
	loop_timer_set(&t->timer, 500);
	loop_run(t->loop);
	assert_true(loop_take_lag_us(t->loop) < 450000);
}

static void test_a_loop_stopped_before_it_runs_returns_at_once(void **state)
{
	struct test *t = *state;

	loop_stop(t->loop);
	loop_run(t->loop);
	assert_string_equal(t->ran, "");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_task_runs_in_the_next_turn_and_in_order),
		TEST(test_a_task_deferred_by_a_task_waits_for_another_turn),
		TEST(test_a_cancelled_task_does_not_run),
		TEST(test_tasks_left_behind_are_dropped),
		TEST(test_a_timer_fires_once_and_may_be_set_again),
		TEST(test_a_stopped_timer_does_not_fire),
		TEST(test_common_durations_fire_in_their_order),
		TEST(test_a_signal_arrives_on_the_loop),
		TEST(test_the_longest_turn_is_measured),
		TEST(test_waiting_does_not_count_as_lag),
		TEST(test_a_loop_stopped_before_it_runs_returns_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
