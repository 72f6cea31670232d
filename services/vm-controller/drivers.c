/* SPDX-License-Identifier: MIT */
#include "drivers.h"

#include <unistd.h>

#include "base/banned.h"

struct vm_machine vm_machine_probe(void)
{
	return (struct vm_machine){ .kvm = access("/dev/kvm", R_OK | W_OK) == 0 };
}

const char *vm_driver_problem(enum vm_driver choice, const struct vm_machine *machine)
{
	if (choice == VM_DRIVER_OFF)
		return "Browser VMs are switched off on this Grove (VM_DRIVER=off). The operator "
		       "can switch them on.";
	if (choice == VM_DRIVER_FIRECRACKER && !machine->kvm)
		return "VM_DRIVER=firecracker needs /dev/kvm, which this machine does not offer.";
	return "This version of Grove has no browser VMs yet; everything else works without them.";
}
