/* SPDX-License-Identifier: MIT */
/*
 * AES-256-GCM through OpenSSL's EVP, which is portable where libsodium needs AES-NI. A context
 * lives for one call, so that no key schedule outlives it; the tag is 16 bytes because we say so,
 * never because the data does.
 */
#include "crypto/crypto.h"

#include <limits.h>

#include <openssl/evp.h>

#include "base/mem.h"

#include "base/banned.h"

static void auto_cipher_ctx(EVP_CIPHER_CTX **ctx)
{
	EVP_CIPHER_CTX_free(*ctx); /* cleanses the key schedule */
}

static EVP_CIPHER_CTX *cipher_start(const uint8_t *key, const uint8_t *nonce, bool encrypt)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	BUG_ON(!ctx);
	/* The default nonce length of GCM in OpenSSL is the 12 bytes we want. */
	BUG_ON(EVP_CipherInit_ex2(ctx, EVP_aes_256_gcm(), key, nonce, encrypt, NULL) != 1);
	return ctx;
}

/* EVP counts in int: every length is checked against it first. */
static int evp_len(size_t len)
{
	BUG_ON(len > INT_MAX - AEAD_TAG_BYTES);
	return (int)len;
}

static void update(EVP_CIPHER_CTX *ctx, uint8_t *out, const void *in, size_t len)
{
	int written = 0;
	if (len == 0)
		return;
	BUG_ON(EVP_CipherUpdate(ctx, out, &written, in, evp_len(len)) != 1);
	BUG_ON((size_t)written != len);
}

void aead_seal(const uint8_t key[static AEAD_KEY_BYTES],
	       const uint8_t nonce[static AEAD_NONCE_BYTES], const void *aad, size_t aad_len,
	       const void *plain, size_t len, uint8_t *out)
{
	AUTO(auto_cipher_ctx) EVP_CIPHER_CTX *ctx = cipher_start(key, nonce, true);
	int rest = 0;
	update(ctx, NULL, aad, aad_len);
	update(ctx, out, plain, len);
	BUG_ON(EVP_CipherFinal_ex(ctx, out + len, &rest) != 1 || rest != 0);
	BUG_ON(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, out + len) != 1);
}

enum err aead_open(const uint8_t key[static AEAD_KEY_BYTES],
		   const uint8_t nonce[static AEAD_NONCE_BYTES], const void *aad, size_t aad_len,
		   const void *sealed, size_t len, uint8_t *out)
{
	if (len < AEAD_TAG_BYTES)
		return ERR_INTERNAL;
	size_t plain_len = len - AEAD_TAG_BYTES;
	AUTO(auto_cipher_ctx) EVP_CIPHER_CTX *ctx = cipher_start(key, nonce, false);
	uint8_t tag[AEAD_TAG_BYTES], nothing[AEAD_TAG_BYTES];
	int rest = 0;
	memcpy(tag, (const uint8_t *)sealed + plain_len, sizeof(tag));
	update(ctx, NULL, aad, aad_len);
	update(ctx, out, sealed, plain_len);
	BUG_ON(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, tag) != 1);
	if (EVP_CipherFinal_ex(ctx, nothing, &rest) != 1) {
		wipe(out, plain_len);
		return ERR_INTERNAL;
	}
	return OK;
}
