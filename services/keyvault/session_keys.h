/* SPDX-License-Identifier: MIT */
/*
 * Session keys: provider keys that live in locked memory only, under a random 128-bit handle, bound
 * to a person and a sign-in session. Gone after 30 minutes without use, 8 hours in all, or a
 * restart. Five a person (the oldest makes room: a reload forgets its handle), a thousand in all.
 */
#pragma once

#include "base/base.h"
#include "crypto/secret.h"
#include "token/envelope.h"

#define SESSION_KEY_IDLE_MS (30LL * 60 * 1000)
#define SESSION_KEY_LIFE_MS (8LL * 3600 * 1000)
#define SESSION_KEY_HANDLE_CHARS 22
#define SESSION_KEYS_PER_USER 5
#define SESSION_KEYS_IN_ALL 1000

struct session_key {
	char handle[SESSION_KEY_HANDLE_CHARS + 1];
	struct uuid user;
	char session[64];
	char provider[20];
	char *base_url; /* NULL for vendors */
	char preview[5];
	struct secret key;
	int64_t added_ms, used_ms; /* monotonic */
	struct session_key *next;
};

struct session_keys;
struct session_keys *session_keys_new(void);
void session_keys_free(struct session_keys *s);
size_t session_keys_count(const struct session_keys *s);
/* Takes the key. ERR_UNAVAILABLE: full. The result is the table's. */
MUST_CHECK enum err session_keys_add(struct session_keys *s, const struct identity *owner,
				     const char *provider, struct text base_url,
				     const char *preview, struct secret *take_key, int64_t now_ms,
				     const struct session_key **ret);
/* NULL: none of that handle that belongs to this person in this session and is still alive. Counts
 * as use. */
const struct session_key *session_keys_use(struct session_keys *s, const struct identity *owner,
					   struct text handle, int64_t now_ms);
bool session_keys_remove(struct session_keys *s, const struct identity *owner, struct text handle);
void session_keys_expire(struct session_keys *s, int64_t now_ms);
