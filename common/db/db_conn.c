/* SPDX-License-Identifier: MIT */
/*
 * One connection: connect, prepare everything, then send units and read their results in order.
 *
 *	DOWN → CONNECTING → PREPARING → READY        any trouble: back to DOWN, and again after a
 *pause
 *
 * In pipeline mode libpq gives, for each statement, its result and then a NULL; for a Sync one
 *PGRES_PIPELINE_SYNC and no NULL; after an error PGRES_PIPELINE_ABORTED for each statement up to
 *the Sync (libpq §34.5.1). Only PQconnectStart() may block, when the connection string names a host
 *that has to be looked up: configure sockets or addresses.
 */
#include <errno.h>
#include <event2/event.h>

#include "base/base.h"
#include "db/db_private.h"
#include "log/log.h"

#include "base/banned.h"

/*
 * Units sent and not answered. Deep enough that a connection never idles for want of work, shallow
 * enough that little is lost with it and a slow unit holds up few: what waits in the db's queue can
 * still go elsewhere.
 */
#define WINDOW 32
#define BACKOFF_MIN_MS 50
#define BACKOFF_MAX_MS 2000
#define OPENING_LIMIT_MS 5000

static const char as_user_sql[] = "SELECT set_config('app.user_id', $1, true)";

static const char *state_name(enum db_conn_state state)
{
	static const char *const names[] = { "down", "connecting", "preparing", "ready" };

	return names[state];
}

static void enter_state(struct db_conn *c, enum db_conn_state state)
{
	if (c->state == state)
		return;
	log_debug("db.connection", LOG_INT("number", c->number),
		  LOG_STR("from", state_name(c->state)), LOG_STR("to", state_name(state)));
	if (c->state == CONN_READY)
		db_ready_changed(c->db, -1);
	c->state = state;
	if (state == CONN_READY)
		db_ready_changed(c->db, 1);
}

static void free_event(struct event **ev)
{
	if (*ev)
		event_free(*ev);
	*ev = NULL;
}

static void close_connection(struct db_conn *c)
{
	/* Before the socket goes: epoll must not hear of its number again. */
	free_event(&c->read_event);
	free_event(&c->write_event);
	if (c->pg)
		PQfinish(c->pg);
	c->pg = NULL;
}

static void drop_flight(struct db_conn *c, struct db_flight *f)
{
	TAILQ_REMOVE(&c->flights, f, link);
	BUG_ON(TAILQ_FIRST(&c->flights) == f); /* clang's analyser does not see it from the macro */
	c->flight_count--;
	free(f);
}

void db_conn_reset(struct db_conn *c, const char *why)
{
	struct db_flight *f;

	if (c->state == CONN_DOWN)
		return;
	log_debug("db.connection_lost", LOG_INT("number", c->number),
		  LOG_INT("units", c->flight_count));
	if (!c->prepare_failed)
		db_set_trouble(c->db, false, NULL, why);
	close_connection(c);
	enter_state(c, CONN_DOWN);
	while ((f = TAILQ_FIRST(&c->flights))) {
		struct db_unit *u = f->unit;
		/* An error that was already told stands: PostgreSQL rolled back before it went
		 * away. */
		if (u)
			db_finish(u, u->err != OK ? u->err : ERR_UNAVAILABLE);
		drop_flight(c, f);
	}
	loop_timer_set(&c->timer, c->backoff_ms);
	c->backoff_ms = c->backoff_ms * 2 < BACKOFF_MAX_MS ? c->backoff_ms * 2 : BACKOFF_MAX_MS;
}

static void lost(struct db_conn *c)
{
	AUTO(auto_free) char *why = xstrdup(PQerrorMessage(c->pg));

	db_conn_reset(c, why[0] ? why : "connection lost");
}

/* Writes what libpq holds; false when the connection was lost over it. */
static bool flush(struct db_conn *c)
{
	int rc = PQflush(c->pg);

	if (rc < 0) {
		lost(c);
		return false;
	}
	/* libpq moves all it holds down after each partial write: better that the next unit waits
	 * in our queue. */
	c->clogged = rc > 0;
	if (c->clogged)
		event_add(c->write_event, NULL);
	return true;
}

/* Results. */

static void take_prepare_result(struct db_conn *c, const PGresult *result)
{
	const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

	if (PQresultStatus(result) == PGRES_COMMAND_OK ||
	    PQresultStatus(result) == PGRES_PIPELINE_ABORTED)
		return;
	if (c->prepare_failed)
		return;
	c->prepare_failed = true;
	unsigned at = c->prepared < c->db->statement_count ? (unsigned)c->prepared : DB_AS_USER;
	db_set_trouble(c->db, true, db_statement_name(c->db, at),
		       message ? message : PQresultErrorMessage(result));
}

