/* SPDX-License-Identifier: MIT */
/* Whoever can write to the table could point a key at a host of their own. So the origin a key was
 * sealed for is compared with the one it would be sent to, worked out anew from provider and base
 * URL; the row's own word on it only tells a moved key from a broken one. */
#include "open_key.h"

#include "api_key.h"
#include "origins.h"

#include "base/banned.h"

static enum key_place place_of(const struct keyvault *kv, const struct usable_key *k)
{
	char origin[GUARD_ORIGIN_SIZE];
	enum err err = key_origin(kv->config, kv->guard, k->provider, k->base_url, origin);
	if (err == ERR_PROVIDER_ADDRESS_FORBIDDEN)
		return KEY_SHUT_OUT;
	return err || !text_is(k->origin, origin) ? KEY_MOVED : KEY_AT_HOME;
}

void usable_keys_place(const struct keyvault *kv, struct usable_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++)
		keys->items[i].place = place_of(kv, &keys->items[i]);
}

enum err usable_key_open(const struct keyvault *kv, const struct uuid *user,
			 const struct usable_key *k, struct secret *ret)
{
	AUTO(secret_clear) struct secret data_key = SECRET_INIT;
	char origin[GUARD_ORIGIN_SIZE];
	struct seal_header header;
	enum err err = key_origin(kv->config, kv->guard, k->provider, k->base_url, origin);
	if (!err)
		err = data_key_unwrap(keks_ring(kv->keks), KEK_BYOK, user, &k->data_key, &data_key);
	if (!err)
		err = seal_read_header(k->sealed, &header);
	if (err)
		return ERR_INTERNAL;
	/* The KEK's name is the one of the time of sealing: rotation leaves these records alone. */
	struct seal_key key = { .dek_version = (uint32_t)k->data_key.version,
				.key = data_key.bytes };
	memcpy(key.kek_id, header.kek_id, sizeof(key.kek_id));
	struct seal_place place = api_key_place(user, &k->id, k->provider, text_of(origin));
	return seal_open_secret(&key, &place, k->sealed, ret);
}
