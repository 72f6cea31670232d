/* SPDX-License-Identifier: MIT */
/*
 * The worker pool: a queue and a list of finished work under one mutex; the threads tell the loop
 * through an eventfd. The only file with threads.
 */
#include "loop/work.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>

#include "base/base.h"

#include "base/banned.h"

enum {
	WORK_IDLE,
	WORK_QUEUED,
	WORK_RUNNING,
	WORK_RUNNING_CANCELLED,
	WORK_FINISHED,
	WORK_CANCELLED
};

struct work_list {
	struct work *first, **end;
};

struct work_pool {
	struct loop *loop;
	struct event *event;
	int fd;
	unsigned thread_count;
	pthread_t *threads;
	size_t max_queued;

	pthread_mutex_t mutex; /* all below, and work->state and next while work is with us */
	pthread_cond_t wanted;
	bool stopping;
	size_t queued_count;
	struct work_list queued, finished;
};

static void list_init(struct work_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_append(struct work_list *list, struct work *work)
{
	work->next = NULL;
	*list->end = work;
	list->end = &work->next;
}

static struct work *list_take_first(struct work_list *list)
{
	struct work *work = list->first;

	list->first = work->next;
	if (!list->first)
		list->end = &list->first;
	work->next = NULL;
	return work;
}

static void list_remove(struct work_list *list, struct work *work)
{
	struct work **at = &list->first;

	while (*at != work)
		at = &(*at)->next;
	*at = work->next;
	if (!work->next)
		list->end = at;
	work->next = NULL;
}

/* Wakes the loop. A full counter (EAGAIN) means that it is awake already. */
static void ring(struct work_pool *pool)
{
	ssize_t n;

	do
		n = write(pool->fd, &(uint64_t){ 1 }, sizeof(uint64_t));
	while (n < 0 && errno == EINTR);
	BUG_ON(n < 0 && errno != EAGAIN);
}

static void *worker(void *arg)
{
	struct work_pool *pool = arg;

	pthread_mutex_lock(&pool->mutex);
	for (;;) {
		struct work *work;

		while (!pool->queued.first && !pool->stopping)
			pthread_cond_wait(&pool->wanted, &pool->mutex);
		if (pool->stopping)
			break;
		work = list_take_first(&pool->queued);
		pool->queued_count--;
		work->state = WORK_RUNNING;
		pthread_mutex_unlock(&pool->mutex);
		work->run(work);
		pthread_mutex_lock(&pool->mutex);
		work->state = work->state == WORK_RUNNING ? WORK_FINISHED : WORK_CANCELLED;
		list_append(&pool->finished, work);
		ring(pool);
	}
	pthread_mutex_unlock(&pool->mutex);
	return NULL;
}

/* Takes the lists away under the lock, then calls back without it: done() may submit again. */
static void deliver(struct work_pool *pool, struct work_list *list, bool cancelled)
{
	struct work_list taken;

	list_init(&taken);
	pthread_mutex_lock(&pool->mutex);
	while (list->first)
		list_append(&taken, list_take_first(list));
	pthread_mutex_unlock(&pool->mutex);
	while (taken.first) {
		struct work *work = list_take_first(&taken);
		bool was_cancelled = cancelled || work->state == WORK_CANCELLED;

		work->state = WORK_IDLE;
		work->done(work, was_cancelled);
	}
}

static void rung(evutil_socket_t fd, short what, void *arg)
{
	struct work_pool *pool = arg;
	uint64_t count;

	(void)what;
	loop_mark_turn(pool->loop);
	if (read(fd, &count, sizeof(count)) < 0)
		BUG_ON(errno != EAGAIN && errno != EINTR);
	deliver(pool, &pool->finished, false);
}

/* Signals belong to the loop's thread. */
static void start_threads(struct work_pool *pool)
{
	sigset_t all, before;

	sigfillset(&all);
	BUG_ON(pthread_sigmask(SIG_SETMASK, &all, &before) != 0);
	for (unsigned i = 0; i < pool->thread_count; i++)
		BUG_ON(pthread_create(&pool->threads[i], NULL, worker, pool) != 0);
	BUG_ON(pthread_sigmask(SIG_SETMASK, &before, NULL) != 0);
}

struct work_pool *work_pool_new(struct loop *loop, unsigned threads, size_t max_queued)
{
	struct work_pool *pool = xcalloc(1, sizeof(*pool));

	BUG_ON(threads == 0);
	pool->loop = loop;
	pool->thread_count = threads;
	pool->threads = xcalloc(threads, sizeof(*pool->threads));
	pool->max_queued = max_queued;
	list_init(&pool->queued);
	list_init(&pool->finished);
	pool->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	BUG_ON(pool->fd < 0);
	pool->event = event_new(loop_base(loop), pool->fd, EV_READ | EV_PERSIST, rung, pool);
	BUG_ON(!pool->event || event_add(pool->event, NULL) != 0);
	BUG_ON(pthread_mutex_init(&pool->mutex, NULL) != 0 ||
	       pthread_cond_init(&pool->wanted, NULL) != 0);
	start_threads(pool);
	return pool;
}

void work_pool_free(struct work_pool *pool)
{
	if (!pool)
		return;
	pthread_mutex_lock(&pool->mutex);
	pool->stopping = true;
	pthread_cond_broadcast(&pool->wanted);
	pthread_mutex_unlock(&pool->mutex);
	for (unsigned i = 0; i < pool->thread_count; i++)
		BUG_ON(pthread_join(pool->threads[i], NULL) != 0);
	deliver(pool, &pool->finished, true);
	deliver(pool, &pool->queued, true);
	event_free(pool->event);
	close(pool->fd);
	pthread_cond_destroy(&pool->wanted);
	pthread_mutex_destroy(&pool->mutex);
	free(pool->threads);
	free(pool);
}

enum err work_submit(struct work_pool *pool, struct work *work)
{
	enum err err = OK;

	pthread_mutex_lock(&pool->mutex);
	BUG_ON(work->state != WORK_IDLE);
	if (pool->stopping || pool->queued_count >= pool->max_queued) {
		err = ERR_UNAVAILABLE;
	} else {
		work->state = WORK_QUEUED;
		list_append(&pool->queued, work);
		pool->queued_count++;
		pthread_cond_signal(&pool->wanted);
	}
	pthread_mutex_unlock(&pool->mutex);
	return err;
}

void work_cancel(struct work_pool *pool, struct work *work)
{
	pthread_mutex_lock(&pool->mutex);
	if (work->state == WORK_QUEUED) {
		list_remove(&pool->queued, work);
		pool->queued_count--;
		work->state = WORK_CANCELLED;
		list_append(&pool->finished, work);
		ring(pool);
	} else if (work->state == WORK_RUNNING) {
		work->state = WORK_RUNNING_CANCELLED;
	} else if (work->state == WORK_FINISHED) {
		work->state = WORK_CANCELLED;
	}
	pthread_mutex_unlock(&pool->mutex);
}
