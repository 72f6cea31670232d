/* SPDX-License-Identifier: MIT */
#pragma once

#include "daemon/daemon.h"

#include "config.h"
#include "drivers.h"

struct vm_controller {
	const struct vm_controller_config *config;
	struct vm_machine machine;
};

extern const struct route vm_controller_routes[];
extern const struct flow_step refuse_flow[];

enum err vm_controller_open(struct daemon *d, struct strbuf *errors);
void vm_controller_close(struct daemon *d);
