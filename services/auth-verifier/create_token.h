/* SPDX-License-Identifier: MIT */
/* POST /v1/tokens: the op, because the route table needs its size, and its body table. */
#pragma once

#include "flow/flow.h"
#include "token.h"

struct create_token_form {
	struct text name;
	struct json_text_list scopes;
	struct json_int expires;
};

struct create_token {
	struct create_token_form form;
	struct uuid id;
	unsigned scopes;
	struct unix_ms expires;	/* value 0: never */
	char text[TOKEN_CHARS + 1];
};

extern const struct json_field create_token_form_fields[];
extern const struct flow_step create_token_flow[], list_tokens_flow[], revoke_token_flow[];
void create_token_clear(void *op);
