/* SPDX-License-Identifier: MIT */
/*
 * db against a real PostgreSQL of its own: atomic units, neighbours of a failing one, order,
 * tenants, loss of a backend and of the whole server, limits, cancelling. Every wait is a turn of
 * the loop with a bound over the whole.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/base.h"
#include "db/db.h"
#include "loop/loop.h"
#include "metrics/metrics.h"
#include "pg_fixture.h"

#include "base/banned.h"

#define WAIT_LIMIT_MS 100000

enum {
	ECHO_ALL,
	ADD_ITEM,
	COUNT_ITEMS,
	SLEEP,
	DIVIDE,
	ADD_NOTE,
	LIST_NOTES,
	RAISE,
	ADD_ORDERED,
	BACKEND,
	ADD_CHILD,
	BIG,
	WHO,
	STAR,
	STATEMENTS
};

static const struct db_statement statements[STATEMENTS] = {
	[ECHO_ALL] = { "echo_all",
		       "SELECT $1::text, $2::bytea, $3::uuid, $4::bigint, $5::double precision, "
		       "$6::boolean, $7::timestamptz,"
		       " cardinality($8::uuid[]), ($8::uuid[])[2], $1::jsonb, $9::text" },
	[ADD_ITEM] = { "add_item", "INSERT INTO item (id, name) VALUES ($1::bigint, $2::text)" },
	[COUNT_ITEMS] = { "count_items", "SELECT count(*) FROM item" },
	[SLEEP] = { "sleep", "SELECT 1::bigint FROM pg_sleep($1::double precision)" },
	[DIVIDE] = { "divide", "SELECT 10::bigint / $1::bigint" },
	[ADD_NOTE] = { "add_note", "INSERT INTO note (user_id, body) VALUES ($1::uuid, $2::text)" },
	[LIST_NOTES] = { "list_notes", "SELECT body FROM note ORDER BY body" },
	[RAISE] = { "raise", "SELECT raise_gr()" },
	[ADD_ORDERED] = { "add_ordered",
			  "INSERT INTO ordered (n) VALUES ($1::bigint) RETURNING place" },
	[BACKEND] = { "backend", "SELECT pg_backend_pid()" },
	[ADD_CHILD] = { "add_child", "INSERT INTO child (parent) VALUES ($1::bigint)" },
	[BIG] = { "big", "SELECT repeat('x', $1::bigint::int)" },
	[WHO] = { "who", "SELECT current_setting('app.user_id', true)" },
	[STAR] = { "star", "SELECT * FROM changing" },
};

static const char schema[] =
	"CREATE TYPE colour AS ENUM ('red');"
	"CREATE TABLE item (id bigint PRIMARY KEY, name text NOT NULL CONSTRAINT short_name CHECK "
	"(length(name) < 10));"
	"CREATE TABLE note (user_id uuid NOT NULL, body text);"
	"ALTER TABLE note ENABLE ROW LEVEL SECURITY; ALTER TABLE note FORCE ROW LEVEL SECURITY;"
	"CREATE POLICY mine ON note USING (user_id = NULLIF(current_setting('app.user_id', true), "
	"'')::uuid)"
	" WITH CHECK (user_id = NULLIF(current_setting('app.user_id', true), '')::uuid);"
	"CREATE TABLE ordered (place bigserial, n bigint);"
	"CREATE TABLE child (parent bigint CONSTRAINT has_parent REFERENCES item DEFERRABLE "
	"INITIALLY DEFERRED);"
	"CREATE TABLE changing (a int);"
	"CREATE FUNCTION raise_gr() RETURNS bigint LANGUAGE plpgsql AS"
	" $$ BEGIN RAISE EXCEPTION 'on purpose' USING ERRCODE = 'GR001'; END $$;"
	"GRANT ALL ON ALL TABLES IN SCHEMA public TO grove_app; GRANT ALL ON ALL SEQUENCES IN "
	"SCHEMA public TO grove_app";

struct fixture {
	struct pg_fixture pg;
	struct loop *loop;
	struct db *db;
	struct secret password;
	struct loop_timer limit;
	bool too_late;
	unsigned state_changes;
	int patience_ms; /* 0: a minute */
};

