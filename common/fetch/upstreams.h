/* SPDX-License-Identifier: MIT */
/*
 * Where people's requests may go, as the operator set it: settings that keyvault (which binds keys to origins) and chat-proxy (which sends them there) must read alike.
 *
 *	struct chat_proxy_config { struct upstream_settings upstreams; … };
 *	const struct config_field fields[] = { UPSTREAM_FIELDS(chat_proxy_config, upstreams), … };
 */
#pragma once

#include "config/config.h"

struct upstream_settings {
	struct config_list local_allow;	/* host:port entries for guard_new() */
	char *openai, *anthropic, *google, *openrouter;	/* origins, without a path */
};

#define UPSTREAM_ORIGIN(variable, type, member, provider, vendor)                                  \
	{ (variable), CONFIG_ORIGIN, CONFIG_FIELD(type, member), .fallback = (vendor),             \
	  .http_allowed = true, .text = "Origin of the provider " provider "; keys are bound to it." }

#define UPSTREAM_FIELDS(type, member)                                                              \
	{ "UPSTREAM_LOCAL_ALLOW", CONFIG_LIST, CONFIG_FIELD(type, member.local_allow),             \
	  .fallback = "127.0.0.1:11434",                                                           \
	  .text = "host:port list of private or plain-http upstreams people may use; the default is Ollama's." },  \
	UPSTREAM_ORIGIN("PROVIDER_OPENAI_BASE_URL", type, member.openai, "openai", "https://api.openai.com"),      \
	UPSTREAM_ORIGIN("PROVIDER_ANTHROPIC_BASE_URL", type, member.anthropic, "anthropic", "https://api.anthropic.com"), \
	UPSTREAM_ORIGIN("PROVIDER_GOOGLE_BASE_URL", type, member.google, "google", "https://generativelanguage.googleapis.com"), \
	UPSTREAM_ORIGIN("PROVIDER_OPENROUTER_BASE_URL", type, member.openrouter, "openrouter", "https://openrouter.ai")
