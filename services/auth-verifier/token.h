/* SPDX-License-Identifier: MIT */
/*
 * Personal tokens: grove_<12 characters id>_<43 characters base64url of 32 random bytes><6 characters checksum>. Pure.
 *
 * The id finds the row; the secret is compared as SHA-256 in constant time; the checksum (of all before it) lets a truncated or mistyped token be told from a
 * wrong one without a look-up, and lets scanners find leaked ones.
 */
#pragma once

#include "base/base.h"
#include "crypto/crypto.h"

#define TOKEN_PREFIX "grove_"
#define TOKEN_ID_CHARS 12
#define TOKEN_SECRET_BYTES 32
#define TOKEN_SECRET_CHARS 43
#define TOKEN_CHECKSUM_CHARS 6
#define TOKEN_CHARS (6 + TOKEN_ID_CHARS + 1 + TOKEN_SECRET_CHARS + TOKEN_CHECKSUM_CHARS)

struct token_parts {
	char public_id[TOKEN_ID_CHARS + 1];
	uint8_t secret_sha256[SHA256_BYTES];
};

/* Makes a new one: its text (wipe it after use) and what is stored of it. */
void token_new(char text[static TOKEN_CHARS + 1], struct token_parts *ret);
/* ERR_UNAUTHENTICATED for anything that is not a token of ours. */
MUST_CHECK enum err token_parse(struct text text, struct token_parts *ret);
/* The token of an Authorization header: exactly "Bearer", one space, the token. */
MUST_CHECK enum err token_from_authorization(struct text header, struct token_parts *ret);

/* Scopes as stored: names joined by blanks, in the order of scope bits. */
void token_scopes_format(unsigned scopes, char *out, size_t size);
MUST_CHECK enum err token_scopes_parse(struct text stored, unsigned *ret);