/* One unit and what became of it. */
struct probe {
	struct waiter waiter;
	struct db_unit *unit;
	bool woken;
	unsigned *counter, turn; /* the how-manieth to be woken */
};

static void on_wake(struct waiter *waiter)
{
	struct probe *p = container_of(waiter, struct probe, waiter);

	BUG_ON(p->woken);
	p->woken = true;
	if (p->counter)
		p->turn = (*p->counter)++;
}

static void on_limit(struct loop_timer *timer)
{
	container_of(timer, struct fixture, limit)->too_late = true;
}

#define WAIT_UNTIL(f, condition)                              \
	do {                                                  \
		(f)->too_late = false;                        \
		loop_timer_set(&(f)->limit, WAIT_LIMIT_MS);   \
		while (!(condition) && !(f)->too_late)        \
			loop_turn((f)->loop);                 \
		loop_timer_stop(&(f)->limit);                 \
		if (!(condition))                             \
			fail_msg("too late: %s", #condition); \
	} while (0)

static struct db_unit *begin(struct fixture *f, struct probe *p)
{
	*p = (struct probe){ .waiter = { on_wake }, .unit = db_unit_new(f->db) };
	return p->unit;
}

static void submit(struct probe *p)
{
	db_unit_submit(p->unit, &p->waiter);
	assert_false(p->woken); /* never inside the call */
}

static enum err finish(struct fixture *f, struct probe *p)
{
	WAIT_UNTIL(f, p->woken);
	return db_unit_err(p->unit);
}

static enum err run(struct fixture *f, struct probe *p)
{
	submit(p);
	return finish(f, p);
}

static void on_state(void *arg)
{
	((struct fixture *)arg)->state_changes++;
}

static void open_db(struct fixture *f, unsigned connections, int timeout_ms, size_t max_queued)
{
	struct db_config config = {
		.conninfo = f->pg.conninfo_app,
		.password = &f->password,
		.connections = connections,
		.max_queued = max_queued,
		.unit_timeout_ms = timeout_ms,
		.patience_ms = f->patience_ms ? f->patience_ms : 60000,
		.statements = statements,
		.statement_count = STATEMENTS,
	};

	f->db = db_new(f->loop, &config);
	f->state_changes = 0;
	db_on_state(f->db, on_state, f);
}

static void open_ready_db(struct fixture *f, unsigned connections)
{
	open_db(f, connections, 60000, 5000);
	WAIT_UNTIL(f, db_state(f->db, NULL) == OK);
}

static int start_server(void **state)
{
	static struct fixture f;

	*state = &f;
	secret_init_library(true);
	secret_set(&f.password, "app-password", 12);
	if (!pg_fixture_start(&f.pg))
		return 0;
	pg_fixture_sql(&f.pg, schema);
	return 0;
}

static int stop_server(void **state)
{
	struct fixture *f = *state;

	pg_fixture_stop(&f->pg);
	secret_clear(&f->password);
	metrics_clear();
	return 0;
}

static int make_loop(void **state)
{
	struct fixture *f = *state;

	if (f->pg.pid == 0)
		return 0;
	f->loop = loop_new();
	f->db = NULL;
	loop_timer_init(&f->limit, f->loop, on_limit);
	pg_fixture_sql(&f->pg, "TRUNCATE item, note, ordered, child, changing RESTART IDENTITY");
	return 0;
}

static int drop_loop(void **state)
{
	struct fixture *f = *state;

	if (f->pg.pid == 0)
		return 0;
	db_free(f->db);
	loop_timer_clear(&f->limit);
	loop_free(f->loop);
	return 0;
}

static struct fixture *server_or_skip(void **state)
{
	struct fixture *f = *state;

	if (f->pg.pid == 0)
		skip();
	return f;
}

static void every_kind_of_argument_comes_back_as_it_went(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct uuid ids[3] = { uuid_new(), uuid_new(), uuid_new() };
	struct unix_ms at = { 1764000000123 };
	struct probe p;

	open_ready_db(f, 1);
	struct db_unit *u = begin(f, &p);
	db_unit_add(u, ECHO_ALL,
		    DB_ARGS(db_text(TEXT("{\"caf\xc3\xa9\": 1}")),
			    db_bytes(((struct text){ "\0\xff'\\", 4 })), db_uuid(&ids[0]),
			    db_int(INT64_MIN), db_double(-0.1), db_bool(true), db_time(at),
			    db_uuid_list(ids, 3), db_null()));
	db_unit_add(u, ECHO_ALL,
		    DB_ARGS(db_null(), db_null(), db_uuid(NULL), db_null(), db_null(), db_null(),
			    db_null(), db_uuid_list(NULL, 0), db_text(TEXT(""))));
	assert_int_equal(run(f, &p), OK);
	assert_true(text_is(db_get_text(u, 0, 0, 0), "{\"caf\xc3\xa9\": 1}"));
	assert_true(text_equal(db_get_text(u, 0, 0, 1), (struct text){ "\0\xff'\\", 4 }));
	struct uuid id = db_get_uuid(u, 0, 0, 2), second = db_get_uuid(u, 0, 0, 8);
	assert_true(uuid_equal(&id, &ids[0]) && uuid_equal(&second, &ids[1]));
	assert_true(db_get_int(u, 0, 0, 3) == INT64_MIN);
	assert_true(db_get_double(u, 0, 0, 4) == -0.1);
	assert_true(db_get_bool(u, 0, 0, 5));
	assert_true(db_get_time(u, 0, 0, 6).value == at.value);
	assert_int_equal(db_get_int(u, 0, 0, 7), 3);
	assert_true(text_is(db_get_text(u, 0, 0, 9), "{\"caf\xc3\xa9\": 1}"));
	assert_true(db_is_null(u, 0, 0, 10));
	for (size_t i = 0; i < 7; i++)
		assert_true(db_is_null(u, 1, 0, i));
	assert_int_equal(db_get_int(u, 1, 0, 7), 0);
	assert_true(text_is(db_get_text(u, 1, 0, 10), "") && !db_is_null(u, 1, 0, 10));
	db_unit_free(u);
}

static void a_failing_unit_leaves_its_neighbours_alone(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe before, bad, after;

	open_ready_db(f, 1);
	db_unit_add(begin(f, &before), ADD_ITEM, DB_ARGS(db_int(1), db_text(TEXT("one"))));
	db_unit_add(begin(f, &bad), DIVIDE, DB_ARGS(db_int(0)));
	db_unit_add(begin(f, &after), ADD_ITEM, DB_ARGS(db_int(2), db_text(TEXT("two"))));
	submit(&before);
	submit(&bad);
	submit(&after);
	assert_int_equal(finish(f, &after), OK);
	assert_true(before.woken && bad.woken);
	assert_int_equal(db_unit_err(before.unit), OK);
	assert_int_equal(db_affected(before.unit, 0), 1);
	assert_int_equal(db_unit_err(bad.unit), ERR_INVALID_REQUEST);
	assert_string_equal(db_unit_sqlstate(bad.unit), "22012");
	assert_int_equal(db_rows(bad.unit, 0), 0);
	db_unit_free(before.unit);
	db_unit_free(bad.unit);
	db_unit_free(after.unit);
	AUTO(auto_free) char *count = pg_fixture_value(&f->pg, "SELECT count(*) FROM item");
	assert_string_equal(count, "2");
}

static void a_unit_is_all_or_nothing(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe p, count;

	open_ready_db(f, 1);
	struct db_unit *u = begin(f, &p);
	db_unit_add(u, ADD_ITEM, DB_ARGS(db_int(1), db_text(TEXT("one"))));
	db_unit_add(u, ADD_ITEM, DB_ARGS(db_int(1), db_text(TEXT("again"))));
	db_unit_add(u, ADD_ITEM, DB_ARGS(db_int(3), db_text(TEXT("three"))));
	assert_int_equal(db_unit_count(u), 3);
	assert_int_equal(run(f, &p), ERR_CONFLICT);
	assert_int_equal(db_unit_failed_at(u), 1);
	assert_string_equal(db_unit_constraint(u), "item_pkey");
	assert_string_equal(db_unit_sqlstate(u), "23505");
	assert_int_equal(db_affected(u, 0), 0);
	db_unit_free(u);

	db_unit_add(begin(f, &count), COUNT_ITEMS, DB_NO_ARGS);
	assert_int_equal(run(f, &count), OK);
	assert_int_equal(db_get_int(count.unit, 0, 0, 0), 0);
	db_unit_free(count.unit);
}

static void errors_have_their_meaning(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe p;

	open_ready_db(f, 1);
	struct db_unit *u = begin(f, &p);
	db_unit_add(u, ADD_ITEM, DB_ARGS(db_int(1), db_text(TEXT("much too long"))));
	assert_int_equal(run(f, &p), ERR_INVALID_REQUEST);
	assert_string_equal(db_unit_constraint(u), "short_name");
	db_unit_free(u);

	u = begin(f, &p);
	db_unit_add(u, ADD_ITEM, DB_ARGS(db_int(1), db_null()));
	assert_int_equal(run(f, &p), ERR_INVALID_REQUEST);
	db_unit_free(u);

	u = begin(f, &p);
	db_unit_add(u, ADD_ITEM, DB_ARGS(db_int(1), db_text(TEXT("bad \xff"))));
	assert_int_equal(run(f, &p), ERR_INVALID_REQUEST);
	db_unit_free(u);

	u = begin(f, &p);
	db_unit_add(u, RAISE, DB_NO_ARGS);
	assert_int_equal(run(f, &p), ERR_INTERNAL);
	assert_string_equal(db_unit_sqlstate(u), "GR001");
	db_unit_free(u);

	/* Found by PostgreSQL only at the commit, behind the last statement. */
	u = begin(f, &p);
	db_unit_add(u, ADD_CHILD, DB_ARGS(db_int(77)));
	assert_int_equal(run(f, &p), ERR_NOT_FOUND);
	assert_string_equal(db_unit_constraint(u), "has_parent");
	assert_int_equal(db_unit_failed_at(u), 0);
	db_unit_free(u);

	/* Never sent: the text would be cut. */
	u = begin(f, &p);
	db_unit_add(u, ADD_ITEM, DB_ARGS(db_int(1), db_text(((struct text){ "a\0b", 3 }))));
	assert_int_equal(run(f, &p), ERR_INVALID_REQUEST);
	db_unit_free(u);

	u = begin(f, &p);
	assert_int_equal(run(f, &p), OK); /* nothing to do is done */
	db_unit_free(u);
}

static void a_thousand_units_come_back_in_order(void **state)
{
	struct fixture *f = server_or_skip(state);
	AUTO(auto_free) struct probe *probes = xcalloc(1000, sizeof(*probes));
	unsigned counter = 0;

	open_db(f, 1, 0, 1000); /* not even connected yet */
	for (int64_t i = 0; i < 1000; i++) {
		db_unit_add(begin(f, &probes[i]), ADD_ORDERED, DB_ARGS(db_int(i)));
		probes[i].counter = &counter;
		submit(&probes[i]);
	}
	WAIT_UNTIL(f, counter == 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_int_equal(db_unit_err(probes[i].unit), OK);
		assert_int_equal(probes[i].turn, i);
		assert_int_equal(db_get_int(probes[i].unit, 0, 0, 0), i + 1);
		db_unit_free(probes[i].unit);
	}
}

static void tenants_see_only_their_own_rows(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct uuid users[2] = { uuid_new(), uuid_new() };
	struct probe p[4], nobody, who;

	open_ready_db(f, 1);
	for (int i = 0; i < 2; i++) {
		db_unit_as_user(begin(f, &p[i]), &users[i]);
		db_unit_add(
			p[i].unit, ADD_NOTE,
			DB_ARGS(db_uuid(&users[i]), db_text(i ? TEXT("second") : TEXT("first"))));
		assert_int_equal(db_unit_count(p[i].unit), 1);
		submit(&p[i]);
	}
	for (int i = 0; i < 2; i++) {
		db_unit_as_user(begin(f, &p[2 + i]), &users[i]);
		db_unit_add(p[2 + i].unit, LIST_NOTES, DB_NO_ARGS);
		submit(&p[2 + i]);
	}
	db_unit_add(begin(f, &nobody), LIST_NOTES, DB_NO_ARGS);
	db_unit_add(begin(f, &who), WHO, DB_NO_ARGS);
	submit(&nobody);
	submit(&who);
	assert_int_equal(finish(f, &who), OK);
	for (int i = 0; i < 4; i++)
		assert_int_equal(db_unit_err(p[i].unit), OK);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(db_rows(p[2 + i].unit, 0), 1);
		assert_true(text_is(db_get_text(p[2 + i].unit, 0, 0, 0), i ? "second" : "first"));
	}
	assert_int_equal(db_unit_err(nobody.unit), OK);
	assert_int_equal(db_rows(nobody.unit, 0), 0);
	assert_true(
		text_is(db_get_text(who.unit, 0, 0, 0), "")); /* the setting ended with its unit */
	for (int i = 0; i < 4; i++)
		db_unit_free(p[i].unit);
	db_unit_free(nobody.unit);
	db_unit_free(who.unit);

	/* Writing for somebody else is refused, and the first statement's index is the first the
	 * caller added. */
	struct probe thief;
	db_unit_as_user(begin(f, &thief), &users[0]);
	db_unit_add(thief.unit, ADD_NOTE, DB_ARGS(db_uuid(&users[1]), db_text(TEXT("planted"))));
	assert_int_equal(run(f, &thief), ERR_INTERNAL);
	assert_string_equal(db_unit_sqlstate(thief.unit), "42501");
	assert_int_equal(db_unit_failed_at(thief.unit), 0);
	db_unit_free(thief.unit);
}

