/* SPDX-License-Identifier: MIT */
/* Which origin a key belongs to. Judged anew whenever a key is opened: what stands in its row is
 * never believed. */
#include "origins.h"

#include <stdio.h>

#include "base/base.h"

#include "base/banned.h"

static const char *vendor_origin(const struct keyvault_config *config, struct text provider)
{
	if (text_is(provider, "openai"))
		return config->upstreams.openai;
	if (text_is(provider, "anthropic"))
		return config->upstreams.anthropic;
	if (text_is(provider, "google"))
		return config->upstreams.google;
	return text_is(provider, "openrouter") ? config->upstreams.openrouter : NULL;
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

/* The configured form leaves the scheme's own port out. */
static void write_with_port(const char *origin, char ret[static GUARD_ORIGIN_SIZE])
{
	bool is_https = text_starts_with(text_of(origin), "https:");
	const char *last = strrchr(origin, ':');
	bool has_port = last[1] != '/' && !strchr(last, ']');
	BUG_ON(strlen(origin) + sizeof(":443") > GUARD_ORIGIN_SIZE);
	snprintf(ret, GUARD_ORIGIN_SIZE, "%s%s", origin, has_port ? "" : is_https ? ":443" : ":80");
}

enum err key_origin(const struct keyvault_config *config, const struct guard *guard,
		    struct text provider, struct text base_url, char ret[static GUARD_ORIGIN_SIZE])
{
	const char *vendor = vendor_origin(config, provider);
	struct guard_url url;
	if (!!vendor == !!base_url.ptr || !provider_is_known(provider))
		return ERR_INVALID_REQUEST;
	if (vendor) {
		write_with_port(vendor, ret);
		return OK;
	}
	enum err err = guard_check_url(guard, base_url, &url);
	if (!err)
		memcpy(ret, url.origin, sizeof(url.origin));
	return err;
}

static enum err refuse(const char **ret_problem, enum err err, const char *problem)
{
	*ret_problem = problem;
	return err;
}

static struct text without_trailing_slash(struct text t)
{
	while (t.len && t.ptr[t.len - 1] == '/')
		t.len--;
	return t;
}

enum err key_address_read(const struct keyvault_config *config, const struct guard *guard,
			  struct text provider, struct text base_url, struct key_address *ret,
			  const char **ret_problem)
{
	const char *vendor = vendor_origin(config, provider);
	struct key_address address = { 0 };
	if (vendor && base_url.ptr)
		return refuse(ret_problem, ERR_INVALID_REQUEST,
			      "Only openai-compatible takes a base URL; this provider has its own "
			      "address.");
	if (!vendor && !base_url.len)
		return refuse(ret_problem, ERR_INVALID_REQUEST,
			      "Give the server's base URL with its version path, like "
			      "http://localhost:11434/v1.");
	if (base_url.len > BASE_URL_MAX)
		return refuse(ret_problem, ERR_INVALID_REQUEST, "The base URL is too long.");
	address.base_url = without_trailing_slash(base_url);
	enum err err = key_origin(config, guard, provider, address.base_url, address.origin);
	if (err == ERR_PROVIDER_ADDRESS_FORBIDDEN)
		return refuse(ret_problem, err,
			      "This address is private, or plain http. The operator can allow it "
			      "with UPSTREAM_LOCAL_ALLOW (host:port).");
	if (err)
		return refuse(
			ret_problem, err,
			"This is not an http(s) address of the form https://host[:port]/path.");
	*ret = address;
	return OK;
}
