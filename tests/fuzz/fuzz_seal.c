/* SPDX-License-Identifier: MIT */
/*
 * Records from a disk that somebody else wrote to: none opens, whatever its header says. The same
 * bytes as a text are sealed and must open to themselves.
 */
#include "base/base.h"
#include "crypto/seal.h"

#include "base/banned.h"

static const uint8_t key_bytes[AEAD_KEY_BYTES] = "this key never sealed a record.";

static const struct seal_place place = {
	.label = "grove/fuzz/v1",
	.table = "t",
	.column = "c",
	.extra = { { "x", 1 } },
};

static void try_foreign(struct text record)
{
	AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(1 << 24);
	AUTO(secret_clear) struct secret secret = SECRET_INIT;
	struct seal_header header;
	struct seal_key key = { .key = key_bytes };

	if (seal_read_header(record, &header) == OK) {
		/* Follow the header, so that the cipher itself is reached. */
		memcpy(key.kek_id, header.kek_id, sizeof(key.kek_id));
		key.dek_version = header.dek_version;
	}
	BUG_ON(seal_open(&key, &place, record, &plain) == OK);
	BUG_ON(plain.len > 0);
	BUG_ON(seal_open_secret(&key, &place, record, &secret) == OK);
	BUG_ON(secret_is_set(&secret));
}

static void try_own(struct text plain)
{
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1 << 24);
	AUTO(strbuf_clear) struct strbuf opened = STRBUF_INIT(1 << 24);
	struct seal_key key = { .kek_id = { 1, 2, 3, 4 }, .dek_version = 5, .key = key_bytes };

	BUG_ON(seal(&key, &place, plain, &sealed) != OK);
	BUG_ON(seal_open(&key, &place, strbuf_text(&sealed), &opened) != OK);
	BUG_ON(opened.len != plain.len ||
	       (plain.len > 0 && memcmp(opened.data, plain.ptr, plain.len) != 0));
}

/* The texts people hand us keys in. */
static void try_key_forms(struct text t)
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	AUTO(strbuf_clear) struct strbuf again = STRBUF_INIT(1 << 20);
	uint8_t out[256];
	size_t len = 0;

	if (key32_parse(t, &key) == OK)
		BUG_ON(key.len != AEAD_KEY_BYTES);
	if (base64url_decode(t, out, sizeof(out), &len) == OK) {
		BUG_ON(base64url_append(&again, out, len) != OK);
		BUG_ON(!text_equal(strbuf_text(&again), t));
	}
	strbuf_reset(&again);
	if (base64_decode(t, out, sizeof(out), &len) == OK) {
		BUG_ON(base64_append(&again, out, len) != OK);
		BUG_ON(!text_equal(strbuf_text(&again), t));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct text t = { (const char *)data, size };

	if (!ready)
		secret_init_library(true);
	ready = true;
	try_foreign(t);
	try_own(t);
	try_key_forms(t);
	return 0;
}
