/* SPDX-License-Identifier: MIT */
/* POST /internal/identify: the op, because the route table needs its size, and its body table. */
#pragma once

#include "resolve.h"
#include "token.h"
#include "token/envelope.h"

struct identify_form {
	struct json_text authorization, cookie, access_email, access_assertion;
};

struct identify {
	struct identify_form form;
	struct token_parts token;
	struct uuid user, token_id;
	unsigned scopes;
	enum amr amr;
	struct resolved_person person;
};

extern const struct json_field identify_form_fields[];
extern const struct flow_step identify_flow[];
