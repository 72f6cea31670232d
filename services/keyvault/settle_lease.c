/* SPDX-License-Identifier: MIT */
/* POST /internal/leases/:leaseId/settle: what the call came to. A rejected key is marked for its
 * owner to see. */
#include "flows.h"

#include "sql.h"

#include "base/banned.h"

static const char *const outcomes[] = { "ok", "rejected", "limited", "failed", NULL };

const struct json_field settle_form_fields[] = {
	JSON_FIELD_AS(JSON_UUID, settle_form, key_id, "keyId", .nullable = true),
	JSON_FIELD(JSON_TEXT, settle_form, outcome, .required = true, .one_of = outcomes),
	JSON_FIELD_AS(JSON_INT, settle_form, prompt_tokens, "promptTokens", .min = 0,
		      .max = INT64_C(1) << 50),
	JSON_FIELD_AS(JSON_INT, settle_form, completion_tokens, "completionTokens", .min = 0,
		      .max = INT64_C(1) << 50),
	JSON_FIELD(JSON_NUMBER, settle_form, cost, .nullable = true, .min = 0, .max = 1000000),
	{ 0 },
};

/* Only an answer that the provider gave to the key tells something about it. */
static struct db_arg status_of(const struct settle_form *f)
{
	if (text_is(f->outcome, "rejected"))
		return db_text(TEXT("rejected"));
	return text_is(f->outcome, "ok") ? db_text(TEXT("ok")) : db_null();
}

static enum flow book(struct request *req)
{
	const struct settle_lease *op = req->op;
	const struct settle_form *f = &op->form;
	struct uuid lease;
	if (req_param_uuid(req, 0, &lease))
		return fail(req, ERR_NOT_FOUND);
	if (!f->key_id.given || f->key_id.null)
		return flow_skip_to(req, "confirm");
	/* Limits count calls that reached the provider. */
	bool reached = !text_is(f->outcome, "failed") || f->prompt_tokens.value;
	db_begin(req);
	db_add(req, SQL_NOTE_KEY_USE,
	       DB_ARGS(db_uuid(&req->identity.user), db_uuid(&f->key_id.value),
		       db_int(reached ? 1 : 0), db_int(f->prompt_tokens.value),
		       db_int(f->completion_tokens.value), db_double(f->cost.value)));
	db_add(req, SQL_MARK_KEY,
	       DB_ARGS(db_uuid(&req->identity.user), db_uuid(&f->key_id.value), status_of(f)));
	return db_go(req);
}

static enum flow confirm(struct request *req)
{
	return reply_empty(req, 204);
}

const struct flow_step settle_lease_flow[] = {
	{ "book", book },
	{ "confirm", confirm },
	{ 0 },
};
