/* SPDX-License-Identifier: MIT */
/* Which way of running a VM this machine has, and if none: why, in a sentence for the person who asked for one. */
#pragma once

#include <stdbool.h>

enum vm_driver { VM_DRIVER_AUTO, VM_DRIVER_FIRECRACKER, VM_DRIVER_QEMU, VM_DRIVER_CONTAINER, VM_DRIVER_OFF };

/* What the machine offers; probed once at start, before the sandbox closes /dev. */
struct vm_machine {
	bool kvm;	/* /dev/kvm can be opened */
};

struct vm_machine vm_machine_probe(void);
/* The reason why no VM can run with this choice. Never NULL while no driver is built in. Pure. */
const char *vm_driver_problem(enum vm_driver choice, const struct vm_machine *machine);
