/* SPDX-License-Identifier: MIT */
/* Whoever asks for a VM hears why there is none, in a sentence that names what could be changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "drivers.h"

#include "base/banned.h"

static void every_choice_has_a_reason(void **state)
{
	(void)state;
	for (int kvm = 0; kvm < 2; kvm++) {
		const struct vm_machine machine = { .kvm = kvm };

		for (enum vm_driver d = VM_DRIVER_AUTO; d <= VM_DRIVER_OFF; d++) {
			const char *problem = vm_driver_problem(d, &machine);

			assert_non_null(problem);
			assert_true(strlen(problem) > 20);
		}
	}
}

static void the_reason_names_the_setting_or_the_lack(void **state)
{
	const struct vm_machine bare = { .kvm = false }, able = { .kvm = true };

	(void)state;
	assert_non_null(strstr(vm_driver_problem(VM_DRIVER_OFF, &able), "VM_DRIVER=off"));
	assert_non_null(strstr(vm_driver_problem(VM_DRIVER_FIRECRACKER, &bare), "/dev/kvm"));
	assert_null(strstr(vm_driver_problem(VM_DRIVER_FIRECRACKER, &able), "/dev/kvm"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_choice_has_a_reason),
		cmocka_unit_test(the_reason_names_the_setting_or_the_lack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
