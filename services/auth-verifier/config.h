/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

struct auth_verifier_config {
	bool required, trust_identity_headers, password_sign_in;
	char *access_team_domain, *access_jwks_url;
	struct config_list access_audience;
	struct secret edge_secret;
};

extern const struct config_field auth_verifier_config_fields[];
enum err auth_verifier_config_check(const void *config, struct strbuf *errors);
