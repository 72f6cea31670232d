/* SPDX-License-Identifier: MIT */
/*
 * Passwords, by libsodium's Argon2id. 64 MiB and two passes: above OWASP's floor (19 MiB, two
 * passes) and about a tenth of a second of one core.
 */
#include "crypto/crypto.h"

#include <sodium.h>

#include "base/banned.h"

#define PASSWORD_PASSES 2
#define PASSWORD_MEMORY_BYTES (64U << 20)

_Static_assert(PASSWORD_HASH_SIZE == crypto_pwhash_STRBYTES, "libsodium writes this many bytes");

static const char *password_bytes(const struct secret *password)
{
	return password->bytes ? (const char *)password->bytes : "";
}

enum err password_hash(const struct secret *password, char encoded[static PASSWORD_HASH_SIZE])
{
	char out[PASSWORD_HASH_SIZE];
	/* The only way to fail is to get no 64 MiB, which passes. */
	if (crypto_pwhash_str_alg(out, password_bytes(password), password->len, PASSWORD_PASSES,
				  PASSWORD_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return ERR_UNAVAILABLE;
	memcpy(encoded, out, sizeof(out));
	return OK;
}

/* libsodium would also take Argon2i and scrypt strings: ours are Argon2id only. */
static bool is_argon2id(const char *encoded)
{
	size_t len = strnlen(encoded, PASSWORD_HASH_SIZE);
	return len < PASSWORD_HASH_SIZE &&
	       text_starts_with((struct text){ encoded, len }, "$argon2id$");
}

bool password_verify(const struct secret *password, const char *encoded)
{
	return is_argon2id(encoded) &&
	       crypto_pwhash_str_verify(encoded, password_bytes(password), password->len) == 0;
}

bool password_needs_rehash(const char *encoded)
{
	return !is_argon2id(encoded) ||
	       crypto_pwhash_str_needs_rehash(encoded, PASSWORD_PASSES, PASSWORD_MEMORY_BYTES) != 0;
}
