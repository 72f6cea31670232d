/* SPDX-License-Identifier: MIT */
/*
 * The rules of the door that need nobody's help: which Host, which Origin, which content type, and which credentials a request
 * shows. Pure: headers in, verdict out.
 *
 *	Host		one of the accepted names, or 421: a page that rebinds its DNS name to our address must not be served
 *	identity	cf-access-* headers count only when nginx proves itself with Grove-Edge and the operator trusts them
 *	changes		a body is application/json, or 415. From a browser (no bearer token) Origin is ours, Sec-Fetch-Site says same-origin, and the CSRF
 *			token is that of the person: judged after identity, so that nobody learns anything but 401 without one
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"
#include "crypto/secret.h"

struct door_rules {
	struct text public_origin;		/* scheme://host[:port] */
	bool loopback_names;			/* also localhost, 127.0.0.1 and [::1], with any port */
	bool trust_identity_headers;
	const struct secret *edge_secret;	/* the 32 bytes; sent as base64 or hex text is compared decoded */
};

struct door_request {
	bool is_mutation, has_body;
	struct text host, origin, fetch_site, content_type, authorization, cookie, csrf, edge, access_email, access_assertion;
};

struct door_view {
	bool via_nginx;
	struct text authorization, cookie, access_email, access_assertion;	/* absent when they do not count */
};

/* OK or ERR_MISDIRECTED: the address it was sent to. Fills in the credentials that count. */
MUST_CHECK enum err door_enter(const struct door_rules *rules, const struct door_request *request, struct door_view *ret);
/* OK, ERR_UNSUPPORTED_MEDIA_TYPE or ERR_CSRF_FAILED, with a sentence: the form of a change. */
MUST_CHECK enum err door_check_change(const struct door_rules *rules, const struct door_request *request, const char **ret_problem);
/* A change that a browser makes by itself would carry the person's cookies: it needs the CSRF token. */
bool door_needs_csrf(const struct door_request *request);
bool door_host_is_ours(const struct door_rules *rules, struct text host);
bool door_origin_is_ours(const struct door_rules *rules, struct text origin, struct text host);
