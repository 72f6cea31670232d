/* SPDX-License-Identifier: MIT */
/* Where a key may be sent: each provider, the forms of a base URL, forbidden addresses. */
#include "support.h"

#include "origins.h"

#include "base/banned.h"

static struct keyvault_config config;
static struct guard *guard;

static int make_guard(void **state)
{
	char *entries[] = { (char[]){ "127.0.0.1:11434" }, (char[]){ "localhost:11434" },
			    (char[]){ "models.lan:8000" } };
	struct config_list allow = { entries, ARRAY_SIZE(entries) };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	(void)state;
	secret_init_library(true);
	config.upstreams.openai = xstrdup("https://api.openai.com");
	config.upstreams.anthropic = xstrdup("http://127.0.0.1:4010");
	config.upstreams.google = xstrdup("https://[2001:db8::1]");
	config.upstreams.openrouter = xstrdup("http://[::1]:4011");
	return guard_new(&allow, NULL, 0, &guard, &errors) ? -1 : 0;
}

static int free_guard(void **state)
{
	(void)state;
	guard_free(guard);
	free(config.upstreams.openai);
	free(config.upstreams.anthropic);
	free(config.upstreams.google);
	free(config.upstreams.openrouter);
	return 0;
}

static enum err read_address(const char *provider, const char *base_url, struct key_address *ret)
{
	const char *problem = NULL;
	enum err err = key_address_read(&config, guard, text_of(provider), text_of(base_url), ret,
					&problem);
	/* A refusal comes with a sentence, and only a refusal. */
	assert_int_equal(problem != NULL, err != OK);
	return err;
}

static void the_five_providers_are_known_by_exact_name(void **state)
{
	(void)state;
	static const char *const known[] = { "openai", "anthropic", "google", "openrouter",
					     "openai-compatible" };
	static const char *const unknown[] = { "", "OpenAI", "openai ", "openai-compat", "azure" };
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		assert_true(provider_is_known(text_of(known[i])));
	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++)
		assert_false(provider_is_known(text_of(unknown[i])));
	assert_false(provider_is_known(TEXT_NULL));
}

static void vendors_have_the_configured_origin_with_its_port(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "openai", "https://api.openai.com:443" },
		{ "anthropic", "http://127.0.0.1:4010" },
		{ "google", "https://[2001:db8::1]:443" },
		{ "openrouter", "http://[::1]:4011" },
	};
	struct key_address a;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(read_address(cases[i][0], NULL, &a), OK);
		assert_string_equal(a.origin, cases[i][1]);
		assert_null(a.base_url.ptr);
	}
}

static void vendors_take_no_base_url(void **state)
{
	(void)state;
	struct key_address a;
	char origin[GUARD_ORIGIN_SIZE];
	assert_int_equal(read_address("openai", "https://api.openai.com/v1", &a),
			 ERR_INVALID_REQUEST);
	assert_int_equal(read_address("google", "", &a), ERR_INVALID_REQUEST);
	assert_int_equal(
		key_origin(&config, guard, TEXT("openai"), TEXT("https://evil.example"), origin),
		ERR_INVALID_REQUEST);
}

static void base_urls_give_their_origin_and_lose_trailing_slashes(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{ "https://models.example.org/v1", "https://models.example.org:443",
		  "https://models.example.org/v1" },
		{ "https://models.example.org/v1/", "https://models.example.org:443",
		  "https://models.example.org/v1" },
		{ "https://models.example.org/v1//", "https://models.example.org:443",
		  "https://models.example.org/v1" },
		{ "https://models.example.org/", "https://models.example.org:443",
		  "https://models.example.org" },
		{ "HTTPS://Models.Example.ORG:8443/a/b", "https://models.example.org:8443",
		  "HTTPS://Models.Example.ORG:8443/a/b" },
		{ "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434",
		  "http://127.0.0.1:11434/v1" },
		{ "http://localhost:11434/v1", "http://localhost:11434",
		  "http://localhost:11434/v1" },
		{ "http://models.lan:8000", "http://models.lan:8000", "http://models.lan:8000" },
	};
	struct key_address a;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (read_address("openai-compatible", cases[i][0], &a) != OK)
			fail_msg("%s is refused", cases[i][0]);
		assert_string_equal(a.origin, cases[i][1]);
		assert_true(text_is(a.base_url, cases[i][2]));
	}
}