static void prepared_all(struct db_conn *c)
{
	if (c->prepare_failed) {
		db_conn_reset(c, "");
		return;
	}
	loop_timer_stop(&c->timer);
	c->backoff_ms = BACKOFF_MIN_MS;
	enter_state(c, CONN_READY);
	db_dispatch(c->db);
}

static void take_unit_result(struct db_conn *c, struct db_flight *f, PGresult **result)
{
	struct db_unit *u = f->unit;

	switch (PQresultStatus(*result)) {
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		if (u && f->index < u->count && !u->calls[f->index].result)
			u->calls[f->index].result = take_ptr(*result);
		break;
	case PGRES_PIPELINE_ABORTED:
		break;
	default:
		if (db_error_is_stale_plan(*result))
			c->retiring = true;
		if (u)
			db_unit_note_error(u, *result, f->index);
	}
}

static void flight_landed(struct db_conn *c, struct db_flight *f)
{
	struct db_unit *u = f->unit;

	if (u)
		db_finish(u, u->err);
	drop_flight(c, f);
	if (c->retiring && c->flight_count == 0)
		db_conn_reset(c, "a prepared statement is out of date");
	else
		db_dispatch(c->db);
}

/* A NULL: the results of the current statement are complete. */
static void end_of_statement(struct db_conn *c)
{
	struct db_flight *f = TAILQ_FIRST(&c->flights);

	if (c->state == CONN_PREPARING)
		c->prepared++;
	else if (f)
		f->index++;
}

static void take_result(struct db_conn *c, PGresult *result)
{
	struct db_flight *f = TAILQ_FIRST(&c->flights);
	bool is_sync = PQresultStatus(result) == PGRES_PIPELINE_SYNC;

	if (c->state == CONN_PREPARING && is_sync)
		prepared_all(c);
	else if (c->state == CONN_PREPARING)
		take_prepare_result(c, result);
	else if (f && is_sync)
		flight_landed(c, f);
	else if (f)
		take_unit_result(c, f, &result);
	PQclear(result);
}

static bool expects_results(const struct db_conn *c)
{
	return c->pg && (c->state == CONN_PREPARING || c->flight_count > 0);
}

static void read_results(struct db_conn *c)
{
	unsigned nulls = 0;

	/* PQisBusy() first: it is what parses, also notices that come while nothing is expected. */
	while (!PQisBusy(c->pg) && expects_results(c) && nulls < 2) {
		PGresult *result = PQgetResult(c->pg);
		/* Two in a row: libpq has nothing more although a Sync is outstanding. */
		nulls = result ? 0 : nulls + 1;
		if (result)
			take_result(c, result);
		else
			end_of_statement(c);
		if (!c->pg)
			return;
	}
	if (PQstatus(c->pg) == CONNECTION_BAD)
		lost(c);
}

