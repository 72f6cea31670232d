/* SPDX-License-Identifier: MIT */
#include "origins.h"

#include "base/mem.h"

#include "base/banned.h"

const char *vendor_origin(const struct keyvault_config *config, struct text provider)
{
	if (text_is(provider, "openai"))
		return config->openai_origin;
	if (text_is(provider, "anthropic"))
		return config->anthropic_origin;
	if (text_is(provider, "google"))
		return config->google_origin;
	return text_is(provider, "openrouter") ? config->openrouter_origin : NULL;
}

bool provider_is_known(struct text provider)
{
	static const char *const names[] = { "openai", "anthropic", "google", "openrouter",
					     "openai-compatible" };
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_is(provider, names[i]))
			return true;
	return false;
}

static enum err refuse(const char **ret_problem, enum err err, const char *problem)
{
	*ret_problem = problem;
	return err;
}

enum err key_address_read(const struct keyvault_config *config, const struct guard *guard,
			  struct text provider, struct text base_url, struct key_address *ret,
			  const char **ret_problem)
{
	const char *vendor = vendor_origin(config, provider);
	struct guard_url url;
	*ret = (struct key_address){ 0 };
	if (vendor && base_url.ptr)
		return refuse(ret_problem, ERR_INVALID_REQUEST,
			      "Only openai-compatible takes a base URL; this provider has its own "
			      "address.");
	if (vendor) {
		snprintf(ret->origin, sizeof(ret->origin), "%s", vendor);
		return OK;
	}
	if (!base_url.len)
		return refuse(ret_problem, ERR_INVALID_REQUEST,
			      "Give the server's base URL with its version path, like "
			      "http://localhost:11434/v1.");
	if (base_url.len > BASE_URL_MAX)
		return refuse(ret_problem, ERR_INVALID_REQUEST, "The base URL is too long.");
	enum err err = guard_check_url(guard, base_url, &url);
	if (err == ERR_PROVIDER_ADDRESS_FORBIDDEN)
		return refuse(ret_problem, err,
			      "This address is private, or plain http. The operator can allow it "
			      "with UPSTREAM_LOCAL_ALLOW (host:port).");
	if (err)
		return refuse(
			ret_problem, err,
			"This is not an http(s) address of the form https://host[:port]/path.");
	snprintf(ret->origin, sizeof(ret->origin), "%s", url.origin);
	size_t len = base_url.len;
	while (len && base_url.ptr[len - 1] == '/')
		len--;
	memcpy(ret->base_url_buffer, base_url.ptr, len);
	ret->base_url = (struct text){ ret->base_url_buffer, len };
	return OK;
}
