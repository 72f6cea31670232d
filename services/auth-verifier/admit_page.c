/* SPDX-License-Identifier: MIT */
/*
 * GET /internal/auth-request: nginx asks whether a page may be served. 204, 401 or 403 only; nginx
 * takes anything else as a refusal. Proven by Grove-Edge, since nginx has no pair key.
 */
#include "admit_page.h"

#include "app.h"

#include "base/banned.h"

static bool edge_is_proven(const struct auth_verifier *a, struct text given)
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	if (!given.ptr || key32_parse(given, &key))
		return false;
	return secret_equal(key.bytes, a->config->edge_secret.bytes, key.len);
}

static enum flow admit(struct request *req)
{
	const struct auth_verifier *a = req->app;
	if (!edge_is_proven(a, http_header(req->exchange, "Grove-Edge")))
		return fail(req, ERR_FORBIDDEN);
	/* With auth required a page needs a signed-in person, and this version knows no way to sign
	 * in yet. */
	return a->config->required ? fail(req, ERR_UNAUTHENTICATED) : reply_empty(req, 204);
}

const struct flow_step admit_page_flow[] = {
	{ "admit", admit },
	{ 0 },
};
