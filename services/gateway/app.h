/* SPDX-License-Identifier: MIT */
/* What the gateway owns, and the pieces its routes are made of. */
#pragma once

#include "daemon/daemon.h"

#include "config.h"
#include "csrf.h"
#include "door.h"
#include "identities.h"

#define GATEWAY_MAX_BODY (8u << 20)

struct gateway {
	const struct gateway_config *config;
	struct daemon *daemon;
	struct door_rules door;
	struct identities *identities;
};

/* The policy column of a route: who may pass, and where it leads. */
struct policy {
	enum daemon_id target;
	unsigned scope;		/* bit a token needs; SCOPE_PERSON: people only */
	enum role role;		/* least role; ROLE_NONE: any */
	bool drops_identities;	/* a change of credentials: forget cached identities */
};

/* What every route of the gateway has learned when its own steps begin. */
struct passage {
	struct door_request door;
	struct door_view view;
	struct credentials_hash credentials;
	uint64_t generation;	/* of the cache, when somebody was asked */
	struct person person;
	bool known;		/* from the cache: nobody has to be asked */
};

extern const struct route gateway_routes[];
extern const struct route gateway_unmatched;
extern const struct flow_step session_flow[];

/* Steps shared by the flows (identify.c). */
enum flow enter_door(struct request *req);
enum flow identify(struct request *req);
enum flow accept_identity(struct request *req);
enum flow authorize(struct request *req);

/* forward.c: hands the exchange on as the request's person; the answer streams back. */
void forward_start(struct gateway *gateway, struct http_exchange *ex, const struct identity *identity, const struct policy *policy);
const char *auth_mode(const struct gateway_config *config);

enum err gateway_open(struct daemon *d, struct strbuf *errors);
void gateway_close(struct daemon *d);
