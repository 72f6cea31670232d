/* SPDX-License-Identifier: MIT */
/*
 * POST /internal/identify: who shows these credentials? A bearer token is a token or nobody: it
 * never falls back to the local owner. Without one, and with auth off, it is the local owner.
 * Access assertions and sign-in sessions are not known to this version: whoever brings only those
 * is nobody.
 */
#include "identify.h"

#include "app.h"
#include "sql.h"

#include "base/banned.h"

#define NAME_BYTES 128

const struct json_field identify_form_fields[] = {
	{ JSON_OPT_TEXT, "authorization", offsetof(struct identify_form, authorization),
	  .nullable = true, .max = 8192 },
	{ JSON_OPT_TEXT, "cookie", offsetof(struct identify_form, cookie), .nullable = true,
	  .max = 16384 },
	{ JSON_OPT_TEXT, "accessEmail", offsetof(struct identify_form, access_email),
	  .nullable = true, .max = 512 },
	{ JSON_OPT_TEXT, "accessAssertion", offsetof(struct identify_form, access_assertion),
	  .nullable = true, .max = 16384 },
	{ 0 },
};

struct token_row {
	struct uuid user, id;
	struct text secret_sha256, scopes;
	struct unix_ms expires;
	bool first_use_today;
};

static const struct db_column token_columns[] = {
	DB_COLUMN(DB_UUID, token_row, user),
	DB_COLUMN(DB_UUID, token_row, id),
	DB_COLUMN(DB_BYTES, token_row, secret_sha256),
	DB_COLUMN(DB_TEXT, token_row, scopes),
	DB_COLUMN(DB_OPT_TIME, token_row, expires),
	DB_COLUMN(DB_BOOL, token_row, first_use_today),
	{ 0 },
};

static enum flow load_token(struct request *req)
{
	struct identify *op = req->op;
	const struct auth_verifier *a = req->app;
	struct text authorization = op->form.authorization.value;
	if (!authorization.ptr) {
		op->amr = AMR_LOCAL;
		if (a->config->required || op->form.access_email.value.ptr ||
		    op->form.access_assertion.value.ptr)
			return fail(req, ERR_UNAUTHENTICATED);
		return flow_skip_to(req, "ask_who_it_is");
	}
	op->amr = AMR_TOKEN;
	if (token_from_authorization(authorization, &op->token))
		return fail(req, ERR_UNAUTHENTICATED);
	db_begin(req);
	db_add(req, SQL_SET_TOKEN, DB_ARGS(db_text(text_of(op->token.public_id))));
	db_add(req, SQL_TOKEN_BY_PUBLIC_ID, DB_ARGS(db_text(text_of(op->token.public_id))));
	return db_go(req);
}

static bool token_holds(const struct token_row *row, const struct token_parts *shown,
			struct unix_ms now)
{
	bool same = row->secret_sha256.len == SHA256_BYTES &&
		    secret_equal(row->secret_sha256.ptr, shown->secret_sha256, SHA256_BYTES);
	return same && (!row->expires.value || row->expires.value > now.value);
}

static enum flow check_token(struct request *req)
{
	struct identify *op = req->op;
	struct token_row row = { 0 };
	if (!db_row_at(req, 1, 0, token_columns, &row) || !token_holds(&row, &op->token, req->now))
		return fail(req, ERR_UNAUTHENTICATED);
	if (token_scopes_parse(row.scopes, &op->scopes))
		return fail(req, ERR_INTERNAL);
	op->user = row.user;
	op->token_id = row.id;
	if (!row.first_use_today)
		return FLOW_NEXT;
	db_begin(req);
	db_add(req, SQL_SET_TOKEN, DB_ARGS(db_text(text_of(op->token.public_id))));
	db_add(req, SQL_NOTE_TOKEN_USE, DB_ARGS(db_text(text_of(op->token.public_id))));
	return db_go(req);
}

static enum flow ask_who_it_is(struct request *req)
{
	struct identify *op = req->op;
	return resolve_person(req, op->amr == AMR_TOKEN ? &op->user : NULL);
}

static void write_scopes(struct json_writer *w, unsigned scopes)
{
	json_array_begin(w);
	for (unsigned bit = SCOPE_CHAT; bit <= SCOPE_CLI; bit <<= 1)
		if (scopes & bit)
			json_str(w, scope_name((enum scope)bit));
	json_array_end(w);
}

static struct text name_to_show(const struct resolved_person *p)
{
	struct text name = p->display_name.value.len ? p->display_name.value : p->email.value;
	if (!name.len)
		return TEXT("Owner");
	return text_slice(name, 0, utf8_truncate(name.ptr, name.len, NAME_BYTES));
}

static void write_person(struct json_writer *w, const struct resolved_person *p)
{
	json_key(w, "userId");
	json_uuid(w, &p->id.value);
	json_key(w, "email");
	json_text(w, p->email.value);
	json_key(w, "displayName");
	json_text(w, name_to_show(p));
	json_key(w, "role");
	json_text(w, p->role);
	json_key(w, "tier");
	json_text(w, p->tier);
}

static enum flow reply_with_identity(struct request *req)
{
	struct identify *op = req->op;
	enum err err = resolved(req, &op->person);
	if (err)
		return fail(req, err);
	char session[UUID_TEXT_SIZE] = "local";
	if (op->amr == AMR_TOKEN)
		uuid_format(&op->token_id, session);
	struct strbuf *body = req_buffer(req, 4096);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	write_person(&w, &op->person);
	json_key(&w, "amr");
	json_str(&w, amr_name(op->amr));
	json_key(&w, "scopes");
	if (op->amr == AMR_TOKEN)
		write_scopes(&w, op->scopes);
	else
		json_null(&w);
	json_key(&w, "sessionId");
	json_str(&w, session);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step identify_flow[] = {
	{ "load_token", load_token },
	{ "check_token", check_token },
	{ "ask_who_it_is", ask_who_it_is },
	{ "reply_with_identity", reply_with_identity },
	{ 0 },
};