static void a_killed_backend_fails_its_units_and_is_replaced(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe stuck, behind[60], later;

	open_ready_db(f, 1);
	db_unit_add(begin(f, &stuck), SLEEP, DB_ARGS(db_double(600)));
	submit(&stuck);
	for (int i = 0; i < 60; i++) {
		db_unit_add(begin(f, &behind[i]), ADD_ITEM, DB_ARGS(db_int(i), db_text(TEXT("x"))));
		submit(&behind[i]);
	}
	AUTO(auto_free)
	char *killed = pg_fixture_value(&f->pg, "SELECT count(pg_terminate_backend(pid)) FROM "
						"pg_stat_activity WHERE usename = 'grove_app'");
	assert_string_equal(killed, "1");
	assert_int_equal(finish(f, &stuck), ERR_UNAVAILABLE);

	/* Those already sent share its fate, those still in the queue go over the next connection.
	 */
	unsigned failed = 0, done = 0;
	for (int i = 0; i < 60; i++) {
		enum err err = finish(f, &behind[i]);
		assert_true(err == OK || err == ERR_UNAVAILABLE);
		failed += err != OK;
		done += err == OK;
		db_unit_free(behind[i].unit);
	}
	assert_int_equal(failed, 31);
	assert_int_equal(done, 29);
	db_unit_free(stuck.unit);
	db_unit_add(begin(f, &later), COUNT_ITEMS, DB_NO_ARGS);
	assert_int_equal(run(f, &later), OK);
	assert_int_equal(db_get_int(later.unit, 0, 0, 0), done);
	db_unit_free(later.unit);
	assert_true(f->state_changes >= 2);
}

