/* SPDX-License-Identifier: MIT */
/*
 * The table of errors. One row each: the HTTP status, the type OpenAI's SDKs know, the public code,
 * what a person reads (what happened, then what to do), and how loudly it is logged. Refusals that
 * a client can cause at will are logged at info, so that nobody can flood the higher levels from
 * outside; what an operator should look at is warn; our own faults are error.
 */
#include "base/err.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#define INVALID "invalid_request_error"
#define AUTHENTICATION "authentication_error"
#define PERMISSION "permission_error"
#define NOT_FOUND "not_found_error"
#define CONFLICT "conflict_error"
#define RATE_LIMIT "rate_limit_error"
#define API "api_error"

#define D ERR_LEVEL_DEBUG
#define I ERR_LEVEL_INFO
#define W ERR_LEVEL_WARN
#define E ERR_LEVEL_ERROR

/* clang-format off */
static const struct err_info table[ERR_COUNT] = {
	[OK] = { 200, "none", "ok", "Done.", D },

	[ERR_INVALID_JSON] = { 400, INVALID, "invalid_json",
		"The request body is not valid JSON. Send one JSON object in UTF-8.", I },
	[ERR_INVALID_REQUEST] = { 400, INVALID, "invalid_request",
		"The request has a missing, unknown or wrong field. Correct the named field and send it again.", I },
	[ERR_INVALID_ANCHOR] = { 400, INVALID, "invalid_anchor",
		"The selected passage does not match the message any more. Select it again.", I },
	[ERR_PROVIDER_REFUSED] = { 400, INVALID, "provider_refused",
		"The AI provider refused this request. Change the message or the model's settings and send it again.", I },

	[ERR_UNAUTHENTICATED] = { 401, AUTHENTICATION, "unauthenticated",
		"You are not signed in, or your sign-in or token is no longer valid. Sign in again, or send a valid token.", I },
	[ERR_FORBIDDEN] = { 403, PERMISSION, "forbidden",
		"You are not allowed to do this. Ask an administrator, or use a token with the scope it needs.", I },
	[ERR_CSRF_FAILED] = { 403, PERMISSION, "csrf_failed",
		"The request could not be traced to this site's own page. Reload the page and try again.", I },
	[ERR_BYOK_REQUIRED] = { 403, PERMISSION, "byok_required",
		"This model needs a provider key, and none of yours fits. Add a key for its provider, then send again.", I },
	[ERR_TIER_FORBIDS] = { 403, PERMISSION, "tier_forbids",
		"Your plan does not include this. Upgrade your plan, or ask an administrator to change it.", I },
	[ERR_EPHEMERAL_NEEDS_KEY] = { 403, PERMISSION, "ephemeral_needs_key",
		"A chat that is not saved runs on your own key only. Add a key for this provider, or turn saving on.", I },

	[ERR_NOT_FOUND] = { 404, NOT_FOUND, "not_found",
		"There is nothing here under this address. It may have been deleted; go back and reload the list.", I },
	[ERR_METHOD_NOT_ALLOWED] = { 405, INVALID, "method_not_allowed",
		"This address does not take that method. Use one that the Allow header names.", I },

	[ERR_LEAF_MOVED] = { 409, CONFLICT, "leaf_moved",
		"This conversation has gone on elsewhere. Load its newest message, then send again.", I },
	[ERR_BYOK_PERSISTENCE_DISABLED] = { 409, CONFLICT, "byok_persistence_disabled",
		"This server does not store provider keys. Use a key for this session only, "
		"or ask the operator to set BYOK_ENCRYPTION_SECRET.", I },
	[ERR_CONFLICT] = { 409, CONFLICT, "conflict",
		"This has been changed or already exists with other content. Reload it, then try again.", I },
	[ERR_ALREADY_FINISHED] = { 409, CONFLICT, "already_finished",
		"This run has already ended, so it cannot be changed. Start a new one.", I },

	[ERR_LENGTH_REQUIRED] = { 411, INVALID, "length_required",
		"The request does not say how long its body is. Send it with a Content-Length header.", I },
	[ERR_TOO_LARGE] = { 413, INVALID, "too_large",
		"The request is larger than allowed here. Shorten it, or split it into parts.", I },
	[ERR_URI_TOO_LONG] = { 414, INVALID, "uri_too_long",
		"The address is longer than allowed. Shorten its path or query.", I },
	[ERR_UNSUPPORTED_MEDIA_TYPE] = { 415, INVALID, "unsupported_media_type",
		"The body's type is not accepted here. Send it with Content-Type: application/json, uncompressed.", I },
	[ERR_MISDIRECTED] = { 421, INVALID, "misdirected",
		"This server does not answer for that host name. Use the address it was set up with.", I },
	[ERR_HEADERS_TOO_LARGE] = { 431, INVALID, "headers_too_large",
		"The request's headers are larger than allowed. Clear this site's cookies and try again.", I },

	[ERR_PROVIDER_MISMATCH] = { 422, INVALID, "provider_mismatch",
		"This key does not look like one of that provider. Choose the provider it belongs to.", I },
	[ERR_PROVIDER_KEY_REJECTED] = { 422, INVALID, "provider_key_rejected",
		"The AI provider does not accept this key. Check that it is complete and still active, or add another.", I },
	[ERR_PROVIDER_ADDRESS_FORBIDDEN] = { 422, INVALID, "provider_address_forbidden",
		"This server may not call that address. Use a public https address, "
		"or ask the operator to add it to UPSTREAM_LOCAL_ALLOW.", I },
	[ERR_MODEL_UNKNOWN] = { 422, INVALID, "model_unknown",
		"No such model is available to you. Choose one from the model list.", I },

	[ERR_RATE_LIMITED] = { 429, RATE_LIMIT, "rate_limited",
		"Too many requests in a short time. Wait as long as the Retry-After header says, then try again.", I },
	[ERR_BUDGET_EXHAUSTED] = { 429, RATE_LIMIT, "budget_exhausted",
		"The spending limit for this period is used up. Raise the limit, or wait until it starts anew.", I },
	[ERR_KEYS_EXHAUSTED] = { 429, RATE_LIMIT, "keys_exhausted",
		"All your keys for this provider are used up or at their limit. Add credit or another key, or try later.", I },
	[ERR_TIER_LIMIT] = { 429, RATE_LIMIT, "tier_limit",
		"You have reached your plan's limit. Wait until it starts anew, or upgrade your plan.", I },

	[ERR_INTERNAL] = { 500, API, "internal",
		"Something went wrong on our side. Try again; if it happens again, tell the operator the request's id.", E },

	[ERR_PROVIDER_ERROR] = { 502, API, "provider_error",
		"The AI provider failed to answer. Try again in a moment, or choose another model.", W },
	[ERR_PROVIDER_TIMEOUT] = { 504, API, "provider_timeout",
		"The AI provider took too long to answer. Try again, or choose another model.", W },

	[ERR_UNAVAILABLE] = { 503, API, "unavailable",
		"A part of the service is away for the moment. Nothing was lost; try again in a few seconds.", W },
	[ERR_VM_UNAVAILABLE] = { 503, API, "vm_unavailable",
		"No browser can be started here now. Try again later, or ask the operator for the reason given.", W },

	[ERR_CANCELLED] = { 499, API, "cancelled", "The request was cancelled before it was done. Send it again if you still want it.", D },
};
/* clang-format on */

#undef D
#undef I
#undef W
#undef E

const struct err_info *err_info(enum err err)
{
	if ((unsigned)err >= ERR_COUNT || !table[err].code)
		return &table[ERR_INTERNAL];
	return &table[err];
}

enum err err_from_code(const char *code)
{
	/* "ok" and "cancelled" are never sent, so a peer that says them is wrong. */
	for (unsigned i = OK + 1; code && i < ERR_CANCELLED; i++) {
		if (table[i].code && strcmp(table[i].code, code) == 0)
			return (enum err)i;
	}
	return ERR_INTERNAL;
}

void bug(const char *file, int line, const char *what)
{
	/* No log line: the logger may be what is broken. */
	fprintf(stderr, "BUG at %s:%d: %s\n", file, line, what);
	abort();
}
