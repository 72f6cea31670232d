/* SPDX-License-Identifier: MIT */
/*
 * The start-up skeleton every daemon shares. main.c is a struct daemon_spec and a call of daemon_main().
 *
 * Order (sandbox.c has the reasons): --help and friends → configuration (all errors at once, exit 2) → no core, not dumpable, umask → secrets, peer keys → loop,
 * fetch, peers, database → listeners (API and ops) → spec->open → no_new_privs, Landlock, worker threads, seccomp → `daemon.ready` when dependencies are
 * → run. SIGTERM: not ready → stop accepting → live requests end or 10 s pass → close → free everything → exit 0. Second SIGTERM: exit at once.
 *
 * Ops listener: GET /healthz (the loop turns: 200 "ok"), /readyz (200, or 503 with a line for each thing that is missing), /metrics.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "config/config.h"
#include "db/db.h"
#include "fetch/fetch.h"
#include "flow/flow.h"
#include "flow/peer.h"
#include "loop/loop.h"
#include "loop/work.h"
#include "token/envelope.h"

/* Settings every daemon has; the table is in daemon.c. */
struct daemon_config {
	struct config_address listen, ops_listen;
	int log_level;
	char *peer_keys_file;
	bool allow_unlocked_memory;
	int sandbox;			/* on, off: off only in sanitizer builds and under a debugger */
};
/* Further shared tables, joined when the spec asks for them. */
struct daemon_database_config {
	char *conninfo;			/* GROVE_DATABASE */
	struct secret password;		/* GROVE_DATABASE_PASSWORD[_FILE] */
	int64_t connections;		/* GROVE_DATABASE_CONNECTIONS */
};

struct daemon;

struct daemon_spec {
	enum daemon_id id;
	const char *about;				/* one sentence for --help and the README */
	const char *default_listen, *default_ops_listen;
	const struct config_field *config_fields;	/* the daemon's own table; NULL = none */
	size_t config_size;
	/* Rules over several fields; appends a line for each problem. */
	enum err (*check_config)(const void *config, struct strbuf *errors);
	const struct route *routes;
	const struct route *unmatched;			/* see struct flow_env; NULL: 404 and 405 at once */
	const struct db_statement *statements;		/* NULL: no database */
	size_t statement_count;
	unsigned peers;					/* CALLER(DAEMON_…) bits of the daemons it calls: each has GROVE_<NAME> */
	unsigned worker_threads;			/* 0 = none */
	size_t max_body;				/* of the largest route, default 1 MiB */
	/* Makes d->app. Runs before the sandbox. Errors go to `errors`. */
	enum err (*open)(struct daemon *d, struct strbuf *errors);
	/* Called once more when database and listeners are there, each time the database (re)connects; NULL = nothing. Not ready until it says OK through daemon_set_ready. */
	void (*connected)(struct daemon *d);
	void (*drain)(struct daemon *d);		/* SIGTERM: end streams, flush; NULL = nothing */
	bool (*drained)(const struct daemon *d);	/* true when nothing of the app is under way; NULL = always */
	void (*close)(struct daemon *d);		/* frees d->app */
	bool internet;					/* seccomp: may open sockets to anywhere (chat-proxy, auth-verifier) */
	bool resolves_names;				/* libcurl's resolver threads, nsswitch files */
};

struct daemon {
	const struct daemon_spec *spec;
	struct daemon_config common;
	struct daemon_database_config database;
	void *config;			/* the daemon's own struct */
	struct loop *loop;
	struct fetch *fetch;
	struct db *db;
	struct peers *peers;
	struct envelope_keys *keys;
	struct work_pool *work;
	struct flow_env env;
	void *app;
	bool draining;
	struct daemon_private *private;
};

int daemon_main(const struct daemon_spec *spec, int argc, char **argv);

/* A named condition of readiness: not ready while any has a reason. NULL reason = fine. Texts are copied. */
void daemon_set_ready(struct daemon *d, const char *what, const char *reason);
