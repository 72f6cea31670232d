/* SPDX-License-Identifier: MIT */
#include "runs.h"

#include "base/mem.h"

#include "run.h"

#include "base/banned.h"

struct runs {
	struct run *first;
};

struct runs *runs_new(void)
{
	return xcalloc(1, sizeof(struct runs));
}

void runs_free(struct runs *r)
{
	while (r->first)
		runs_remove(r, r->first);
	free(r);
}

void runs_add(struct runs *r, struct run *run)
{
	run->next = r->first;
	r->first = run;
}

void runs_remove(struct runs *r, struct run *run)
{
	struct run **link = &r->first;
	while (*link != run)
		link = &(*link)->next;
	*link = run->next;
	run_free(run);
}

struct run *runs_find(struct runs *r, const struct uuid *id, const struct uuid *user)
{
	for (struct run *run = r->first; run; run = run->next)
		if (uuid_equal(&run->id, id))
			return uuid_equal(&run->identity.user, user) ? run : NULL;
	return NULL;
}

size_t runs_user_bytes(const struct runs *r, const struct uuid *user)
{
	size_t bytes = 0;
	for (const struct run *run = r->first; run; run = run->next)
		if (uuid_equal(&run->identity.user, user))
			bytes += run_buffered(run);
	return bytes;
}

size_t runs_live(const struct runs *r)
{
	size_t live = 0;
	for (const struct run *run = r->first; run; run = run->next)
		live += run->state != RUN_ENDED || !run->booked;
	return live;
}

void runs_each(struct runs *r, void (*visit)(struct run *run))
{
	struct run *next;
	for (struct run *run = r->first; run; run = next) {
		next = run->next;
		visit(run);
	}
}
