/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "provider.h"

static void model_names_choose_their_provider(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		enum provider asked, wanted;
		const char *model;
	} cases[] = {
		{ "gpt-4o", PROVIDER_NONE, PROVIDER_OPENAI, "gpt-4o" },
		{ "o3", PROVIDER_NONE, PROVIDER_OPENAI, "o3" },
		{ "o4-mini", PROVIDER_NONE, PROVIDER_OPENAI, "o4-mini" },
		{ "o3x", PROVIDER_NONE, PROVIDER_NONE, "o3x" },
		{ "chatgpt-4o-latest", PROVIDER_NONE, PROVIDER_OPENAI, "chatgpt-4o-latest" },
		{ "ft:gpt-4o:me", PROVIDER_NONE, PROVIDER_OPENAI, "ft:gpt-4o:me" },
		{ "claude-opus", PROVIDER_NONE, PROVIDER_ANTHROPIC, "claude-opus" },
		{ "gemini-2", PROVIDER_NONE, PROVIDER_GOOGLE, "gemini-2" },
		{ "gpt-oss:20b", PROVIDER_NONE, PROVIDER_NONE, "gpt-oss:20b" },
		{ "llama3", PROVIDER_NONE, PROVIDER_NONE, "llama3" },
		{ "llama3", PROVIDER_COMPATIBLE, PROVIDER_COMPATIBLE, "llama3" },
		{ "gpt-4o", PROVIDER_COMPATIBLE, PROVIDER_COMPATIBLE, "gpt-4o" },
		{ "openai/gpt-4o", PROVIDER_NONE, PROVIDER_OPENAI, "gpt-4o" },
		{ "openai/gpt-4o", PROVIDER_OPENAI, PROVIDER_OPENAI, "gpt-4o" },
		{ "openai/gpt-4o", PROVIDER_OPENROUTER, PROVIDER_OPENROUTER, "openai/gpt-4o" },
		{ "openai/gpt-4o", PROVIDER_COMPATIBLE, PROVIDER_COMPATIBLE, "openai/gpt-4o" },
		{ "openrouter/openai/gpt-4o", PROVIDER_NONE, PROVIDER_OPENROUTER, "openai/gpt-4o" },
		{ "openrouter/auto", PROVIDER_NONE, PROVIDER_OPENROUTER, "openrouter/auto" },
		{ "openai-compatible/llama3", PROVIDER_NONE, PROVIDER_COMPATIBLE, "llama3" },
		{ "meta-llama/llama-3", PROVIDER_NONE, PROVIDER_NONE, "meta-llama/llama-3" },
		{ "/x", PROVIDER_NONE, PROVIDER_NONE, "/x" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct model_choice choice;
		assert_ok(model_choose(text_of(cases[i].name), cases[i].asked, &choice));
		if (choice.provider != cases[i].wanted || !text_is(choice.model, cases[i].model))
			fail_msg("%s: %d %.*s", cases[i].name, choice.provider,
				 TEXT_FMT(choice.model));
	}
}

static void contradictions_are_refused(void **state)
{
	(void)state;
	struct model_choice choice;
	assert_int_equal(model_choose(TEXT("openai/gpt-4o"), PROVIDER_ANTHROPIC, &choice),
			 ERR_PROVIDER_MISMATCH);
	assert_int_equal(model_choose(TEXT("openai/"), PROVIDER_NONE, &choice),
			 ERR_INVALID_REQUEST);
	assert_int_equal(model_choose(TEXT(""), PROVIDER_NONE, &choice), ERR_INVALID_REQUEST);
}

static void names_read_back(void **state)
{
	(void)state;
	for (int p = PROVIDER_NONE + 1; p < PROVIDER_COUNT; p++) {
		enum provider back;
		assert_ok(provider_from_name(text_of(provider_name((enum provider)p)), &back));
		assert_int_equal(back, p);
	}
	enum provider untouched = PROVIDER_GOOGLE;
	assert_int_equal(provider_from_name(TEXT("OpenAI"), &untouched), ERR_INVALID_REQUEST);
	assert_int_equal(provider_from_name(TEXT(""), &untouched), ERR_INVALID_REQUEST);
	assert_int_equal(untouched, PROVIDER_GOOGLE);
	assert_null(provider_name(PROVIDER_NONE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(model_names_choose_their_provider),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(names_read_back),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
