/* SPDX-License-Identifier: MIT */
/* The worker pool. Threads are held in run() by a semaphore, so each case is certain without
 * waiting for time to pass. Also run under ThreadSanitizer. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "loop/work.h"

#include "base/banned.h"

struct job {
	struct work work;
	struct fixture *fixture;
	sem_t began, may_go;
	pthread_t thread;
	unsigned runs, dones, again;
	bool cancelled, is_held;
};

struct fixture {
	struct loop *loop;
	struct work_pool *pool;
	struct job jobs[6];
	size_t wanted; /* stops the loop after so many dones */
};

static void job_run(struct work *work)
{
	struct job *job = container_of(work, struct job, work);

	job->thread = pthread_self();
	job->runs++;
	sem_post(&job->began);
	if (job->is_held)
		while (sem_wait(&job->may_go) != 0)
			;
}

static void job_done(struct work *work, bool cancelled)
{
	struct job *job = container_of(work, struct job, work);

	job->dones++;
	job->cancelled = cancelled;
	if (job->again > 0) {
		job->again--;
		assert_int_equal(work_submit(job->fixture->pool, work), OK);
		return;
	}
	if (--job->fixture->wanted == 0)
		loop_stop(job->fixture->loop);
}

static int set_up(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	f.loop = loop_new();
	f.pool = work_pool_new(f.loop, 2, 3);
	for (size_t i = 0; i < ARRAY_SIZE(f.jobs); i++) {
		f.jobs[i].work = (struct work){ .run = job_run, .done = job_done };
		f.jobs[i].fixture = &f;
		sem_init(&f.jobs[i].began, 0, 0);
		sem_init(&f.jobs[i].may_go, 0, 0);
	}
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	work_pool_free(f->pool);
	loop_free(f->loop);
	for (size_t i = 0; i < ARRAY_SIZE(f->jobs); i++) {
		sem_destroy(&f->jobs[i].began);
		sem_destroy(&f->jobs[i].may_go);
	}
	return 0;
}

static void submit(struct fixture *f, size_t i, bool is_held)
{
	f->jobs[i].is_held = is_held;
	assert_int_equal(work_submit(f->pool, &f->jobs[i].work), OK);
}

static void wait_until_begun(struct fixture *f, size_t i)
{
	while (sem_wait(&f->jobs[i].began) != 0)
		;
}

static void run_until_done(struct fixture *f, size_t count)
{
	f->wanted = count;
	loop_run(f->loop);
}

/* Both threads busy with jobs 0 and 1. */
static void hold_both_threads(struct fixture *f)
{
	submit(f, 0, true);
	submit(f, 1, true);
	wait_until_begun(f, 0);
	wait_until_begun(f, 1);
}

static void release_both_threads(struct fixture *f)
{
	sem_post(&f->jobs[0].may_go);
	sem_post(&f->jobs[1].may_go);
}

static void test_work_runs_on_a_thread_and_is_done_on_the_loop(void **state)
{
	struct fixture *f = *state;

	submit(f, 0, false);
	assert_int_equal(f->jobs[0].dones, 0);
	run_until_done(f, 1);
	assert_int_equal(f->jobs[0].runs, 1);
	assert_int_equal(f->jobs[0].dones, 1);
	assert_false(f->jobs[0].cancelled);
	assert_false(pthread_equal(f->jobs[0].thread, pthread_self()));
}

static void test_two_run_at_once_and_the_rest_waits(void **state)
{
	struct fixture *f = *state;

	hold_both_threads(f);
	submit(f, 2, false);
	assert_int_equal(f->jobs[2].runs, 0);
	release_both_threads(f);
	run_until_done(f, 3);
	assert_int_equal(f->jobs[2].runs, 1);
}

static void test_a_full_queue_refuses(void **state)
{
	struct fixture *f = *state;

	hold_both_threads(f);
	for (size_t i = 2; i < 5; i++)
		submit(f, i, false);
	assert_int_equal(work_submit(f->pool, &f->jobs[5].work), ERR_UNAVAILABLE);
	release_both_threads(f);
	run_until_done(f, 5);
	submit(f, 5, false);
	run_until_done(f, 1);
	assert_int_equal(f->jobs[5].runs, 1);
}

static void test_cancelled_while_waiting_it_never_runs(void **state)
{
	struct fixture *f = *state;

	hold_both_threads(f);
	submit(f, 2, false);
	submit(f, 3, false);
	work_cancel(f->pool, &f->jobs[3].work);
	assert_int_equal(f->jobs[3].dones, 0);
	run_until_done(f, 1);
	assert_int_equal(f->jobs[3].runs, 0);
	assert_true(f->jobs[3].cancelled);
	submit(f, 4, false); /* the queue's end is still right */
	release_both_threads(f);
	run_until_done(f, 4);
	assert_int_equal(f->jobs[4].runs, 1);
	assert_false(f->jobs[4].cancelled);
}

static void test_cancelled_while_running_it_ends_first(void **state)
{
	struct fixture *f = *state;

	hold_both_threads(f);
	work_cancel(f->pool, &f->jobs[0].work);
	work_cancel(f->pool, &f->jobs[0].work);
	assert_int_equal(f->jobs[0].dones, 0);
	release_both_threads(f);
	run_until_done(f, 2);
	assert_true(f->jobs[0].cancelled);
	assert_false(f->jobs[1].cancelled);
}

static void test_cancelling_what_is_not_submitted_does_nothing(void **state)
{
	struct fixture *f = *state;

	work_cancel(f->pool, &f->jobs[0].work);
	submit(f, 0, false);
	run_until_done(f, 1);
	work_cancel(f->pool, &f->jobs[0].work);
	assert_false(f->jobs[0].cancelled);
	assert_int_equal(f->jobs[0].dones, 1);
}

static void test_work_may_be_submitted_again_from_done(void **state)
{
	struct fixture *f = *state;

	f->jobs[0].again = f->jobs[1].again = 200;
	submit(f, 0, false);
	submit(f, 1, false);
	run_until_done(f, 2);
	assert_int_equal(f->jobs[0].runs, 201);
	assert_int_equal(f->jobs[1].dones, 201);
}

static void test_freeing_the_pool_finishes_what_runs_and_cancels_what_waits(void **state)
{
	struct fixture *f = *state;

	hold_both_threads(f);
	submit(f, 2, false);
	release_both_threads(f);
	f->wanted = 3;
	work_pool_free(f->pool);
	f->pool = NULL;
	assert_int_equal(f->jobs[0].dones + f->jobs[1].dones + f->jobs[2].dones, 3);
	assert_true(f->jobs[0].cancelled);
	assert_true(f->jobs[2].cancelled);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_work_runs_on_a_thread_and_is_done_on_the_loop),
		TEST(test_two_run_at_once_and_the_rest_waits),
		TEST(test_a_full_queue_refuses),
		TEST(test_cancelled_while_waiting_it_never_runs),
		TEST(test_cancelled_while_running_it_ends_first),
		TEST(test_cancelling_what_is_not_submitted_does_nothing),
		TEST(test_work_may_be_submitted_again_from_done),
		TEST(test_freeing_the_pool_finishes_what_runs_and_cancels_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
