/* SPDX-License-Identifier: MIT */
/*
 * The one list of errors. Every failure in the house is one of these; the table in err.c gives each its HTTP status, its
 * public code (docs/api/openapi.yaml), its public type, its default sentence and the level it is logged at.
 *
 * A function that can fail returns enum err and is MUST_CHECK. Out-parameters named ret_x are untouched on failure.
 * Allocation failure is not an error: it aborts (see mem.h). Programming errors abort through BUG_ON.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define MUST_CHECK __attribute__((warn_unused_result))

enum err {
	OK = 0,
	/* 400 */
	ERR_INVALID_JSON,
	ERR_INVALID_REQUEST,	/* name the field: fail_param() */
	ERR_INVALID_ANCHOR,
	ERR_PROVIDER_REFUSED,
	/* 401, 403 */
	ERR_UNAUTHENTICATED,
	ERR_FORBIDDEN,
	ERR_CSRF_FAILED,
	ERR_BYOK_REQUIRED,
	ERR_TIER_FORBIDS,
	ERR_EPHEMERAL_NEEDS_KEY,
	/* 404, 405 */
	ERR_NOT_FOUND,
	ERR_METHOD_NOT_ALLOWED,
	/* 409 */
	ERR_LEAF_MOVED,
	ERR_BYOK_PERSISTENCE_DISABLED,
	ERR_CONFLICT,
	ERR_ALREADY_FINISHED,
	/* 411, 413, 414, 415, 421, 431 */
	ERR_LENGTH_REQUIRED,
	ERR_TOO_LARGE,
	ERR_URI_TOO_LONG,
	ERR_UNSUPPORTED_MEDIA_TYPE,
	ERR_MISDIRECTED,
	ERR_HEADERS_TOO_LARGE,
	/* 422 */
	ERR_PROVIDER_MISMATCH,
	ERR_PROVIDER_KEY_REJECTED,
	ERR_PROVIDER_ADDRESS_FORBIDDEN,
	ERR_MODEL_UNKNOWN,
	/* 429 */
	ERR_RATE_LIMITED,
	ERR_BUDGET_EXHAUSTED,
	ERR_KEYS_EXHAUSTED,
	ERR_TIER_LIMIT,
	/* 500 */
	ERR_INTERNAL,
	/* 502, 504 */
	ERR_PROVIDER_ERROR,
	ERR_PROVIDER_TIMEOUT,
	/* 503 */
	ERR_UNAVAILABLE,	/* something we depend on is away: PostgreSQL, another daemon; try again */
	ERR_VM_UNAVAILABLE,
	/* never sent: the peer is gone, or the work was cancelled */
	ERR_CANCELLED,
	ERR_COUNT
};

enum err_level { ERR_LEVEL_DEBUG, ERR_LEVEL_INFO, ERR_LEVEL_WARN, ERR_LEVEL_ERROR };

struct err_info {
	int status;		/* HTTP */
	const char *type;	/* "invalid_request_error", "authentication_error", … as OpenAI's SDKs know them */
	const char *code;	/* docs: api "Conventions" */
	const char *message;	/* what happened and what to do next, for a person */
	enum err_level level;
};

/* Never NULL; an unknown value reads as ERR_INTERNAL. */
const struct err_info *err_info(enum err err);

/* The error whose public code is `code`, or ERR_INTERNAL. Used where a daemon reads another daemon's refusal. */
enum err err_from_code(const char *code);

/* Prints the place and aborts. For broken invariants only, never for input. */
_Noreturn void bug(const char *file, int line, const char *what);
#define BUG(what) bug(__FILE__, __LINE__, (what))
#define BUG_ON(condition)                                                                          \
	do {                                                                                       \
		if (__builtin_expect(!!(condition), 0))                                            \
			bug(__FILE__, __LINE__, #condition);                                       \
	} while (0)
