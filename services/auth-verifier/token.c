/* SPDX-License-Identifier: MIT */
#include "token.h"

#include "token/envelope.h"

#include "base/banned.h"

#define BEFORE_CHECKSUM (TOKEN_CHARS - TOKEN_CHECKSUM_CHARS)

static void checksum(const char *text, char out[static TOKEN_CHECKSUM_CHARS + 1])
{
	uint8_t hash[SHA256_BYTES];
	AUTO(strbuf_clear) struct strbuf encoded = STRBUF_INIT(64);
	sha256(text, BEFORE_CHECKSUM, hash);
	BUG_ON(base64url_append(&encoded, hash, sizeof(hash)));
	memcpy(out, encoded.data, TOKEN_CHECKSUM_CHARS);
	out[TOKEN_CHECKSUM_CHARS] = '\0';
}

static void random_id(char out[static TOKEN_ID_CHARS + 1])
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz012345"; /* 32: no bias */
	uint8_t bytes[TOKEN_ID_CHARS];
	random_bytes(bytes, sizeof(bytes));
	for (size_t i = 0; i < TOKEN_ID_CHARS; i++)
		out[i] = alphabet[bytes[i] % 32];
	out[TOKEN_ID_CHARS] = '\0';
}

void token_new(char text[static TOKEN_CHARS + 1], struct token_parts *ret)
{
	AUTO(secret_clear) struct secret secret = SECRET_INIT;
	char sum[TOKEN_CHECKSUM_CHARS + 1];
	struct strbuf encoded = STRBUF_INIT(64);
	secret_random(&secret, TOKEN_SECRET_BYTES);
	BUG_ON(base64url_append(&encoded, secret.bytes, secret.len) ||
	       encoded.len != TOKEN_SECRET_CHARS);
	random_id(ret->public_id);
	sha256(secret.bytes, secret.len, ret->secret_sha256);
	snprintf(text, TOKEN_CHARS + 1, TOKEN_PREFIX "%s_%s", ret->public_id, encoded.data);
	checksum(text, sum);
	memcpy(text + BEFORE_CHECKSUM, sum, sizeof(sum));
	wipe(encoded.data, encoded.len);
	strbuf_clear(&encoded);
}

static bool is_id(const char *id)
{
	for (size_t i = 0; i < TOKEN_ID_CHARS; i++)
		if (!((id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '0' && id[i] <= '9')))
			return false;
	return true;
}

enum err token_parse(struct text text, struct token_parts *ret)
{
	char sum[TOKEN_CHECKSUM_CHARS + 1];
	uint8_t secret[TOKEN_SECRET_BYTES];
	size_t len;
	if (text.len != TOKEN_CHARS || !text_starts_with(text, TOKEN_PREFIX))
		return ERR_UNAUTHENTICATED;
	const char *id = text.ptr + strlen(TOKEN_PREFIX), *encoded = id + TOKEN_ID_CHARS + 1;
	if (!is_id(id) || id[TOKEN_ID_CHARS] != '_')
		return ERR_UNAUTHENTICATED;
	checksum(text.ptr, sum);
	if (!secret_equal(sum, text.ptr + BEFORE_CHECKSUM, TOKEN_CHECKSUM_CHARS))
		return ERR_UNAUTHENTICATED;
	if (base64url_decode((struct text){ encoded, TOKEN_SECRET_CHARS }, secret, sizeof(secret),
			     &len) ||
	    len != sizeof(secret))
		return ERR_UNAUTHENTICATED;
	memcpy(ret->public_id, id, TOKEN_ID_CHARS);
	ret->public_id[TOKEN_ID_CHARS] = '\0';
	sha256(secret, sizeof(secret), ret->secret_sha256);
	wipe(secret, sizeof(secret));
	return OK;
}

enum err token_from_authorization(struct text header, struct token_parts *ret)
{
	static const char bearer[] = "Bearer ";
	size_t len = sizeof(bearer) - 1;
	if (header.len <= len || strncasecmp(header.ptr, bearer, len) != 0)
		return ERR_UNAUTHENTICATED;
	return token_parse(text_slice(header, len, header.len), ret);
}

void token_scopes_format(unsigned scopes, char *out, size_t size)
{
	size_t len = 0;
	out[0] = '\0';
	for (unsigned bit = SCOPE_CHAT; bit <= SCOPE_CLI; bit <<= 1)
		if (scopes & bit)
			len += (size_t)snprintf(out + len, size - len, "%s%s", len ? " " : "",
						scope_name((enum scope)bit));
}

enum err token_scopes_parse(struct text stored, unsigned *ret)
{
	unsigned scopes = 0;
	struct text name;
	while (text_next(&stored, ' ', &name)) {
		enum scope scope;
		enum err err = scope_from_name(name, &scope);
		if (err)
			return err;
		scopes |= scope;
	}
	*ret = scopes;
	return OK;
}