static void a_server_that_comes_back_is_found_again(void **state)
{
	struct fixture *f = server_or_skip(state);
	AUTO(strbuf_clear) struct strbuf why = STRBUF_INIT(1000);
	struct probe p, waiting;

	open_ready_db(f, 2);
	pg_fixture_server_stop(&f->pg);
	WAIT_UNTIL(f, db_state(f->db, NULL) == ERR_UNAVAILABLE);
	assert_int_equal(db_state(f->db, &why), ERR_UNAVAILABLE);
	assert_true(why.len > 0);
	assert_null(strstr(why.data, "app-password"));
	db_unit_add(begin(f, &waiting), COUNT_ITEMS, DB_NO_ARGS);
	submit(&waiting);
	pg_fixture_server_start(&f->pg);
	assert_int_equal(finish(f, &waiting), OK); /* it waited for the connection */
	db_unit_free(waiting.unit);
	db_unit_add(begin(f, &p), COUNT_ITEMS, DB_NO_ARGS);
	assert_int_equal(run(f, &p), OK);
	db_unit_free(p.unit);
	WAIT_UNTIL(f, db_state(f->db, NULL) == OK);
}

static void without_a_server_units_fail_in_time(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe p[3];

	pg_fixture_server_stop(&f->pg);
	open_db(f, 2, 150, 2);
	for (int i = 0; i < 3; i++) {
		db_unit_add(begin(f, &p[i]), COUNT_ITEMS, DB_NO_ARGS);
		submit(&p[i]);
	}
	assert_int_equal(finish(f, &p[2]), ERR_UNAVAILABLE); /* the queue holds two */
	assert_false(p[0].woken);
	assert_int_equal(finish(f, &p[0]), ERR_UNAVAILABLE);
	assert_int_equal(finish(f, &p[1]), ERR_UNAVAILABLE);
	for (int i = 0; i < 3; i++)
		db_unit_free(p[i].unit);
	pg_fixture_server_start(&f->pg);
}

