/* SPDX-License-Identifier: MIT */
/*
 * Base64 in both alphabets by libsodium, whose decoder is constant-time and refuses wrong padding
 * and stray trailing bits as long as its end pointer is NULL: with one it stops early and reports
 * success. And the ways to write a 32-byte key.
 */
#include "crypto/crypto.h"

#include <sodium.h>

#include "base/mem.h"

#include "base/banned.h"

/* A multiple of three, so that the pieces join without padding in between. */
#define PIECE_BYTES 384

static enum err append_encoded(struct strbuf *out, const uint8_t *data, size_t len, int variant)
{
	char piece[PIECE_BYTES / 3 * 4 + 1];
	size_t before = out->len;
	enum err err = OK;
	for (size_t at = 0; at < len && err == OK; at += PIECE_BYTES) {
		size_t n = len - at < PIECE_BYTES ? len - at : PIECE_BYTES;
		sodium_bin2base64(piece, sizeof(piece), data + at, n, variant);
		err = strbuf_append_str(out, piece);
	}
	wipe(piece, sizeof(piece));
	if (err != OK)
		strbuf_truncate(out, before);
	return err;
}

enum err base64url_append(struct strbuf *out, const void *data, size_t len)
{
	return append_encoded(out, data, len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err base64_append(struct strbuf *out, const void *data, size_t len)
{
	return append_encoded(out, data, len, sodium_base64_VARIANT_ORIGINAL);
}

/*
 * libsodium 1.0.18 computes with signed characters and takes some bytes from 0x80 up for letters,
 * so they are refused first. All bytes are looked at, since the text may be a secret.
 */
static bool is_ascii(struct text t)
{
	unsigned char seen = 0;

	for (size_t i = 0; i < t.len; i++)
		seen |= (unsigned char)t.ptr[i];
	return seen < 0x80;
}

static enum err decode(struct text t, uint8_t *out, size_t max_len, size_t *ret_len, int variant)
{
	size_t len = 0;

	if (!t.ptr || !is_ascii(t))
		return ERR_INVALID_REQUEST;
	if (sodium_base642bin(out, max_len, t.ptr, t.len, NULL, &len, NULL, variant) != 0)
		return ERR_INVALID_REQUEST;
	*ret_len = len;
	return OK;
}

enum err base64url_decode(struct text t, uint8_t *out, size_t max_len, size_t *ret_len)
{
	return decode(t, out, max_len, ret_len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

enum err base64_decode(struct text t, uint8_t *out, size_t max_len, size_t *ret_len)
{
	return decode(t, out, max_len, ret_len, sodium_base64_VARIANT_ORIGINAL);
}

/* What people leave in from an example file. None of these turns up in random text by chance. */
static const char *const placeholders[] = {
	"changeme",    "change-me",   "change_me",   "replaceme",  "replace-me", "replace_me",
	"placeholder", "your-secret", "your_secret", "yoursecret", "mysecret",	 "my-secret",
};

static bool contains_placeholder(struct text t)
{
	for (size_t p = 0; p < ARRAY_SIZE(placeholders); p++) {
		size_t n = strlen(placeholders[p]);
		for (size_t at = 0; at + n <= t.len; at++)
			if (text_is_ignoring_case((struct text){ t.ptr + at, n }, placeholders[p]))
				return true;
	}
	return false;
}

/* Constant bytes, a short pattern over and over ("deadbeef…"), or a count (00 01 02 …). */
static bool is_patterned(const uint8_t key[static AEAD_KEY_BYTES])
{
	for (size_t period = 1; period <= 8; period++)
		if (secret_equal(key, key + period, AEAD_KEY_BYTES - period))
			return true;
	uint8_t step = (uint8_t)(key[1] - key[0]);
	for (size_t i = 2; i < AEAD_KEY_BYTES; i++)
		if ((uint8_t)(key[i] - key[i - 1]) != step)
			return false;
	return true;
}

static bool parse_key_forms(struct text t, uint8_t out[static AEAD_KEY_BYTES])
{
	size_t len = 0;
	switch (t.len) {
	case 64:
		return hex_to_bytes(t, out, AEAD_KEY_BYTES);
	case 43:
		return base64url_decode(t, out, AEAD_KEY_BYTES, &len) == OK &&
		       len == AEAD_KEY_BYTES;
	case 44:
		return base64_decode(t, out, AEAD_KEY_BYTES, &len) == OK && len == AEAD_KEY_BYTES;
	default:
		return false;
	}
}

enum err key32_parse(struct text t, struct secret *ret)
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	secret_alloc(&key, AEAD_KEY_BYTES);
	if (!t.ptr || !parse_key_forms(t, key.bytes))
		return ERR_INVALID_REQUEST;
	if (is_patterned(key.bytes) || contains_placeholder(t) ||
	    contains_placeholder((struct text){ (const char *)key.bytes, key.len }))
		return ERR_INVALID_REQUEST;
	secret_clear(ret);
	*ret = secret_take(&key);
	return OK;
}
