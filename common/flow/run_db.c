/* SPDX-License-Identifier: MIT */
/* Waiting for PostgreSQL: the steps' side of db/. */
#include "flow/request_private.h"

#include "base/banned.h"

void run_db_drop(struct request *req)
{
	db_unit_free(req->unit);
	req->unit = NULL;
}

static bool is_constraint_error(enum err err)
{
	return err == ERR_CONFLICT || err == ERR_NOT_FOUND || err == ERR_INVALID_REQUEST;
}

static void unit_done(struct waiter *waiter)
{
	struct request *req = container_of(waiter, struct request, waiter);
	enum err err = db_unit_err(req->unit);
	if (!err ||
	    (req->accepts && (is_constraint_error(err) || db_unit_sqlstate(req->unit)[0] == 'G')))
		request_resume(req);
	else
		request_fail_now(req, err);
}

void db_begin(struct request *req)
{
	BUG_ON(!req->env->db);
	run_db_drop(req);
	req->unit = db_unit_new(req->env->db);
	if (req->identity.has_user)
		db_unit_as_user(req->unit, &req->identity.user);
}

void db_add(struct request *req, unsigned statement, const struct db_arg *args, size_t count)
{
	db_unit_add(req->unit, statement, args, count);
}

enum flow db_go(struct request *req)
{
	req->waiting_for = WAIT_DB;
	req->accepts = req->accept_next;
	req->accept_next = false;
	req->waiter.wake = unit_done;
	db_unit_submit(req->unit, &req->waiter);
	return FLOW_WAIT;
}

enum flow db_run(struct request *req, unsigned statement, const struct db_arg *args, size_t count)
{
	db_begin(req);
	db_add(req, statement, args, count);
	return db_go(req);
}

void db_accept_errors(struct request *req)
{
	req->accept_next = true;
}

enum err db_result(const struct request *req)
{
	return db_unit_err(req->unit);
}

const struct db_unit *db_unit_of(const struct request *req)
{
	return req->unit;
}

size_t db_row_count(const struct request *req)
{
	return db_rows(req->unit, 0);
}

bool db_row_at(struct request *req, size_t index, size_t row, const struct db_column *columns,
	       void *target)
{
	if (row >= db_rows(req->unit, index))
		return false;
	db_read_row(req->unit, index, row, columns, target, &req->arena);
	return true;
}

bool db_row(struct request *req, const struct db_column *columns, void *target)
{
	return db_row_at(req, 0, 0, columns, target);
}
