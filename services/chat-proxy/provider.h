/* SPDX-License-Identifier: MIT */
/*
 * Providers and model names. Pure.
 *
 * A model may be written "provider/model"; only the five provider names count as such a prefix
 * ("meta-llama/llama-3" is a plain model id). Without one, the request's own `provider` decides,
 * then the name's family (gpt-…, o3…, claude-…, gemini-…); what is left is decided by the person's
 * keys.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/text.h"

enum provider {
	PROVIDER_NONE,
	PROVIDER_OPENAI,
	PROVIDER_ANTHROPIC,
	PROVIDER_GOOGLE,
	PROVIDER_OPENROUTER,
	PROVIDER_COMPATIBLE,
	PROVIDER_COUNT
};

const char *provider_name(enum provider p);
MUST_CHECK enum err provider_from_name(struct text name, enum provider *ret);
/* Does this version speak the provider's dialect? */
bool provider_is_spoken(enum provider p);

struct model_choice {
	enum provider provider; /* PROVIDER_NONE: whatever key comes first */
	struct text model; /* what is sent upstream */
};
/* `asked` is the request's provider, PROVIDER_NONE when not given. ERR_PROVIDER_MISMATCH when
 * prefix and field contradict each other. */
MUST_CHECK enum err model_choose(struct text name, enum provider asked, struct model_choice *ret);
enum provider model_family(struct text model);
