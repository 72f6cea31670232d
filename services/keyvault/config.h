/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

struct keyvault_config {
	struct secret data_secret, byok_secret;
	struct config_secret_list data_previous, byok_previous;
	struct config_list local_allow;
	char *openai_origin, *anthropic_origin, *google_origin, *openrouter_origin;
};

extern const struct config_field keyvault_config_fields[];
