/* SPDX-License-Identifier: MIT */
/* vm-controller: disposable browsers in microVMs. No driver is built in yet: every route says so,
 * and nothing else in the house minds. */
#include "daemon/daemon.h"

#include "app.h"

#include "base/banned.h"

static const struct daemon_spec vm_controller = {
	.id = DAEMON_VM_CONTROLLER,
	.about = "browser VMs: their lives, viewers and one-shot credentials",
	.default_listen = "127.0.0.1:7405",
	.default_ops_listen = "127.0.0.1:7505",
	.config_fields = vm_controller_config_fields,
	.config_size = sizeof(struct vm_controller_config),
	.routes = vm_controller_routes,
	.open = vm_controller_open,
	.close = vm_controller_close,
};

int main(int argc, char **argv)
{
	return daemon_main(&vm_controller, argc, argv);
}
