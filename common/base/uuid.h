/* SPDX-License-Identifier: MIT */
/*
 * Identifiers. New ones are version 7 (RFC 9562 §5.7: time-ordered, so that indexes stay dense) with 74 random bits from getrandom(2).
 * They are names, never a permission: ownership is always checked. Any well-formed UUID is accepted from clients.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"

struct uuid {
	uint8_t bytes[16];
};

#define UUID_TEXT_SIZE 37

struct uuid uuid_new(void);
bool uuid_is_nil(const struct uuid *id);
bool uuid_equal(const struct uuid *a, const struct uuid *b);
void uuid_format(const struct uuid *id, char out[static UUID_TEXT_SIZE]);	/* lower case, with dashes */
MUST_CHECK enum err uuid_parse(struct text t, struct uuid *ret);		/* 8-4-4-4-12, either case; else ERR_INVALID_REQUEST */

void random_bytes(void *out, size_t len);	/* getrandom(2); aborts when the kernel refuses */