static void flush_and_dispatch(struct db_conn *c)
{
	bool was_clogged = c->clogged;

	if (flush(c) && was_clogged && !c->clogged)
		db_dispatch(c->db);
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct db_conn *c = arg;
	(void)fd;
	(void)what;

	loop_mark_turn(c->db->loop);
	if (!PQconsumeInput(c->pg)) {
		/* What came before the end may tell why, and is the answer to the first unit. */
		read_results(c);
		if (c->pg)
			lost(c);
		return;
	}
	read_results(c);
	/* Sending may have waited for the server to be read from. */
	if (c->pg)
		flush_and_dispatch(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct db_conn *c = arg;
	(void)fd;
	(void)what;

	loop_mark_turn(c->db->loop);
	flush_and_dispatch(c);
}

/* Sending. */

bool db_conn_has_room(const struct db_conn *c)
{
	return c->state == CONN_READY && !c->retiring && !c->clogged && c->flight_count < WINDOW;
}

static bool send_calls(struct db_conn *c, const struct db_unit *u)
{
	for (size_t i = 0; i < u->count; i++) {
		const struct db_call *call = &u->calls[i];
		if (!PQsendQueryPrepared(c->pg, db_statement_name(c->db, call->statement),
					 call->param_count, call->values, call->lengths,
					 call->formats, 1))
			return false;
	}
	return PQpipelineSync(c->pg);
}

void db_conn_send(struct db_conn *c, struct db_unit *u)
{
	struct db_flight *f = xcalloc(1, sizeof(*f));

	f->conn = c;
	f->unit = u;
	f->count = u->count;
	u->flight = f;
	TAILQ_INSERT_TAIL(&c->flights, f, link);
	c->flight_count++;
	if (!send_calls(c, u))
		lost(c);
	else
		flush(c);
}

static bool send_prepares(struct db_conn *c)
{
	const struct db *db = c->db;

	for (size_t i = 0; i < db->statement_count; i++)
		if (!PQsendPrepare(c->pg, db->statements[i].name, db->statements[i].text, 0, NULL))
			return false;
	return PQsendPrepare(c->pg, db_statement_name(db, DB_AS_USER), as_user_sql, 0, NULL) &&
	       PQpipelineSync(c->pg);
}

/* Connecting. */

static void connected(struct db_conn *c)
{
	struct event_base *base = loop_base(c->db->loop);
	int fd = PQsocket(c->pg);

	free_event(&c->read_event);
	free_event(&c->write_event);
	c->read_event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->write_event = event_new(base, fd, EV_WRITE, on_writable, c);
	BUG_ON(!c->read_event || !c->write_event);
	event_add(c->read_event, NULL);
	c->prepared = 0;
	enter_state(c, CONN_PREPARING);
	if (PQsetnonblocking(c->pg, 1) != 0 || !PQenterPipelineMode(c->pg) || !send_prepares(c))
		lost(c);
	else
		flush(c);
}

static void on_connecting(evutil_socket_t fd, short what, void *arg);

/* libpq may change its socket between two polls, so the event is made anew each time. */
static void wait_for_connection(struct db_conn *c, short what)
{
	int fd = PQsocket(c->pg);

	free_event(&c->read_event);
	if (fd < 0) {
		lost(c);
		return;
	}
	c->read_event = event_new(loop_base(c->db->loop), fd, what, on_connecting, c);
	BUG_ON(!c->read_event);
	event_add(c->read_event, NULL);
}

static void on_connecting(evutil_socket_t fd, short what, void *arg)
{
	struct db_conn *c = arg;
	(void)fd;
	(void)what;

	loop_mark_turn(c->db->loop);
	switch (PQconnectPoll(c->pg)) {
	case PGRES_POLLING_READING:
		wait_for_connection(c, EV_READ);
		break;
	case PGRES_POLLING_WRITING:
		wait_for_connection(c, EV_WRITE);
		break;
	case PGRES_POLLING_OK:
		connected(c);
		break;
	default:
		lost(c);
	}
}

static void ignore_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static void start_connecting(struct db_conn *c)
{
	const struct secret *password = c->db->password;
	/*
	 * libpq copies the password and wipes its copy in PQfinish(); ours is never copied. The
	 * connection string may override what stands before it and not what stands behind.
	 */
	const char *const names[] = { "gssencmode",
				      "fallback_application_name",
				      "dbname",
				      "client_encoding",
				      password && secret_is_set(password) ? "password" : NULL,
				      NULL };
	const char *const values[] = { "disable",
				       program_invocation_short_name,
				       c->db->conninfo,
				       "UTF8",
				       password ? (const char *)password->bytes : NULL,
				       NULL };

	enter_state(c, CONN_CONNECTING);
	c->prepare_failed = false;
	c->retiring = false;
	c->clogged = false;
	loop_timer_set(&c->timer, OPENING_LIMIT_MS);
	c->pg = PQconnectStartParams(names, values, 1);
	BUG_ON(!c->pg);
	PQsetNoticeReceiver(c->pg, ignore_notice,
			    NULL); /* by default they go to stderr, values and all */
	if (PQstatus(c->pg) == CONNECTION_BAD)
		lost(c);
	else
		wait_for_connection(c, EV_WRITE);
}

static void timer_expired(struct loop_timer *timer)
{
	struct db_conn *c = container_of(timer, struct db_conn, timer);

	if (c->state == CONN_DOWN)
		start_connecting(c);
	else
		db_conn_reset(c, "connecting and preparing took more than 5 s");
}

void db_conn_init(struct db_conn *c, struct db *db, unsigned number)
{
	c->db = db;
	c->number = number;
	c->state = CONN_DOWN;
	c->backoff_ms = BACKOFF_MIN_MS;
	TAILQ_INIT(&c->flights);
	loop_timer_init(&c->timer, db->loop, timer_expired);
	loop_timer_set(&c->timer, 0);
}

void db_conn_clear(struct db_conn *c)
{
	struct db_flight *f;

	loop_timer_clear(&c->timer);
	close_connection(c);
	while ((f = TAILQ_FIRST(&c->flights)))
		drop_flight(c, f);
	c->state = CONN_DOWN;
}
