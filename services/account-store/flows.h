/* SPDX-License-Identifier: MIT */
/*
 * What routes.c needs of the flows: each one's struct, body table and steps, in the order of the table of contents. A flow's file is the only
 * user of its struct. Ops that seal or open begin with their key lease (data_keys.h).
 */
#pragma once

#include "flow/flow.h"

#include "conversation.h"
#include "data_keys.h"
#include "message.h"
#include "preference.h"
#include "tree.h"

/* Frees the lease of any op that begins with one. */
void clear_lease(void *op);

/* people_resolve.c */
struct people_resolve_form {
	struct text kind;
	struct json_uuid user_id;
};
struct person {
	struct uuid id;
	struct text email, display_name, role, tier;
	bool disabled;
};
struct people_resolve {
	struct people_resolve_form form;
	struct person person;
	size_t found_at;	/* index of the statement with the row */
};
extern const struct json_field people_resolve_form_fields[];
extern const struct flow_step people_resolve_flow[];

/* list_conversations.c */
struct list_conversations {
	struct key_lease lease;
	int64_t limit;
	struct conversation *rows;
	size_t count;
	bool more;
};
extern const struct flow_step list_conversations_flow[];

/* create_conversation.c */
struct create_conversation_form {
	struct json_text title;
	struct conversation_settings settings;
};
struct create_conversation {
	struct key_lease lease;
	struct create_conversation_form form;
	struct uuid id, root_branch_id;
	struct conversation conversation;
};
extern const struct json_field create_conversation_form_fields[];
extern const struct flow_step create_conversation_flow[];

/* show_conversation.c */
struct show_conversation {
	struct key_lease lease;
	struct conversation conversation;
};
extern const struct flow_step show_conversation_flow[];

/* patch_conversation.c */
struct patch_conversation_form {
	struct text title;
	struct conversation_settings settings;
	struct json_bool archived, starred;
	struct json_uuid active_branch_id;
};
struct patch_conversation {
	struct key_lease lease;
	struct patch_conversation_form form;
	struct uuid id;
	struct conversation conversation;
};
extern const struct json_field patch_conversation_form_fields[];
extern const struct flow_step patch_conversation_flow[];

/* delete_conversation.c */
extern const struct flow_step delete_conversation_flow[];

/* show_tree.c */
struct branch_row {
	struct uuid id;
	struct db_opt_uuid parent_id, anchor_message_id, leaf_message_id;
	int64_t span_start, span_end, message_count;
	struct text quote_sealed, title_sealed, quote, title;
	bool archived;
	struct unix_ms created_at;
};
struct show_tree {
	struct key_lease lease;
	struct uuid conversation;
	struct branch_row *rows;
	size_t count;
};
extern const struct flow_step show_tree_flow[];

/* list_messages.c, show_message.c */
struct list_messages {
	struct key_lease lease;
	struct uuid conversation, branch;
	struct parts parts;
	struct message *rows;
	size_t count;
};
extern const struct flow_step list_messages_flow[];
extern const struct flow_step show_message_flow[];

/* show_preferences.c, patch_preferences.c */
struct patch_preferences {
	struct preferences form;
};
enum flow reply_with_preferences(struct request *req, struct text stored);
extern const struct flow_step show_preferences_flow[];
extern const struct flow_step patch_preferences_flow[];

/* begin_turn.c */
struct begin_turn_form {
	struct json_uuid run_id, conversation_id, branch_id, parent_message_id, expected_leaf_id, message_id, regenerate;
	struct json_bool parent_is_root;
	struct text content, model, provider;
};
struct turn_state {
	struct db_opt_uuid leaf, taken_in, question_parent, question_branch, answer, answer_run;
	struct text system_prompt_sealed, question_role, question_sealed;
	struct text answer_status, answer_sealed, answer_usage;
};
struct context_row {
	struct uuid id;
	struct db_opt_uuid parent_id, branch_id;
	struct text role, content_sealed, quote_sealed;
	int64_t depth;
};
struct begin_turn {
	struct key_lease lease;
	struct begin_turn_form form;
	struct tree_place place;
	struct uuid question, answer;
	bool may_be_repeat;	/* the client chose the question's id */
	bool wrote;
	struct turn_state state;
	struct parts parts;
	struct context_row *context;
	size_t context_count;
};
extern const struct json_field begin_turn_form_fields[];
extern const struct flow_step begin_turn_flow[];

/* flush_turn.c */
struct flush_turn_form {
	struct json_uuid run_id;
	struct json_int seq;
	struct text text;
};
struct flush_turn {
	struct key_lease lease;
	struct flush_turn_form form;
	struct uuid answer;
};
extern const struct json_field flush_turn_form_fields[];
extern const struct flow_step flush_turn_flow[];

/* The metadata of a call, shared by finish_turn.c and record_call.c. */
struct call_form {
	struct json_uuid run_id, key_id;
	struct json_int seq;
	struct text text, status, finish_reason, model, provider, source, key_preview;
	struct json_int prompt_tokens, completion_tokens, cached_tokens, reasoning_tokens, latency_ms, first_byte_ms;
	struct json_number cost;
	struct json_bool estimated, ephemeral;
};

/* finish_turn.c */
struct answer_state {
	struct uuid conversation_id;
	struct db_opt_uuid parent_id, run_id;
	bool folded;
	int64_t last_seq;
};
struct finish_turn {
	struct key_lease lease;
	struct call_form form;
	struct uuid answer;
	struct answer_state state;
	struct parts parts;
};
extern const struct json_field finish_turn_form_fields[];
extern const struct flow_step finish_turn_flow[];

/* record_call.c */
struct record_call {
	struct call_form form;
};
extern const struct json_field record_call_form_fields[];
extern const struct flow_step record_call_flow[];
