/* SPDX-License-Identifier: MIT */
/* POST /v1/tokens: makes a personal token. Its text is in this answer and nowhere else. */
#include "create_token.h"

#include "sql.h"
#include "token/envelope.h"

#include "base/banned.h"

#define DEFAULT_LIFE_MS (90LL * 24 * 3600 * 1000)
#define MOST_TOKENS 100

const struct json_field create_token_form_fields[] = {
	JSON_FIELD(JSON_TEXT, create_token_form, name, .required = true, .min = 1, .max = 400),
	JSON_FIELD(JSON_TEXT_LIST, create_token_form, scopes, .required = true, .max = 8,
		   .item_max = 32),
	JSON_FIELD_AS(JSON_TIME, create_token_form, expires, "expiresAt", .nullable = true),
	{ 0 },
};

static enum flow check_form(struct request *req)
{
	struct create_token *op = req->op;
	op->form.name = text_trim(op->form.name);
	if (!op->form.name.len || utf8_count(op->form.name.ptr, op->form.name.len) > 100)
		return fail_param(req, ERR_INVALID_REQUEST, "name",
				  "A token's name has 1 to 100 characters.");
	for (size_t i = 0; i < op->form.scopes.count; i++) {
		enum scope scope;
		if (scope_from_name(op->form.scopes.items[i], &scope) || scope == SCOPE_PERSON)
			return fail_param(req, ERR_INVALID_REQUEST, "scopes",
					  "Scopes are chat, conversations, keys, mcp and cli.");
		op->scopes |= scope;
	}
	if (!op->scopes)
		return fail_param(req, ERR_INVALID_REQUEST, "scopes",
				  "Choose at least one scope; a token without any opens nothing.");
	if (op->form.expires.given && !op->form.expires.null &&
	    op->form.expires.value <= req->now.value)
		return fail_param(req, ERR_INVALID_REQUEST, "expiresAt",
				  "The expiry lies in the past.");
	if (!op->form.expires.given)
		op->expires.value = req->now.value + DEFAULT_LIFE_MS;
	else if (!op->form.expires.null)
		op->expires.value = op->form.expires.value;
	return FLOW_NEXT;
}

static enum flow store_token(struct request *req)
{
	struct create_token *op = req->op;
	struct token_parts parts;
	char scopes[200];
	op->id = uuid_new();
	token_new(op->text, &parts);
	token_scopes_format(op->scopes, scopes, sizeof(scopes));
	struct text hash = { (const char *)parts.secret_sha256, sizeof(parts.secret_sha256) };
	return db_run(req, SQL_INSERT_TOKEN,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&op->id),
			      db_text(text_of(parts.public_id)), db_bytes(hash),
			      db_text(op->form.name), db_text(text_of(scopes)),
			      op->expires.value ? db_time(op->expires) : db_null(),
			      db_int(MOST_TOKENS)));
}

static enum flow reply_with_token(struct request *req)
{
	struct create_token *op = req->op;
	if (!db_row_count(req))
		return fail_because(req, ERR_CONFLICT,
				    "You have %d tokens already; revoke one you no longer need.",
				    MOST_TOKENS);
	struct strbuf *body = req_buffer(req, 4096);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "id");
	json_uuid(&w, &op->id);
	json_key(&w, "name");
	json_text(&w, op->form.name);
	json_key(&w, "scopes");
	json_array_begin(&w);
	for (unsigned bit = SCOPE_CHAT; bit <= SCOPE_CLI; bit <<= 1)
		if (op->scopes & bit)
			json_str(&w, scope_name((enum scope)bit));
	json_array_end(&w);
	json_key(&w, "token");
	json_str(&w, op->text);
	json_key(&w, "expiresAt");
	if (op->expires.value)
		json_time(&w, op->expires.value);
	else
		json_null(&w);
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	enum flow done = reply_body(req, 201, body);
	wipe(body->data, body->len);
	return done;
}

void create_token_clear(void *op_)
{
	struct create_token *op = op_;
	wipe(op->text, sizeof(op->text));
}

const struct flow_step create_token_flow[] = {
	{ "check_form", check_form },
	{ "store_token", store_token },
	{ "reply_with_token", reply_with_token },
	{ 0 },
};
