/* SPDX-License-Identifier: MIT */
/*
 * POST /internal/turns/:assistantMessageId/flush: a piece of a running answer, sealed. An accepted
 * number sent again changes nothing; an empty text is a sign of life.
 */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

#define TEXT_MAX (2 << 20)

const struct json_field flush_turn_form_fields[] = {
	JSON_FIELD_AS(JSON_UUID, flush_turn_form, run_id, "runId", .required = true),
	JSON_FIELD(JSON_INT, flush_turn_form, seq, .required = true, .min = 1,
		   .max = INT32_MAX - 1),
	JSON_FIELD(JSON_TEXT, flush_turn_form, text, .required = true, .max = TEXT_MAX),
	{ 0 },
};

enum { BEFORE_AT, STATE_AT };

static enum flow lease_data_key(struct request *req)
{
	struct flush_turn *op = req->op;
	if (req_param_uuid(req, 0, &op->answer))
		return fail(req, ERR_NOT_FOUND);
	return lease_current_key(req);
}

static enum flow store_piece(struct request *req)
{
	struct flush_turn *op = req->op;
	const struct uuid *user = &req->identity.user;
	struct content_place p;
	struct text sealed;
	place_of_part(&p, user, &op->answer, op->form.seq.value);
	if (content_seal(&op->lease, &p, op->form.text, &req->arena, &sealed))
		return fail(req, ERR_INTERNAL);
	db_begin(req);
	db_add(req, SQL_APPEND_PART,
	       DB_ARGS(db_uuid(user), db_uuid(&op->answer), db_uuid(&op->form.run_id.value),
		       db_int(op->form.seq.value), db_bytes(sealed)));
	db_add(req, SQL_ANSWER_STATE, DB_ARGS(db_uuid(user), db_uuid(&op->answer)));
	return db_go(req);
}

static enum flow reply_accepted(struct request *req)
{
	const struct flush_turn *op = req->op;
	const struct db_unit *unit = db_unit_of(req);
	if (!db_rows(unit, STATE_AT))
		return fail(req, ERR_NOT_FOUND);
	if (!db_rows(unit, BEFORE_AT))
		return fail_because(req, ERR_ALREADY_FINISHED,
				    "This answer is finished, or another run writes it.");
	if (tree_judge_flush(db_get_int(unit, BEFORE_AT, 0, 0), op->form.seq.value) == FLUSH_GAP)
		return fail_param(req, ERR_CONFLICT, "seq",
				  "A piece before this one has not arrived.");
	return reply_empty(req, 204);
}

const struct flow_step flush_turn_flow[] = {
	{ "lease_data_key", lease_data_key },
	{ "store_piece", store_piece },
	{ "reply_accepted", reply_accepted },
	{ 0 },
};
