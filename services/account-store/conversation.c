/* SPDX-License-Identifier: MIT */
/* Conversations: the row, the settings, and their JSON. */
#include "conversation.h"

#include "title.h"

#include "base/banned.h"

const struct db_column conversation_columns[] = {
	DB_COLUMN(DB_UUID, conversation, id),
	DB_COLUMN(DB_BYTES, conversation, title_sealed),
	DB_COLUMN(DB_UUID, conversation, root_branch_id),
	DB_COLUMN(DB_UUID, conversation, active_branch_id),
	DB_COLUMN(DB_BOOL, conversation, starred),
	DB_COLUMN(DB_BOOL, conversation, archived),
	DB_COLUMN(DB_TIME, conversation, created_at),
	DB_COLUMN(DB_TIME, conversation, last_active_at),
	DB_COLUMN(DB_TEXT, conversation, settings),
	DB_COLUMN(DB_BYTES, conversation, system_prompt_sealed),
	{ 0 },
};

static const char *const efforts[] = { "minimal", "low", "medium", "high", NULL };

/* In the clear; conversation_settings_fields adds the system prompt. */
#define CLEAR_SETTINGS                                                                             \
	JSON_FIELD(JSON_OPT_TEXT, conversation_settings, model, .nullable = true, .max = 200),     \
		JSON_FIELD(JSON_OPT_TEXT, conversation_settings, provider, .nullable = true,       \
			   .max = 64),                                                             \
		JSON_FIELD_AS(JSON_OPT_TEXT, conversation_settings, reasoning_effort,              \
			      "reasoningEffort", .nullable = true, .max = 16, .one_of = efforts),  \
		JSON_FIELD(JSON_NUMBER, conversation_settings, temperature, .nullable = true,      \
			   .min = 0, .max = 2),                                                    \
		JSON_FIELD_AS(JSON_NUMBER, conversation_settings, top_p, "topP", .nullable = true, \
			      .min = 0, .max = 1),                                                 \
		JSON_FIELD_AS(JSON_INT, conversation_settings, max_tokens, "maxTokens",            \
			      .nullable = true, .min = 1, .max = 10000000)

static const struct json_field clear_settings_fields[] = { CLEAR_SETTINGS, { 0 } };

const struct json_field conversation_settings_fields[] = {
	CLEAR_SETTINGS,
	JSON_FIELD_AS(JSON_OPT_TEXT, conversation_settings, system_prompt, "systemPrompt",
		      .nullable = true, .max = SYSTEM_PROMPT_MAX_BYTES),
	{ 0 },
};

struct text conversation_settings_patch(struct request *req,
					const struct conversation_settings *settings)
{
	if (!settings->given)
		return TEXT_NULL;
	struct strbuf *patch = req_buffer(req, 8192);
	struct json_writer w = JSON_WRITER_INIT(patch);
	json_write_fields(&w, clear_settings_fields, settings);
	BUG_ON(json_writer_end(&w) != OK);
	return strbuf_text(patch);
}

enum err conversation_seal_prompt(struct request *req, const struct uuid *id,
				  const struct conversation_settings *settings,
				  struct text *ret_sealed)
{
	struct content_place p;
	*ret_sealed = TEXT_NULL;
	if (!settings->system_prompt.given || settings->system_prompt.null ||
	    !settings->system_prompt.value.len)
		return OK;
	place_of_conversation(&p, &req->identity.user, id, "system_prompt_sealed");
	return content_seal(req->op, &p, settings->system_prompt.value, &req->arena, ret_sealed);
}

enum err conversation_seal_title(struct request *req, const struct uuid *id, struct text title,
				 struct text *ret_sealed)
{
	AUTO(strbuf_clear) struct strbuf clean = STRBUF_INIT(TITLE_MAX_BYTES);
	struct content_place p;
	enum err err = title_clean(title, &clean);
	if (err)
		return err;
	place_of_conversation(&p, &req->identity.user, id, "title_sealed");
	return content_seal(req->op, &p, strbuf_text(&clean), &req->arena, ret_sealed);
}

enum flow conversation_fail_title(struct request *req, enum err err)
{
	if (err == ERR_INVALID_REQUEST)
		return fail_param(req, ERR_INVALID_REQUEST, "title", "A title must not be blank.");
	if (err == ERR_TOO_LARGE)
		return fail_param(req, ERR_INVALID_REQUEST, "title",
				  "A title has at most %d characters.", TITLE_MAX);
	return fail(req, err);
}

void conversation_want_keys(struct key_lease *lease, const struct conversation *c)
{
	key_lease_want(lease, c->title_sealed);
	key_lease_want(lease, c->system_prompt_sealed);
}

enum err conversation_open(struct request *req, struct conversation *c)
{
	struct content_place p;
	place_of_conversation(&p, &req->identity.user, &c->id, "title_sealed");
	enum err err = content_open(req->op, &p, c->title_sealed, &req->arena, &c->title);
	if (err)
		return err;
	place_of_conversation(&p, &req->identity.user, &c->id, "system_prompt_sealed");
	return content_open(req->op, &p, c->system_prompt_sealed, &req->arena, &c->system_prompt);
}

/* Settings are one object for clients, wherever its parts are kept: {…clear…} gets the prompt put
 * in. */
static void write_settings(struct json_writer *w, const struct conversation *c)
{
	json_key(w, "settings");
	json_object_begin(w);
	struct json_doc *doc = NULL;
	if (!json_doc_parse(c->settings, NULL, &doc))
		for (const struct json_value *v = json_first(json_doc_root(doc)); v;
		     v = json_next(v)) {
			json_key_text(w, json_name(v));
			json_write_value(w, v);
		}
	json_doc_free(doc);
	if (c->system_prompt.ptr) {
		json_key(w, "systemPrompt");
		json_text(w, c->system_prompt);
	}
	json_object_end(w);
}

void conversation_write(struct json_writer *w, const struct conversation *c)
{
	json_object_begin(w);
	json_key(w, "id");
	json_uuid(w, &c->id);
	json_key(w, "title");
	json_text(w, c->title.ptr ? c->title : TEXT(TITLE_DEFAULT));
	json_key(w, "rootBranchId");
	json_uuid(w, &c->root_branch_id);
	json_key(w, "activeBranchId");
	json_uuid(w, &c->active_branch_id);
	json_key(w, "starred");
	json_bool(w, c->starred);
	json_key(w, "archived");
	json_bool(w, c->archived);
	json_key(w, "createdAt");
	json_time(w, c->created_at.value);
	json_key(w, "lastActiveAt");
	json_time(w, c->last_active_at.value);
	if (c->settings.ptr)
		write_settings(w, c);
	json_object_end(w);
}

enum flow conversation_reply(struct request *req, int status, struct conversation *c)
{
	enum err err = conversation_open(req, c);
	if (err)
		return fail(req, err);
	struct strbuf *body = req_buffer(req, 1 << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	conversation_write(&w, c);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, status, body);
}
