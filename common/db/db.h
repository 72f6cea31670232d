/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL over libpq, non-blocking, pipeline mode, prepared statements only.
 *
 * A unit of work is a list of statements sent together and closed by one Sync: PostgreSQL runs it as one implicit transaction, so either all of it is
 * committed or nothing, without BEGIN; an error does not touch the unit behind it. There is no read-decide-write over a shared connection: such a thing is written as one
 * statement (CTE, ON CONFLICT). A unit for a tenant begins by setting `app.user_id` (row-level security) for its transaction only.
 *
 * 2–4 connections, the shortest gets the next unit; each takes at most 32 unanswered ones, the rest waits in one queue and survives the loss of a connection. All statements are prepared when a connection opens: a bad one stops the daemon's start, never a
 * request. Connection lost: all its waiters fail with ERR_UNAVAILABLE (whether a write happened is then unknown: callers make writes repeatable), reconnect with
 * backoff 50 ms … 2 s. Parameters and results are binary; SQL casts its parameters ($2::bigint).
 *
 * Errors: unique violation ERR_CONFLICT; foreign key ERR_NOT_FOUND; check, not-null, range ERR_INVALID_REQUEST; connection, timeout, shutdown, too many ERR_UNAVAILABLE; anything else
 * ERR_INTERNAL. A text with a NUL, or a time out of range, fails the unit with ERR_INVALID_REQUEST unsent. db_unit_constraint() names the constraint. A SQLSTATE raised on purpose (class 'GR') is in db_unit_sqlstate().
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/uuid.h"
#include "crypto/secret.h"
#include "loop/loop.h"

struct db_statement {
	const char *name, *text;
};

struct db_config {
	const char *conninfo;		/* without password */
	const struct secret *password;	/* borrowed for the life of the db; NULL = none */
	unsigned connections;		/* default 2 */
	size_t max_queued;		/* units waiting in all; further ones fail at once with ERR_UNAVAILABLE; default 1024 */
	int unit_timeout_ms;		/* default 10 s; the unit then fails and its connection is reset */
	int patience_ms;		/* default 1.5 s: with no connection for that long, waiting units fail, and further ones at once, until one is ready again */
	const struct db_statement *statements;
	size_t statement_count;
};

struct db;
struct db *db_new(struct loop *loop, const struct db_config *config);	/* connects in the background */
void db_free(struct db *db);						/* waiters are detached, not woken; not inside a wake */
/* OK, or ERR_UNAVAILABLE (with why), or ERR_INTERNAL when a statement does not prepare (with its name and PostgreSQL's message: schema facts, no data). */
enum err db_state(const struct db *db, struct strbuf *why);
void db_on_state(struct db *db, void (*callback)(void *arg), void *arg);	/* called after each change */

/* Parameters. Bytes are copied by db_unit_add. */
enum db_arg_kind { DB_ARG_NULL, DB_ARG_TEXT, DB_ARG_BYTES, DB_ARG_UUID, DB_ARG_INT, DB_ARG_DOUBLE, DB_ARG_BOOL, DB_ARG_TIME, DB_ARG_UUID_LIST };
struct db_arg {
	enum db_arg_kind kind;
	struct text text;
	struct uuid uuid;
	int64_t number;		/* bigint, or unix ms for DB_ARG_TIME (timestamptz) */
	double real;
	const struct uuid *uuids;
	size_t count;
};
#define db_null() ((struct db_arg){ .kind = DB_ARG_NULL })
#define db_text(t) db_arg_text(DB_ARG_TEXT, (t))		/* absent text = NULL; text must be valid UTF-8 without NUL */
#define db_bytes(t) db_arg_text(DB_ARG_BYTES, (t))		/* bytea */
#define db_uuid(id) db_arg_uuid(id)				/* NULL pointer = NULL */
#define db_int(n) ((struct db_arg){ .kind = DB_ARG_INT, .number = (n) })	/* $n::bigint */
#define db_double(d) ((struct db_arg){ .kind = DB_ARG_DOUBLE, .real = (d) })	/* $n::double precision */
#define db_bool(b) ((struct db_arg){ .kind = DB_ARG_BOOL, .number = (b) })
#define db_time(at) ((struct db_arg){ .kind = DB_ARG_TIME, .number = (at).value })
#define db_uuid_list(ids, n) ((struct db_arg){ .kind = DB_ARG_UUID_LIST, .uuids = (ids), .count = (n) })
#define DB_ARGS(...) (const struct db_arg[]){ __VA_ARGS__ }, sizeof((const struct db_arg[]){ __VA_ARGS__ }) / sizeof(struct db_arg)
#define DB_NO_ARGS NULL, 0

