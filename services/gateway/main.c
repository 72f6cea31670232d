/* SPDX-License-Identifier: MIT */
/* gateway: the only door for /api. Who is it, may they, and on to the daemon whose job it is. */
#include "daemon/daemon.h"

#include "app.h"

#include "base/banned.h"

static const struct daemon_spec gateway = {
	.id = DAEMON_GATEWAY,
	.about = "the only door for /api: identity, Origin and CSRF, scope and role, then on to "
		 "the daemon whose job it is",
	.default_listen = "127.0.0.1:7400",
	.default_ops_listen = "127.0.0.1:7500",
	.config_fields = gateway_config_fields,
	.config_size = sizeof(struct gateway_config),
	.check_config = gateway_config_check,
	.routes = gateway_routes,
	.unmatched = &gateway_unmatched,
	.peers = CALLER(DAEMON_AUTH_VERIFIER) | CALLER(DAEMON_ACCOUNT_STORE) |
		 CALLER(DAEMON_KEYVAULT) | CALLER(DAEMON_CHAT_PROXY) | CALLER(DAEMON_VM_CONTROLLER),
	.max_body = GATEWAY_MAX_BODY,
	.open = gateway_open,
	.close = gateway_close,
};

int main(int argc, char **argv)
{
	return daemon_main(&gateway, argc, argv);
}
