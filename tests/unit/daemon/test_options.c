/* SPDX-License-Identifier: MIT */
/* The command line of a daemon, and the settings that come with what it uses. */
#include "daemon/daemon_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/banned.h"

static const struct db_statement statements[] = { { "one", "SELECT 1" } };

static const struct daemon_spec plain = { .id = DAEMON_VM_CONTROLLER,
					  .about = "a test",
					  .default_listen = "127.0.0.1:1",
					  .default_ops_listen = "127.0.0.1:2" };
static const struct daemon_spec full = { .id = DAEMON_AUTH_VERIFIER,
					 .about = "a test",
					 .default_listen = "127.0.0.1:1",
					 .default_ops_listen = "127.0.0.1:2",
					 .statements = statements,
					 .statement_count = 1,
					 .peers = CALLER(DAEMON_ACCOUNT_STORE) |
						  CALLER(DAEMON_KEYVAULT) };

struct world {
	struct daemon d;
	struct daemon_private private;
};

static void join(struct world *w, const struct daemon_spec *spec)
{
	*w = (struct world){ .d = { .spec = spec, .private = &w->private } };
	w->private.daemon = &w->d;
	options_join(&w->d);
}

static void expect_names(const struct daemon_spec *spec, const char *const *with,
			 const char *const *without)
{
	struct world w;
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(10000);

	join(&w, spec);
	assert_int_equal(config_write_names(&w.private.tables, &out), OK);
	for (; *with; with++)
		if (!strstr(out.data, *with))
			fail_msg("no %s in %s", *with, out.data);
	for (; *without; without++)
		if (strstr(out.data, *without))
			fail_msg("%s in %s", *without, out.data);
}

static void settings_come_with_what_a_daemon_uses(void **state)
{
	static const char *const shared[] = { "GROVE_LISTEN\n", "GROVE_OPS_LISTEN\n",
					      "GROVE_LOG_LEVEL\n", "GROVE_PEER_KEYS_FILE\n", NULL };
	static const char *const more[] = {
		"GROVE_LISTEN\n",	 "GROVE_DATABASE\n", "GROVE_DATABASE_PASSWORD_FILE\n",
		"GROVE_ACCOUNT_STORE\n", "GROVE_KEYVAULT\n", NULL
	};
	static const char *const none[] = { "DATABASE", "GROVE_KEYVAULT", NULL };
	static const char *const no_others[] = { "GROVE_CHAT_PROXY", "GROVE_GATEWAY", NULL };

	(void)state;
	expect_names(&plain, shared, none);
	expect_names(&full, more, no_others);
}

static bool answers(const char *first, const char *second, int *ret_code)
{
	struct world w;
	char name[] = "daemon", a[32], b[32];
	char *argv[] = { name, a, b, NULL };

	snprintf(a, sizeof(a), "%s", first ? first : "");
	snprintf(b, sizeof(b), "%s", second ? second : "");
	join(&w, &plain);
	return options_answer(&w.d, 1 + (first != NULL) + (second != NULL), argv, ret_code);
}

static void options_are_answered_and_unknown_ones_refused(void **state)
{
	static const char *const good[] = { "--help", "--version", "--config-help",
					    "--config-names" };
	static const char *const bad[] = { "--nonsense", "help", "", "-h", "--help=1" };
	int code = -1;

	(void)state;
	assert_false(answers(NULL, NULL, &code));
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_true(answers(good[i], NULL, &code));
		assert_int_equal(code, 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_true(answers(bad[i], NULL, &code));
		assert_int_equal(code, 2);
	}
	assert_true(answers("--help", "--version", &code));
	assert_int_equal(code, 2);
}

static void wrong_settings_fail_the_check(void **state)
{
	int code = -1;

	(void)state;
	assert_int_equal(setenv("GROVE_LISTEN", "nonsense", 1), 0);
	assert_true(answers("--check-config", NULL, &code));
	assert_int_equal(code, 2);
	unsetenv("GROVE_LISTEN");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_come_with_what_a_daemon_uses),
		cmocka_unit_test(options_are_answered_and_unknown_ones_refused),
		cmocka_unit_test(wrong_settings_fail_the_check),
	};

	secret_init_library(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
