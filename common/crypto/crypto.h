/* SPDX-License-Identifier: MIT */
/*
 * The few primitives the house uses, over OpenSSL's EVP (portable AES-GCM, HKDF, HMAC, SHA-256) and libsodium (Argon2id, base64).
 * Nothing here chooses keys or formats; seal.h has the record format.
 *
 * Sources: AES-256-GCM NIST SP 800-38D; HKDF RFC 5869; HMAC RFC 2104; Argon2id RFC 9106. EVP_Cipher, EVP_DecodeBlock and a tag
 * length read from data are banned (reference: CVE-2026-75803, CVE-2023-37464).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/strbuf.h"
#include "base/text.h"

#include "crypto/secret.h"

#define AEAD_KEY_BYTES 32
#define AEAD_NONCE_BYTES 12
#define AEAD_TAG_BYTES 16
#define SHA256_BYTES 32

/* out takes len + AEAD_TAG_BYTES. The nonce must never repeat under a key. Aborts only on broken invariants. */
void aead_seal(const uint8_t key[static AEAD_KEY_BYTES], const uint8_t nonce[static AEAD_NONCE_BYTES],
	       const void *aad, size_t aad_len, const void *plain, size_t len, uint8_t *out);
/* out takes len - AEAD_TAG_BYTES; on failure it is wiped and ERR_INTERNAL comes back: never use it then. */
MUST_CHECK enum err aead_open(const uint8_t key[static AEAD_KEY_BYTES], const uint8_t nonce[static AEAD_NONCE_BYTES],
			      const void *aad, size_t aad_len, const void *sealed, size_t len, uint8_t *out);

void sha256(const void *data, size_t len, uint8_t out[static SHA256_BYTES]);
void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len, uint8_t out[static SHA256_BYTES]);
void hkdf_sha256(const void *secret, size_t secret_len, const void *salt, size_t salt_len, const char *info,
		 uint8_t *out, size_t out_len);

/* Argon2id; `encoded` is libsodium's $argon2id$… string. CPU work of > 50 ms: only on the worker pool (loop/work.h). */
#define PASSWORD_HASH_SIZE 128
MUST_CHECK enum err password_hash(const struct secret *password, char encoded[static PASSWORD_HASH_SIZE]);
bool password_verify(const struct secret *password, const char *encoded);
bool password_needs_rehash(const char *encoded);

/* base64url without padding and plain base64 with padding; decoders are strict (alphabet, padding, trailing bits). */
MUST_CHECK enum err base64url_append(struct strbuf *out, const void *data, size_t len);
MUST_CHECK enum err base64_append(struct strbuf *out, const void *data, size_t len);
MUST_CHECK enum err base64url_decode(struct text t, uint8_t *out, size_t max_len, size_t *ret_len);
MUST_CHECK enum err base64_decode(struct text t, uint8_t *out, size_t max_len, size_t *ret_len);
/* 32 bytes written as 64 hex, 43 base64url or 44 base64 characters: how people hand us secrets. Refuses constant bytes and known
 * placeholder texts. */
MUST_CHECK enum err key32_parse(struct text t, struct secret *ret);
