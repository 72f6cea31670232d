/* SPDX-License-Identifier: MIT */
/* The file of pair keys: read whole or refused with every bad line named. */
#include "support.h"

#include "base/banned.h"

static void a_file_of_pairs_with_comments_is_read(void **state)
{
	(void)state;
	struct envelope_keys *keys = keys_of(DAEMON_KEYVAULT, "# made by deploy\n"
							      "gateway keyvault " KEY_A "\n"
							      "\n"
							      "chat-proxy keyvault " KEY_B "\n");
	assert_non_null(keys);
	envelope_keys_free(keys);
	keys = keys_of(DAEMON_KEYVAULT, "gateway keyvault " KEY_A); /* no newline at the end */
	envelope_keys_free(keys);
	keys = keys_of(DAEMON_KEYVAULT, "");
	envelope_keys_free(keys);
	envelope_keys_free(NULL);
}

static void a_bad_line_is_named_and_nothing_comes_back(void **state)
{
	(void)state;
	static const struct {
		const char *line, *complaint;
	} cases[] = {
		{ "gateway keyvault", "line 2: a line is" },
		{ "gateway", "line 2: a line is" },
		{ "gateway  keyvault " KEY_B, "line 2: the callee" },
		{ " gateway keyvault " KEY_B, "line 2: the caller" },
		{ "gateway keyvault " KEY_B " ", "line 2: the key must be" },
		{ "gateway keyvault " KEY_B "\r", "line 2: the key must be" },
		{ "gateway keyvault " KEY_B " more", "line 2: the key must be" },
		{ "gateway keyvault c2hvcnQ=", "line 2: the key must be" },
		{ "gateway keyvault AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		  "line 2: the key must be" },
		{ "gatewy keyvault " KEY_B, "line 2: the caller" },
		{ "gateway vault " KEY_B, "line 2: the callee" },
		{ "gateway gateway " KEY_B, "line 2: caller and callee are the same" },
		{ "gateway account-store " KEY_B, "line 2: this daemon is neither" },
		{ "chat-proxy keyvault " KEY_B, "line 2: this pair has a key already" },
		{ "gateway keyvault " KEY_A, "line 2: another pair has the same key" },
		{ "keyvault gateway " KEY_A, "line 2: another pair has the same key" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(4096);
		AUTO(auto_free)
		char *file = xasprintf("chat-proxy keyvault " KEY_A "\n%s\n", cases[i].line);
		struct envelope_keys *keys = NULL;

		assert_int_equal(
			envelope_keys_parse(text_of(file), DAEMON_KEYVAULT, &keys, &errors),
			ERR_INVALID_REQUEST);
		assert_null(keys);
		if (!strstr(errors.data, cases[i].complaint))
			fail_msg("\"%s\" gave \"%s\"", cases[i].line, errors.data);
		/* Whatever is wrong, no key is repeated. */
		assert_null(strstr(errors.data, "jxxtCl"));
		assert_null(strstr(errors.data, "n3uYc1"));
	}
}

static void all_bad_lines_are_reported_at_once(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(4096);
	struct envelope_keys *keys = NULL;

	assert_int_equal(
		envelope_keys_parse(TEXT("nonsense\ngateway keyvault " KEY_A "\nmore nonsense x\n"),
				    DAEMON_KEYVAULT, &keys, &errors),
		ERR_INVALID_REQUEST);
	assert_non_null(strstr(errors.data, "line 1:"));
	assert_null(strstr(errors.data, "line 2:"));
	assert_non_null(strstr(errors.data, "line 3:"));
}

static void a_huge_file_is_refused_and_errors_stay_within_their_buffer(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(100);
	AUTO(auto_free) char *file = xcalloc(1, 20000);
	struct envelope_keys *keys = NULL;

	memset(file, '\n', 20000);
	assert_int_equal(
		envelope_keys_parse((struct text){ file, 20000 }, DAEMON_KEYVAULT, &keys, &errors),
		ERR_TOO_LARGE);
	memset(file, 'x', 16000);
	for (size_t i = 1; i < 16000; i += 2)
		file[i] = '\n';
	assert_int_equal(
		envelope_keys_parse((struct text){ file, 16000 }, DAEMON_KEYVAULT, &keys, &errors),
		ERR_INVALID_REQUEST);
	assert_null(keys);
	assert_true(errors.len <= 100);
}

static int start(void **state)
{
	(void)state;
	secret_init_library(true);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_pairs_with_comments_is_read),
		cmocka_unit_test(a_bad_line_is_named_and_nothing_comes_back),
		cmocka_unit_test(all_bad_lines_are_reported_at_once),
		cmocka_unit_test(a_huge_file_is_refused_and_errors_stay_within_their_buffer),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
