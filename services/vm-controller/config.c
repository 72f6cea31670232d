/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "base/banned.h"

/* In the order of enum vm_driver. */
static const char *const drivers[] = { "auto", "firecracker", "qemu", "container", "off", NULL };

const struct config_field vm_controller_config_fields[] = {
	{ "VM_DRIVER", CONFIG_ENUM, CONFIG_FIELD(vm_controller_config, driver), .fallback = "auto",
	  .choices = drivers,
	  .text = "How browser VMs run: auto takes the best that this machine can do." },
	{ 0 },
};
