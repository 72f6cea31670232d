/* SPDX-License-Identifier: MIT */
/* Settings that have to do with each other. */
#include "support.h"

#include "config.h"

#include "base/banned.h"

static enum err check(struct keyvault_config *c, struct strbuf *errors)
{
	strbuf_reset(errors);
	return keyvault_config_check(c, errors);
}

static void previous_secrets_need_a_current_one(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(4096);
	struct keyvault_config c = { .byok_previous.count = 1 };
	assert_int_equal(check(&c, &errors), ERR_INVALID_REQUEST);
	assert_non_null(strstr(errors.data, "BYOK_ENCRYPTION_SECRET_PREVIOUS: "));
	secret_random(&c.byok_secret, 32);
	assert_int_equal(check(&c, &errors), OK);
	assert_string_equal(errors.data, "");
	c.byok_previous.count = 0;
	assert_int_equal(check(&c, &errors), OK);
	secret_clear(&c.byok_secret);
	assert_int_equal(check(&c, &errors), OK);
}

static void each_bad_entry_of_the_allow_list_is_named(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(4096);
	char *entries[] = { (char[]){ "127.0.0.1:11434" }, (char[]){ "nonsense" },
			    (char[]){ "169.254.169.254:80" } };
	struct keyvault_config c = { .upstreams.local_allow = { entries, 1 } };
	assert_int_equal(check(&c, &errors), OK);
	c.upstreams.local_allow.count = 3;
	assert_int_equal(check(&c, &errors), ERR_INVALID_REQUEST);
	assert_non_null(strstr(errors.data, "UPSTREAM_LOCAL_ALLOW: nonsense: "));
	assert_non_null(strstr(errors.data, "UPSTREAM_LOCAL_ALLOW: 169.254.169.254:80: "));
	assert_null(strstr(errors.data, "127.0.0.1"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(previous_secrets_need_a_current_one),
		cmocka_unit_test(each_bad_entry_of_the_allow_list_is_named),
	};
	return cmocka_run_group_tests(tests, use_unlocked_memory, NULL);
}
