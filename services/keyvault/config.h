/* SPDX-License-Identifier: MIT */
/* keyvault's settings; the table in config.c says what they mean. */
#pragma once

#include "config/config.h"
#include "fetch/upstreams.h"

struct keyvault_config {
	struct secret data_secret, byok_secret;
	struct config_secret_list data_previous, byok_previous;
	struct upstream_settings upstreams;
};

extern const struct config_field keyvault_config_fields[];
/* Rules over several fields, and the form of UPSTREAM_LOCAL_ALLOW. */
MUST_CHECK enum err keyvault_config_check(const void *config, struct strbuf *errors);
