/* SPDX-License-Identifier: MIT */
/*
 * The base-URL guard, shared by keyvault (when a URL is saved) and chat-proxy (when one is used). Two halves:
 *
 * guard_check_url(): form and literal addresses, at save time, no name resolution. guard_permits_address(): the resolved address, at
 * connect time, called by fetch for every connect: the right choke point, since 2130706433, 127.1, 0x7f.1, ::ffff:7f00:1, 64:ff9b::7f00:1 all arrive there as what they are.
 *
 * Refused: private, loopback, link-local, metadata, multicast, reserved, documentation ranges of IPv4 and IPv6, this machine's own addresses, and IPv6 forms
 * that carry an IPv4 address: mapped and NAT64 (64:ff9b::/96) ones are judged by the address inside; compatible, local NAT64, 6to4 and Teredo are never public.
 * Exception: exact host:port entries of the operator's UPSTREAM_LOCAL_ALLOW. An entry with a name opens private addresses for that name, loopback only for
 * "localhost"; metadata addresses (169.254.0.0/16, fd00:ec2::/32, …), multicast and reserved ones never. https only, except http towards an allowed entry. Origins the
 * operator set (PROVIDER_*_BASE_URL) are trusted as given, save for those "never" addresses. The list is in guard.c.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "config/config.h"

struct sockaddr;

struct guard;	/* NULL stands for one without entries, wherever one is taken */
/* `allow`: "host:port" entries ("[::1]:11434" for IPv6); `trusted_origins`: "scheme://host:port". Errors name the entry. */
MUST_CHECK enum err guard_new(const struct config_list *allow, const char *const *trusted_origins, size_t trusted_count,
			      struct guard **ret, struct strbuf *errors);
void guard_free(struct guard *g);
/* For a daemon's check_config: the same entries, a line for each bad one, beginning with the variable's name. */
MUST_CHECK enum err guard_check_allow(const struct config_list *allow, struct strbuf *errors);

#define GUARD_ORIGIN_SIZE 300
struct guard_url {
	char scheme[6];			/* http, https */
	char host[256];			/* lower case; IPv6 without brackets */
	uint16_t port;
	char origin[GUARD_ORIGIN_SIZE];	/* "https://host:port", port always given: what AAD and pools are keyed by */
	char path[1024];		/* without trailing slash, "" for none */
};

/* ERR_INVALID_REQUEST: not an http(s) URL of the accepted form (no userinfo, query, fragment, odd port or host); ERR_PROVIDER_ADDRESS_FORBIDDEN: a literal
 * address or localhost that is refused, or http where https is needed. */
MUST_CHECK enum err guard_check_url(const struct guard *g, struct text url, struct guard_url *ret);
/* The same for the URL of one request, which may have any path and a query but no fragment. Leaves `path` empty. */
MUST_CHECK enum err guard_check_target(const struct guard *g, struct text url, struct guard_url *ret);
/* May a connection made for `url` go to this resolved address? */
bool guard_permits_address(const struct guard *g, const struct guard_url *url, const struct sockaddr *address);
/* Is it a public unicast address at all? Pure; table-tested. */
bool guard_address_is_public(const struct sockaddr *address);
