/* SPDX-License-Identifier: MIT */
/* A unit of work as its owner sees it: built, submitted, read, freed at any moment. */
#include "base/base.h"
#include "db/db_private.h"

#include "base/banned.h"

#define MAX_CALLS 1024

const char *db_statement_name(const struct db *db, unsigned statement)
{
	return statement == DB_AS_USER ? "grove_as_user" : db->statements[statement].name;
}

struct db_unit *db_unit_new(struct db *db)
{
	struct db_unit *u = xcalloc(1, sizeof(*u));

	u->db = db;
	TAILQ_INSERT_TAIL(&db->all, u, all_link);
	return u;
}

static struct db_call *new_call(struct db_unit *u)
{
	if (u->count == u->capacity) {
		BUG_ON(u->count >= MAX_CALLS);
		u->capacity = u->capacity ? u->capacity * 2 : 4;
		u->calls = xreallocarray(u->calls, u->capacity, sizeof(*u->calls));
	}
	u->calls[u->count] = (struct db_call){ 0 };
	return &u->calls[u->count++];
}

static void add_call(struct db_unit *u, unsigned statement, const struct db_arg *args, size_t count)
{
	struct db_call *call = new_call(u);

	call->statement = statement;
	call->param_count = (int)count;
	call->values = arena_alloc(&u->arena, (count + 1) * sizeof(*call->values));
	call->lengths = arena_alloc(&u->arena, (count + 1) * sizeof(*call->lengths));
	call->formats = arena_alloc(&u->arena, (count + 1) * sizeof(*call->formats));
	for (size_t i = 0; i < count; i++) {
		struct db_param param = { 0 };
		enum err err = db_encode_arg(&u->arena, &args[i], &param);
		/* Told at the wake, like every other failure. */
		if (err != OK && u->err == OK) {
			u->err = err;
			u->failed_at = u->count - 1 - (u->as_user ? 1 : 0);
		}
		call->values[i] = param.value;
		call->lengths[i] = param.length;
		call->formats[i] = param.format;
	}
}

void db_unit_as_user(struct db_unit *u, const struct uuid *user)
{
	char text[UUID_TEXT_SIZE];

	BUG_ON(u->count != 0);
	uuid_format(user, text);
	u->as_user = true;
	add_call(u, DB_AS_USER, DB_ARGS(db_text(text_of(text))));
}

void db_unit_add(struct db_unit *u, unsigned statement, const struct db_arg *args, size_t count)
{
	BUG_ON(u->state != UNIT_NEW || count > 65535);
	BUG_ON(u->db && statement >= u->db->statement_count);
	add_call(u, statement, args, count);
}

size_t db_unit_count(const struct db_unit *u)
{
	return u->count - (u->as_user ? 1 : 0);
}

void db_unit_submit(struct db_unit *u, struct waiter *waiter)
{
	BUG_ON(u->state != UNIT_NEW || !u->db);
	u->waiter = waiter;
	db_queue_add(u->db, u);
}

void db_unit_drop_results(struct db_unit *u)
{
	for (size_t i = 0; i < u->count; i++) {
		PQclear(u->calls[i].result);
		u->calls[i].result = NULL;
	}
}

void db_unit_free(struct db_unit *u)
{
	if (!u)
		return;
	if (u->db)
		db_queue_forget(u);
	db_unit_drop_results(u);
	arena_clear(&u->arena);
	free(u->calls);
	free(u);
}

enum err db_unit_err(const struct db_unit *u)
{
	return u->err;
}

const char *db_unit_sqlstate(const struct db_unit *u)
{
	return u->sqlstate;
}

const char *db_unit_constraint(const struct db_unit *u)
{
	return u->constraint;
}

size_t db_unit_failed_at(const struct db_unit *u)
{
	return u->failed_at;
}
