/* SPDX-License-Identifier: MIT */
/* chat-proxy: provider calls, their streams, runs that outlive a page, usage and cost. */
#include "daemon/daemon.h"

#include "app.h"
#include "chat_request.h"

#include "base/banned.h"

static const struct daemon_spec chat_proxy = {
	.id = DAEMON_CHAT_PROXY,
	.about = "provider calls, streaming, runs that can be resumed and stopped, usage and cost",
	.default_listen = "127.0.0.1:7403",
	.default_ops_listen = "127.0.0.1:7503",
	.config_fields = chat_proxy_config_fields,
	.config_size = sizeof(struct chat_proxy_config),
	.check_config = chat_proxy_config_check,
	.routes = chat_proxy_routes,
	.peers = CALLER(DAEMON_KEYVAULT) | CALLER(DAEMON_ACCOUNT_STORE),
	.max_body = CHAT_REQUEST_MAX,
	.open = chat_proxy_open,
	.drain = chat_proxy_drain,
	.drained = chat_proxy_is_drained,
	.close = chat_proxy_close,
	.internet = true,
	.resolves_names = true,
};

int main(int argc, char **argv)
{
	return daemon_main(&chat_proxy, argc, argv);
}
