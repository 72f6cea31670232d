/* SPDX-License-Identifier: MIT */
/* What account-store says about a person (POST /internal/people/resolve). */
#pragma once

#include "flow/flow.h"

struct resolved_person {
	struct json_uuid id;
	struct json_text email, display_name;
	struct text role, tier;
	struct json_bool disabled;
};

/* Asks; the next step reads with resolved(). `user` NULL: the local owner. 404 reaches the next step. */
enum flow resolve_person(struct request *req, const struct uuid *user);
/* ERR_UNAUTHENTICATED: no such person, or disabled. */
MUST_CHECK enum err resolved(struct request *req, struct resolved_person *ret);
