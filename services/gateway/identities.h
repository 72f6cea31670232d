/* SPDX-License-Identifier: MIT */
/*
 * Identities seen in the last five seconds, by SHA-256 of the credentials shown, so that a busy client does not cost a question per
 * request. A fixed table: a newer entry overwrites an older one in the same place. Dropped whole when credentials change; an answer that was asked for
 * before the drop is not kept, since it may be about the credential that just died.
 */
#pragma once

#include "base/text.h"
#include "token/envelope.h"

#define IDENTITIES_LIFE_MS 5000

/* What auth-verifier says about somebody. */
struct person {
	struct identity identity;
	char email[255];	/* "" when none */
	char display_name[129];
};

struct identities;
struct identities *identities_new(void);
void identities_free(struct identities *ids);

struct credentials_hash {
	uint8_t bytes[32];
};
struct credentials_hash credentials_hash(struct text authorization, struct text cookie, struct text email, struct text assertion);
bool identities_find(const struct identities *ids, const struct credentials_hash *hash, int64_t now_ms, struct person *ret);
uint64_t identities_generation(const struct identities *ids);	/* changes with each drop; take it before asking */
void identities_add(struct identities *ids, uint64_t generation, const struct credentials_hash *hash, int64_t now_ms, const struct person *person);
void identities_drop(struct identities *ids);