static inline struct db_arg db_arg_text(enum db_arg_kind kind, struct text t)
{
	return (struct db_arg){ .kind = t.ptr ? kind : DB_ARG_NULL, .text = t };
}
static inline struct db_arg db_arg_uuid(const struct uuid *id)
{
	struct db_arg arg = { .kind = id ? DB_ARG_UUID : DB_ARG_NULL };
	if (id)
		arg.uuid = *id;
	return arg;
}

struct db_unit;
struct db_unit *db_unit_new(struct db *db);
void db_unit_as_user(struct db_unit *u, const struct uuid *user);	/* before the first add */
void db_unit_add(struct db_unit *u, unsigned statement, const struct db_arg *args, size_t count);
size_t db_unit_count(const struct db_unit *u);				/* statements added */
void db_unit_submit(struct db_unit *u, struct waiter *waiter);		/* the waiter is woken once, from the loop */
void db_unit_free(struct db_unit *u);					/* also cancels: detaches the waiter, late results are dropped */

/* After the wake. */
enum err db_unit_err(const struct db_unit *u);
const char *db_unit_sqlstate(const struct db_unit *u);		/* "" when OK */
const char *db_unit_constraint(const struct db_unit *u);	/* "" when none */
size_t db_unit_failed_at(const struct db_unit *u);		/* index of the failing statement */
size_t db_rows(const struct db_unit *u, size_t statement_index);
uint64_t db_affected(const struct db_unit *u, size_t statement_index);	/* rows written */

/* Cells, binary. Column counts and types are part of the statement: a mismatch is a BUG. Texts are borrowed from the unit. */
bool db_is_null(const struct db_unit *u, size_t index, size_t row, size_t column);
struct text db_get_text(const struct db_unit *u, size_t index, size_t row, size_t column);	/* text, bytea, json; absent for NULL */
int64_t db_get_int(const struct db_unit *u, size_t index, size_t row, size_t column);	/* int2, int4, int8; 0 for NULL */
double db_get_double(const struct db_unit *u, size_t index, size_t row, size_t column);	/* float8 */
bool db_get_bool(const struct db_unit *u, size_t index, size_t row, size_t column);
struct uuid db_get_uuid(const struct db_unit *u, size_t index, size_t row, size_t column);	/* nil for NULL */
struct unix_ms db_get_time(const struct db_unit *u, size_t index, size_t row, size_t column);	/* timestamptz */

/* Rows by table: one entry a column, in the statement's order; ends with { 0 }. */
enum db_kind { DB_KIND_END, DB_TEXT, DB_BYTES, DB_UUID, DB_OPT_UUID, DB_INT, DB_DOUBLE, DB_BOOL, DB_TIME, DB_OPT_TIME, DB_SKIP };
struct db_opt_uuid {
	bool set;
	struct uuid value;
};
struct db_column {
	enum db_kind kind;
	size_t offset;	/* struct text (copied to the arena), struct uuid, struct db_opt_uuid, int64_t, double, bool, struct unix_ms (value 0 = NULL for DB_OPT_TIME) */
};
#define DB_COLUMN(kind_, type, member) { .kind = (kind_), .offset = offsetof(struct type, member) }
void db_read_row(const struct db_unit *u, size_t index, size_t row, const struct db_column *columns, void *target, struct arena *arena);
