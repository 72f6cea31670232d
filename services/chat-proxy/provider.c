/* SPDX-License-Identifier: MIT */
#include "provider.h"

#include "base/mem.h"

#include "base/banned.h"

static const char *const names[PROVIDER_COUNT] = {
	[PROVIDER_OPENAI] = "openai",
	[PROVIDER_ANTHROPIC] = "anthropic",
	[PROVIDER_GOOGLE] = "google",
	[PROVIDER_OPENROUTER] = "openrouter",
	[PROVIDER_COMPATIBLE] = "openai-compatible",
};

const char *provider_name(enum provider p)
{
	return names[p];
}

enum err provider_from_name(struct text name, enum provider *ret)
{
	for (size_t i = 1; i < PROVIDER_COUNT; i++) {
		if (text_is(name, names[i])) {
			*ret = (enum provider)i;
			return OK;
		}
	}
	return ERR_INVALID_REQUEST;
}

bool provider_is_spoken(enum provider p)
{
	return p == PROVIDER_OPENAI || p == PROVIDER_OPENROUTER || p == PROVIDER_COMPATIBLE;
}

/* "o3" and "o3-mini", not "o3x". */
static bool is_family(struct text model, const char *prefix)
{
	size_t len = strlen(prefix);
	return text_starts_with(model, prefix) &&
	       (prefix[len - 1] == '-' || model.len == len || model.ptr[len] == '-');
}

enum provider model_family(struct text model)
{
	static const struct {
		const char *prefix;
		enum provider provider;
	} families[] = {
		{ "gpt-", PROVIDER_OPENAI },	   { "chatgpt-", PROVIDER_OPENAI },
		{ "o1", PROVIDER_OPENAI },	   { "o3", PROVIDER_OPENAI },
		{ "o4", PROVIDER_OPENAI },	   { "ft:gpt-", PROVIDER_OPENAI },
		{ "claude-", PROVIDER_ANTHROPIC }, { "gemini-", PROVIDER_GOOGLE },
	};
	/* Open weights of OpenAI's are served by everybody. */
	if (text_starts_with(model, "gpt-oss"))
		return PROVIDER_NONE;
	for (size_t i = 0; i < ARRAY_SIZE(families); i++)
		if (is_family(model, families[i].prefix))
			return families[i].provider;
	return PROVIDER_NONE;
}

enum err model_choose(struct text name, enum provider asked, struct model_choice *ret)
{
	enum provider prefix = PROVIDER_NONE;
	struct text model = name;
	const char *slash = memchr(name.ptr, '/', name.len);
	if (slash && !provider_from_name(text_slice(name, 0, (size_t)(slash - name.ptr)), &prefix))
		model = text_slice(name, (size_t)(slash - name.ptr) + 1, name.len);
	if (!model.len)
		return ERR_INVALID_REQUEST;
	/* OpenRouter's own models are called "openrouter/auto" there too. */
	if (prefix == PROVIDER_OPENROUTER && !memchr(model.ptr, '/', model.len))
		model = name;
	if (prefix && asked && prefix != asked) {
		/* "openai/gpt-4o" is a model id of OpenRouter's own. */
		if (asked != PROVIDER_OPENROUTER && asked != PROVIDER_COMPATIBLE)
			return ERR_PROVIDER_MISMATCH;
		*ret = (struct model_choice){ asked, name };
		return OK;
	}
	*ret = (struct model_choice){ asked    ? asked
				      : prefix ? prefix
					       : model_family(model),
				      model };
	return OK;
}
