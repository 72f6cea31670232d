/* SPDX-License-Identifier: MIT */
/* Conditions of readiness: a daemon is ready when nothing named says otherwise. */
#include "daemon/daemon_private.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "base/banned.h"

struct world {
	struct daemon d;
	struct daemon_private private;
	struct daemon_spec spec;
	struct strbuf why;
};

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	w->spec.id = DAEMON_GATEWAY;
	w->d.spec = &w->spec;
	w->d.private = &w->private;
	w->private.daemon = &w->d;
	strbuf_init(&w->why, 4096);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	for (size_t i = 0; i < w->private.condition_count; i++)
		free(w->private.conditions[i].reason);
	strbuf_clear(&w->why);
	free(w);
	return 0;
}

static void expect(struct world *w, bool ready, const char *why)
{
	strbuf_reset(&w->why);
	assert_int_equal(daemon_is_ready(&w->d, &w->why), ready);
	assert_string_equal(w->why.len ? w->why.data : "", why);
}

static void without_conditions_it_is_ready(void **state)
{
	expect(*state, true, "");
}

static void each_reason_is_told(void **state)
{
	struct world *w = *state;

	daemon_set_ready(&w->d, "keys", "being read");
	expect(w, false, "keys: being read\n");
	daemon_set_ready(&w->d, "models", "unknown");
	expect(w, false, "keys: being read\nmodels: unknown\n");
	daemon_set_ready(&w->d, "keys", NULL);
	expect(w, false, "models: unknown\n");
	daemon_set_ready(&w->d, "models", NULL);
	expect(w, true, "");
}

static void a_reason_can_change_and_come_back(void **state)
{
	struct world *w = *state;
	char text[] = "first";

	daemon_set_ready(&w->d, "keys", text);
	memcpy(text, "xxxxx", 5); /* it was copied */
	expect(w, false, "keys: first\n");
	daemon_set_ready(&w->d, "keys", "second");
	expect(w, false, "keys: second\n");
	for (int i = 0; i < 100; i++) {
		daemon_set_ready(&w->d, "keys", NULL);
		daemon_set_ready(&w->d, "keys", "again");
	}
	expect(w, false, "keys: again\n");
	assert_int_equal(w->private.condition_count, 1);
}

static void a_draining_daemon_is_not_ready(void **state)
{
	struct world *w = *state;

	w->d.draining = true;
	expect(w, false, "draining\n");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(without_conditions_it_is_ready),
		TEST(each_reason_is_told),
		TEST(a_reason_can_change_and_come_back),
		TEST(a_draining_daemon_is_not_ready),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