static void after_some_time_without_a_server_units_fail_at_once_until_it_is_back(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe waiting, late, back;

	f->patience_ms = 50;
	open_ready_db(f, 2);
	pg_fixture_server_stop(&f->pg);
	WAIT_UNTIL(f, db_state(f->db, NULL) == ERR_UNAVAILABLE);
	db_unit_add(begin(f, &waiting), COUNT_ITEMS, DB_NO_ARGS);
	int64_t began = clock_mono_ms();
	assert_int_equal(run(f, &waiting), ERR_UNAVAILABLE);
	db_unit_add(begin(f, &late), COUNT_ITEMS, DB_NO_ARGS);
	assert_int_equal(run(f, &late), ERR_UNAVAILABLE);
	assert_true(clock_mono_ms() - began < 30000); /* a unit's own limit is a minute here */
	pg_fixture_server_start(&f->pg);
	WAIT_UNTIL(f, db_state(f->db, NULL) == OK);
	db_unit_add(begin(f, &back), COUNT_ITEMS, DB_NO_ARGS);
	assert_int_equal(run(f, &back), OK);
	db_unit_free(waiting.unit);
	db_unit_free(late.unit);
	db_unit_free(back.unit);
	f->patience_ms = 0;
}

static void a_unit_past_its_limit_resets_its_connection(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe slow, next;

	open_db(f, 1, 300, 0);
	WAIT_UNTIL(f, db_state(f->db, NULL) == OK);
	db_unit_add(begin(f, &slow), SLEEP, DB_ARGS(db_double(600)));
	assert_int_equal(run(f, &slow), ERR_UNAVAILABLE);
	db_unit_free(slow.unit);
	WAIT_UNTIL(f, db_state(f->db, NULL) == OK);
	db_unit_add(begin(f, &next), COUNT_ITEMS, DB_NO_ARGS);
	assert_int_equal(run(f, &next), OK);
	db_unit_free(next.unit);
	pg_fixture_sql(&f->pg, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
			       "usename = 'grove_app'");
}

