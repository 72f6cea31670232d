/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/banned.h"

const struct config_field gateway_config_fields[] = {
	{ "GROVE_PUBLIC_ORIGIN", CONFIG_ORIGIN, CONFIG_FIELD(gateway_config, public_origin),
	  .fallback = "http://localhost:8080", .http_allowed = true,
	  .text = "The origin browsers use; a change made by a browser must come from it." },
	{ "AUTH_REQUIRED", CONFIG_BOOL, CONFIG_FIELD(gateway_config, auth_required),
	  .fallback = "false", .text = "Refuse everything but the public pages without identity." },
	{ "AUTH_TRUST_IDENTITY_HEADERS", CONFIG_BOOL,
	  CONFIG_FIELD(gateway_config, trust_identity_headers), .fallback = "false",
	  .text = "Accept Cloudflare Access identities that nginx passes on." },
	{ "AUTH_PASSWORD_SIGN_IN", CONFIG_BOOL, CONFIG_FIELD(gateway_config, password_sign_in),
	  .fallback = "false", .text = "Accounts with e-mail and password at /sign-in." },
	{ "GROVE_CSRF_SECRET", CONFIG_KEY32, CONFIG_FIELD(gateway_config, csrf_secret),
	  .required = true, .text = "Key of the CSRF tokens." },
	{ "GROVE_EDGE_SECRET", CONFIG_KEY32, CONFIG_FIELD(gateway_config, edge_secret),
	  .required = true,
	  .text = "What nginx shows to prove that a request came through it; identity headers "
		  "count only then." },
	{ 0 },
};

enum err gateway_config_check(const void *config, struct strbuf *errors)
{
	const struct gateway_config *c = config;
	if (!c->auth_required || c->trust_identity_headers || c->password_sign_in)
		return OK;
	strbuf_note(errors, "AUTH_REQUIRED: true, but nobody could ever sign in; set "
			    "AUTH_TRUST_IDENTITY_HEADERS (Cloudflare Access) or "
			    "AUTH_PASSWORD_SIGN_IN\n");
	return ERR_INVALID_REQUEST;
}
