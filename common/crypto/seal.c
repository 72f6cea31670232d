/* SPDX-License-Identifier: MIT */
/*
 * Sealing and opening of records. The layout and the additional data are specified in
 * docs/sealed-format.md; whatever changes here changes there, in tests/support/sealed.py and in the
 * fixed vectors.
 */
#include "crypto/seal.h"

#include "base/mem.h"

#include "base/banned.h"

#define SEAL_VERSION 0x01
#define SEAL_ALG_AES_256_GCM 0x01
/* Room for any label, table, column and four extras such as a provider and an origin. */
#define PLACE_MAX_BYTES 4096

struct place_bytes {
	uint8_t bytes[PLACE_MAX_BYTES];
	size_t len;
	bool too_long;
};

static void add_part(struct place_bytes *b, const void *data, size_t len)
{
	if (b->too_long || len > UINT16_MAX || len + 2 > sizeof(b->bytes) - b->len) {
		b->too_long = true;
		return;
	}
	b->bytes[b->len++] = (uint8_t)(len >> 8);
	b->bytes[b->len++] = (uint8_t)(len & 0xff);
	if (len > 0)
		memcpy(b->bytes + b->len, data, len);
	b->len += len;
}

static void add_text(struct place_bytes *b, struct text t)
{
	if (t.ptr)
		add_part(b, t.ptr, t.len);
}

static enum err place_encode(const struct seal_place *place,
			     const uint8_t header[static SEAL_HEADER_BYTES], struct place_bytes *b)
{
	BUG_ON(!place->label);
	b->len = 0;
	b->too_long = false;
	add_text(b, text_of(place->label));
	add_part(b, header, SEAL_HEADER_BYTES);
	add_part(b, place->user.bytes, sizeof(place->user.bytes));
	add_text(b, text_of(place->table));
	add_part(b, place->row.bytes, sizeof(place->row.bytes));
	add_text(b, text_of(place->column));
	for (size_t i = 0; i < ARRAY_SIZE(place->extra); i++)
		add_text(b, place->extra[i]);
	return b->too_long ? ERR_TOO_LARGE : OK;
}

static void header_write(const struct seal_key *key, uint8_t out[static SEAL_HEADER_BYTES])
{
	out[0] = SEAL_VERSION;
	out[1] = SEAL_ALG_AES_256_GCM;
	memcpy(out + 2, key->kek_id, sizeof(key->kek_id));
	out[6] = (uint8_t)(key->dek_version >> 24);
	out[7] = (uint8_t)(key->dek_version >> 16);
	out[8] = (uint8_t)(key->dek_version >> 8);
	out[9] = (uint8_t)key->dek_version;
}

enum err seal(const struct seal_key *key, const struct seal_place *place, struct text plain,
	      struct strbuf *ret_sealed)
{
	struct place_bytes aad;
	if (plain.len > ret_sealed->limit)
		return ERR_TOO_LARGE;
	size_t len = SEAL_OVERHEAD + plain.len;
	AUTO(auto_free) uint8_t *record = xmalloc(len);
	uint8_t *nonce = record + SEAL_HEADER_BYTES;
	header_write(key, record);
	enum err err = place_encode(place, record, &aad);
	if (err != OK)
		return err;
	/* The one place where a nonce is made: fresh and random for every record. */
	random_bytes(nonce, AEAD_NONCE_BYTES);
	aead_seal(key->key, nonce, aad.bytes, aad.len, plain.ptr, plain.len,
		  nonce + AEAD_NONCE_BYTES);
	return strbuf_append(ret_sealed, record, len);
}

enum err seal_read_header(struct text sealed, struct seal_header *ret)
{
	const uint8_t *b = (const uint8_t *)sealed.ptr;
	if (!b || sealed.len < SEAL_OVERHEAD || b[0] != SEAL_VERSION ||
	    b[1] != SEAL_ALG_AES_256_GCM)
		return ERR_INTERNAL;
	memcpy(ret->kek_id, b + 2, sizeof(ret->kek_id));
	ret->dek_version = (uint32_t)b[6] << 24 | (uint32_t)b[7] << 16 | (uint32_t)b[8] << 8 | b[9];
	return OK;
}

/* plain takes sealed.len - SEAL_OVERHEAD bytes. */
static enum err open_into(const struct seal_key *key, const struct seal_place *place,
			  struct text sealed, uint8_t *plain)
{
	const uint8_t *record = (const uint8_t *)sealed.ptr;
	const uint8_t *nonce = record + SEAL_HEADER_BYTES;
	uint8_t expected[SEAL_HEADER_BYTES];
	struct place_bytes aad;
	header_write(key, expected);
	/* Names of keys, not secrets. The bytes are also in the additional data; this only spares
	 * the work. */
	if (memcmp(record, expected, sizeof(expected)) != 0 ||
	    place_encode(place, record, &aad) != OK)
		return ERR_INTERNAL;
	return aead_open(key->key, nonce, aad.bytes, aad.len, nonce + AEAD_NONCE_BYTES,
			 sealed.len - SEAL_HEADER_BYTES - AEAD_NONCE_BYTES, plain);
}

enum err seal_open(const struct seal_key *key, const struct seal_place *place, struct text sealed,
		   struct strbuf *ret_plain)
{
	struct seal_header header;
	if (seal_read_header(sealed, &header) != OK)
		return ERR_INTERNAL;
	size_t len = sealed.len - SEAL_OVERHEAD;
	if (len > ret_plain->limit)
		return ERR_TOO_LARGE;
	AUTO(auto_free) uint8_t *plain = xmalloc(len);
	enum err err = open_into(key, place, sealed, plain);
	if (err == OK)
		err = strbuf_append(ret_plain, plain, len);
	wipe(plain, len);
	return err;
}

enum err seal_open_secret(const struct seal_key *key, const struct seal_place *place,
			  struct text sealed, struct secret *ret_plain)
{
	struct seal_header header;
	if (seal_read_header(sealed, &header) != OK)
		return ERR_INTERNAL;
	AUTO(secret_clear) struct secret plain = SECRET_INIT;
	uint8_t nothing[1];
	secret_alloc(&plain, sealed.len - SEAL_OVERHEAD);
	enum err err = open_into(key, place, sealed, plain.bytes ? plain.bytes : nothing);
	if (err != OK)
		return err;
	secret_clear(ret_plain);
	*ret_plain = secret_take(&plain);
	return OK;
}

void kek_derive(const struct secret *configured, const uint8_t salt[static 32], const char *family,
		struct secret *ret_kek, uint8_t ret_id[static 4])
{
	AUTO(auto_free) char *key_info = xasprintf("grove/kek/v1/%s", family);
	AUTO(auto_free) char *id_info = xasprintf("grove/kek-id/v1/%s", family);
	secret_alloc(ret_kek, AEAD_KEY_BYTES);
	hkdf_sha256(configured->bytes, configured->len, salt, 32, key_info, ret_kek->bytes,
		    ret_kek->len);
	hkdf_sha256(configured->bytes, configured->len, salt, 32, id_info, ret_id, 4);
}
