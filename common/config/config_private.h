/* SPDX-License-Identifier: MIT */
/* Private to config: walking all tables at once, and what loading and writing share. */
#pragma once

#include "config/config.h"

/* struct config_cursor c = { 0 }; while (config_next(tables, &c)) … c.field, c.value … */
struct config_cursor {
	const struct config_field *field;
	void *value; /* the field inside the daemon's struct; NULL when there are no targets */
	size_t table, index;
};

bool config_next(const struct config_tables *tables, struct config_cursor *c);

/* Secret kinds may come as NAME_FILE, are wiped from the environment and may not be empty. */
bool config_kind_is_secret(enum config_kind kind);

/*
 * Reads one value into its field, which must be empty. Returns NULL, or in a few words what is
 * wrong, without the value: people paste secrets into the wrong variable.
 */
const char *config_value_parse(const struct config_field *f, struct text given, void *value);
void config_value_clear(const struct config_field *f, void *value);

/* "scheme://host[:port]" in lower case and without a default port, as browsers send Origin; NULL
 * when it is none. */
char *config_origin_normalise(struct text t, bool http_allowed);

/* What is wanted, in a few words: "a whole number from 1 to 60000 ms". */
MUST_CHECK enum err config_write_wanted(const struct config_field *f, struct strbuf *out);
