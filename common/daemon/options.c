/* SPDX-License-Identifier: MIT */
/* The command line (--help, --version, --config-help, --config-names, --check-config) and the
 * settings every daemon shares. */
#include <assert.h>
#include <stdio.h>

#include "daemon/daemon_private.h"
#include "log/log.h"

#include "base/banned.h"

static const char *const log_levels[] = { "debug", "info", "warn", "error", NULL };
static const char *const sandbox_choices[] = { "on", "off", NULL };

static const struct config_field shared_fields[] = {
	{ "GROVE_LISTEN", CONFIG_LISTEN, CONFIG_FIELD(daemon_config, listen),
	  .text = "Where the daemon listens; port 0 takes any free one." },
	{ "GROVE_OPS_LISTEN", CONFIG_LISTEN, CONFIG_FIELD(daemon_config, ops_listen),
	  .text = "Where /healthz, /readyz and /metrics are served." },
	{ "GROVE_LOG_LEVEL", CONFIG_ENUM, CONFIG_FIELD(daemon_config, log_level),
	  .fallback = "info", .choices = log_levels,
	  .text = "The least important events that are logged." },
	{ "GROVE_PEER_KEYS_FILE", CONFIG_FILE, CONFIG_FIELD(daemon_config, peer_keys_file),
	  .required = true,
	  .text = "Keys for the identity envelope, a line for each pair this daemon belongs to." },
	{ "GROVE_ALLOW_UNLOCKED_MEMORY", CONFIG_BOOL,
	  CONFIG_FIELD(daemon_config, allow_unlocked_memory), .fallback = "false",
	  .text = "Start although secrets cannot be locked in memory (RLIMIT_MEMLOCK)." },
	{ "GROVE_SANDBOX", CONFIG_ENUM, CONFIG_FIELD(daemon_config, sandbox), .fallback = "on",
	  .choices = sandbox_choices,
	  .text = "The seccomp and Landlock sandbox; off only for debugging." },
	{ 0 },
};

static const struct config_field database_fields[] = {
	{ "GROVE_DATABASE", CONFIG_TEXT, CONFIG_FIELD(daemon_database_config, conninfo),
	  .required = true,
	  .text = "libpq connection string of this daemon's own role, without the password." },
	{ "GROVE_DATABASE_PASSWORD", CONFIG_SECRET, CONFIG_FIELD(daemon_database_config, password),
	  .text = "Password of that role." },
	{ "GROVE_DATABASE_CONNECTIONS", CONFIG_INT,
	  CONFIG_FIELD(daemon_database_config, connections), .fallback = "2", .min = 1, .max = 16,
	  .text = "Connections to PostgreSQL; units of work are pipelined on them." },
	{ 0 },
};

static const char *const peer_names[DAEMON_COUNT] = {
	[DAEMON_GATEWAY] = "GROVE_GATEWAY",
	[DAEMON_AUTH_VERIFIER] = "GROVE_AUTH_VERIFIER",
	[DAEMON_KEYVAULT] = "GROVE_KEYVAULT",
	[DAEMON_CHAT_PROXY] = "GROVE_CHAT_PROXY",
	[DAEMON_ACCOUNT_STORE] = "GROVE_ACCOUNT_STORE",
	[DAEMON_VM_CONTROLLER] = "GROVE_VM_CONTROLLER",
};

void options_join(struct daemon *d)
{
	struct daemon_private *p = d->private;
	size_t n = 0;
	static_assert(sizeof(shared_fields) <= sizeof(p->shared), "room for the shared table");
	static_assert(sizeof(database_fields) <= sizeof(p->database),
		      "room for the database table");
	if (d->spec->config_fields) {
		p->table_list[n] = d->spec->config_fields;
		p->target_list[n++] = d->config;
	}
	memcpy(p->shared, shared_fields, sizeof(shared_fields));
	p->shared[0].fallback = d->spec->default_listen;
	p->shared[1].fallback = d->spec->default_ops_listen;
	p->table_list[n] = p->shared;
	p->target_list[n++] = &d->common;
	if (d->spec->statements) {
		memcpy(p->database, database_fields, sizeof(database_fields));
		p->table_list[n] = p->database;
		p->target_list[n++] = &d->database;
	}
	size_t peers = 0;
	for (size_t i = 0; i < DAEMON_COUNT; i++) {
		if (!(d->spec->peers & CALLER(i)))
			continue;
		p->peers[peers++] =
			(struct config_field){ .name = peer_names[i],
					       .kind = CONFIG_PEER,
					       .offset = i * sizeof(struct config_address),
					       .required = true,
					       .text = "Address of that daemon." };
	}
	if (peers) {
		p->table_list[n] = p->peers;
		p->target_list[n++] = p->peer_addresses;
	}
	p->tables = (struct config_tables){ p->table_list, p->target_list, d->spec->check_config,
					    d->config };
}

static int print(const struct strbuf *out)
{
	return fwrite(out->data, 1, out->len, stdout) == out->len && !fflush(stdout) ? 0 : 1;
}

static int print_help(const struct daemon *d)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(256 * 1024);
	const char *name = daemon_name(d->spec->id);
	enum err err = strbuf_printf(&out,
				     "%s: %s\n\nUsage: %s [--help | --version | --config-help | "
				     "--config-names | --check-config]\n"
				     "Without an option it runs in the foreground, logs JSON lines "
				     "to stderr and stops on SIGTERM.\n\n"
				     "Settings come from the environment:\n\n",
				     name, d->spec->about, name);
	if (!err)
		err = config_write_help(&d->private->tables, &out);
	return err ? 1 : print(&out);
}

static int check_config(struct daemon *d)
{
	if (options_load(d))
		return 2;
	config_clear(&d->private->tables);
	return printf("The settings are in order.\n") > 0 ? 0 : 1;
}

bool options_answer(struct daemon *d, int argc, char **argv, int *ret_code)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(256 * 1024);
	const char *option = argc > 1 ? argv[1] : NULL;
	if (!option)
		return false;
	if (argc > 2) {
		fprintf(stderr, "%s takes one option at most; see --help.\n", argv[0]);
		*ret_code = 2;
	} else if (!strcmp(option, "--help")) {
		*ret_code = print_help(d);
	} else if (!strcmp(option, "--version")) {
		*ret_code = printf("%s %s\n", daemon_name(d->spec->id), GROVE_VERSION) > 0 ? 0 : 1;
	} else if (!strcmp(option, "--config-help")) {
		*ret_code = config_write_markdown(&d->private->tables, &out) ? 1 : print(&out);
	} else if (!strcmp(option, "--config-names")) {
		*ret_code = config_write_names(&d->private->tables, &out) ? 1 : print(&out);
	} else if (!strcmp(option, "--check-config")) {
		*ret_code = check_config(d);
	} else {
		fprintf(stderr, "%s does not know %s; see --help.\n", daemon_name(d->spec->id),
			option);
		*ret_code = 2;
	}
	return true;
}

enum err options_load(struct daemon *d)
{
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(64 * 1024);
	enum err err = config_load(&d->private->tables, &errors);
	if (!err)
		return OK;
	fprintf(stderr, "%s cannot start: its settings are not in order.\n%s",
		daemon_name(d->spec->id), errors.data);
	return err;
}
