/* SPDX-License-Identifier: MIT */
#include "runs.h"

#include "base/mem.h"

#include "run.h"

#include "base/banned.h"

#define BUCKETS 1024 /* by the random end of the id */

struct runs {
	struct run *buckets[BUCKETS];
};

static size_t bucket_of(const struct uuid *id)
{
	return ((size_t)id->bytes[14] << 8 | id->bytes[15]) % BUCKETS;
}

struct runs *runs_new(void)
{
	return xcalloc(1, sizeof(struct runs));
}

void runs_free(struct runs *r)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (r->buckets[i])
			runs_remove(r, r->buckets[i]);
	free(r);
}

void runs_add(struct runs *r, struct run *run)
{
	struct run **bucket = &r->buckets[bucket_of(&run->id)];
	run->next = *bucket;
	*bucket = run;
}

void runs_remove(struct runs *r, struct run *run)
{
	struct run **link = &r->buckets[bucket_of(&run->id)];
	while (*link != run)
		link = &(*link)->next;
	*link = run->next;
	run_free(run);
}

struct run *runs_find(struct runs *r, const struct uuid *id, const struct uuid *user)
{
	for (struct run *run = r->buckets[bucket_of(id)]; run; run = run->next)
		if (uuid_equal(&run->id, id))
			return uuid_equal(&run->identity.user, user) ? run : NULL;
	return NULL;
}

size_t runs_user_bytes(const struct runs *r, const struct uuid *user)
{
	size_t bytes = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct run *run = r->buckets[i]; run; run = run->next)
			if (uuid_equal(&run->identity.user, user))
				bytes += run_buffered(run);
	return bytes;
}

size_t runs_live(const struct runs *r)
{
	size_t live = 0;
	for (size_t i = 0; i < BUCKETS; i++)
		for (const struct run *run = r->buckets[i]; run; run = run->next)
			live += run->state != RUN_ENDED || !run->booked;
	return live;
}

void runs_each(struct runs *r, void (*visit)(struct run *run))
{
	struct run *next;
	for (size_t i = 0; i < BUCKETS; i++) {
		for (struct run *run = r->buckets[i]; run; run = next) {
			next = run->next;
			visit(run);
		}
	}
}
