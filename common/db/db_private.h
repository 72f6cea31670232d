/* SPDX-License-Identifier: MIT */
/*
 * What the files of this module share. A unit waits in the db's one queue until a connection has room in its window; from then on
 * a struct db_flight stands for it in the connection, so that the unit may be freed while its results are still on the way.
 *
 *	db_unit.c   a unit's life seen by its owner: build, submit, read, free
 *	db_queue.c  the queue, the deadlines, the wake-ups; which connection gets the next unit
 *	db_conn.c   one connection: connect, prepare, send, receive, lose
 *	db_args.c   parameters to binary        db_cells.c  binary to values       db_error.c  SQLSTATE to enum err
 */
#pragma once

#include <libpq-fe.h>
#include <limits.h>
#include <sys/queue.h>

#include "db/db.h"

#define DB_AS_USER UINT_MAX	/* the statement of our own that sets app.user_id */

struct event;
struct db_conn;

struct db_param {
	const char *value;	/* NULL = SQL NULL; in the unit's arena */
	int length, format;
};

struct db_call {
	unsigned statement;
	int param_count;
	const char **values;
	int *lengths, *formats;
	PGresult *result;
};

enum db_unit_state { UNIT_NEW, UNIT_QUEUED, UNIT_SENT, UNIT_DONE, UNIT_WOKEN };

struct db_unit {
	struct db *db;		/* NULL once the db is gone */
	enum db_unit_state state;
	struct arena arena;
	struct db_call *calls;
	size_t count, capacity;
	bool as_user;		/* calls[0] is DB_AS_USER */
	struct waiter *waiter;
	struct db_flight *flight;
	int64_t deadline_ms, submitted_us;
	enum err err;
	char sqlstate[6];
	char constraint[64];	/* NAMEDATALEN */
	size_t failed_at;
	TAILQ_ENTRY(db_unit) all_link;	/* db->all, while the db lives */
	TAILQ_ENTRY(db_unit) live_link;	/* db->live: QUEUED and SENT, by deadline */
	TAILQ_ENTRY(db_unit) turn_link;	/* db->queue when QUEUED, db->done when DONE */
};
TAILQ_HEAD(db_unit_list, db_unit);

struct db_flight {
	struct db_conn *conn;
	struct db_unit *unit;	/* NULL: cancelled, drop the results */
	size_t count, index;	/* statements, and the one whose results come now */
	TAILQ_ENTRY(db_flight) link;
};
TAILQ_HEAD(db_flight_list, db_flight);

enum db_conn_state { CONN_DOWN, CONN_CONNECTING, CONN_PREPARING, CONN_READY };

struct db_conn {
	struct db *db;
	unsigned number;
	enum db_conn_state state;
	PGconn *pg;
	struct event *read_event, *write_event;
	struct loop_timer timer;	/* DOWN: back-off; CONNECTING and PREPARING: limit */
	int backoff_ms;
	size_t prepared;		/* statements answered so far */
	bool prepare_failed;
	bool retiring;			/* takes no more units; reset once it is empty */
	bool clogged;			/* the socket takes no more: takes no more units */
	struct db_flight_list flights;
	size_t flight_count;
};

struct db {
	struct loop *loop;
	char *conninfo;
	const struct secret *password;
	const struct db_statement *statements;
	size_t statement_count;
	size_t max_queued;
	int unit_timeout_ms, patience_ms;

	struct db_conn *conns;
	unsigned conn_count, ready_count;
	struct db_unit_list all, live, queue, done;
	size_t live_count, queue_count, done_count;
	struct loop_timer deadline;	/* of the first in live */
	struct loop_timer patience;	/* runs while no connection is ready */
	bool given_up;			/* it ran out: units fail at once */
	struct loop_task done_task, state_task;
	bool waking;

	char *why;		/* last trouble of a connection, for db_state */
	bool why_is_statement;
	void (*state_callback)(void *arg);
	void *state_arg;
};

/* db_args.c. ERR_INVALID_REQUEST: a text with a NUL, a time out of range; ERR_TOO_LARGE. */
MUST_CHECK enum err db_encode_arg(struct arena *arena, const struct db_arg *arg, struct db_param *ret);

/* db_error.c */
enum err db_err_of_sqlstate(const char *sqlstate);
void db_unit_note_error(struct db_unit *u, const PGresult *result, size_t call_index);
bool db_error_is_stale_plan(const PGresult *result);

/* db_unit.c */
const char *db_statement_name(const struct db *db, unsigned statement);
void db_unit_drop_results(struct db_unit *u);

/* db_queue.c */
void db_queue_add(struct db *db, struct db_unit *u);
void db_queue_forget(struct db_unit *u);	/* out of all lists; results of a sent unit are dropped */
void db_dispatch(struct db *db);
void db_finish(struct db_unit *u, enum err err);
void db_set_trouble(struct db *db, bool is_statement, const char *statement, const char *text);
void db_ready_changed(struct db *db, int change);

/* db_conn.c */
void db_conn_init(struct db_conn *c, struct db *db, unsigned number);
void db_conn_clear(struct db_conn *c);		/* units on it are left alone */
void db_conn_send(struct db_conn *c, struct db_unit *u);
void db_conn_reset(struct db_conn *c, const char *why);
bool db_conn_has_room(const struct db_conn *c);
