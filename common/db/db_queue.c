/* SPDX-License-Identifier: MIT */
/*
 * The db as a whole: one queue of units in front of a few connections, one timer for the oldest
 * deadline (all units have the same limit, so the list of live units is ordered by it), one task
 * that wakes waiters. Nothing is ever woken from anywhere else, so a waiter may submit and free
 * units as it likes; only db_free() is not allowed inside a wake.
 */
#include "base/base.h"
#include "db/db_private.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

static struct metric units_total =
	METRIC_COUNTER_INIT("grove_db_units_total", "Units of work finished, by result", "result");
static struct metric unit_seconds = METRIC_SECONDS_INIT(
	"grove_db_unit_seconds", "Time from submit to result of a unit of work");
static struct metric queue_gauge =
	METRIC_GAUGE_INIT("grove_db_queue", "Units of work not finished: waiting or at PostgreSQL");
static struct metric connections_gauge =
	METRIC_GAUGE_INIT("grove_db_connections", "Connections to PostgreSQL that are ready");

static const char *result_label(enum err err)
{
	switch (err) {
	case OK:
		return "ok";
	case ERR_CONFLICT:
		return "conflict";
	case ERR_NOT_FOUND:
		return "not_found";
	case ERR_INVALID_REQUEST:
	case ERR_TOO_LARGE:
		return "invalid";
	case ERR_UNAVAILABLE:
		return "unavailable";
	case ERR_CANCELLED:
		return "cancelled";
	default:
		return "internal";
	}
}

static void set_deadline_timer(struct db *db)
{
	const struct db_unit *first = TAILQ_FIRST(&db->live);

	if (!first) {
		loop_timer_stop(&db->deadline);
	} else if (!loop_timer_is_set(&db->deadline)) {
		int64_t left = first->deadline_ms - clock_mono_ms();
		loop_timer_set(&db->deadline, left > 0 ? left : 0);
	}
}

static void leave_live(struct db_unit *u, enum err err)
{
	struct db *db = u->db;

	TAILQ_REMOVE(&db->live, u, live_link);
	db->live_count--;
	if (!db->live_count)
		loop_timer_stop(&db->deadline);
	metric_set(&queue_gauge, (double)db->live_count);
	metric_inc(&units_total, result_label(err));
	metric_observe(&unit_seconds, (double)(clock_mono_us() - u->submitted_us) / 1e6);
}

static void leave_queue(struct db_unit *u)
{
	TAILQ_REMOVE(&u->db->queue, u, turn_link);
	u->db->queue_count--;
}

static void push_done(struct db_unit *u)
{
	struct db *db = u->db;

	u->state = UNIT_DONE;
	TAILQ_INSERT_TAIL(&db->done, u, turn_link);
	db->done_count++;
	loop_defer(db->loop, &db->done_task);
}

void db_finish(struct db_unit *u, enum err err)
{
	if (u->state == UNIT_QUEUED)
		leave_queue(u);
	if (u->flight)
		u->flight->unit = NULL;
	u->flight = NULL;
	u->err = err;
	/* What a failed unit returned was rolled back. */
	if (err != OK)
		db_unit_drop_results(u);
	leave_live(u, err);
	push_done(u);
}

void db_queue_add(struct db *db, struct db_unit *u)
{
	bool full = db->live_count >= db->max_queued || db->given_up;

	if (u->err != OK || full || u->count == 0) {
		if (u->err == OK && full)
			u->err = ERR_UNAVAILABLE;
		metric_inc(&units_total, result_label(u->err));
		push_done(u);
		return;
	}
	u->state = UNIT_QUEUED;
	u->submitted_us = clock_mono_us();
	u->deadline_ms = clock_mono_ms() + db->unit_timeout_ms;
	TAILQ_INSERT_TAIL(&db->live, u, live_link);
	TAILQ_INSERT_TAIL(&db->queue, u, turn_link);
	db->live_count++;
	db->queue_count++;
	metric_set(&queue_gauge, (double)db->live_count);
	set_deadline_timer(db);
	db_dispatch(db);
}

void db_queue_forget(struct db_unit *u)
{
	struct db *db = u->db;

	TAILQ_REMOVE(&db->all, u, all_link);
	if (u->state == UNIT_QUEUED)
		leave_queue(u);
	if (u->flight)
		u->flight->unit = NULL;
	if (u->state == UNIT_QUEUED || u->state == UNIT_SENT)
		leave_live(u, ERR_CANCELLED);
	if (u->state == UNIT_DONE) {
		TAILQ_REMOVE(&db->done, u, turn_link);
		db->done_count--;
	}
}

static struct db_conn *shortest(struct db *db)
{
	struct db_conn *best = NULL;

	for (unsigned i = 0; i < db->conn_count; i++) {
		struct db_conn *c = &db->conns[i];
		if (db_conn_has_room(c) && (!best || c->flight_count < best->flight_count))
			best = c;
	}
	return best;
}

void db_dispatch(struct db *db)
{
	struct db_conn *c;

	while (!TAILQ_EMPTY(&db->queue) && (c = shortest(db))) {
		struct db_unit *u = TAILQ_FIRST(&db->queue);
		leave_queue(u);
		u->state = UNIT_SENT;
		db_conn_send(c, u);
	}
}

