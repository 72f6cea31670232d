/* SPDX-License-Identifier: MIT */
/* fetch over TLS, against openssl's own test server: whom it trusts and whom not. */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "base/base.h"
#include "fetch/fetch.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define WAIT_LIMIT_MS 60000

struct fixture {
	char dir[32], good_cert[64], good_key[64], other_cert[64], other_key[64];
	struct loop *loop;
	struct fetch *fetch;
	struct loop_timer limit;
	bool too_late;
};

struct tls_server {
	pid_t pid;
	int out;
	unsigned port;
};

static pid_t spawn(char *const argv[], int out)
{
	pid_t parent = getpid(), pid = fork();

	BUG_ON(pid < 0);
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent && dup2(out, 1) >= 0 && dup2(out, 2) >= 0)
		execvp(argv[0], argv);
	_exit(127);
}

static void make_certificate(const char *cert, const char *key, const char *name)
{
	AUTO(auto_free) char *san = xasprintf("subjectAltName=%s", name);
	char *argv[] = { (char *)"openssl",
			 (char *)"req",
			 (char *)"-x509",
			 (char *)"-newkey",
			 (char *)"ec",
			 (char *)"-pkeyopt",
			 (char *)"ec_paramgen_curve:P-256",
			 (char *)"-nodes",
			 (char *)"-days",
			 (char *)"2",
			 (char *)"-subj",
			 (char *)"/CN=grove test",
			 (char *)"-addext",
			 san,
			 (char *)"-out",
			 (char *)(uintptr_t)cert,
			 (char *)"-keyout",
			 (char *)(uintptr_t)key,
			 NULL };
	AUTO(auto_close) int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int status = 0;

	BUG_ON(waitpid(spawn(argv, null), &status, 0) < 0);
	assert_int_equal(status, 0);
}

/* Its second line of output is "ACCEPT 127.0.0.1:port". */
static struct tls_server start_server(const char *cert, const char *key, const char *version)
{
	char *argv[] = { (char *)"openssl",
			 (char *)"s_server",
			 (char *)"-accept",
			 (char *)"127.0.0.1:0",
			 (char *)"-www",
			 (char *)"-cert",
			 (char *)(uintptr_t)cert,
			 (char *)"-key",
			 (char *)(uintptr_t)key,
			 (char *)"-cipher",
			 (char *)"ALL:@SECLEVEL=0",
			 (char *)(uintptr_t)version,
			 NULL };
	struct tls_server s = { 0 };
	char buffer[4096] = "";
	size_t have = 0;
	int fds[2];

	BUG_ON(pipe2(fds, O_CLOEXEC) < 0);
	s.pid = spawn(argv, fds[1]);
	s.out = fds[0];
	close(fds[1]);
	while (!strstr(buffer, "ACCEPT 127.0.0.1:") || !strchr(strstr(buffer, "ACCEPT"), '\n')) {
		ssize_t got = read(s.out, buffer + have, sizeof(buffer) - have - 1);
		if (got <= 0)
			fail_msg("openssl s_server: %s", buffer);
		have += (size_t)got;
	}
	s.port =
		(unsigned)strtoul(strstr(buffer, "ACCEPT") + strlen("ACCEPT 127.0.0.1:"), NULL, 10);
	return s;
}

static void stop_server(struct tls_server *s)
{
	kill(s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	close(s->out);
}

static void on_limit(struct loop_timer *timer)
{
	container_of(timer, struct fixture, limit)->too_late = true;
}

static int set_up(void **state)
{
	static struct fixture f;

	f = (struct fixture){ .dir = "/tmp/grove-tls-XXXXXX" };
	BUG_ON(!mkdtemp(f.dir));
	snprintf(f.good_cert, sizeof(f.good_cert), "%s/good.crt", f.dir);
	snprintf(f.good_key, sizeof(f.good_key), "%s/good.key", f.dir);
	snprintf(f.other_cert, sizeof(f.other_cert), "%s/other.crt", f.dir);
	snprintf(f.other_key, sizeof(f.other_key), "%s/other.key", f.dir);
	make_certificate(f.good_cert, f.good_key, "IP:127.0.0.1");
	make_certificate(f.other_cert, f.other_key, "DNS:elsewhere.example");
	f.loop = loop_new();
	f.fetch = fetch_new(f.loop);
	loop_timer_init(&f.limit, f.loop, on_limit);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	fetch_free(f->fetch);
	loop_timer_clear(&f->limit);
	loop_free(f->loop);
	metrics_clear();
	unlink(f->good_cert);
	unlink(f->good_key);
	unlink(f->other_cert);
	unlink(f->other_key);
	rmdir(f->dir);
	return 0;
}

struct result {
	bool done;
	enum err err;
	int status;
};

static void on_done(struct fetch_call *call, enum err err, int status, void *arg)
{
	(void)call;
	*(struct result *)arg = (struct result){ true, err, status };
}

static struct result ask(struct fixture *f, unsigned port, const char *ca_file)
{
	AUTO(auto_free) char *entry = xasprintf("127.0.0.1:%u", port);
	AUTO(auto_free) char *url = xasprintf("https://%s/", entry);
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1000);
	struct config_list allow = { &entry, 1 };
	struct guard *guard = NULL;
	struct fetch_events events = { .on_done = on_done };
	struct result result = { 0 };

	assert_int_equal(guard_new(&allow, NULL, 0, &guard, &errors), OK);
	struct fetch_request r = { .kind = FETCH_GUARDED,
				   .method = "GET",
				   .url = url,
				   .guard = guard,
				   .ca_file = ca_file };
	fetch_start(f->fetch, &r, &events, &result);
	loop_timer_set(&f->limit, WAIT_LIMIT_MS);
	while (!result.done && !f->too_late)
		loop_turn(f->loop);
	assert_true(result.done);
	guard_free(guard);
	return result;
}

static void only_a_trusted_certificate_for_the_right_name_will_do(void **state)
{
	struct fixture *f = *state;
	struct tls_server good = start_server(f->good_cert, f->good_key, NULL);
	struct tls_server other = start_server(f->other_cert, f->other_key, NULL);

	struct result r = ask(f, good.port, f->good_cert);
	assert_int_equal(r.err, OK);
	assert_int_equal(r.status, 200);
	assert_int_equal(ask(f, good.port, NULL).err, ERR_UNAVAILABLE); /* not the system's */
	assert_int_equal(ask(f, good.port, f->other_cert).err,
			 ERR_UNAVAILABLE); /* another authority */
	assert_int_equal(ask(f, other.port, f->other_cert).err,
			 ERR_UNAVAILABLE); /* trusted, wrong name */
	assert_int_equal(ask(f, good.port, "/nonexistent").err, ERR_UNAVAILABLE);
	assert_int_equal(ask(f, good.port, f->good_cert).err, OK);
	stop_server(&good);
	stop_server(&other);
}

static void versions_before_1_2_are_refused(void **state)
{
	struct fixture *f = *state;
	struct tls_server old = start_server(f->good_cert, f->good_key, "-tls1_1");
	struct tls_server just = start_server(f->good_cert, f->good_key, "-tls1_2");

	assert_int_equal(ask(f, old.port, f->good_cert).err, ERR_UNAVAILABLE);
	assert_int_equal(ask(f, just.port, f->good_cert).err, OK);
	stop_server(&old);
	stop_server(&just);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_a_trusted_certificate_for_the_right_name_will_do),
		cmocka_unit_test(versions_before_1_2_are_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
