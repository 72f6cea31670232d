/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"

struct vm_controller_config {
	int driver;	/* enum vm_driver */
};

extern const struct config_field vm_controller_config_fields[];
