/* SPDX-License-Identifier: MIT */
/* Where a key may be sent: the vendor's origin as the operator set it, or the origin of the key's
 * own base URL. Keys are sealed for it. */
#pragma once

#include "fetch/guard.h"

#include "config.h"

#define BASE_URL_MAX 1024

/* openai, anthropic, google, openrouter, openai-compatible. The last has no origin of its own. */
bool provider_is_known(struct text provider);

/*
 * The origin a key of this provider and base URL goes to now, "scheme://host:port" with the port
 * always written. Vendors take no base URL and openai-compatible needs one, else
 * ERR_INVALID_REQUEST, as for what is not a URL; ERR_PROVIDER_ADDRESS_FORBIDDEN.
 */
MUST_CHECK enum err key_origin(const struct keyvault_config *config, const struct guard *guard,
			       struct text provider, struct text base_url,
			       char ret[static GUARD_ORIGIN_SIZE]);

struct key_address {
	struct text base_url; /* absent for vendors; without a trailing slash; borrowed */
	char origin[GUARD_ORIGIN_SIZE];
};
/* The same for what a person typed, with a sentence for them in *ret_problem. */
MUST_CHECK enum err key_address_read(const struct keyvault_config *config,
				     const struct guard *guard, struct text provider,
				     struct text base_url, struct key_address *ret,
				     const char **ret_problem);
