/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "base/banned.h"

const char *auth_mode(const struct gateway_config *config)
{
	if (config->trust_identity_headers)
		return "access";
	return config->password_sign_in ? "password" : "off";
}

enum err gateway_open(struct daemon *d, struct strbuf *errors)
{
	(void)errors;
	struct gateway *g = xcalloc(1, sizeof(*g));
	g->config = d->config;
	g->daemon = d;
	g->identities = identities_new();
	g->door = (struct door_rules){
		.public_origin = text_of(g->config->public_origin),
		.loopback_names = !g->config->auth_required,
		.trust_identity_headers = g->config->trust_identity_headers,
		.edge_secret = &g->config->edge_secret,
	};
	d->app = g;
	return OK;
}

void gateway_close(struct daemon *d)
{
	struct gateway *g = d->app;
	identities_free(g->identities);
	free(g);
	d->app = NULL;
}
