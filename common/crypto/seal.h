/* SPDX-License-Identifier: MIT */
/*
 * The sealed record, the only form in which content and keys reach a disk:
 *
 *	0x01 | alg 0x01 | kek_id(4) | dek_version(4, big-endian) | nonce(12) | ciphertext | tag(16)
 *
 * alg 0x01 is AES-256-GCM. The additional data is a list of length-prefixed parts (u16 big-endian + bytes): a label ("grove/content/v1", …),
 * the ten header bytes, then what the caller binds (user, table, row, column; for provider keys also provider and origin). So a value moved to
 * another place does not open. kek_id is the first four bytes of HKDF(secret, "grove/kek-id/v1/<family>") and only says which secret wrapped the data key; there is
 * no trial of other keys and no fallback. docs/sealed-format.md is the published description; tests open it from another language.
 */
#pragma once

#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/uuid.h"

#include "crypto/crypto.h"

#define SEAL_HEADER_BYTES 10
#define SEAL_OVERHEAD (SEAL_HEADER_BYTES + AEAD_NONCE_BYTES + AEAD_TAG_BYTES)

/* A data key with its names. The key bytes are borrowed. */
struct seal_key {
	uint8_t kek_id[4];
	uint32_t dek_version;
	const uint8_t *key;	/* AEAD_KEY_BYTES */
};

/*
 * What a value is bound to. Parts are used in this order; an absent text (table, column and extras may be) is skipped together with its
 * length, so all records of one label must leave out the same parts. 4,096 bytes in all, else ERR_TOO_LARGE.
 */
struct seal_place {
	const char *label;
	struct uuid user;
	const char *table;
	struct uuid row;
	const char *column;
	struct text extra[4];	/* provider, origin; chunk numbers; … */
};

/* Appends. Each call takes a fresh random nonce: at most 2^30 records under one data key (the caller counts). */
MUST_CHECK enum err seal(const struct seal_key *key, const struct seal_place *place, struct text plain, struct strbuf *ret_sealed);

struct seal_header {
	uint8_t kek_id[4];
	uint32_t dek_version;
};

/* Which key a record needs; ERR_INTERNAL for anything that is not a well-formed record. */
MUST_CHECK enum err seal_read_header(struct text sealed, struct seal_header *ret);
/* Header must match key; ERR_INTERNAL when it does not open. Plain text goes to a secret or is appended to a buffer (ERR_TOO_LARGE at its limit). */
MUST_CHECK enum err seal_open(const struct seal_key *key, const struct seal_place *place, struct text sealed, struct strbuf *ret_plain);
MUST_CHECK enum err seal_open_secret(const struct seal_key *key, const struct seal_place *place, struct text sealed, struct secret *ret_plain);

/*
 * KEK and its id from a configured 32-byte secret: HKDF-SHA-256, salt = 32 random bytes stored once, info "grove/kek/v1/<family>" and
 * "grove/kek-id/v1/<family>". The family is "byok" or "data": one secret configured for both still gives two unrelated keys.
 */
void kek_derive(const struct secret *configured, const uint8_t salt[static 32], const char *family, struct secret *ret_kek, uint8_t ret_id[static 4]);
