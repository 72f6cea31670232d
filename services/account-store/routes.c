/* SPDX-License-Identifier: MIT */
/* The table of contents: every route of account-store, who may call it, and the flow behind it. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

#define GATEWAY .callers = CALLER(DAEMON_GATEWAY), .needs_user = true
#define CHAT_PROXY .callers = CALLER(DAEMON_CHAT_PROXY), .needs_user = true
#define OP(type) .op_size = sizeof(struct type)
#define KEYED_OP(type) OP(type), .clear = clear_lease
#define FORM(type, form_fields) .body = (form_fields), .body_offset = offsetof(struct type, form)

void clear_lease(void *op)
{
	key_lease_clear(op);
}

const struct route account_store_routes[] = {
	{ .method = HTTP_POST,
	  .path = "/internal/people/resolve",
	  .callers = CALLER(DAEMON_AUTH_VERIFIER),
	  OP(people_resolve),
	  FORM(people_resolve, people_resolve_form_fields),
	  .steps = people_resolve_flow },

	{ .method = HTTP_GET, .path = "/v1/preferences", GATEWAY, .steps = show_preferences_flow },
	{ .method = HTTP_PATCH,
	  .path = "/v1/preferences",
	  GATEWAY,
	  OP(patch_preferences),
	  FORM(patch_preferences, preference_fields),
	  .steps = patch_preferences_flow },

	{ .method = HTTP_GET,
	  .path = "/v1/conversations",
	  GATEWAY,
	  KEYED_OP(list_conversations),
	  .steps = list_conversations_flow },
	{ .method = HTTP_POST,
	  .path = "/v1/conversations",
	  GATEWAY,
	  KEYED_OP(create_conversation),
	  .body_optional = true,
	  FORM(create_conversation, create_conversation_form_fields),
	  .max_body = 256 << 10,
	  .steps = create_conversation_flow },
	{ .method = HTTP_GET,
	  .path = "/v1/conversations/:id",
	  GATEWAY,
	  KEYED_OP(show_conversation),
	  .steps = show_conversation_flow },
	{ .method = HTTP_PATCH,
	  .path = "/v1/conversations/:id",
	  GATEWAY,
	  KEYED_OP(patch_conversation),
	  FORM(patch_conversation, patch_conversation_form_fields),
	  .max_body = 256 << 10,
	  .steps = patch_conversation_flow },
	{ .method = HTTP_DELETE,
	  .path = "/v1/conversations/:id",
	  GATEWAY,
	  .steps = delete_conversation_flow },
	{ .method = HTTP_GET,
	  .path = "/v1/conversations/:id/tree",
	  GATEWAY,
	  KEYED_OP(show_tree),
	  .steps = show_tree_flow },
	{ .method = HTTP_GET,
	  .path = "/v1/conversations/:id/branches/:branchId/messages",
	  GATEWAY,
	  KEYED_OP(list_messages),
	  .steps = list_messages_flow },
	{ .method = HTTP_GET,
	  .path = "/v1/conversations/:id/messages/:messageId",
	  GATEWAY,
	  KEYED_OP(list_messages),
	  .steps = show_message_flow },

	{ .method = HTTP_POST,
	  .path = "/internal/turns",
	  CHAT_PROXY,
	  KEYED_OP(begin_turn),
	  FORM(begin_turn, begin_turn_form_fields),
	  .max_body = 4 << 20,
	  .steps = begin_turn_flow },
	{ .method = HTTP_POST,
	  .path = "/internal/turns/:assistantMessageId/flush",
	  CHAT_PROXY,
	  KEYED_OP(flush_turn),
	  FORM(flush_turn, flush_turn_form_fields),
	  .max_body = 4 << 20,
	  .steps = flush_turn_flow },
	{ .method = HTTP_POST,
	  .path = "/internal/turns/:assistantMessageId/finish",
	  CHAT_PROXY,
	  KEYED_OP(finish_turn),
	  FORM(finish_turn, finish_turn_form_fields),
	  .max_body = 4 << 20,
	  .steps = finish_turn_flow },
	{ .method = HTTP_POST,
	  .path = "/internal/calls",
	  CHAT_PROXY,
	  OP(record_call),
	  FORM(record_call, record_call_form_fields),
	  .steps = record_call_flow },
	{ 0 },
};