static void freed_units_are_never_woken(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe fresh, sent, queued[80], last, orphan;

	open_ready_db(f, 1);
	db_unit_free(db_unit_new(f->db));
	begin(f, &fresh);
	db_unit_add(begin(f, &sent), ADD_ITEM, DB_ARGS(db_int(1), db_text(TEXT("sent"))));
	submit(&sent);
	for (int i = 0; i < 80; i++) {
		db_unit_add(begin(f, &queued[i]), BIG, DB_ARGS(db_int(100000)));
		submit(&queued[i]);
	}
	db_unit_add(begin(f, &last), COUNT_ITEMS, DB_NO_ARGS);
	submit(&last);
	db_unit_free(sent.unit);
	for (int i = 0; i < 80; i += 2)
		db_unit_free(queued[i].unit);
	assert_int_equal(finish(f, &last), OK);
	assert_int_equal(db_get_int(last.unit, 0, 0, 0), 1); /* sent is sent */
	assert_false(sent.woken);
	for (int i = 0; i < 80; i++) {
		assert_int_equal(queued[i].woken, i % 2);
		if (i % 2)
			db_unit_free(queued[i].unit);
	}
	db_unit_free(last.unit);
	db_unit_free(fresh.unit);

	/* The db may go first. */
	db_unit_add(begin(f, &orphan), SLEEP, DB_ARGS(db_double(0)));
	submit(&orphan);
	db_free(f->db);
	f->db = NULL;
	loop_timer_set(&f->limit, 20);
	f->too_late = false;
	while (!f->too_late)
		loop_turn(f->loop);
	assert_false(orphan.woken);
	db_unit_free(orphan.unit);
}

