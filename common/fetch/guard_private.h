/* SPDX-License-Identifier: MIT */
/*
 * What the three files of the guard share.
 *
 *	guard_address.c   which addresses are public: a table of prefixes
 *	guard_url.c       what a URL must look like, and what libcurl will make of it
 *	guard.c           who may connect where: the operator's list, trusted origins, all others
 */
#pragma once

#include "base/text.h"
#include "fetch/guard.h"

#define GUARD_MAX_URL 2048

/* An address in one form for both families: IPv4 stands in bytes 12–15 behind ::ffff. */
struct guard_address {
	uint8_t bytes[16];
};

enum guard_verdict {
	GUARD_PUBLIC,
	GUARD_LOCAL,	/* only by an entry of the operator */
	GUARD_LOOPBACK, /* only by an entry that says so itself */
	GUARD_NEVER,	/* metadata services, and forms nobody needs */
};

/* guard_address.c */
enum guard_verdict guard_judge(const struct guard_address *a);
bool guard_address_of_sockaddr(const struct sockaddr *sa, struct guard_address *ret, uint16_t *ret_port);
bool guard_address_of_host(const char *host, struct guard_address *ret);	/* false: not a literal address */
bool guard_address_equal(const struct guard_address *a, const struct guard_address *b);

/* guard_url.c */
struct guard_split {
	struct text scheme, authority, rest;	/* rest begins with '/', '?' or '#', or is empty */
	struct text port;			/* absent when not written */
};
/* Exactly scheme://host[:port] and a rest; no user information, no escapes in the host. */
bool guard_split(struct text url, struct guard_split *ret);
/* Fills everything but the path. ERR_INVALID_REQUEST: not a host or port. */
MUST_CHECK enum err guard_parse_origin(const struct guard_split *parts, struct guard_url *ret);
/* A base path: plain segments, nothing that a server or proxy could read in two ways. */
bool guard_path_is_plain(struct text path);
bool guard_host_is_localhost(const char *host);
bool guard_host_is_local_name(const char *host);	/* one that no public resolver answers */
