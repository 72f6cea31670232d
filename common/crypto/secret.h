/* SPDX-License-Identifier: MIT */
/*
 * struct secret: bytes that must not leak. They live in libsodium memory: locked (never swapped), between guard pages, left out of core
 * files, wiped when freed. No log or JSON writer accepts the type; whoever needs the bytes names secret->bytes at the point of use.
 *
 * Each secret locks at least one page, and RLIMIT_MEMLOCK is commonly 8 MiB: about 2,000 live secrets in a daemon.
 * secret_init_library() must run once before any other call of this module, before threads start. It and every later allocation abort
 * when memory cannot be locked, unless allow_unlocked (an operator's explicit choice).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

struct secret {
	uint8_t *bytes;	/* NULL when empty (len 0); a NUL follows the last byte */
	size_t len;
};

#define SECRET_INIT { 0 }

void secret_init_library(bool allow_unlocked);
void secret_set(struct secret *s, const void *data, size_t len);	/* copies; frees what was there */
void secret_alloc(struct secret *s, size_t len);			/* zeroed, for filling in place */
void secret_random(struct secret *s, size_t len);
void secret_clear(struct secret *s);					/* wipes and frees; AUTO-friendly */
struct secret secret_take(struct secret *s);				/* moves, leaves s empty */
bool secret_is_set(const struct secret *s);
bool secret_equal(const void *a, const void *b, size_t len);		/* constant time */
void wipe(void *data, size_t len);					/* for stack copies; cannot be optimised away */