static void what_is_no_base_url_is_refused(void **state)
{
	(void)state;
	static const char *const cases[] = { "",
					     "/",
					     "https://",
					     "https:///v1",
					     "example.org/v1",
					     "ftp://example.org/",
					     "https://user:pass@example.org/v1",
					     "https://example.org/v1?key=x",
					     "https://example.org/v1#x",
					     "https://example.org:0/v1",
					     "https://example.org:99999/v1",
					     "https://example.org/../v1",
					     "https://exam ple.org/v1",
					     "https://example.org\\@evil.org/v1",
					     "https://example.org:22/v1" };
	struct key_address a;
	assert_int_equal(read_address("openai-compatible", NULL, &a), ERR_INVALID_REQUEST);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (read_address("openai-compatible", cases[i], &a) != ERR_INVALID_REQUEST)
			fail_msg("%s is taken", cases[i]);
}

static void long_base_url_is_refused_at_its_limit(void **state)
{
	(void)state;
	char url[BASE_URL_MAX + 2] = "https://example.org/";
	struct key_address a;
	memset(url + strlen(url), 'a', sizeof(url) - strlen(url) - 1);
	assert_int_equal(strlen(url), BASE_URL_MAX + 1);
	assert_int_equal(read_address("openai-compatible", url, &a), ERR_INVALID_REQUEST);
	url[BASE_URL_MAX] = '\0';
	assert_int_equal(read_address("openai-compatible", url, &a), OK);
}

static void private_addresses_are_forbidden_unless_allowed(void **state)
{
	(void)state;
	static const char *const cases[] = {
		"http://127.0.0.1:11435/v1",
		"http://localhost:1/v1",
		"http://10.0.0.1/v1",
		"https://192.168.1.1/v1",
		"https://169.254.169.254/v1",
		"https://[::1]/v1",
		"https://[::ffff:7f00:1]/v1",
		"https://[64:ff9b::7f00:1]/v1",
		"https://2130706433/v1",
		"https://127.1/v1",
		"https://0x7f.1/v1",
		"http://models.example.org/v1",
		"https://100.64.0.1/v1",
		"https://nas.local/v1",
		"https://[fd00:ec2::254]:11434",
		"https://models.lan/v1",
	};
	struct key_address a;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (read_address("openai-compatible", cases[i], &a) !=
		    ERR_PROVIDER_ADDRESS_FORBIDDEN)
			fail_msg("%s is not forbidden", cases[i]);
}

static void refused_address_leaves_the_result_alone(void **state)
{
	(void)state;
	struct key_address a = { .origin = "before" };
	assert_int_equal(read_address("openai-compatible", "http://10.0.0.1/v1", &a),
			 ERR_PROVIDER_ADDRESS_FORBIDDEN);
	assert_string_equal(a.origin, "before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_five_providers_are_known_by_exact_name),
		cmocka_unit_test(vendors_have_the_configured_origin_with_its_port),
		cmocka_unit_test(vendors_take_no_base_url),
		cmocka_unit_test(base_urls_give_their_origin_and_lose_trailing_slashes),
		cmocka_unit_test(what_is_no_base_url_is_refused),
		cmocka_unit_test(long_base_url_is_refused_at_its_limit),
		cmocka_unit_test(private_addresses_are_forbidden_unless_allowed),
		cmocka_unit_test(refused_address_leaves_the_result_alone),
	};
	return cmocka_run_group_tests(tests, make_guard, free_guard);
}
