/* SPDX-License-Identifier: MIT */
/* SHA-256, HMAC and HKDF by OpenSSL. libsodium 1.0.18, Debian 12's, has no HKDF. */
#include "crypto/crypto.h"

#include <limits.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "base/mem.h"

#include "base/banned.h"

void sha256(const void *data, size_t len, uint8_t out[static SHA256_BYTES])
{
	unsigned written = 0;
	BUG_ON(EVP_Digest(len > 0 ? data : "", len, out, &written, EVP_sha256(), NULL) != 1);
	BUG_ON(written != SHA256_BYTES);
}

void hmac_sha256(const void *key, size_t key_len, const void *data, size_t len,
		 uint8_t out[static SHA256_BYTES])
{
	unsigned written = 0;
	BUG_ON(key_len > INT_MAX);
	BUG_ON(!HMAC(EVP_sha256(), key_len > 0 ? key : "", (int)key_len,
		     len > 0 ? data : (const void *)"", len, out, &written));
	BUG_ON(written != SHA256_BYTES);
}

static void auto_kdf_ctx(EVP_KDF_CTX **ctx)
{
	EVP_KDF_CTX_free(*ctx);
}

static EVP_KDF_CTX *hkdf_new(void)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	BUG_ON(!kdf);
	EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
	EVP_KDF_free(kdf);
	BUG_ON(!ctx);
	return ctx;
}

/* The parameter interface takes void * but only reads. */
static OSSL_PARAM octets(const char *name, const void *data, size_t len)
{
	return OSSL_PARAM_construct_octet_string(name, (void *)(uintptr_t)data, len);
}

void hkdf_sha256(const void *secret, size_t secret_len, const void *salt, size_t salt_len,
		 const char *info, uint8_t *out, size_t out_len)
{
	BUG_ON(secret_len == 0);
	AUTO(auto_kdf_ctx) EVP_KDF_CTX *ctx = hkdf_new();
	char digest[] = "SHA256";
	OSSL_PARAM params[5] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		octets(OSSL_KDF_PARAM_KEY, secret, secret_len),
	};
	size_t n = 2;
	/* Without a salt RFC 5869 takes a string of zeros, which is what HMAC makes of none. */
	if (salt_len > 0)
		params[n++] = octets(OSSL_KDF_PARAM_SALT, salt, salt_len);
	if (info[0] != '\0')
		params[n++] = octets(OSSL_KDF_PARAM_INFO, info, strlen(info));
	params[n] = OSSL_PARAM_construct_end();
	BUG_ON(EVP_KDF_derive(ctx, out, out_len, params) != 1);
}
