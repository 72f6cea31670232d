/* SPDX-License-Identifier: MIT */
/*
 * struct secret over sodium_malloc(). libsodium asks for locked pages but carries on when the
 * kernel refuses, so each allocation is checked again here: a secret that could be swapped out is a
 * broken promise, not a detail.
 */
#include "crypto/secret.h"

#include <string.h>
#include <sys/mman.h>

#include <sodium.h>

#include "base/banned.h"

/* The operator's choice, taken once at start before any thread exists. */
static bool unlocked_memory_is_fine;

static void refuse_unlocked(const void *bytes, size_t len)
{
	/* Locking a locked page again costs nothing against RLIMIT_MEMLOCK. */
	if (mlock(bytes, len) != 0 && !unlocked_memory_is_fine)
		BUG("memory for secrets cannot be locked: raise RLIMIT_MEMLOCK or allow unlocked "
		    "memory");
}

void secret_init_library(bool allow_unlocked)
{
	BUG_ON(sodium_init() < 0);
	unlocked_memory_is_fine = allow_unlocked;
	struct secret probe = SECRET_INIT;
	secret_alloc(&probe, 1);
	secret_clear(&probe);
}

void secret_alloc(struct secret *s, size_t len)
{
	secret_clear(s);
	if (len == 0)
		return;
	BUG_ON(len >= SIZE_MAX - 1);
	uint8_t *bytes = sodium_malloc(len + 1);
	if (!bytes)
		BUG("out of memory for a secret");
	refuse_unlocked(bytes, len + 1);
	memset(bytes, 0, len + 1);
	*s = (struct secret){ bytes, len };
}

void secret_set(struct secret *s, const void *data, size_t len)
{
	struct secret fresh = SECRET_INIT;
	secret_alloc(&fresh, len);
	if (len > 0)
		memcpy(fresh.bytes, data, len);
	/* Only now, since data may lie inside s. */
	secret_clear(s);
	*s = fresh;
}

void secret_random(struct secret *s, size_t len)
{
	secret_alloc(s, len);
	if (len > 0)
		randombytes_buf(s->bytes, len);
}

void secret_clear(struct secret *s)
{
	sodium_free(s->bytes); /* wipes; NULL is allowed */
	*s = (struct secret)SECRET_INIT;
}

struct secret secret_take(struct secret *s)
{
	struct secret taken = *s;
	*s = (struct secret)SECRET_INIT;
	return taken;
}

bool secret_is_set(const struct secret *s)
{
	return s->bytes != NULL;
}

bool secret_equal(const void *a, const void *b, size_t len)
{
	return len == 0 || sodium_memcmp(a, b, len) == 0;
}

void wipe(void *data, size_t len)
{
	if (len > 0)
		sodium_memzero(data, len);
}
