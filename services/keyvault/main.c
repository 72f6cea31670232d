/* SPDX-License-Identifier: MIT */
/* keyvault: the one place that opens keys. Seals, leases, and never shows one to anybody but
 * chat-proxy. */
#include "daemon/daemon.h"

#include "app.h"
#include "sql.h"

#include "base/banned.h"

static const struct daemon_spec keyvault = {
	.id = DAEMON_KEYVAULT,
	.about = "seals and opens secrets: data keys for account-store, provider keys for "
		 "chat-proxy, for nobody else",
	.default_listen = "127.0.0.1:7402",
	.default_ops_listen = "127.0.0.1:7502",
	.config_fields = keyvault_config_fields,
	.config_size = sizeof(struct keyvault_config),
	.check_config = keyvault_config_check,
	.routes = keyvault_routes,
	.statements = sql_statements,
	.statement_count = SQL_COUNT,
	.open = keyvault_open,
	.connected = keyvault_connected,
	.close = keyvault_close,
};

int main(int argc, char **argv)
{
	return daemon_main(&keyvault, argc, argv);
}
