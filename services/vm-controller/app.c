/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "base/banned.h"

enum err vm_controller_open(struct daemon *d, struct strbuf *errors)
{
	(void)errors;
	struct vm_controller *v = xcalloc(1, sizeof(*v));
	v->config = d->config;
	v->machine = vm_machine_probe();
	d->app = v;
	return OK;
}

void vm_controller_close(struct daemon *d)
{
	free(d->app);
	d->app = NULL;
}
