/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL's errors in the house's terms. Only the SQLSTATE and the constraint's name are kept:
 * message and detail may quote what people wrote.
 *
 * Source: PostgreSQL 15, appendix A.
 */
#include "base/base.h"
#include "db/db_private.h"
#include "log/log.h"

#include "base/banned.h"

struct sqlstate_rule {
	const char *prefix;
	enum err err;
};

/* The first match decides. */
static const struct sqlstate_rule rules[] = {
	{ "23505", ERR_CONFLICT }, /* unique_violation */
	{ "23P01", ERR_CONFLICT }, /* exclusion_violation */
	{ "23503", ERR_NOT_FOUND }, /* foreign_key_violation */
	{ "23", ERR_INVALID_REQUEST }, /* not_null, check */
	{ "22", ERR_INVALID_REQUEST }, /* data: out of range, bad text, … */
	{ "08", ERR_UNAVAILABLE }, /* connection */
	{ "40", ERR_UNAVAILABLE }, /* serialization_failure, deadlock: the same again may succeed */
	{ "53", ERR_UNAVAILABLE }, /* too many connections, disk full, out of memory */
	{ "55P03", ERR_UNAVAILABLE }, /* lock_not_available */
	{ "57", ERR_UNAVAILABLE }, /* statement_timeout, shutdown, crash, starting up */
	{ "58", ERR_UNAVAILABLE }, /* system_error, io_error */
};

enum err db_err_of_sqlstate(const char *sqlstate)
{
	for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
		if (strncmp(sqlstate, rules[i].prefix, strlen(rules[i].prefix)) == 0)
			return rules[i].err;
	return ERR_INTERNAL;
}

static void copy_field(char *out, size_t size, const PGresult *result, int field)
{
	const char *value = PQresultErrorField(result, field);

	snprintf(out, size, "%s", value ? value : "");
}

void db_unit_note_error(struct db_unit *u, const PGresult *result, size_t call_index)
{
	size_t own = u->as_user ? 1 : 0;

	if (u->err != OK)
		return;
	/* An error of a deferred constraint comes behind the last statement, at the Sync. */
	if (call_index >= u->count)
		call_index = u->count - 1;
	copy_field(u->sqlstate, sizeof(u->sqlstate), result, PG_DIAG_SQLSTATE);
	copy_field(u->constraint, sizeof(u->constraint), result, PG_DIAG_CONSTRAINT_NAME);
	u->failed_at = call_index > own ? call_index - own : 0;
	/* No SQLSTATE: libpq itself lost the connection or the thread of the protocol. */
	u->err = u->sqlstate[0] ? db_err_of_sqlstate(u->sqlstate) : ERR_UNAVAILABLE;
	log_debug("db.unit_failed",
		  LOG_STR("statement", db_statement_name(u->db, u->calls[call_index].statement)),
		  LOG_STR("sqlstate", u->sqlstate), LOG_STR("constraint", u->constraint));
}

/* A migration changed what a prepared statement returns, or something dropped our statements: only
 * preparing anew helps. */
bool db_error_is_stale_plan(const PGresult *result)
{
	const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *where = PQresultErrorField(result, PG_DIAG_SOURCE_FUNCTION);

	if (!sqlstate)
		return false;
	if (strcmp(sqlstate, "26000") == 0)
		return true;
	return strcmp(sqlstate, "0A000") == 0 && where &&
	       strcmp(where, "RevalidateCachedQuery") == 0;
}
