/* SPDX-License-Identifier: MIT */
/* PATCH /v1/api-keys/:id: name, order, limits, on and off. Never the key, its provider or its
 * address: those make another key. */
#include "flows.h"

#include "sql.h"

#include "base/banned.h"

const struct json_field patch_key_form_fields[] = {
	JSON_FIELD_AS(JSON_OPT_TEXT, patch_form, key_name, "keyName", .max = 400),
	JSON_FIELD(JSON_BOOL, patch_form, active, .required = false),
	JSON_FIELD_AS(JSON_NUMBER, patch_form, monthly_budget, "monthlyBudget", .nullable = true,
		      .min = 0, .max = 1000000),
	JSON_FIELD_AS(JSON_INT, patch_form, daily_limit, "dailyLimit", .nullable = true, .min = 0,
		      .max = INT32_MAX),
	JSON_FIELD_AS(JSON_INT, patch_form, rate_limit_rpm, "rateLimitRpm", .nullable = true,
		      .min = 0, .max = INT32_MAX),
	JSON_FIELD_AS(JSON_INT, patch_form, priority_order, "priorityOrder", .min = -1000000,
		      .max = 1000000),
	{ 0 },
};

static struct db_arg limit(const struct json_int *n)
{
	return n->given && !n->null ? db_int(n->value) : db_null();
}

static enum flow change_key(struct request *req)
{
	struct patch_key *op = req->op;
	struct patch_form *f = &op->form;
	struct uuid id;
	if (req_param_uuid(req, 0, &id))
		return fail(req, ERR_NOT_FOUND);
	struct text name = text_trim(f->key_name.value);
	if (f->key_name.given && (!name.len || utf8_count(name.ptr, name.len) > 100))
		return fail_param(req, ERR_INVALID_REQUEST, "keyName",
				  "A key's name has 1 to 100 characters.");
	return db_run(req, SQL_PATCH_API_KEY,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&id),
			      db_bool(f->key_name.given), db_text(name), db_bool(f->active.given),
			      db_bool(f->active.value), db_bool(f->priority_order.given),
			      limit(&f->priority_order), db_bool(f->monthly_budget.given),
			      f->monthly_budget.given && !f->monthly_budget.null
				      ? db_double(f->monthly_budget.value)
				      : db_null(),
			      db_bool(f->daily_limit.given), limit(&f->daily_limit),
			      db_bool(f->rate_limit_rpm.given), limit(&f->rate_limit_rpm)));
}

static enum flow reply_with_key(struct request *req)
{
	struct api_key_row row;
	if (!db_row_count(req))
		return fail(req, ERR_NOT_FOUND);
	api_key_read(db_unit_of(req), 0, 0, &req->arena, &row);
	struct strbuf *body = req_buffer(req, 16384);
	struct json_writer w = JSON_WRITER_INIT(body);
	api_key_write(&w, &row);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step patch_key_flow[] = {
	{ "change_key", change_key },
	{ "reply_with_key", reply_with_key },
	{ 0 },
};
