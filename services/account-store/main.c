/* SPDX-License-Identifier: MIT */
/* account-store: people, their preferences, and conversations as a tree, sealed at rest. */
#include "daemon/daemon.h"

#include "app.h"

#include "base/banned.h"

static const struct daemon_spec account_store = {
	.id = DAEMON_ACCOUNT_STORE,
	.about = "people, preferences, and conversations that branch, sealed at rest",
	.default_listen = "127.0.0.1:7404",
	.default_ops_listen = "127.0.0.1:7504",
	.config_fields = account_store_config_fields,
	.config_size = sizeof(struct account_store_config),
	.routes = account_store_routes,
	.statements = sql_statements,
	.statement_count = SQL_COUNT,
	.peers = CALLER(DAEMON_KEYVAULT),
	.max_body = 4 << 20,
	.open = account_store_open,
	.close = account_store_close,
};

int main(int argc, char **argv)
{
	return daemon_main(&account_store, argc, argv);
}
