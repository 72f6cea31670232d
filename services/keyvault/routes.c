/* SPDX-License-Identifier: MIT */
/* Each route names who may call it: only chat-proxy ever receives a provider key, only
 * account-store a data key. */
#include "app.h"
#include "flows.h"

#include "base/banned.h"

#define FROM(daemon) .callers = CALLER(DAEMON_##daemon), .needs_user = true
#define BODY(op, table) \
	.body = table, .body_offset = offsetof(struct op, form), .op_size = sizeof(struct op)

const struct route keyvault_routes[] = {
	{ HTTP_GET, "/internal/status", .callers = CALLER(DAEMON_GATEWAY),
	  .steps = show_status_flow },
	{ HTTP_GET, "/v1/api-keys", FROM(GATEWAY), .steps = list_keys_flow },
	{ HTTP_POST, "/v1/api-keys", FROM(GATEWAY), BODY(create_key, create_key_form_fields),
	  .steps = create_key_flow, .clear = create_key_clear },
	{ HTTP_POST, "/v1/api-keys/session", FROM(GATEWAY),
	  BODY(create_session_key, create_session_key_form_fields),
	  .steps = create_session_key_flow, .clear = create_session_key_clear },
	{ HTTP_DELETE, "/v1/api-keys/session/:handle", FROM(GATEWAY),
	  .steps = delete_session_key_flow },
	{ HTTP_PATCH, "/v1/api-keys/:id", FROM(GATEWAY), BODY(patch_key, patch_key_form_fields),
	  .steps = patch_key_flow },
	{ HTTP_DELETE, "/v1/api-keys/:id", FROM(GATEWAY), .steps = delete_key_flow },

	{ HTTP_POST, "/internal/data-keys", FROM(ACCOUNT_STORE),
	  BODY(provide_data_key, data_key_form_fields), .body_optional = true,
	  .steps = provide_data_key_flow, .clear = provide_data_key_clear },
	{ HTTP_POST, "/internal/leases", FROM(CHAT_PROXY), BODY(lease_key, lease_form_fields),
	  .steps = lease_key_flow },
	{ HTTP_POST, "/internal/leases/:leaseId/settle", FROM(CHAT_PROXY),
	  BODY(settle_lease, settle_form_fields), .steps = settle_lease_flow },
	{ HTTP_GET, "/internal/keys", FROM(CHAT_PROXY), .steps = usable_keys_flow },
	{ 0 },
};
