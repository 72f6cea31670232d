/* SPDX-License-Identifier: MIT */
#include "identities.h"

#include "base/mem.h"
#include "crypto/crypto.h"

#include "base/banned.h"

#define SLOTS 64

struct identities {
	uint64_t generation;
	struct {
		struct credentials_hash hash;
		int64_t until_ms;
		struct person person;
	} slots[SLOTS];
};

struct identities *identities_new(void)
{
	return xcalloc(1, sizeof(struct identities));
}

void identities_free(struct identities *ids)
{
	free(ids);
}

struct credentials_hash credentials_hash(struct text authorization, struct text cookie,
					 struct text email, struct text assertion)
{
	const struct text parts[] = { authorization, cookie, email, assertion };
	/* Hash of hashes: no two different sets of headers read the same. */
	uint8_t hashes[ARRAY_SIZE(parts)][1 + SHA256_BYTES] = { 0 };
	struct credentials_hash hash;
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		hashes[i][0] = parts[i].ptr ? 1 : 0;
		sha256(parts[i].ptr, parts[i].len, hashes[i] + 1);
	}
	sha256(hashes, sizeof(hashes), hash.bytes);
	return hash;
}

bool identities_find(const struct identities *ids, const struct credentials_hash *hash,
		     int64_t now_ms, struct person *ret)
{
	size_t slot = hash->bytes[0] % SLOTS;
	if (ids->slots[slot].until_ms <= now_ms ||
	    !secret_equal(ids->slots[slot].hash.bytes, hash->bytes, sizeof(hash->bytes)))
		return false;
	*ret = ids->slots[slot].person;
	return true;
}

uint64_t identities_generation(const struct identities *ids)
{
	return ids->generation;
}

void identities_add(struct identities *ids, uint64_t generation,
		    const struct credentials_hash *hash, int64_t now_ms,
		    const struct person *person)
{
	size_t slot = hash->bytes[0] % SLOTS;

	if (generation != ids->generation)
		return;
	ids->slots[slot].hash = *hash;
	ids->slots[slot].until_ms = now_ms + IDENTITIES_LIFE_MS;
	ids->slots[slot].person = *person;
}

void identities_drop(struct identities *ids)
{
	uint64_t generation = ids->generation;

	memset(ids, 0, sizeof(*ids));
	ids->generation = generation + 1;
}
