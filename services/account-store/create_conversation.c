/* SPDX-License-Identifier: MIT */
/* POST /v1/conversations {title?, settings?}: a new conversation with its root branch. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

const struct json_field create_conversation_form_fields[] = {
	/* Longer titles are refused by title_clean, which says so in people's words. */
	JSON_FIELD(JSON_OPT_TEXT, create_conversation_form, title, .nullable = true, .max = 4096),
	JSON_FIELD(JSON_OBJECT, create_conversation_form, settings,
		   .fields = conversation_settings_fields,
		   .size = sizeof(struct conversation_settings)),
	{ 0 },
};

static bool wants_sealing(const struct create_conversation_form *form)
{
	return form->title.value.ptr || form->settings.system_prompt.value.ptr;
}

static enum flow lease_data_key(struct request *req)
{
	struct create_conversation *op = req->op;
	return wants_sealing(&op->form) ? lease_current_key(req) : FLOW_NEXT;
}

static enum flow store_conversation(struct request *req)
{
	struct create_conversation *op = req->op;
	struct text title = TEXT_NULL, prompt;
	op->id = uuid_new();
	op->root_branch_id = uuid_new();
	if (op->form.title.value.ptr) {
		enum err err = conversation_seal_title(req, &op->id, op->form.title.value, &title);
		if (err)
			return conversation_fail_title(req, err);
	}
	if (conversation_seal_prompt(req, &op->id, &op->form.settings, &prompt))
		return fail(req, ERR_INTERNAL);
	return db_run(req, SQL_CREATE_CONVERSATION,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&op->id),
			      db_uuid(&op->root_branch_id), db_bytes(title),
			      db_text(conversation_settings_patch(req, &op->form.settings)),
			      db_bytes(prompt)));
}

static enum flow reply_with_conversation(struct request *req)
{
	struct create_conversation *op = req->op;
	if (!db_row(req, conversation_columns, &op->conversation))
		return fail(req, ERR_INTERNAL);
	return conversation_reply(req, 201, &op->conversation);
}

const struct flow_step create_conversation_flow[] = {
	{ "lease_data_key", lease_data_key },
	{ "store_conversation", store_conversation },
	{ "reply_with_conversation", reply_with_conversation },
	{ 0 },
};
