/* SPDX-License-Identifier: MIT */
/* A private PostgreSQL for one test program; see the header. */
#include "pg_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

#include "base/banned.h"

#define START_LIMIT_MS 60000

static bool find_binaries(char *out, size_t size)
{
	glob_t found;
	bool ok = glob("/usr/lib/postgresql/*/bin/postgres", 0, NULL, &found) == 0 &&
		  found.gl_pathc > 0;

	if (ok) {
		const char *path = found.gl_pathv[found.gl_pathc - 1];
		snprintf(out, size, "%.*s", (int)(strlen(path) - strlen("/postgres")), path);
	}
	globfree(&found);
	return ok;
}

static const struct passwd *server_user(void)
{
	const struct passwd *user = getpwnam("postgres");

	return user ? user : getpwnam("nobody");
}

/* In the child: not root, and not outliving the test. */
static void become_server_user(const struct passwd *user, pid_t parent)
{
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) < 0 || setgid(user->pw_gid) < 0 || setuid(user->pw_uid) < 0))
		_exit(126);
	/* After the change of user, which clears it. SIGQUIT is an immediate shutdown to the
	 * postmaster. */
	prctl(PR_SET_PDEATHSIG, SIGQUIT);
	if (getppid() != parent)
		_exit(126);
}

static pid_t spawn(const struct pg_fixture *pg, char *const argv[], int error_fd)
{
	const struct passwd *user = server_user();
	pid_t parent = getpid(), pid = fork();

	BUG_ON(pid < 0);
	if (pid > 0)
		return pid;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	dup2(null, 0);
	dup2(null, 1);
	dup2(error_fd, 2);
	become_server_user(user, parent);
	unsetenv("NOTIFY_SOCKET");
	setenv("LC_ALL", "C.UTF-8", 1);
	if (chdir(pg->dir) == 0)
		execv(argv[0], argv);
	_exit(127);
}

static void run_initdb(const struct pg_fixture *pg)
{
	AUTO(auto_free) char *program = xasprintf("%s/initdb", pg->bin);
	AUTO(auto_free) char *data = xasprintf("%s/data", pg->dir);
	char *argv[] = { program,
			 (char *)"-D",
			 data,
			 (char *)"-U",
			 (char *)"grove_owner",
			 (char *)"-A",
			 (char *)"trust",
			 (char *)"-E",
			 (char *)"UTF8",
			 (char *)"--locale=C.UTF-8",
			 (char *)"-N",
			 NULL };
	int status = 0;
	pid_t pid = spawn(pg, argv, 2);

	BUG_ON(waitpid(pid, &status, 0) != pid);
	BUG_ON(status != 0);
	/* The owner comes in freely, everybody else by password. */
	AUTO(auto_free) char *hba = xasprintf("%s/data/pg_hba.conf", pg->dir);
	FILE *f = fopen(hba, "w");
	BUG_ON(!f);
	fputs("local all grove_owner trust\nlocal all all scram-sha-256\n", f);
	BUG_ON(fclose(f) != 0);
}

static void wait_until_ready(const struct pg_fixture *pg)
{
	AUTO(strbuf_clear) struct strbuf log = STRBUF_INIT(1 << 20);
	int64_t limit = clock_mono_ms() + START_LIMIT_MS;
	char buffer[4096];

	while (!strstr(log.data, "ready to accept connections")) {
		struct pollfd p = { .fd = pg->log_fd, .events = POLLIN };
		int64_t left = limit - clock_mono_ms();
		ssize_t got = left > 0 && poll(&p, 1, (int)left) > 0
				      ? read(pg->log_fd, buffer, sizeof(buffer))
				      : 0;
		if (got <= 0 || strbuf_append(&log, buffer, (size_t)got) != OK) {
			fprintf(stderr, "PostgreSQL did not start:\n%s\n", log.data);
			BUG("PostgreSQL did not start");
		}
	}
}

