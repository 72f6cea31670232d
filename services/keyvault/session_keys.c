/* SPDX-License-Identifier: MIT */
#include "session_keys.h"

#include "crypto/crypto.h"

#include "base/banned.h"

struct session_keys {
	struct session_key *first; /* newest first */
	size_t count;
};

struct session_keys *session_keys_new(void)
{
	return xcalloc(1, sizeof(struct session_keys));
}

static void remove_at(struct session_keys *s, struct session_key **link)
{
	struct session_key *key = *link;
	*link = key->next;
	s->count--;
	secret_clear(&key->key);
	free(key->base_url);
	wipe(key, sizeof(*key));
	free(key);
}

void session_keys_free(struct session_keys *s)
{
	while (s->first)
		remove_at(s, &s->first);
	free(s);
}

size_t session_keys_count(const struct session_keys *s)
{
	return s->count;
}

static bool is_dead(const struct session_key *key, int64_t now_ms)
{
	return now_ms - key->used_ms >= SESSION_KEY_IDLE_MS ||
	       now_ms - key->added_ms >= SESSION_KEY_LIFE_MS;
}

void session_keys_expire(struct session_keys *s, int64_t now_ms)
{
	struct session_key **link = &s->first;
	while (*link) {
		if (is_dead(*link, now_ms))
			remove_at(s, link);
		else
			link = &(*link)->next;
	}
}

/* The oldest of a person goes when they have their share. */
static void make_room(struct session_keys *s, const struct uuid *user)
{
	struct session_key **oldest = NULL;
	size_t owned = 0;
	for (struct session_key **link = &s->first; *link; link = &(*link)->next) {
		if (!uuid_equal(&(*link)->user, user))
			continue;
		owned++;
		oldest = link;
	}
	if (owned >= SESSION_KEYS_PER_USER)
		remove_at(s, oldest);
}

static void new_handle(char out[static SESSION_KEY_HANDLE_CHARS + 1])
{
	uint8_t bytes[16];
	AUTO(strbuf_clear) struct strbuf encoded = STRBUF_INIT(64);
	random_bytes(bytes, sizeof(bytes));
	BUG_ON(base64url_append(&encoded, bytes, sizeof(bytes)) ||
	       encoded.len != SESSION_KEY_HANDLE_CHARS);
	memcpy(out, encoded.data, SESSION_KEY_HANDLE_CHARS + 1);
}

enum err session_keys_add(struct session_keys *s, const struct identity *owner,
			  const char *provider, struct text base_url, const char *preview,
			  struct secret *take_key, int64_t now_ms, const struct session_key **ret)
{
	session_keys_expire(s, now_ms);
	make_room(s, &owner->user);
	if (s->count >= SESSION_KEYS_IN_ALL)
		return ERR_UNAVAILABLE;
	struct session_key *key = xcalloc(1, sizeof(*key));
	new_handle(key->handle);
	key->user = owner->user;
	memcpy(key->session, owner->session, sizeof(key->session));
	snprintf(key->provider, sizeof(key->provider), "%s", provider);
	snprintf(key->preview, sizeof(key->preview), "%s", preview);
	key->base_url = base_url.ptr ? xmemdup0(base_url.ptr, base_url.len) : NULL;
	key->key = secret_take(take_key);
	key->added_ms = key->used_ms = now_ms;
	key->next = s->first;
	s->first = key;
	s->count++;
	*ret = key;
	return OK;
}

/* All keys are looked at and compared in constant time: a handle is a credential. */
static struct session_key **find(struct session_keys *s, const struct identity *owner,
				 struct text handle)
{
	struct session_key **found = NULL;
	if (handle.len != SESSION_KEY_HANDLE_CHARS)
		return NULL;
	for (struct session_key **link = &s->first; *link; link = &(*link)->next) {
		bool same = secret_equal((*link)->handle, handle.ptr, handle.len);
		if (same && uuid_equal(&(*link)->user, &owner->user) &&
		    !strcmp((*link)->session, owner->session))
			found = link;
	}
	return found;
}

const struct session_key *session_keys_use(struct session_keys *s, const struct identity *owner,
					   struct text handle, int64_t now_ms)
{
	struct session_key **link = find(s, owner, handle);
	if (!link || is_dead(*link, now_ms))
		return NULL;
	(*link)->used_ms = now_ms;
	return *link;
}

bool session_keys_remove(struct session_keys *s, const struct identity *owner, struct text handle)
{
	struct session_key **link = find(s, owner, handle);
	if (!link)
		return false;
	remove_at(s, link);
	return true;
}
