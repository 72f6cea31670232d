/* SPDX-License-Identifier: MIT */
/*
 * Loads the ring of key-encryption keys at start. A secret that does not open its canary, or stored KEKs that no configured secret brings
 * back, keep the daemon from becoming ready, with the reason; nothing is written then.
 */
#pragma once

#include "daemon/daemon.h"

#include "kek_ring.h"

struct keks;
struct keks *keks_new(struct daemon *d);
void keks_free(struct keks *k);
void keks_load(struct keks *k); /* each time the database connects; sets readiness "keys" */
/* NULL until they are loaded and proven. Borrowed. */
const struct kek_ring *keks_ring(const struct keks *k);
