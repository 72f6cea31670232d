/* SPDX-License-Identifier: MIT */
/* PATCH /v1/conversations/:id: title, settings, archived, starred, activeBranchId; what is not
 * given stays. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

const struct json_field patch_conversation_form_fields[] = {
	JSON_FIELD(JSON_TEXT, patch_conversation_form, title, .max = 4096),
	JSON_FIELD(JSON_OBJECT, patch_conversation_form, settings,
		   .fields = conversation_settings_fields,
		   .size = sizeof(struct conversation_settings)),
	JSON_FIELD(JSON_BOOL, patch_conversation_form, archived),
	JSON_FIELD(JSON_BOOL, patch_conversation_form, starred),
	JSON_FIELD_AS(JSON_UUID, patch_conversation_form, active_branch_id, "activeBranchId"),
	{ 0 },
};

static enum flow lease_data_key(struct request *req)
{
	struct patch_conversation *op = req->op;
	if (req_param_uuid(req, 0, &op->id))
		return fail(req, ERR_NOT_FOUND);
	bool seals = op->form.title.ptr || op->form.settings.system_prompt.value.ptr;
	return seals ? lease_current_key(req) : FLOW_NEXT;
}

static struct db_arg bool_or_null(const struct json_bool *b)
{
	return b->given && !b->null ? db_bool(b->value) : db_null();
}

static enum flow store_changes(struct request *req)
{
	struct patch_conversation *op = req->op;
	const struct patch_conversation_form *form = &op->form;
	struct text title = TEXT_NULL, prompt;
	if (form->title.ptr) {
		enum err err = conversation_seal_title(req, &op->id, form->title, &title);
		if (err)
			return conversation_fail_title(req, err);
	}
	if (conversation_seal_prompt(req, &op->id, &form->settings, &prompt))
		return fail(req, ERR_INTERNAL);
	db_accept_errors(req);
	return db_run(req, SQL_PATCH_CONVERSATION,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&op->id), db_bytes(title),
			      db_text(conversation_settings_patch(req, &form->settings)),
			      db_bool(form->settings.system_prompt.given), db_bytes(prompt),
			      bool_or_null(&form->archived), bool_or_null(&form->starred),
			      db_uuid(form->active_branch_id.given ? &form->active_branch_id.value
								   : NULL)));
}

static enum flow lease_data_keys(struct request *req)
{
	struct patch_conversation *op = req->op;
	enum err err = db_result(req);
	if (err == ERR_NOT_FOUND)
		return fail_param(req, ERR_NOT_FOUND, "activeBranchId",
				  "There is no such branch in this conversation.");
	if (err)
		return fail(req, err);
	if (!db_row(req, conversation_columns, &op->conversation))
		return fail(req, ERR_NOT_FOUND);
	conversation_want_keys(&op->lease, &op->conversation);
	return lease_wanted_keys(req);
}

static enum flow reply_with_conversation(struct request *req)
{
	struct patch_conversation *op = req->op;
	return conversation_reply(req, 200, &op->conversation);
}

const struct flow_step patch_conversation_flow[] = {
	{ "lease_data_key", lease_data_key },
	{ "store_changes", store_changes },
	{ "lease_data_keys", lease_data_keys },
	{ "reply_with_conversation", reply_with_conversation },
	{ 0 },
};
