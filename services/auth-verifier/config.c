/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/banned.h"

const struct config_field auth_verifier_config_fields[] = {
	{ "AUTH_REQUIRED", CONFIG_BOOL, CONFIG_FIELD(auth_verifier_config, required),
	  .fallback = "false",
	  .text = "Nobody without a credential is anybody; otherwise they are the local owner." },
	{ "AUTH_TRUST_IDENTITY_HEADERS", CONFIG_BOOL,
	  CONFIG_FIELD(auth_verifier_config, trust_identity_headers), .fallback = "false",
	  .text = "Accept Cloudflare Access identities." },
	{ "AUTH_PASSWORD_SIGN_IN", CONFIG_BOOL,
	  CONFIG_FIELD(auth_verifier_config, password_sign_in), .fallback = "false",
	  .text = "Accounts with e-mail and password." },
	{ "AUTH_ACCESS_TEAM_DOMAIN", CONFIG_ORIGIN,
	  CONFIG_FIELD(auth_verifier_config, access_team_domain),
	  .text = "Issuer of Access assertions: https://<team>.cloudflareaccess.com." },
	{ "AUTH_ACCESS_AUDIENCE", CONFIG_LIST, CONFIG_FIELD(auth_verifier_config, access_audience),
	  .text = "Audience tags of the Access application, comma-separated." },
	{ "AUTH_ACCESS_JWKS_URL", CONFIG_TEXT, CONFIG_FIELD(auth_verifier_config, access_jwks_url),
	  .text = "Key set of the team; default: the team's origin and /cdn-cgi/access/certs." },
	{ "GROVE_EDGE_SECRET", CONFIG_KEY32, CONFIG_FIELD(auth_verifier_config, edge_secret),
	  .required = true, .text = "What nginx shows when it asks whether a page may be served." },
	{ 0 },
};

enum err auth_verifier_config_check(const void *config, struct strbuf *errors)
{
	const struct auth_verifier_config *c = config;
	size_t before = errors->len;
	if (!c->required)
		return OK;
	if (!c->trust_identity_headers && !c->password_sign_in)
		strbuf_note(errors, "AUTH_REQUIRED: true, but nobody could ever sign in; set "
				    "AUTH_TRUST_IDENTITY_HEADERS or AUTH_PASSWORD_SIGN_IN\n");
	if (c->trust_identity_headers && !c->access_team_domain)
		strbuf_note(errors, "AUTH_ACCESS_TEAM_DOMAIN: missing; Access assertions cannot be "
				    "checked without their issuer\n");
	if (c->trust_identity_headers && !c->access_audience.count)
		strbuf_note(errors, "AUTH_ACCESS_AUDIENCE: missing; Access assertions cannot be "
				    "checked without their audience\n");
	return errors->len == before ? OK : ERR_INVALID_REQUEST;
}