void pg_fixture_server_start(struct pg_fixture *pg)
{
	AUTO(auto_free) char *program = xasprintf("%s/postgres", pg->bin);
	AUTO(auto_free) char *data = xasprintf("%s/data", pg->dir);
	/* Few lines, so that the pipe never fills: errors of statements are the tests' business. */
	char *argv[] = { program,
			 (char *)"-D",
			 data,
			 (char *)"-k",
			 (char *)pg->dir,
			 (char *)"-c",
			 (char *)"listen_addresses=",
			 (char *)"-c",
			 (char *)"fsync=off",
			 (char *)"-c",
			 (char *)"synchronous_commit=off",
			 (char *)"-c",
			 (char *)"full_page_writes=off",
			 (char *)"-c",
			 (char *)"log_min_messages=log",
			 (char *)"-c",
			 (char *)"log_min_error_statement=panic",
			 (char *)"-c",
			 (char *)"log_checkpoints=off",
			 (char *)"-c",
			 (char *)"shared_buffers=16MB",
			 (char *)"-c",
			 (char *)"max_connections=20",
			 NULL };
	int fds[2];

	BUG_ON(pipe2(fds, O_CLOEXEC) < 0);
	pg->log_fd = fds[0];
	pg->pid = spawn(pg, argv, fds[1]);
	close(fds[1]);
	wait_until_ready(pg);
}

void pg_fixture_server_stop(struct pg_fixture *pg)
{
	int status;

	if (pg->pid <= 0)
		return;
	kill(pg->pid, SIGINT); /* fast shutdown */
	/* Closing the pipe first would end the server by SIGPIPE at its next log line. */
	waitpid(pg->pid, &status, 0);
	close(pg->log_fd);
	pg->pid = 0;
	pg->log_fd = -1;
}

bool pg_fixture_start(struct pg_fixture *pg)
{
	const char *tmp = getenv("TMPDIR");

	*pg = (struct pg_fixture){ .log_fd = -1 };
	if (!find_binaries(pg->bin, sizeof(pg->bin))) {
		fprintf(stderr, "no PostgreSQL in /usr/lib/postgresql: its tests are skipped "
				"(apt-get install postgresql)\n");
		return false;
	}
	/* The socket's path must stay below 108 bytes. */
	snprintf(pg->dir, sizeof(pg->dir), "%s/grove-pg-XXXXXX",
		 tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	BUG_ON(!mkdtemp(pg->dir));
	if (geteuid() == 0) {
		const struct passwd *user = server_user();
		BUG_ON(!user || chown(pg->dir, user->pw_uid, user->pw_gid) < 0);
	}
	snprintf(pg->conninfo_owner, sizeof(pg->conninfo_owner),
		 "host=%s dbname=postgres user=grove_owner", pg->dir);
	snprintf(pg->conninfo_app, sizeof(pg->conninfo_app),
		 "host=%s dbname=postgres user=grove_app", pg->dir);
	run_initdb(pg);
	pg_fixture_server_start(pg);
	pg_fixture_sql(
		pg, "CREATE ROLE grove_app LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD 'app-password'");
	return true;
}

static int remove_entry(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
	(void)st;
	(void)kind;
	(void)ftw;
	return remove(path);
}

void pg_fixture_stop(struct pg_fixture *pg)
{
	pg_fixture_server_stop(pg);
	if (pg->dir[0])
		nftw(pg->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	pg->dir[0] = 0;
}

static PGresult *run_sql(struct pg_fixture *pg, PGconn **ret_conn, const char *sql)
{
	*ret_conn = PQconnectdb(pg->conninfo_owner);
	if (PQstatus(*ret_conn) != CONNECTION_OK) {
		fprintf(stderr, "%s", PQerrorMessage(*ret_conn));
		BUG("the fixture cannot connect");
	}
	PGresult *result = PQexec(*ret_conn, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK &&
	    PQresultStatus(result) != PGRES_TUPLES_OK) {
		fprintf(stderr, "%s", PQresultErrorMessage(result));
		BUG("the fixture's SQL failed");
	}
	return result;
}

void pg_fixture_sql(struct pg_fixture *pg, const char *sql)
{
	PGconn *conn;

	PQclear(run_sql(pg, &conn, sql));
	PQfinish(conn);
}

char *pg_fixture_value(struct pg_fixture *pg, const char *sql)
{
	PGconn *conn;
	PGresult *result = run_sql(pg, &conn, sql);
	char *value = xstrdup(PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");

	PQclear(result);
	PQfinish(conn);
	return value;
}
