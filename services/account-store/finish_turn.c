/* SPDX-License-Identifier: MIT */
/*
 * POST /internal/turns/:assistantMessageId/finish: the end of an answer. Its pieces and the tail
 * become one sealed text, status and usage are noted, and the request log gets its row, all in one
 * unit of work. Sent again it changes nothing.
 */
#include "app.h"
#include "call_fields.h"
#include "flows.h"

#include "base/banned.h"

#define TEXT_MAX (2 << 20)
#define ANSWER_MAX (64u << 20)

const struct json_field finish_turn_form_fields[] = {
	JSON_FIELD(JSON_INT, call_form, seq, .required = true, .min = 1, .max = INT32_MAX - 1),
	JSON_FIELD(JSON_TEXT, call_form, text, .required = true, .max = TEXT_MAX),
	CALL_FIELDS,
	{ 0 },
};

static const struct db_column answer_state_columns[] = {
	DB_COLUMN(DB_UUID, answer_state, conversation_id),
	DB_COLUMN(DB_OPT_UUID, answer_state, parent_id),
	DB_COLUMN(DB_OPT_UUID, answer_state, run_id),
	DB_COLUMN(DB_BOOL, answer_state, folded),
	DB_COLUMN(DB_INT, answer_state, last_seq),
	{ 0 },
};

static enum flow lease_data_key(struct request *req)
{
	struct finish_turn *op = req->op;
	if (req_param_uuid(req, 0, &op->answer))
		return fail(req, ERR_NOT_FOUND);
	return lease_current_key(req);
}

enum { STATE_AT, PARTS_AT };

static enum flow load_answer(struct request *req)
{
	struct finish_turn *op = req->op;
	const struct uuid *user = &req->identity.user;
	db_begin(req);
	db_add(req, SQL_ANSWER_STATE, DB_ARGS(db_uuid(user), db_uuid(&op->answer)));
	db_add(req, SQL_ANSWER_PARTS, DB_ARGS(db_uuid(user), db_uuid(&op->answer)));
	return db_go(req);
}

static enum flow lease_data_keys(struct request *req)
{
	struct finish_turn *op = req->op;
	if (!db_row_at(req, STATE_AT, 0, answer_state_columns, &op->state))
		return fail(req, ERR_NOT_FOUND);
	if (!op->state.run_id.set || !uuid_equal(&op->state.run_id.value, &op->form.run_id.value))
		return fail_param(req, ERR_CONFLICT, "runId", "Another run writes this answer.");
	if (op->state.folded)
		return reply_empty(req, 204);
	if (tree_judge_flush(op->state.last_seq, op->form.seq.value) == FLUSH_GAP)
		return fail_param(req, ERR_CONFLICT, "seq",
				  "A piece before this one has not arrived.");
	op->parts = parts_read(req, PARTS_AT);
	parts_want_keys(&op->lease, &op->parts);
	return lease_wanted_keys(req);
}

/* The whole answer, sealed for its place. A tail whose number was accepted as a flush before is
 * there already. */
static enum err fold(struct request *req, struct text *ret_sealed)
{
	struct finish_turn *op = req->op;
	AUTO(strbuf_clear) struct strbuf whole = STRBUF_INIT(ANSWER_MAX);
	struct content_place p;
	enum err err = parts_open_into(req, &op->parts, &op->answer, &whole);
	if (!err && op->parts.count != (size_t)op->state.last_seq)
		err = ERR_INTERNAL;
	if (!err && tree_judge_flush(op->state.last_seq, op->form.seq.value) == FLUSH_NEW)
		err = strbuf_append_text(&whole, op->form.text);
	if (err)
		return err;
	place_of_message(&p, &req->identity.user, &op->state.conversation_id, &op->answer,
			 &op->state.parent_id, TEXT("assistant"));
	return content_seal(&op->lease, &p, strbuf_text(&whole), &req->arena, ret_sealed);
}

enum { LOCKED_AT, FINISHED_AT, AFTER_AT };

static enum flow store_answer(struct request *req)
{
	struct finish_turn *op = req->op;
	const struct call_form *form = &op->form;
	const struct uuid *user = &req->identity.user;
	struct text sealed;
	enum err err = fold(req, &sealed);
	if (err)
		return fail(req, err);
	db_begin(req);
	db_add(req, SQL_LOCK_CONVERSATION,
	       DB_ARGS(db_uuid(user), db_uuid(&op->state.conversation_id)));
	db_add(req, SQL_FINISH_TURN,
	       DB_ARGS(db_uuid(user), db_uuid(&op->answer), db_uuid(&form->run_id.value),
		       db_int(op->state.last_seq), db_bytes(sealed), db_text(form->status),
		       db_text(form->finish_reason), db_text(form->model), db_text(form->provider),
		       call_int(&form->prompt_tokens), call_int(&form->completion_tokens),
		       call_int(&form->cached_tokens), call_int(&form->reasoning_tokens),
		       call_number(&form->cost), db_bool(form->estimated.value),
		       call_uuid(&form->key_id), db_text(form->key_preview), db_text(form->source),
		       call_int(&form->latency_ms), call_int(&form->first_byte_ms)));
	db_add(req, SQL_ANSWER_STATE, DB_ARGS(db_uuid(user), db_uuid(&op->answer)));
	return db_go(req);
}

static enum flow reply_finished(struct request *req)
{
	struct finish_turn *op = req->op;
	if (!db_row_at(req, AFTER_AT, 0, answer_state_columns, &op->state))
		return fail(req, ERR_NOT_FOUND);
	if (!op->state.folded)
		return fail_param(
			req, ERR_CONFLICT, "seq",
			"A piece arrived while the answer was being finished. Finish it again.");
	return reply_empty(req, 204);
}

const struct flow_step finish_turn_flow[] = {
	{ "lease_data_key", lease_data_key },	{ "load_answer", load_answer },
	{ "lease_data_keys", lease_data_keys }, { "store_answer", store_answer },
	{ "reply_finished", reply_finished },	{ 0 },
};
