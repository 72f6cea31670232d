/* SPDX-License-Identifier: MIT */
/*
 * The reaper: wait for the timer, look for abandoned runs (ids only, across people), then act as
 * each run's own person, one after the other. What goes wrong is tried again at the next turn.
 */
#include "reaper.h"

#include <stdlib.h>

#include "log/log.h"
#include "metrics/metrics.h"

#include "sql.h"

#include "base/banned.h"

#define REAP_AT_ONCE 64

static struct metric reaped =
	METRIC_COUNTER_INIT("grove_account_runs_reaped_total",
			    "Answers marked interrupted because their run was lost.");

struct reaper {
	struct loop_timer timer;
	struct db *db;
	int64_t interval_ms, abandoned_ms;
	enum reaper_state { REAPER_IDLE, REAPER_LOOKING, REAPER_MARKING } state;
	struct db_unit *unit;
	struct waiter waiter;
	struct {
		struct uuid user, message;
	} found[REAP_AT_ONCE];
	size_t found_count, next;
};

static void enter_idle(struct reaper *r)
{
	r->state = REAPER_IDLE;
	loop_timer_set(&r->timer, r->interval_ms);
}

static void mark_next(struct reaper *r)
{
	if (r->next == r->found_count) {
		enter_idle(r);
		return;
	}
	r->state = REAPER_MARKING;
	r->unit = db_unit_new(r->db);
	db_unit_as_user(r->unit, &r->found[r->next].user);
	db_unit_add(r->unit, SQL_REAP_RUN,
		    DB_ARGS(db_uuid(&r->found[r->next].user), db_uuid(&r->found[r->next].message),
			    db_int(r->abandoned_ms)));
	db_unit_submit(r->unit, &r->waiter);
}

static void take_found(struct reaper *r)
{
	r->next = 0;
	r->found_count = db_rows(r->unit, 1);
	for (size_t i = 0; i < r->found_count; i++) {
		r->found[i].user = db_get_uuid(r->unit, 1, i, 0);
		r->found[i].message = db_get_uuid(r->unit, 1, i, 1);
	}
}

static void note_marked(struct reaper *r)
{
	if (db_rows(r->unit, 0)) {
		metric_inc(&reaped);
		log_warn("run.abandoned", LOG_UUID("messageId", &r->found[r->next].message));
	}
	r->next++;
}

static void unit_done(struct waiter *waiter)
{
	struct reaper *r = container_of(waiter, struct reaper, waiter);
	struct db_unit *unit = r->unit;
	bool ok = !db_unit_err(unit);
	if (ok && r->state == REAPER_LOOKING)
		take_found(r);
	else if (ok)
		note_marked(r);
	db_unit_free(unit);
	r->unit = NULL;
	if (ok)
		mark_next(r);
	else
		enter_idle(r);
}

static void look(struct loop_timer *timer)
{
	struct reaper *r = container_of(timer, struct reaper, timer);
	if (db_state(r->db, NULL)) {
		enter_idle(r);
		return;
	}
	r->state = REAPER_LOOKING;
	r->unit = db_unit_new(r->db);
	db_unit_add(r->unit, SQL_SET_REAPER, DB_NO_ARGS);
	db_unit_add(r->unit, SQL_FIND_ABANDONED_RUNS,
		    DB_ARGS(db_int(r->abandoned_ms), db_int(REAP_AT_ONCE)));
	db_unit_submit(r->unit, &r->waiter);
}

struct reaper *reaper_new(struct loop *loop, struct db *db, int64_t interval_ms,
			  int64_t abandoned_ms)
{
	struct reaper *r = xcalloc(1, sizeof(*r));
	r->db = db;
	r->interval_ms = interval_ms;
	r->abandoned_ms = abandoned_ms;
	r->waiter.wake = unit_done;
	loop_timer_init(&r->timer, loop, look);
	enter_idle(r);
	return r;
}

void reaper_free(struct reaper *r)
{
	if (!r)
		return;
	if (r->unit)
		db_unit_free(r->unit);
	loop_timer_clear(&r->timer);
	free(r);
}