static void wake_done(struct loop_task *task)
{
	struct db *db = container_of(task, struct db, done_task);
	struct db_unit *u;

	db->waking = true;
	/* Those that were done when the turn began; the rest gets the next turn, so that others
	 * have theirs. */
	for (size_t n = db->done_count; n > 0 && (u = TAILQ_FIRST(&db->done)); n--) {
		struct waiter *waiter = u->waiter;
		TAILQ_REMOVE(&db->done, u, turn_link);
		db->done_count--;
		u->state = UNIT_WOKEN;
		u->waiter = NULL;
		if (waiter)
			waiter->wake(waiter);
	}
	db->waking = false;
	if (!TAILQ_EMPTY(&db->done))
		loop_defer(db->loop, &db->done_task);
}

static void deadline_passed(struct loop_timer *timer)
{
	struct db *db = container_of(timer, struct db, deadline);
	int64_t now = clock_mono_ms();
	struct db_unit *u;

	while ((u = TAILQ_FIRST(&db->live)) && u->deadline_ms <= now) {
		struct db_conn *stuck = u->flight ? u->flight->conn : NULL;
		db_finish(u, ERR_UNAVAILABLE);
		if (stuck)
			db_conn_reset(stuck, "a unit of work passed its time limit");
	}
	set_deadline_timer(db);
}

/* PostgreSQL has been away for too long to keep people waiting: who waits for a connection hears so
 * now, and who comes later at once, until one is ready again. */
static void patience_over(struct loop_timer *timer)
{
	struct db *db = container_of(timer, struct db, patience);
	struct db_unit *u;

	db->given_up = true;
	while ((u = TAILQ_FIRST(&db->queue)))
		db_finish(u, ERR_UNAVAILABLE);
	set_deadline_timer(db);
}

/* State. */

static void tell_state(struct loop_task *task)
{
	struct db *db = container_of(task, struct db, state_task);

	if (db->state_callback)
		db->state_callback(db->state_arg);
}

void db_on_state(struct db *db, void (*callback)(void *arg), void *arg)
{
	db->state_callback = callback;
	db->state_arg = arg;
}

enum err db_state(const struct db *db, struct strbuf *why)
{
	if (db->ready_count > 0)
		return OK;
	/* A full buffer keeps what it has: the reason is for people. */
	if (why && strbuf_append_str(why, db->why ? db->why : "connecting to PostgreSQL") != OK)
		return db->why_is_statement ? ERR_INTERNAL : ERR_UNAVAILABLE;
	return db->why_is_statement ? ERR_INTERNAL : ERR_UNAVAILABLE;
}

void db_set_trouble(struct db *db, bool is_statement, const char *statement, const char *text)
{
	size_t len = strcspn(text, "\n");
	char *why = is_statement ? xasprintf("statement %s does not prepare: %.*s", statement,
					     (int)len, text)
				 : xasprintf("PostgreSQL: %.*s", (int)len, text);
	bool same = db->why && strcmp(db->why, why) == 0;

	free(db->why);
	db->why = why;
	db->why_is_statement = is_statement;
	if (!same && db->ready_count == 0)
		loop_defer(db->loop, &db->state_task);
}

void db_ready_changed(struct db *db, int change)
{
	unsigned before = db->ready_count;

	db->ready_count = (unsigned)((int)before + change);
	metric_set(&connections_gauge, db->ready_count);
	if ((before == 0) == (db->ready_count == 0))
		return;
	loop_defer(db->loop, &db->state_task);
	if (db->ready_count == 0) {
		loop_timer_set(&db->patience, db->patience_ms);
	} else {
		loop_timer_stop(&db->patience);
		db->given_up = false;
	}
}

/* Life. */

struct db *db_new(struct loop *loop, const struct db_config *config)
{
	struct db *db = xcalloc(1, sizeof(*db));

	db->loop = loop;
	db->conninfo = xstrdup(config->conninfo);
	db->password = config->password;
	db->statements = config->statements;
	db->statement_count = config->statement_count;
	db->max_queued = config->max_queued ? config->max_queued : 1024;
	db->unit_timeout_ms = config->unit_timeout_ms ? config->unit_timeout_ms : 10000;
	db->patience_ms = config->patience_ms ? config->patience_ms : 1500;
	db->conn_count = config->connections ? config->connections : 2;
	TAILQ_INIT(&db->all);
	TAILQ_INIT(&db->live);
	TAILQ_INIT(&db->queue);
	TAILQ_INIT(&db->done);
	db->done_task.run = wake_done;
	db->state_task.run = tell_state;
	loop_timer_init(&db->deadline, loop, deadline_passed);
	loop_timer_init(&db->patience, loop, patience_over);
	loop_timer_set(&db->patience, db->patience_ms);
	db->conns = xcalloc(db->conn_count, sizeof(*db->conns));
	for (unsigned i = 0; i < db->conn_count; i++)
		db_conn_init(&db->conns[i], db, i);
	return db;
}

void db_free(struct db *db)
{
	struct db_unit *u;

	if (!db)
		return;
	BUG_ON(db->waking);
	for (unsigned i = 0; i < db->conn_count; i++)
		db_conn_clear(&db->conns[i]);
	TAILQ_FOREACH(u, &db->all, all_link)
	{
		u->waiter = NULL;
		u->flight = NULL;
		u->db = NULL;
	}
	loop_timer_clear(&db->deadline);
	loop_timer_clear(&db->patience);
	loop_task_cancel(&db->done_task);
	loop_task_cancel(&db->state_task);
	metric_set(&queue_gauge, 0);
	metric_set(&connections_gauge, 0);
	free(db->conns);
	free(db->conninfo);
	free(db->why);
	free(db);
}
