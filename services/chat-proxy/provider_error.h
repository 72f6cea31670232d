/* SPDX-License-Identifier: MIT */
/*
 * What a provider's refusal means for us: the error the caller sees, and what it says about the key. Pure; the table is api.md's.
 *
 * Provider texts are never handed on: they can echo parts of a key. Only short machine words survive, as details, and only those that cannot be a piece of a key.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"
#include "json/json.h"

enum key_verdict {
	KEY_FINE,	/* the request was at fault, or nothing was */
	KEY_REJECTED,	/* 401, 403: benched until its owner looks */
	KEY_EMPTY,	/* out of money */
	KEY_LIMITED,	/* rate-limited, overloaded, away: rests, the next key is tried */
};

/* How it failed: decides the sentence a person reads. */
enum provider_fault {
	FAULT_REFUSED,		/* it said so itself */
	FAULT_UNREACHABLE,	/* no connection, no TLS */
	FAULT_CUT,		/* its answer broke off */
	FAULT_NONSENSE,		/* it answered with something else */
	FAULT_HUGE,		/* it answered with too much */
};

struct provider_error {
	enum err err;
	enum key_verdict key;
	enum provider_fault fault;
	int status;		/* the provider's, 0 when there was none */
	int retry_after_s;	/* 0: unknown */
	char code[64];		/* the provider's machine code, "" when none */
	char param[64];
};

/* A whole error answer. `retry_after` is the header's value or absent. */
void provider_error_read(int status, struct text body, struct text retry_after, struct provider_error *ret);
/* An error object (or text) inside an answer of status 200: a stream's event, or the whole document. */
void provider_error_from_value(const struct json_value *error, struct provider_error *ret);
/* A transfer that failed. `answered`: the head had come. */
void provider_error_from_fetch(enum err err, bool answered, struct provider_error *ret);
/* An answer that is none. */
void provider_error_from_nonsense(int status, struct provider_error *ret);
/* A sentence for the person; static; NULL: the table's sentence (err_info) fits. */
const char *provider_error_message(const struct provider_error *e);