struct chain {
	struct probe probe;
	struct fixture *f;
	unsigned left;
};

/* What flows do: read the result, free the unit and submit the next, all inside the wake. */
static void next_link(struct waiter *waiter)
{
	struct chain *c = container_of(waiter, struct chain, probe.waiter);

	assert_int_equal(db_unit_err(c->probe.unit), OK);
	db_unit_free(c->probe.unit);
	c->probe.unit = NULL;
	if (c->left-- == 0)
		return;
	c->probe.unit = db_unit_new(c->f->db);
	db_unit_add(c->probe.unit, COUNT_ITEMS, DB_NO_ARGS);
	db_unit_submit(c->probe.unit, &c->probe.waiter);
}

static void units_may_be_chained_inside_wakes(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct chain chains[20];

	open_ready_db(f, 2);
	for (int i = 0; i < 20; i++) {
		chains[i] = (struct chain){ .f = f, .left = 50 };
		begin(f, &chains[i].probe);
		chains[i].probe.waiter.wake = next_link;
		db_unit_add(chains[i].probe.unit, COUNT_ITEMS, DB_NO_ARGS);
		db_unit_submit(chains[i].probe.unit, &chains[i].probe.waiter);
	}
	for (int i = 0; i < 20; i++)
		WAIT_UNTIL(f, !chains[i].probe.unit);
}

static void a_slow_unit_is_overtaken_on_the_other_connection(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe slow, quick[10];

	open_ready_db(f, 2);
	AUTO(strbuf_clear) struct strbuf metrics = STRBUF_INIT(1 << 20);
	bool both = false;
	WAIT_UNTIL(f, (strbuf_reset(&metrics), metrics_write(&metrics) == OK) &&
			      (both = strstr(metrics.data, "grove_db_connections 2\n") != NULL));
	assert_true(both);
	db_unit_add(begin(f, &slow), SLEEP, DB_ARGS(db_double(5)));
	submit(&slow);
	for (int i = 0; i < 10; i++) {
		db_unit_add(begin(f, &quick[i]), COUNT_ITEMS, DB_NO_ARGS);
		assert_int_equal(run(f, &quick[i]), OK);
		db_unit_free(quick[i].unit);
	}
	assert_false(slow.woken);
	db_unit_free(slow.unit);
}

static void results_and_parameters_may_be_larger_than_any_buffer(void **state)
{
	struct fixture *f = server_or_skip(state);
	AUTO(auto_free) char *bytes = xmalloc(2 << 20);
	struct probe p[4];

	memset(bytes, 'b', 2 << 20);
	open_ready_db(f, 1);
	for (int i = 0; i < 4; i++) {
		db_unit_add(begin(f, &p[i]), ECHO_ALL,
			    DB_ARGS(db_null(), db_bytes(((struct text){ bytes, 2 << 20 })),
				    db_null(), db_null(), db_null(), db_null(), db_null(),
				    db_null(), db_null()));
		submit(&p[i]);
	}
	for (int i = 0; i < 4; i++) {
		assert_int_equal(finish(f, &p[i]), OK);
		assert_true(text_equal(db_get_text(p[i].unit, 0, 0, 1),
				       (struct text){ bytes, 2 << 20 }));
		db_unit_free(p[i].unit);
	}
}

static void a_changed_table_is_prepared_for_anew(void **state)
{
	struct fixture *f = server_or_skip(state);
	struct probe p;

	open_ready_db(f, 1);
	db_unit_add(begin(f, &p), STAR, DB_NO_ARGS);
	assert_int_equal(run(f, &p), OK);
	db_unit_free(p.unit);
	pg_fixture_sql(&f->pg, "ALTER TABLE changing ADD b int");
	db_unit_add(begin(f, &p), STAR, DB_NO_ARGS);
	assert_int_equal(run(f, &p), ERR_INTERNAL);
	assert_string_equal(db_unit_sqlstate(p.unit), "0A000");
	db_unit_free(p.unit);
	db_unit_add(begin(f, &p), STAR, DB_NO_ARGS);
	assert_int_equal(run(f, &p), OK);
	db_unit_free(p.unit);
	pg_fixture_sql(&f->pg, "ALTER TABLE changing DROP b");
}

