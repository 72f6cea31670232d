/* SPDX-License-Identifier: MIT */
/* auth-verifier: who is this? Personal tokens and the local owner; it answers yes, no or who, and
 * nothing else. */
#include "daemon/daemon.h"

#include "app.h"
#include "sql.h"

#include "base/banned.h"

static const struct daemon_spec auth_verifier = {
	.id = DAEMON_AUTH_VERIFIER,
	.about = "who is this: personal tokens, the local owner; yes, no or who, and nothing else",
	.default_listen = "127.0.0.1:7401",
	.default_ops_listen = "127.0.0.1:7501",
	.config_fields = auth_verifier_config_fields,
	.config_size = sizeof(struct auth_verifier_config),
	.check_config = auth_verifier_config_check,
	.routes = auth_verifier_routes,
	.statements = sql_statements,
	.statement_count = SQL_COUNT,
	.peers = CALLER(DAEMON_ACCOUNT_STORE),
	.open = auth_verifier_open,
	.close = auth_verifier_close,
};

int main(int argc, char **argv)
{
	return daemon_main(&auth_verifier, argc, argv);
}
