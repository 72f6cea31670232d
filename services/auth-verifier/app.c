/* SPDX-License-Identifier: MIT */
#include "app.h"

#include "base/banned.h"

enum err auth_verifier_open(struct daemon *d, struct strbuf *errors)
{
	(void)errors;
	struct auth_verifier *a = xcalloc(1, sizeof(*a));
	a->config = d->config;
	d->app = a;
	return OK;
}

void auth_verifier_close(struct daemon *d)
{
	free(d->app);
	d->app = NULL;
}
