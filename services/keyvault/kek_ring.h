/* SPDX-License-Identifier: MIT */
/*
 * The key-encryption keys at hand: derived from the configured secrets and the stored salts, in locked memory. The current one of a
 * family wraps, previous ones only open. A KEK's canary is a record that only it opens: with it a stored KEK is recognised. Pure.
 */
#pragma once

#include "crypto/crypto.h"
#include "crypto/seal.h"

enum kek_family { KEK_BYOK, KEK_DATA, KEK_FAMILIES };
const char *kek_family_name(enum kek_family f); /* "byok", "data" */

#define KEK_ID_BYTES 4
#define KEK_SALT_BYTES 32
#define MOST_KEKS (KEK_FAMILIES * 5) /* a current one and four previous ones */

struct kek {
	enum kek_family family;
	bool is_current, is_stored;
	uint8_t id[KEK_ID_BYTES];
	struct secret key;
};

struct kek_ring {
	struct kek items[MOST_KEKS];
	size_t count;
};

void kek_ring_clear(struct kek_ring *ring);
void kek_ring_add(struct kek_ring *ring, enum kek_family f, const struct secret *configured,
		  const uint8_t salt[static KEK_SALT_BYTES], bool is_current);

/* The KEK that wraps new data keys, or the one named; ERR_INTERNAL: none. Borrowed. */
MUST_CHECK enum err kek_ring_current(const struct kek_ring *ring, enum kek_family f,
				     struct seal_key *ret);
MUST_CHECK enum err kek_ring_find(const struct kek_ring *ring, enum kek_family f,
				  const uint8_t id[static KEK_ID_BYTES], struct seal_key *ret);

MUST_CHECK enum err kek_seal_canary(const struct kek *kek, struct strbuf *ret_sealed);
/* Is the KEK of this id at hand, and does it open its canary? It then counts as stored. */
bool kek_ring_opens(struct kek_ring *ring, enum kek_family f, struct text id, struct text canary);
