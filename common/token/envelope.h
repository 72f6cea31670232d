/* SPDX-License-Identifier: MIT */
/*
 * The identity envelope: how one daemon tells another who is asking.
 *
 *	Grove-Identity: v1.<base64url(json)>.<base64url(HMAC-SHA-256(key of the pair, "v1.<base64url(json)>"))>
 *
 * It names audience and caller, the person, and the one request it is good for: method, path with query, SHA-256 of the body, and lives at most 30 s (clock
 * leeway 5 s). The claims, all required but those marked ?:
 *
 *	aud, iss	names of the daemon asked and the daemon asking
 *	sub?		UUID of the person; absent: the daemon speaks for itself, and role, tier, amr, scp and sid are absent too
 *	role? tier? amr?	as in role_name() and its siblings
 *	scp		with sub: bits of enum scope
 *	sid? rid?	sign-in session or token [A-Za-z0-9-_.:], request id [A-Za-z0-9-]; 1..63 bytes
 *	iat, exp	unix milliseconds
 *	mth		method
 *	pth, bod	base64url(SHA-256) of path with query, and of body
 *
 * One key per (caller, callee); a daemon holds only the keys of its own pairs. Opening checks all of it in constant time where a
 * secret is compared; what comes out may be believed.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/uuid.h"

#include "crypto/crypto.h"

#define ENVELOPE_HEADER "Grove-Identity"
#define ENVELOPE_MAX_BYTES 2048
#define ENVELOPE_LIFE_MS 30000
#define ENVELOPE_LEEWAY_MS 5000

enum daemon_id { DAEMON_GATEWAY, DAEMON_AUTH_VERIFIER, DAEMON_KEYVAULT, DAEMON_CHAT_PROXY, DAEMON_ACCOUNT_STORE, DAEMON_VM_CONTROLLER, DAEMON_COUNT };
const char *daemon_name(enum daemon_id id);
MUST_CHECK enum err daemon_from_name(struct text name, enum daemon_id *ret);

enum role { ROLE_NONE, ROLE_USER, ROLE_ADMIN, ROLE_OWNER };
enum tier { TIER_NONE, TIER_FREE, TIER_PLUS, TIER_PRO, TIER_ENTERPRISE };
enum amr { AMR_NONE, AMR_LOCAL, AMR_TOKEN, AMR_ACCESS, AMR_PASSWORD };
const char *role_name(enum role r);
const char *tier_name(enum tier t);
const char *amr_name(enum amr a);
MUST_CHECK enum err role_from_name(struct text t, enum role *ret);
MUST_CHECK enum err tier_from_name(struct text t, enum tier *ret);
MUST_CHECK enum err amr_from_name(struct text t, enum amr *ret);

/* Scopes of a token; a person has all of them. */
enum scope { SCOPE_CHAT = 1 << 0, SCOPE_CONVERSATIONS = 1 << 1, SCOPE_KEYS = 1 << 2, SCOPE_MCP = 1 << 3, SCOPE_CLI = 1 << 4, SCOPE_PERSON = 1 << 15 };
const char *scope_name(enum scope s);				/* NULL for SCOPE_PERSON */
MUST_CHECK enum err scope_from_name(struct text t, enum scope *ret);

struct identity {
	bool has_user;		/* false: the daemon speaks for itself */
	struct uuid user;
	enum role role;
	enum tier tier;
	enum amr amr;
	unsigned scopes;	/* bits of enum scope; SCOPE_PERSON for a signed-in person */
	char session[64];	/* sign-in session or token id [A-Za-z0-9-_.:], "" when none; binds session keys */
	char request_id[64];	/* [A-Za-z0-9-], set by nginx or the gateway */
	enum daemon_id caller;
};

/* The one request an envelope is good for. */
struct envelope_request {
	const char *method;
	struct text path;	/* as on the request line, with query */
	struct text body;
};

struct envelope_keys;	/* the pair keys of this daemon */
/* Text of GROVE_PEER_KEYS_FILE: "caller callee base64" a line; every line must have `self` as one end; empty lines and # lines are skipped; no
 * key may stand twice. Errors name the line. */
MUST_CHECK enum err envelope_keys_parse(struct text file, enum daemon_id self, struct envelope_keys **ret, struct strbuf *errors);
void envelope_keys_free(struct envelope_keys *keys);	/* wipes; NULL allowed */

/* Seals `id` (caller is taken from the keys' owner) for `audience`. ERR_FORBIDDEN: no key for that pair; ERR_INTERNAL: session or
 * request id with other characters. */
MUST_CHECK enum err envelope_seal(const struct envelope_keys *keys, enum daemon_id audience, const struct identity *id,
				  const struct envelope_request *request, struct unix_ms now, struct strbuf *ret_value);
/* ERR_UNAUTHENTICATED for anything that does not hold. */
MUST_CHECK enum err envelope_open(const struct envelope_keys *keys, struct text value, const struct envelope_request *request,
				  struct unix_ms now, struct identity *ret);
