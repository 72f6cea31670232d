/* SPDX-License-Identifier: MIT */
#include "csrf.h"

#include "base/mem.h"
#include "base/strbuf.h"
#include "crypto/crypto.h"

#include "base/banned.h"

void csrf_token(const struct secret *secret, const struct identity *identity,
		char out[static CSRF_TOKEN_SIZE])
{
	char user[UUID_TEXT_SIZE], input[160];
	uint8_t mac[SHA256_BYTES];
	AUTO(strbuf_clear) struct strbuf encoded = STRBUF_INIT(CSRF_TOKEN_SIZE);
	uuid_format(&identity->user, user);
	int len = snprintf(input, sizeof(input), "grove/csrf/v1|%s|%s", user, identity->session);
	BUG_ON(len < 0 || (size_t)len >= sizeof(input));
	hmac_sha256(secret->bytes, secret->len, input, (size_t)len, mac);
	BUG_ON(base64url_append(&encoded, mac, sizeof(mac)) || encoded.len != CSRF_TOKEN_SIZE - 1);
	memcpy(out, encoded.data, CSRF_TOKEN_SIZE);
}

bool csrf_matches(const struct secret *secret, const struct identity *identity, struct text given)
{
	char wanted[CSRF_TOKEN_SIZE];
	csrf_token(secret, identity, wanted);
	return given.len == CSRF_TOKEN_SIZE - 1 && secret_equal(given.ptr, wanted, given.len);
}
