/* SPDX-License-Identifier: MIT */
/* What the files of daemon/ share. */
#pragma once

#include "daemon/daemon.h"

#define READY_MAX 8

struct daemon_private {
	struct daemon *daemon;
	struct http_server *api, *ops;
	struct {
		char what[32];
		char *reason;	/* NULL: fine */
	} conditions[READY_MAX];
	size_t condition_count;
	bool announced;
	bool db_was_ok;
	struct loop_timer drain_timer;
	int64_t drain_until_ms;
	/* config tables joined for this daemon; see options.c */
	struct config_field shared[8], database[4], peers[DAEMON_COUNT + 1];
	struct config_address peer_addresses[DAEMON_COUNT];
	const struct config_field *table_list[5];
	void *target_list[5];
	struct config_tables tables;
};

/* options.c: joins the tables, answers --help and friends (returns true: done, exit with *ret_code), reads the environment. */
void options_join(struct daemon *d);
bool options_answer(struct daemon *d, int argc, char **argv, int *ret_code);
MUST_CHECK enum err options_load(struct daemon *d);

/* ops.c: the handler of the ops listener; arg is the daemon. */
void ops_handle(struct http_exchange *ex, void *arg);
bool daemon_is_ready(const struct daemon *d, struct strbuf *why);

/* sandbox.c, in the order they are called. */
void sandbox_begin(void);				/* before secrets are read */
void sandbox_close_files(const struct daemon *d);	/* no_new_privs, Landlock: after all files and listeners are open, before threads */
MUST_CHECK enum err sandbox_filter(const struct daemon *d);	/* seccomp, after the threads are started */