static void a_statement_that_does_not_prepare_is_named_and_tried_again(void **state)
{
	struct fixture *f = server_or_skip(state);
	static const struct db_statement bad[] = {
		{ "fine", "SELECT 1" },
		{ "too_early", "SELECT x FROM not_migrated" },
		{ "also_fine", "SELECT 2::bigint" },
	};
	struct db_config config = {
		.conninfo = f->pg.conninfo_app,
		.password = &f->password,
		.connections = 2,
		.statements = bad,
		.statement_count = 3,
	};
	AUTO(strbuf_clear) struct strbuf why = STRBUF_INIT(1000);
	struct probe p;

	f->db = db_new(f->loop, &config);
	db_on_state(f->db, on_state, f);
	assert_int_equal(db_state(f->db, NULL), ERR_UNAVAILABLE);
	WAIT_UNTIL(f, db_state(f->db, NULL) == ERR_INTERNAL);
	assert_int_equal(db_state(f->db, &why), ERR_INTERNAL);
	assert_non_null(strstr(why.data, "too_early"));
	assert_non_null(strstr(why.data, "not_migrated"));
	pg_fixture_sql(
		&f->pg,
		"CREATE TABLE not_migrated (x int); GRANT SELECT ON not_migrated TO grove_app");
	WAIT_UNTIL(f, db_state(f->db, NULL) == OK);
	db_unit_add(begin(f, &p), 2, DB_NO_ARGS);
	assert_int_equal(run(f, &p), OK);
	assert_int_equal(db_get_int(p.unit, 0, 0, 0), 2);
	db_unit_free(p.unit);
}

static void a_wrong_password_is_told_without_it(void **state)
{
	struct fixture *f = server_or_skip(state);
	AUTO(secret_clear) struct secret wrong = SECRET_INIT;
	struct db_config config = {
		.conninfo = f->pg.conninfo_app,
		.password = &wrong,
		.connections = 1,
		.statements = statements,
		.statement_count = STATEMENTS,
	};
	AUTO(strbuf_clear) struct strbuf why = STRBUF_INIT(1000);

	secret_set(&wrong, "hunter2-hunter2", 15);
	f->state_changes = 0;
	f->db = db_new(f->loop, &config);
	db_on_state(f->db, on_state, f);
	WAIT_UNTIL(f, f->state_changes > 0);
	assert_int_equal(db_state(f->db, &why), ERR_UNAVAILABLE);
	assert_non_null(strstr(why.data, "password authentication failed"));
	assert_null(strstr(why.data, "hunter2"));
	db_free(f->db);
	f->db = NULL;
}

#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, make_loop, drop_loop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SERVER_TEST(every_kind_of_argument_comes_back_as_it_went),
		SERVER_TEST(a_failing_unit_leaves_its_neighbours_alone),
		SERVER_TEST(a_unit_is_all_or_nothing),
		SERVER_TEST(errors_have_their_meaning),
		SERVER_TEST(a_thousand_units_come_back_in_order),
		SERVER_TEST(tenants_see_only_their_own_rows),
		SERVER_TEST(a_killed_backend_fails_its_units_and_is_replaced),
		SERVER_TEST(a_server_that_comes_back_is_found_again),
		SERVER_TEST(without_a_server_units_fail_in_time),
		SERVER_TEST(after_some_time_without_a_server_units_fail_at_once_until_it_is_back),
		SERVER_TEST(a_unit_past_its_limit_resets_its_connection),
		SERVER_TEST(freed_units_are_never_woken),
		SERVER_TEST(units_may_be_chained_inside_wakes),
		SERVER_TEST(a_slow_unit_is_overtaken_on_the_other_connection),
		SERVER_TEST(results_and_parameters_may_be_larger_than_any_buffer),
		SERVER_TEST(a_changed_table_is_prepared_for_anew),
		SERVER_TEST(a_statement_that_does_not_prepare_is_named_and_tried_again),
		SERVER_TEST(a_wrong_password_is_told_without_it),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
