/* SPDX-License-Identifier: MIT */
/*
 * A private PostgreSQL for one test program: a fresh cluster in a temporary directory, reached only by a Unix socket there, without
 * fsync, as an unprivileged user when the test runs as root. The server is a child that dies with the test.
 *
 *	struct pg_fixture pg;
 *	if (!pg_fixture_start(&pg))
 *		skip();				the reason is on stderr
 *	struct db_config config = { .conninfo = pg.conninfo_app, … };
 *	pg_fixture_stop(&pg);
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct pg_fixture {
	char dir[64];			/* holds the cluster and the socket */
	char bin[256];			/* where initdb and postgres are */
	char conninfo_owner[160];	/* superuser "grove_owner" */
	char conninfo_app[160];		/* role "grove_app": login, no special rights, password "app-password" needed */
	pid_t pid;
	int log_fd;			/* the server's stderr */
};

bool pg_fixture_start(struct pg_fixture *pg);	/* false: PostgreSQL is not installed; any other trouble aborts */
void pg_fixture_stop(struct pg_fixture *pg);	/* stops the server and removes the directory */

/* In between: the server alone, as an operator or a crash would do it. */
void pg_fixture_server_stop(struct pg_fixture *pg);	/* fast shutdown, waits for its end */
void pg_fixture_server_start(struct pg_fixture *pg);	/* waits until it takes connections */

/* Runs SQL as the owner, blocking; aborts on an error. The second form gives the first cell, to be freed. */
void pg_fixture_sql(struct pg_fixture *pg, const char *sql);
char *pg_fixture_value(struct pg_fixture *pg, const char *sql);
