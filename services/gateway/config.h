/* SPDX-License-Identifier: MIT */
/* Settings of the gateway; the table in config.c is what --help and the README say. */
#pragma once

#include "config/config.h"

struct gateway_config {
	char *public_origin;
	bool auth_required, trust_identity_headers, password_sign_in;
	struct secret csrf_secret, edge_secret;
};

extern const struct config_field gateway_config_fields[];
enum err gateway_config_check(const void *config, struct strbuf *errors);
