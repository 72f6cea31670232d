/* SPDX-License-Identifier: MIT */
/* POST /internal/people/resolve: who a person is, for auth-verifier. The local owner is made at
 * first use. */
#include "flows.h"

#include "app.h"

#include "base/banned.h"

static const char *const kinds[] = { "local", "id", NULL };

const struct json_field people_resolve_form_fields[] = {
	JSON_FIELD(JSON_TEXT, people_resolve_form, kind, .required = true, .one_of = kinds),
	JSON_FIELD_AS(JSON_UUID, people_resolve_form, user_id, "userId", .nullable = true),
	{ 0 },
};

static const struct db_column person_columns[] = {
	DB_COLUMN(DB_UUID, person, id),
	DB_COLUMN(DB_TEXT, person, email),
	DB_COLUMN(DB_TEXT, person, display_name),
	DB_COLUMN(DB_TEXT, person, role),
	DB_COLUMN(DB_TEXT, person, tier),
	DB_COLUMN(DB_BOOL, person, disabled),
	{ 0 },
};

static enum flow find_local_owner(struct request *req)
{
	struct people_resolve *op = req->op;
	struct uuid fresh = uuid_new();
	op->found_at = 2;
	db_begin(req);
	db_add(req, SQL_SET_PERSON, DB_ARGS(db_text(TEXT("local"))));
	db_add(req, SQL_CREATE_LOCAL_PERSON, DB_ARGS(db_uuid(&fresh)));
	db_add(req, SQL_LOCAL_PERSON, DB_NO_ARGS);
	return db_go(req);
}

static enum flow find_by_id(struct request *req)
{
	struct people_resolve *op = req->op;
	char id[UUID_TEXT_SIZE];
	uuid_format(&op->form.user_id.value, id);
	const char *key = arena_printf(&req->arena, "id:%s", id);
	op->found_at = 1;
	db_begin(req);
	db_add(req, SQL_SET_PERSON, DB_ARGS(db_text(text_of(key))));
	db_add(req, SQL_PERSON_BY_ID, DB_ARGS(db_uuid(&op->form.user_id.value)));
	return db_go(req);
}

static enum flow find_person(struct request *req)
{
	struct people_resolve *op = req->op;
	bool local = text_is(op->form.kind, "local");
	bool has_id = op->form.user_id.given && !op->form.user_id.null;
	if (local == has_id)
		return fail_param(req, ERR_INVALID_REQUEST, "userId",
				  "Give userId with kind \"id\", and only then.");
	return local ? find_local_owner(req) : find_by_id(req);
}

static enum flow reply_with_person(struct request *req)
{
	struct people_resolve *op = req->op;
	struct person *person = &op->person;
	if (!db_row_at(req, op->found_at, 0, person_columns, person))
		return fail(req, ERR_NOT_FOUND);
	struct strbuf *body = req_buffer(req, 8192);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "userId");
	json_uuid(&w, &person->id);
	json_key(&w, "email");
	json_text(&w, person->email);
	json_key(&w, "displayName");
	json_text(&w, person->display_name);
	json_key(&w, "role");
	json_text(&w, person->role);
	json_key(&w, "tier");
	json_text(&w, person->tier);
	json_key(&w, "disabled");
	json_bool(&w, person->disabled);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step people_resolve_flow[] = {
	{ "find_person", find_person },
	{ "reply_with_person", reply_with_person },
	{ 0 },
};
