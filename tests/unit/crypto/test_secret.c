/* SPDX-License-Identifier: MIT */
/* struct secret keeps what its header promises: locked, guarded, out of core files, wiped, moved
 * and not copied. */
#include "support.h"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crypto/secret.h"

#include "base/banned.h"

static void a_secret_holds_a_copy_with_a_nul_behind_it(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret s = SECRET_INIT;
	char data[] = "hunter2";

	secret_set(&s, data, 7);
	memset(data, 0, sizeof(data));
	assert_int_equal(s.len, 7);
	assert_string_equal((const char *)s.bytes, "hunter2");
	assert_true(secret_is_set(&s));
}

static void an_empty_secret_has_no_bytes(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret s = SECRET_INIT;

	assert_false(secret_is_set(&s));
	secret_set(&s, "x", 1);
	secret_set(&s, NULL, 0);
	assert_false(secret_is_set(&s));
	assert_null(s.bytes);
	secret_alloc(&s, 0);
	assert_null(s.bytes);
	secret_clear(&s);
	secret_clear(&s);
}

static void setting_a_secret_from_its_own_bytes_is_safe(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret s = SECRET_INIT;

	secret_set(&s, "prefix-core", 11);
	secret_set(&s, s.bytes + 7, 4);
	assert_string_equal((const char *)s.bytes, "core");
}

static void taking_moves_a_secret(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret from = SECRET_INIT;
	AUTO(secret_clear) struct secret to = SECRET_INIT;

	secret_set(&from, "abc", 3);
	to = secret_take(&from);
	assert_false(secret_is_set(&from));
	assert_string_equal((const char *)to.bytes, "abc");
}

static void allocated_secrets_start_zeroed_and_random_ones_differ(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret zero = SECRET_INIT;
	AUTO(secret_clear) struct secret a = SECRET_INIT;
	AUTO(secret_clear) struct secret b = SECRET_INIT;

	secret_alloc(&zero, 5000);
	for (size_t i = 0; i <= 5000; i++)
		assert_int_equal(zero.bytes[i], 0);
	secret_random(&a, 32);
	secret_random(&b, 32);
	assert_memory_not_equal(a.bytes, b.bytes, 32);
	assert_memory_not_equal(a.bytes, zero.bytes, 32);
}

static void equality_is_about_all_bytes(void **state)
{
	(void)state;
	assert_true(secret_equal("abcd", "abcd", 4));
	assert_false(secret_equal("abcd", "abce", 4));
	assert_false(secret_equal("abcd", "bbcd", 4));
	assert_true(secret_equal(NULL, NULL, 0));
	char stack[] = "key material";
	wipe(stack, sizeof(stack));
	for (size_t i = 0; i < sizeof(stack); i++)
		assert_int_equal(stack[i], 0);
	wipe(NULL, 0);
}

/* The sanitizers replace mlock() by nothing. */
static void skip_where_mlock_is_a_sham(void)
{
#ifdef GROVE_SANITIZE
	skip();
#endif
}

/* What /proc/self/smaps says about the page of an address. */
static bool mapping_has_flag(const void *address, const char *flag)
{
	FILE *maps = fopen("/proc/self/smaps", "r");
	char line[512];
	bool inside = false, found = false;

	assert_non_null(maps);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long from, to;

		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = (unsigned long)address >= from && (unsigned long)address < to;
		else if (inside && strncmp(line, "VmFlags:", 8) == 0)
			found = strstr(line, flag) != NULL;
	}
	fclose(maps);
	return found;
}

static void secrets_are_locked_and_left_out_of_core_files(void **state)
{
	(void)state;
	skip_where_mlock_is_a_sham();
	AUTO(secret_clear) struct secret s = SECRET_INIT;

	secret_set(&s, "abc", 3);
	if (!mapping_has_flag(s.bytes, " rd"))
		skip(); /* not the kernel's own smaps, as under valgrind */
	assert_true(mapping_has_flag(s.bytes, " lo"));
	assert_true(mapping_has_flag(s.bytes, " dd"));
}

/* Runs action in a child that may lock no memory; returns how it ended. */
static int in_a_child_without_lockable_memory(void (*action)(void))
{
	fflush(NULL);
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		struct rlimit none = { 0, 0 };

		/* Root may lock without limit: be somebody else. */
		if (setrlimit(RLIMIT_MEMLOCK, &none) < 0 || (geteuid() == 0 && setuid(65534) < 0))
			_exit(99);
		setrlimit(RLIMIT_CORE, &none);
		fclose(stderr);
		action();
		_exit(0);
	}
	int status = 0;
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void init_strict(void)
{
	secret_init_library(false);
}

static void init_allowing_unlocked(void)
{
	struct secret s = SECRET_INIT;

	secret_init_library(true);
	secret_set(&s, "abc", 3);
	if (memcmp(s.bytes, "abc", 4) != 0)
		_exit(1);
	secret_clear(&s);
}

static void memory_that_cannot_be_locked_stops_the_program(void **state)
{
	(void)state;
	skip_where_mlock_is_a_sham();
	int status = in_a_child_without_lockable_memory(init_strict);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip();
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void an_operator_may_allow_unlocked_memory(void **state)
{
	(void)state;
	int status = in_a_child_without_lockable_memory(init_allowing_unlocked);

	if (WIFEXITED(status) && WEXITSTATUS(status) == 99)
		skip();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
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
		cmocka_unit_test(a_secret_holds_a_copy_with_a_nul_behind_it),
		cmocka_unit_test(an_empty_secret_has_no_bytes),
		cmocka_unit_test(setting_a_secret_from_its_own_bytes_is_safe),
		cmocka_unit_test(taking_moves_a_secret),
		cmocka_unit_test(allocated_secrets_start_zeroed_and_random_ones_differ),
		cmocka_unit_test(equality_is_about_all_bytes),
		cmocka_unit_test(secrets_are_locked_and_left_out_of_core_files),
		cmocka_unit_test(memory_that_cannot_be_locked_stops_the_program),
		cmocka_unit_test(an_operator_may_allow_unlocked_memory),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
