/* SPDX-License-Identifier: MIT */
/*
 * What a provider's refusal means for us: the error the caller sees, and what it says about the
 * key. Pure; the table is api.md's.
 *
 * Provider texts are never handed on: they can echo parts of a key. Only short machine codes
 * ([a-z0-9_.-]) survive, as details.
 */
#pragma once

#include "base/err.h"
#include "base/text.h"

enum key_verdict {
	KEY_FINE, /* the request was at fault, or nothing was */
	KEY_REJECTED, /* 401, 403: benched until its owner looks */
	KEY_EMPTY, /* out of money */
	KEY_LIMITED, /* rate-limited, overloaded, away: rests, the next key is tried */
};

struct provider_error {
	enum err err;
	enum key_verdict key;
	int status; /* the provider's, 0 when there was none */
	int retry_after_s; /* 0: unknown */
	char code[64]; /* the provider's machine code, "" when none */
	char param[64];
};

/* A whole error answer. `retry_after` is the header's value or absent. */
void provider_error_read(int status, struct text body, struct text retry_after,
			 struct provider_error *ret);
/* A transfer that failed without an answer. */
void provider_error_from_fetch(enum err err, struct provider_error *ret);
/* A sentence for the person; static. */
const char *provider_error_message(const struct provider_error *e);
