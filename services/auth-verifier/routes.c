/* SPDX-License-Identifier: MIT */
#include "admit_page.h"
#include "app.h"
#include "create_token.h"
#include "identify.h"

#include "base/banned.h"

#define FROM_GATEWAY .callers = CALLER(DAEMON_GATEWAY), .needs_user = true

const struct route auth_verifier_routes[] = {
	{ HTTP_POST, "/internal/identify", .callers = CALLER(DAEMON_GATEWAY),
	  .body = identify_form_fields, .body_offset = offsetof(struct identify, form),
	  .op_size = sizeof(struct identify), .steps = identify_flow },
	{ HTTP_GET, "/internal/auth-request", .open = true, .steps = admit_page_flow },
	{ HTTP_GET, "/v1/tokens", FROM_GATEWAY, .steps = list_tokens_flow },
	{ HTTP_POST, "/v1/tokens", FROM_GATEWAY, .body = create_token_form_fields,
	  .body_offset = offsetof(struct create_token, form),
	  .op_size = sizeof(struct create_token), .steps = create_token_flow,
	  .clear = create_token_clear },
	{ HTTP_DELETE, "/v1/tokens/:id", FROM_GATEWAY, .steps = revoke_token_flow },
	{ 0 },
};
