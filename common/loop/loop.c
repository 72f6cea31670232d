/* SPDX-License-Identifier: MIT */
/* The loop over libevent: turns with deferred tasks between them, timers, signals, and the measure
 * of how long a turn took. */
#include "loop/loop.h"

#include <event2/event.h>
#include <signal.h>
#include <sys/time.h>

#include "base/base.h"
#include "log/log.h"

#include "base/banned.h"

/* libevent keeps timers of one of these durations in a list instead of its heap. It has room for
 * 256. */
#define MAX_COMMON_TIMEOUTS 32
#define COMMON_TIMEOUT_STEP_MS 500

struct task_list {
	struct loop_task *first, **end;
};

struct common_timeout {
	int64_t ms;
	const struct timeval *tv;
};

struct loop_signal {
	struct loop *loop;
	struct event *event;
	void (*callback)(int signo, void *arg);
	void *arg;
	struct loop_signal *next;
};

struct loop {
	struct event_base *base;
	bool stopped;
	struct task_list queued, running;
	struct loop_signal *signals;
	struct common_timeout common[MAX_COMMON_TIMEOUTS];
	size_t common_count;
	int64_t turn_began_us; /* 0: nothing of ours ran in this turn yet */
	int64_t longest_turn_us, last_turn_ms;
};

static void log_libevent(int severity, const char *message)
{
	log_debug("libevent.message", LOG_INT("severity", severity), LOG_STR("text", message));
}

static void die_of_libevent(int code)
{
	(void)code;
	BUG("libevent gave up");
}

static void list_init(struct task_list *list)
{
	list->first = NULL;
	list->end = &list->first;
}

static void list_append(struct task_list *list, struct loop_task *task)
{
	task->next = NULL;
	task->link = list->end;
	*list->end = task;
	list->end = &task->next;
}

/* The list's head moves, so the first task's link has to follow. */
static void list_move(struct task_list *to, struct task_list *from)
{
	list_init(to);
	if (!from->first)
		return;
	*to = *from;
	to->first->link = &to->first;
	list_init(from);
}

struct loop *loop_new(void)
{
	struct event_config *config = event_config_new();
	struct loop *loop = xcalloc(1, sizeof(*loop));

	event_set_log_callback(log_libevent);
	event_set_fatal_callback(die_of_libevent);
	signal(SIGPIPE, SIG_IGN); /* a peer that left is an error code, not a signal */
	BUG_ON(!config);
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	loop->base = event_base_new_with_config(config);
	event_config_free(config);
	BUG_ON(!loop->base);
	list_init(&loop->queued);
	list_init(&loop->running);
	loop->last_turn_ms = clock_mono_ms();
	return loop;
}

static void drop_tasks(struct task_list *list)
{
	while (list->first)
		loop_task_cancel(list->first);
}

