/* SPDX-License-Identifier: MIT */
/*
 * What a daemon gives up, and in which order:
 *
 *	1. sandbox_begin: no core files, not dumpable (no ptrace by the same user, /proc/self
 *closed), umask: before the first secret is read.
 *	2. secrets are read, sockets opened, the database connected.
 *	3. sandbox_close_files: no_new_privs; Landlock forbids writing, making, removing and
 *executing any file. It binds only the calling thread and its later children, so it comes before
 *the worker threads. Content cannot reach a disk through us even by mistake.
 *	4. worker threads start.
 *	5. sandbox_filter: a seccomp allow-list with thread sync; what is not listed answers EPERM
 *(ENOSYS for clone3, so that glibc falls back).
 *
 * Landlock is best effort (Debian 12's kernel has ABI 2); its absence is logged. Sanitizer builds
 *skip 1 and 5: the leak checker needs ptrace.
 */
#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "daemon/daemon_private.h"
#include "log/log.h"

#include "base/banned.h"

#ifdef GROVE_SANITIZE
static const bool is_sanitized = true;
#else
static const bool is_sanitized = false;
#endif

void sandbox_begin(void)
{
	struct rlimit none = { 0, 0 };

	umask(0077);
	if (is_sanitized)
		return;
	if (setrlimit(RLIMIT_CORE, &none) || prctl(PR_SET_DUMPABLE, 0))
		BUG("the kernel refuses to switch core files off");
}

/* Every write-like right this kernel's Landlock knows, and execute; no rule gives any of them back.
 */
static uint64_t landlock_rights(long abi)
{
	uint64_t rights = LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
			  LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
			  LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_DIR |
			  LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SOCK |
			  LANDLOCK_ACCESS_FS_MAKE_FIFO | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
			  LANDLOCK_ACCESS_FS_MAKE_SYM;
#ifdef LANDLOCK_ACCESS_FS_REFER
	if (abi >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
#endif
	if (abi >= 3)
		rights |= 1ULL
			  << 14; /* LANDLOCK_ACCESS_FS_TRUNCATE, newer than Debian 12's headers */
	return rights;
}

void sandbox_close_files(const struct daemon *d)
{
	BUG_ON(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	if (d->common.sandbox != 0)
		return;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1) {
		log_info("sandbox.landlock", LOG_INT("abi", 0));
		return;
	}
	struct landlock_ruleset_attr attr = { .handled_access_fs = landlock_rights(abi) };
	AUTO(auto_close)
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);
	bool closed = ruleset >= 0 && !syscall(SYS_landlock_restrict_self, ruleset, 0);
	log_info("sandbox.landlock", LOG_INT("abi", abi), LOG_BOOL("closed", closed));
}

/* What the loop, libc's memory, libpq, libcurl and OpenSSL need on a running daemon. */
static const int allowed_calls[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(close),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendfile),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(connect),
	SCMP_SYS(bind),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(socketpair),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_create),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(eventfd2),
	SCMP_SYS(pipe),
	SCMP_SYS(pipe2),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(dup2),
	SCMP_SYS(dup3),
	SCMP_SYS(open),
	SCMP_SYS(openat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(statx),
	SCMP_SYS(statfs),
	SCMP_SYS(fstatfs),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(readlinkat),
	SCMP_SYS(getdents64),
	SCMP_SYS(lseek),
	SCMP_SYS(getcwd),
	SCMP_SYS(unlink),
	SCMP_SYS(unlinkat),
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	SCMP_SYS(mlock),
	SCMP_SYS(mlock2),
	SCMP_SYS(munlock),
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(membarrier),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(times),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getppid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getresuid),
	SCMP_SYS(getresgid),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
};

static int allow_when(scmp_filter_ctx filter, int call, unsigned argument, scmp_datum_t value)
{
	const struct scmp_arg_cmp is_value = { argument, SCMP_CMP_EQ, value, 0 };

	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &is_value);
}

/*
 * Memory is never made executable: nothing is loaded any more. Name resolution is the exception,
 * since nsswitch modules are libraries.
 */
static int allow_memory(scmp_filter_ctx filter, const struct daemon *d)
{
	static const int calls[] = { SCMP_SYS(mmap), SCMP_SYS(mprotect) };
	const struct scmp_arg_cmp not_executable = { 2, SCMP_CMP_MASKED_EQ, PROT_EXEC, 0 };
	int failed = 0;

	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		if (d->spec->resolves_names)
			failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
		else
			failed |= seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 1,
							 &not_executable);
	}
	return failed;
}

/* abort() signals itself, and only itself. */
static int allow_abort(scmp_filter_ctx filter)
{
	return allow_when(filter, SCMP_SYS(tgkill), 0, (scmp_datum_t)getpid());
}

static int allow_threads(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0) |
	       seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone3), 0);
}

/* A database on a Unix socket needs no internet socket to come back to. */
static bool database_is_local(const struct daemon *d)
{
	const char *info = d->database.conninfo;
	return !info || strstr(info, "host=/") || strstr(info, "host='/");
}

static int allow_sockets(scmp_filter_ctx filter, const struct daemon *d)
{
	int failed = allow_when(filter, SCMP_SYS(socket), 0, AF_UNIX);
	if (d->spec->peers || d->spec->internet || !database_is_local(d)) {
		failed |= allow_when(filter, SCMP_SYS(socket), 0, AF_INET);
		failed |= allow_when(filter, SCMP_SYS(socket), 0, AF_INET6);
	}
	/* The resolver asks the kernel for the machine's addresses. */
	if (d->spec->resolves_names)
		failed |= allow_when(filter, SCMP_SYS(socket), 0, AF_NETLINK);
	return failed;
}

static int fill_filter(scmp_filter_ctx filter, const struct daemon *d)
{
	int failed = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
	for (size_t i = 0; i < ARRAY_SIZE(allowed_calls); i++)
		failed |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed_calls[i], 0);
	failed |= allow_when(filter, SCMP_SYS(ioctl), 1, FIONREAD);
	failed |= allow_when(filter, SCMP_SYS(ioctl), 1, FIONBIO);
	failed |= allow_when(filter, SCMP_SYS(prctl), 0, PR_SET_NAME);
	failed |= allow_when(filter, SCMP_SYS(prlimit64), 2, 0);
	failed |= allow_memory(filter, d) | allow_abort(filter);
	failed |= allow_sockets(filter, d);
	failed |= d->spec->resolves_names
			  ? allow_threads(filter)
			  : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return failed;
}

enum err sandbox_filter(const struct daemon *d)
{
	if (is_sanitized || d->common.sandbox != 0)
		return OK;
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return ERR_INTERNAL;
	int failed = fill_filter(filter, d) | seccomp_load(filter);
	seccomp_release(filter);
	return failed ? ERR_INTERNAL : OK;
}
