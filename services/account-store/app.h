/* SPDX-License-Identifier: MIT */
/* Everything account-store owns, and the table of contents of its flows. */
#pragma once

#include "daemon/daemon.h"
#include "flow/flow.h"

#include "config.h"
#include "data_keys.h"

#include "sql.h"

struct reaper;

struct account_store {
	const struct account_store_config *config;
	struct data_keys *keys;
	struct reaper *reaper;
};

enum err account_store_open(struct daemon *d, struct strbuf *errors);
void account_store_close(struct daemon *d);

extern const struct route account_store_routes[];
