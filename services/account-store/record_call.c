/* SPDX-License-Identifier: MIT */
/* POST /internal/calls: the request log row of a call that is stored in no conversation. Sent again
 * it changes nothing. */
#include "app.h"
#include "call_fields.h"
#include "flows.h"

#include "base/banned.h"

const char *const call_statuses[] = { "completed", "stopped", "interrupted", "failed", NULL };
const char *const call_sources[] = { "own", "platform", "session", NULL };

const struct json_field record_call_form_fields[] = { CALL_FIELDS, { 0 } };

static enum flow store_call(struct request *req)
{
	const struct record_call *op = req->op;
	const struct call_form *form = &op->form;
	return db_run(req, SQL_RECORD_CALL,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&form->run_id.value),
			      db_text(form->model), db_text(form->provider),
			      call_uuid(&form->key_id), db_text(form->key_preview),
			      db_text(form->source), call_int(&form->prompt_tokens),
			      call_int(&form->completion_tokens), call_int(&form->cached_tokens),
			      call_int(&form->reasoning_tokens), call_number(&form->cost),
			      db_bool(form->estimated.value), call_int(&form->latency_ms),
			      call_int(&form->first_byte_ms), db_text(form->status),
			      db_text(form->finish_reason), db_bool(form->ephemeral.value)));
}

static enum flow reply_recorded(struct request *req)
{
	return reply_empty(req, 204);
}

const struct flow_step record_call_flow[] = {
	{ "store_call", store_call },
	{ "reply_recorded", reply_recorded },
	{ 0 },
};
