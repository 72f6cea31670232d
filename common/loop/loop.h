/* SPDX-License-Identifier: MIT */
/*
 * The event loop: one per daemon, one thread. Everything but struct work (work.h) runs on it.
 *
 * Law of completions: a function that starts something never calls back before it has returned; results arrive from a later turn of the loop.
 * loop_defer() is how the modules keep that law.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct event;
struct loop;

struct loop *loop_new(void);
void loop_free(struct loop *loop);		/* deferred tasks still queued are dropped */
struct event_base *loop_base(struct loop *loop);
void loop_run(struct loop *loop);		/* until loop_stop() */
void loop_stop(struct loop *loop);
void loop_turn(struct loop *loop);		/* one turn: waits until something happens, then handles it; for tests */

/* A task embedded in its owner; queued at most once; runs on the next turn. Cancel before the owner is freed. */
struct loop_task {
	void (*run)(struct loop_task *task);
	struct loop_task *next, **link;	/* private */
	struct loop *loop;
};
void loop_defer(struct loop *loop, struct loop_task *task);
void loop_task_cancel(struct loop_task *task);	/* no-op when not queued */

/* A timer embedded in its owner, one shot, monotonic. Cheap to set again and again (common timeouts are shared by libevent). */
struct loop_timer {
	void (*expired)(struct loop_timer *timer);
	struct event *event;	/* private */
	struct loop *loop;
};
void loop_timer_init(struct loop_timer *timer, struct loop *loop, void (*expired)(struct loop_timer *));
void loop_timer_set(struct loop_timer *timer, int64_t after_ms);
void loop_timer_stop(struct loop_timer *timer);
void loop_timer_clear(struct loop_timer *timer);	/* frees; usable again after init */
bool loop_timer_is_set(const struct loop_timer *timer);

void loop_on_signal(struct loop *loop, int signo, void (*callback)(int signo, void *arg), void *arg);

/* Whoever waits for exactly one thing embeds this. wake() is called once, from the loop. Cancel = detach (the operation's own function). */
struct waiter {
	void (*wake)(struct waiter *waiter);
};

/*
 * Longest turn seen since the last call, in µs: the loop-lag metric. libevent does not tell when it woke up, so a module that gets descriptor events of its own
 * calls loop_mark_turn() first in each callback; tasks, timers and signals do it by themselves.
 */
void loop_mark_turn(struct loop *loop);
int64_t loop_take_lag_us(struct loop *loop);
/* Monotonic ms of the last finished turn, for /healthz: a loop that does not turn answers nothing anyway. */
int64_t loop_last_turn_ms(const struct loop *loop);
