/* SPDX-License-Identifier: MIT */
/* keyvault's settings; the table in config.c says what they mean. */
#pragma once

#include "config/config.h"

struct keyvault_config {
	struct secret data_secret, byok_secret;
	struct config_secret_list data_previous, byok_previous;
	struct config_list local_allow;
	char *openai_origin, *anthropic_origin, *google_origin, *openrouter_origin;
};

extern const struct config_field keyvault_config_fields[];
/* Rules over several fields, and the form of UPSTREAM_LOCAL_ALLOW. */
MUST_CHECK enum err keyvault_config_check(const void *config, struct strbuf *errors);
