/* SPDX-License-Identifier: MIT */
/*
 * Configuration comes from the environment only, described by one table per daemon. The table drives parsing, --help,
 * the README's settings section (--config-help), the supervisor's list of names (--config-names) and the tests.
 *
 * All errors are reported at once, each naming its variable. A variable that begins with GROVE_ and is in no table is an error.
 * An empty value of a secret is an error, not "unset"; an empty list is the empty list; an empty value of any other kind is unset.
 * A field of a secret kind may also be given as NAME_FILE (its mode must leave others nothing); both given is an error. Secrets
 * are removed from the environment and wiped there once read, also when loading fails.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"

#include "crypto/secret.h"

enum config_kind {
	CONFIG_TEXT,		/* char *, owned by the config struct; printable, at most 4096 bytes */
	CONFIG_BOOL,		/* bool: 1 true yes on / 0 false no off, any case */
	CONFIG_INT,		/* int64_t between min and max */
	CONFIG_ENUM,		/* int: index into .choices */
	CONFIG_LISTEN,		/* struct config_address: "127.0.0.1:7402", "[::1]:0" or "unix:/path" */
	CONFIG_PEER,		/* the same, port 0 refused */
	CONFIG_ORIGIN,		/* char *: scheme://host[:port], no path; https, or http when .http_allowed */
	CONFIG_LIST,		/* struct config_list: comma-separated, blanks trimmed, empty items refused */
	CONFIG_FILE,		/* char *: absolute path of a readable file */
	CONFIG_SECRET,		/* struct secret: bytes as given (a file's last newline is dropped), at most 4096; absent = not set */
	CONFIG_KEY32,		/* struct secret: 32 bytes from 64 hex or 43/44 base64 or base64url characters; placeholders and constant bytes refused */
	CONFIG_KEY32_LIST,	/* struct config_secret_list: comma list of the same, at most 4 */
};

struct config_address {
	char *unix_path;	/* NULL for TCP */
	char host[64];		/* numeric */
	uint16_t port;
};

struct config_list {
	char **items;
	size_t count;
};

struct config_secret_list {
	struct secret items[4];
	size_t count;
};

struct config_field {
	const char *name;
	enum config_kind kind;
	size_t offset;			/* in the daemon's struct config */
	const char *fallback;		/* default as text; NULL = none */
	bool required;
	bool http_allowed;
	int64_t min, max;
	const char *const *choices;	/* NULL-terminated */
	const char *text;		/* one sentence for people */
	const char *unit;		/* "ms", "bytes", … or NULL */
};

#define CONFIG_FIELD(type, member) .offset = offsetof(struct type, member)

/* A table ends with { 0 }. Tables are given as a list so that a daemon's own and the shared ones (daemon/daemon.h) join. */
struct config_tables {
	const struct config_field *const *tables;	/* NULL-terminated */
	void *const *targets;				/* one struct for each table; NULL for the writers below */
	/* Rules over several settings; NULL = none. Gets `checked` as far as it could be read and appends a line for each problem, with the names of the
	 * settings in it. A line that mentions one which is wrong by itself is left out: it may only follow from that. */
	enum err (*check)(const void *checked, struct strbuf *errors);
	const void *checked;
};

/*
 * Reads `environ` into zeroed structs; secret_init_library() ran before. On failure appends every error, one a line ("NAME: what is
 * wrong; wanted: …", never the value), to `errors` and returns ERR_INVALID_REQUEST; the structs are then cleared.
 */
MUST_CHECK enum err config_load(const struct config_tables *tables, struct strbuf *errors);
void config_clear(const struct config_tables *tables);	/* frees and wipes all fields */

MUST_CHECK enum err config_write_help(const struct config_tables *tables, struct strbuf *out);		/* --help */
MUST_CHECK enum err config_write_markdown(const struct config_tables *tables, struct strbuf *out);	/* --config-help */
MUST_CHECK enum err config_write_names(const struct config_tables *tables, struct strbuf *out);		/* --config-names */

/* "127.0.0.1:7402" → parts. Host must be a numeric address. */
MUST_CHECK enum err config_address_parse(struct text t, struct config_address *ret);
void config_address_format(const struct config_address *a, char *out, size_t size);
void config_address_clear(struct config_address *a);