void loop_free(struct loop *loop)
{
	if (!loop)
		return;
	drop_tasks(&loop->queued);
	while (loop->signals) {
		struct loop_signal *s = loop->signals;

		loop->signals = s->next;
		event_free(s->event);
		free(s);
	}
	event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(struct loop *loop)
{
	return loop->base;
}

/* Turns. */

static void run_tasks(struct loop *loop)
{
	/* Tasks deferred by a task wait for the next turn: descriptors get their turn in between.
	 */
	list_move(&loop->running, &loop->queued);
	while (loop->running.first) {
		struct loop_task *task = loop->running.first;

		loop_mark_turn(loop);
		loop_task_cancel(task);
		task->run(task);
	}
}

void loop_mark_turn(struct loop *loop)
{
	struct timeval woke, now;

	if (loop->turn_began_us != 0)
		return;
	loop->turn_began_us = clock_mono_us();
	/* libevent caches the time right after epoll_wait(2): what ran before us in this turn
	 * counts too. */
	if (event_base_gettimeofday_cached(loop->base, &woke) == 0 &&
	    gettimeofday(&now, NULL) == 0) {
		int64_t ago = (now.tv_sec - woke.tv_sec) * INT64_C(1000000) +
			      (now.tv_usec - woke.tv_usec);

		if (ago > 0 && ago < INT64_C(3600000000))
			loop->turn_began_us -= ago;
	}
}

static void end_turn(struct loop *loop)
{
	int64_t now = clock_mono_us();

	if (loop->turn_began_us != 0 && now - loop->turn_began_us > loop->longest_turn_us)
		loop->longest_turn_us = now - loop->turn_began_us;
	loop->turn_began_us = 0;
	loop->last_turn_ms = now / 1000;
}

void loop_turn(struct loop *loop)
{
	int flags = EVLOOP_NO_EXIT_ON_EMPTY | (loop->queued.first ? EVLOOP_NONBLOCK : EVLOOP_ONCE);

	BUG_ON(event_base_loop(loop->base, flags) < 0);
	run_tasks(loop);
	end_turn(loop);
}

void loop_run(struct loop *loop)
{
	while (!loop->stopped)
		loop_turn(loop);
	loop->stopped = false;
}

void loop_stop(struct loop *loop)
{
	loop->stopped = true;
}

int64_t loop_take_lag_us(struct loop *loop)
{
	int64_t longest = loop->longest_turn_us;

	loop->longest_turn_us = 0;
	return longest;
}

int64_t loop_last_turn_ms(const struct loop *loop)
{
	return loop->last_turn_ms;
}

/* Tasks. */

void loop_defer(struct loop *loop, struct loop_task *task)
{
	if (task->link)
		return;
	task->loop = loop;
	list_append(&loop->queued, task);
}

void loop_task_cancel(struct loop_task *task)
{
	struct loop *loop = task->loop;

	if (!task->link)
		return;
	*task->link = task->next;
	if (task->next)
		task->next->link = task->link;
	else if (loop->queued.end == &task->next)
		loop->queued.end = task->link;
	else
		loop->running.end = task->link;
	task->next = NULL;
	task->link = NULL;
}

/* Timers. */

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
	struct loop_timer *timer = arg;

	(void)fd;
	(void)what;
	loop_mark_turn(timer->loop);
	timer->expired(timer);
}

void loop_timer_init(struct loop_timer *timer, struct loop *loop,
		     void (*expired)(struct loop_timer *))
{
	timer->expired = expired;
	timer->loop = loop;
	timer->event = evtimer_new(loop->base, timer_fired, timer);
	BUG_ON(!timer->event);
}

static const struct timeval *common_timeout(struct loop *loop, int64_t ms, const struct timeval *tv)
{
	struct common_timeout *slot;

	if (ms == 0 || ms % COMMON_TIMEOUT_STEP_MS != 0)
		return tv;
	for (size_t i = 0; i < loop->common_count; i++)
		if (loop->common[i].ms == ms)
			return loop->common[i].tv;
	if (loop->common_count == MAX_COMMON_TIMEOUTS)
		return tv;
	slot = &loop->common[loop->common_count];
	slot->ms = ms;
	slot->tv = event_base_init_common_timeout(loop->base, tv);
	if (!slot->tv)
		return tv;
	loop->common_count++;
	return slot->tv;
}

void loop_timer_set(struct loop_timer *timer, int64_t after_ms)
{
	int64_t ms = after_ms > 0 ? after_ms : 0;
	struct timeval tv = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	BUG_ON(event_add(timer->event, common_timeout(timer->loop, ms, &tv)) != 0);
}

void loop_timer_stop(struct loop_timer *timer)
{
	if (timer->event)
		event_del(timer->event);
}

void loop_timer_clear(struct loop_timer *timer)
{
	if (timer->event)
		event_free(timer->event);
	timer->event = NULL;
}

bool loop_timer_is_set(const struct loop_timer *timer)
{
	return timer->event && event_pending(timer->event, EV_TIMEOUT, NULL);
}

/* Signals. */

static void signal_came(evutil_socket_t signo, short what, void *arg)
{
	struct loop_signal *s = arg;

	(void)what;
	loop_mark_turn(s->loop);
	s->callback((int)signo, s->arg);
}

void loop_on_signal(struct loop *loop, int signo, void (*callback)(int signo, void *arg), void *arg)
{
	struct loop_signal *s = xcalloc(1, sizeof(*s));

	s->loop = loop;
	s->callback = callback;
	s->arg = arg;
	s->event = evsignal_new(loop->base, signo, signal_came, s);
	BUG_ON(!s->event || event_add(s->event, NULL) != 0);
	s->next = loop->signals;
	loop->signals = s;
}
