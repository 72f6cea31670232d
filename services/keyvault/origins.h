/* SPDX-License-Identifier: MIT */
/* Where a key may be sent: the vendor's origin as the operator set it, or the origin of the key's
 * own base URL. Keys are sealed for it. */
#pragma once

#include "fetch/guard.h"

#include "config.h"

#define BASE_URL_MAX 1024

/* NULL for openai-compatible, which has no origin of its own. */
const char *vendor_origin(const struct keyvault_config *config, struct text provider);
bool provider_is_known(struct text provider);

struct key_address {
	struct text base_url; /* absent for vendors; cleaned of a trailing slash */
	char origin[GUARD_ORIGIN_SIZE];
	char base_url_buffer[BASE_URL_MAX + 1];
};
/* ERR_INVALID_REQUEST (with *ret_problem): a base URL where none belongs, none where one is needed,
 * or not a URL; ERR_PROVIDER_ADDRESS_FORBIDDEN. */
MUST_CHECK enum err key_address_read(const struct keyvault_config *config,
				     const struct guard *guard, struct text provider,
				     struct text base_url, struct key_address *ret,
				     const char **ret_problem);
