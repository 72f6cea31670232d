/* SPDX-License-Identifier: MIT */
/*
 * What a daemon can no longer do once it runs. Each try is made by a child that has given up what a
 * daemon gives up; its exit status is the errno it got, or 0 for success.
 */
#include "daemon/daemon_private.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "log/log.h"

#include "base/banned.h"

#define KILLED 255

static char folder[] = "/tmp/grove-sandbox-XXXXXX";

static const struct daemon_spec closed_spec = { .id = DAEMON_KEYVAULT };
static const struct daemon_spec calling_spec = { .id = DAEMON_GATEWAY,
						 .peers = CALLER(DAEMON_KEYVAULT) };
static const struct daemon_spec resolving_spec = { .id = DAEMON_CHAT_PROXY,
						   .peers = CALLER(DAEMON_KEYVAULT),
						   .internet = true,
						   .resolves_names = true };

static void drop_line(const char *line, size_t len, void *arg)
{
	(void)line;
	(void)len;
	(void)arg;
}

static int in_sandbox(const struct daemon_spec *spec, int (*try)(void))
{
	struct daemon d = { .spec = spec };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		log_set_sink(drop_line, NULL);
		sandbox_begin();
		sandbox_close_files(&d);
		if (sandbox_filter(&d))
			_exit(KILLED);
		_exit(try() ? errno : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : KILLED;
}

static bool has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

static int run_a_program(void)
{
	char *const nothing[] = { NULL };

	return execve("/bin/true", nothing, nothing);
}

static int become_two(void)
{
	return fork() < 0 ? -1 : 0;
}

static int look_into_a_process(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int signal_another(void)
{
	return kill(getppid(), 0);
}

static int signal_anothers_thread(void)
{
	return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}

static int signal_itself(void)
{
	return (int)syscall(SYS_tgkill, getpid(), gettid(), 0);
}

static int load_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static int make_code(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? -1 : mprotect(page, 4096, PROT_READ | PROT_EXEC);
}

static int take_memory(void)
{
	return mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
			       MAP_FAILED
		       ? -1
		       : 0;
}

static int open_internet_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int open_packet_socket(void)
{
	return socket(AF_PACKET, SOCK_RAW, 0) < 0 ? -1 : 0;
}

static int open_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? -1 : 0;
}

static int raise_core_limit(void)
{
	struct rlimit limit = { 1, 1 };

	return setrlimit(RLIMIT_CORE, &limit);
}

static int become_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1);
}

static int write_a_file(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/new", folder);
	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ? -1 : 0;
}

static int write_an_old_file(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/old", folder);
	return open(path, O_WRONLY | O_CLOEXEC) < 0 ? -1 : 0;
}

static int remove_a_file(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/old", folder);
	return unlink(path);
}

static int read_a_file(void)
{
	return open("/etc/hosts", O_RDONLY | O_CLOEXEC) < 0 && errno != ENOENT ? -1 : 0;
}

static void *do_nothing(void *arg)
{
	return arg;
}

static int start_a_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, do_nothing, NULL);

	errno = err;
	return err ? -1 : pthread_join(thread, NULL);
}

static int resolve_a_name(void)
{
	struct addrinfo *found = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

	errno = EHOSTUNREACH;
	if (getaddrinfo("localhost", "80", &hints, &found))
		return -1;
	freeaddrinfo(found);
	return 0;
}

static void what_no_daemon_can_do(void **state)
{
	static int (*const tries[])(void) = {
		run_a_program,		become_two,	    look_into_a_process, signal_another,
		signal_anothers_thread, open_packet_socket, raise_core_limit,	 become_dumpable,
	};
	static const struct daemon_spec *const specs[] = { &closed_spec, &calling_spec };

	(void)state;
	for (size_t s = 0; s < ARRAY_SIZE(specs); s++)
		for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
			if (in_sandbox(specs[s], tries[i]) != EPERM)
				fail_msg("daemon %zu can do %zu", s, i);
	assert_int_equal(in_sandbox(&resolving_spec, run_a_program), EPERM);
	assert_int_equal(in_sandbox(&resolving_spec, look_into_a_process), EPERM);
}

static void what_a_daemon_still_can(void **state)
{
	static int (*const tries[])(void) = { take_memory, open_unix_socket, read_a_file,
					      signal_itself };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		assert_int_equal(in_sandbox(&closed_spec, tries[i]), 0);
}

static void code_is_loaded_only_where_names_are_resolved(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(&closed_spec, load_code), EPERM);
	assert_int_equal(in_sandbox(&closed_spec, make_code), EPERM);
	assert_int_equal(in_sandbox(&resolving_spec, load_code), 0);
}

static void threads_are_started_only_where_names_are_resolved(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(&closed_spec, start_a_thread), EPERM);
	assert_int_equal(in_sandbox(&calling_spec, start_a_thread), EPERM);
	assert_int_equal(in_sandbox(&resolving_spec, start_a_thread), 0);
	assert_int_equal(in_sandbox(&resolving_spec, resolve_a_name), 0);
}

static void who_calls_nobody_has_no_internet_socket(void **state)
{
	(void)state;
	assert_int_equal(in_sandbox(&closed_spec, open_internet_socket), EPERM);
	assert_int_equal(in_sandbox(&calling_spec, open_internet_socket), 0);
	assert_int_equal(in_sandbox(&resolving_spec, open_internet_socket), 0);
}

static void nothing_can_be_written_to_a_disk(void **state)
{
	static int (*const tries[])(void) = { write_a_file, write_an_old_file, remove_a_file };

	(void)state;
	if (!has_landlock())
		skip();
	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		assert_int_equal(in_sandbox(&closed_spec, tries[i]), EACCES);
}

static int make_folder(void **state)
{
	char path[64];

	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof(path), "%s/old", folder);
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	return fd < 0 ? -1 : close(fd);
}

static int remove_folder(void **state)
{
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "%s/old", folder);
	return unlink(path) | rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_no_daemon_can_do),
		cmocka_unit_test(what_a_daemon_still_can),
		cmocka_unit_test(code_is_loaded_only_where_names_are_resolved),
		cmocka_unit_test(threads_are_started_only_where_names_are_resolved),
		cmocka_unit_test(who_calls_nobody_has_no_internet_socket),
		cmocka_unit_test(nothing_can_be_written_to_a_disk),
	};

#ifdef GROVE_SANITIZE
	puts("sanitizer builds have no sandbox");
	(void)tests;
	(void)make_folder;
	(void)remove_folder;
	return 0;
#else
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
#endif
}
