/* SPDX-License-Identifier: MIT */
/*
 * Key-encryption keys: derived at start from the configured secrets and the stored salts, kept in
 * locked memory. The current secret of a family wraps, the previous ones only open. A secret that
 * does not open its canary, or stored KEKs that no configured secret brings back, keep the daemon
 * from becoming ready, with the reason; nothing is written then.
 */
#pragma once

#include "crypto/crypto.h"
#include "crypto/seal.h"
#include "daemon/daemon.h"

enum kek_family { KEK_BYOK, KEK_DATA, KEK_FAMILIES };
const char *kek_family_name(enum kek_family f);

struct keks;
struct keks *keks_new(struct daemon *d);
void keks_free(struct keks *k);
void keks_load(struct keks *k); /* each time the database connects; sets readiness "keys" */
bool keks_are_ready(const struct keks *k);

/* The KEK that wraps new data keys, or the one named; ERR_INTERNAL: none (the secret is not
 * configured any more). Borrowed. */
MUST_CHECK enum err keks_current(const struct keks *k, enum kek_family f, struct seal_key *ret);
MUST_CHECK enum err keks_find(const struct keks *k, enum kek_family f,
			      const uint8_t kek_id[static 4], struct seal_key *ret);
