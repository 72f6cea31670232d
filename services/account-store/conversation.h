/* SPDX-License-Identifier: MIT */
/* A conversation as the API shows it, its row, and its settings. */
#pragma once

#include "base/base.h"
#include "flow/flow.h"

#include "content.h"

/* The row that all conversation statements return, in their order. */
struct conversation {
	struct uuid id, root_branch_id, active_branch_id;
	struct text title_sealed, system_prompt_sealed;
	struct text settings;	/* JSON; absent in lists */
	bool starred, archived;
	struct unix_ms created_at, last_active_at;
	struct text title, system_prompt;	/* opened; absent when there is none */
};
extern const struct db_column conversation_columns[];

/* What a conversation's settings may hold. systemPrompt is sealed apart from the rest. */
struct conversation_settings {
	bool given;
	struct json_text model, provider, reasoning_effort, system_prompt;
	struct json_number temperature, top_p;
	struct json_int max_tokens;
};
extern const struct json_field conversation_settings_fields[];
#define SYSTEM_PROMPT_MAX_BYTES 32768

/* The settings kept in the clear, as a JSON object to merge; NULL when nothing of them is given. */
struct text conversation_settings_patch(struct request *req, const struct conversation_settings *settings);
/* Seals the given system prompt with the lease of the op. An empty or null one removes it (absent). */
MUST_CHECK enum err conversation_seal_prompt(struct request *req, const struct uuid *id, const struct conversation_settings *settings,
					     struct text *ret_sealed);
/* Cleans and seals a title; on ERR_INVALID_REQUEST and ERR_TOO_LARGE the title itself is at fault. */
MUST_CHECK enum err conversation_seal_title(struct request *req, const struct uuid *id, struct text title, struct text *ret_sealed);
enum flow conversation_fail_title(struct request *req, enum err err);

void conversation_want_keys(struct key_lease *lease, const struct conversation *c);
MUST_CHECK enum err conversation_open(struct request *req, struct conversation *c);
void conversation_write(struct json_writer *w, const struct conversation *c);
/* Opens it and answers with it. The op must start with its lease. */
enum flow conversation_reply(struct request *req, int status, struct conversation *c);
