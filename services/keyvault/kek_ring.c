/* SPDX-License-Identifier: MIT */
/* Deriving, finding and proving key-encryption keys. */
#include "kek_ring.h"

#include "base/base.h"

#include "base/banned.h"

#define CANARY "This record opens with the secret that sealed it."

const char *kek_family_name(enum kek_family f)
{
	return f == KEK_BYOK ? "byok" : "data";
}

void kek_ring_clear(struct kek_ring *ring)
{
	for (size_t i = 0; i < ring->count; i++)
		secret_clear(&ring->items[i].key);
	ring->count = 0;
}

void kek_ring_add(struct kek_ring *ring, enum kek_family f, const struct secret *configured,
		  const uint8_t salt[static KEK_SALT_BYTES], bool is_current)
{
	BUG_ON(ring->count == MOST_KEKS);
	struct kek *kek = &ring->items[ring->count++];
	*kek = (struct kek){ .family = f, .is_current = is_current };
	kek_derive(configured, salt, kek_family_name(f), &kek->key, kek->id);
}

static struct seal_key to_seal_key(const struct kek *kek)
{
	struct seal_key key = { .key = kek->key.bytes };
	memcpy(key.kek_id, kek->id, sizeof(key.kek_id));
	return key;
}

enum err kek_ring_current(const struct kek_ring *ring, enum kek_family f, struct seal_key *ret)
{
	for (size_t i = 0; i < ring->count; i++) {
		if (ring->items[i].family != f || !ring->items[i].is_current)
			continue;
		*ret = to_seal_key(&ring->items[i]);
		return OK;
	}
	return ERR_INTERNAL;
}

enum err kek_ring_find(const struct kek_ring *ring, enum kek_family f,
		       const uint8_t id[static KEK_ID_BYTES], struct seal_key *ret)
{
	for (size_t i = 0; i < ring->count; i++) {
		if (ring->items[i].family != f || memcmp(ring->items[i].id, id, KEK_ID_BYTES) != 0)
			continue;
		*ret = to_seal_key(&ring->items[i]);
		return OK;
	}
	return ERR_INTERNAL;
}

static struct seal_place canary_place(enum kek_family f)
{
	return (struct seal_place){ .label = "grove/canary/v1",
				    .table = "kek_versions",
				    .column = "canary_sealed",
				    .extra = { text_of(kek_family_name(f)) } };
}

enum err kek_seal_canary(const struct kek *kek, struct strbuf *ret_sealed)
{
	struct seal_key key = to_seal_key(kek);
	struct seal_place place = canary_place(kek->family);
	return seal(&key, &place, TEXT(CANARY), ret_sealed);
}

bool kek_ring_opens(struct kek_ring *ring, enum kek_family f, struct text id, struct text canary)
{
	AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(256);
	for (size_t i = 0; i < ring->count; i++) {
		struct kek *kek = &ring->items[i];
		if (kek->family != f || !text_equal(text_from(kek->id, KEK_ID_BYTES), id))
			continue;
		struct seal_key key = to_seal_key(kek);
		struct seal_place place = canary_place(f);
		kek->is_stored = !seal_open(&key, &place, canary, &plain) &&
				 text_is(strbuf_text(&plain), CANARY);
		return kek->is_stored;
	}
	return false;
}
