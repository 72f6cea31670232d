/* SPDX-License-Identifier: MIT */
/* POST /v1/api-keys: seals a provider key under the person's data key, bound to person, row,
 * provider and origin. It is never shown again. */
#include "flows.h"

#include "app.h"
#include "sql.h"

#include "base/banned.h"

#define BUDGET_MAX 1000000

const struct json_field create_key_form_fields[] = {
	JSON_FIELD(JSON_TEXT, key_form, provider, .required = true, .max = 32),
	JSON_FIELD_AS(JSON_TEXT, key_form, key_name, "keyName", .max = 400),
	JSON_FIELD(JSON_SECRET_TEXT, key_form, key, .required = true, .max = KEY_MAX),
	JSON_FIELD_AS(JSON_OPT_TEXT, key_form, base_url, "baseUrl", .nullable = true,
		      .max = BASE_URL_MAX),
	JSON_FIELD_AS(JSON_NUMBER, key_form, monthly_budget, "monthlyBudget", .nullable = true,
		      .min = 0, .max = BUDGET_MAX),
	JSON_FIELD_AS(JSON_INT, key_form, daily_limit, "dailyLimit", .nullable = true, .min = 0,
		      .max = INT32_MAX),
	JSON_FIELD_AS(JSON_INT, key_form, rate_limit_rpm, "rateLimitRpm", .nullable = true,
		      .min = 0, .max = INT32_MAX),
	JSON_FIELD_AS(JSON_INT, key_form, priority_order, "priorityOrder", .nullable = true,
		      .min = -1000000, .max = 1000000),
	{ 0 },
};

static enum flow check_form(struct request *req)
{
	struct create_key *op = req->op;
	const struct keyvault *kv = req->app;
	struct key_form *form = &op->form;
	const char *problem = NULL;
	if (!keyvault_persists(kv))
		return fail(req, ERR_BYOK_PERSISTENCE_DISABLED);
	if (!provider_is_known(form->provider))
		return fail_param(req, ERR_INVALID_REQUEST, "provider",
				  "provider is one of openai, anthropic, google, openrouter, "
				  "openai-compatible.");
	if (!api_key_clean(&form->key))
		return fail_param(req, ERR_INVALID_REQUEST, "key",
				  "The key is empty or has characters that no key has.");
	form->key_name = text_trim(form->key_name);
	if (!form->key_name.len)
		form->key_name = form->provider;
	if (utf8_count(form->key_name.ptr, form->key_name.len) > 100)
		return fail_param(req, ERR_INVALID_REQUEST, "keyName",
				  "A key's name has at most 100 characters.");
	enum err err = key_address_read(kv->config, kv->guard, form->provider, form->base_url.value,
					&op->address, &problem);
	if (err)
		return fail_param(req, err, "baseUrl", "%s", problem);
	op->data_key.family = KEK_BYOK;
	return FLOW_NEXT;
}

static struct db_arg opt_int(const struct json_int *n)
{
	return n->given && !n->null ? db_int(n->value) : db_null();
}

static struct db_arg opt_number(const struct json_number *n)
{
	return n->given && !n->null ? db_double(n->value) : db_null();
}

static enum flow store_key(struct request *req)
{
	struct create_key *op = req->op;
	const struct key_form *form = &op->form;
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(KEY_MAX + 256);
	char preview[KEY_PREVIEW_CHARS + 1];
	op->id = uuid_new();
	struct seal_key key = data_key_for_sealing(&op->data_key);
	struct seal_place place = api_key_place(&req->identity.user, &op->id, form->provider,
						text_of(op->address.origin));
	if (seal(&key, &place, (struct text){ (const char *)form->key.bytes, form->key.len },
		 &sealed))
		return fail(req, ERR_INTERNAL);
	api_key_preview(&form->key, preview);
	return db_run(req, SQL_ADD_API_KEY,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&op->id),
			      db_text(form->provider), db_text(form->key_name),
			      db_bytes(strbuf_text(&sealed)), db_int(op->data_key.version),
			      db_text(text_of(preview)), db_text(op->address.base_url),
			      db_text(text_of(op->address.origin)),
			      opt_number(&form->monthly_budget), opt_int(&form->daily_limit),
			      opt_int(&form->rate_limit_rpm), opt_int(&form->priority_order),
			      db_int(MOST_KEYS)));
}

static enum flow reply_with_key(struct request *req)
{
	struct api_key_row row;
	if (!db_row_count(req))
		return fail_because(req, ERR_CONFLICT,
				    "You have %d keys already; delete one you no longer need.",
				    MOST_KEYS);
	api_key_read(db_unit_of(req), 0, 0, &req->arena, &row);
	struct strbuf *body = req_buffer(req, 16384);
	struct json_writer w = JSON_WRITER_INIT(body);
	api_key_write(&w, &row);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 201, body);
}

void create_key_clear(void *op_)
{
	struct create_key *op = op_;
	secret_clear(&op->data_key.bytes);
	secret_clear(&op->form.key);
}

const struct flow_step create_key_flow[] = {
	{ "check_form", check_form },
	{ "load_data_key", load_data_key },
	{ "make_data_key", make_data_key },
	{ "unwrap_data_key", unwrap_data_key },
	{ "store_key", store_key },
	{ "reply_with_key", reply_with_key },
	{ 0 },
};
