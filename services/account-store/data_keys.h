/* SPDX-License-Identifier: MIT */
/*
 * People's data keys, leased from keyvault for minutes, so that most requests need no hop.
 *
 * The cache holds at most DATA_KEYS_MAX keys in locked memory, the least recently used go first; a key older than its time is wiped by a timer whether it is
 * used or not. Keys are counted: one that a request still holds lives until that request ends, even when the cache lets go of it.
 *
 * Every op that seals or opens has `struct key_lease lease` as its FIRST member and key_lease_clear() in its clear. A step then either
 * asks for the current key (lease_current_key is a step itself), or names records and waits for the keys they need:
 *
 *	key_lease_want(&op->lease, row->content_sealed);
 *	return lease_wanted_keys(req);
 *
 * Both return NEXT when nothing has to be fetched. Afterwards data_key_current() and data_key_of() cannot fail for what was asked.
 */
#pragma once

#include "base/base.h"
#include "crypto/seal.h"
#include "flow/flow.h"
#include "loop/loop.h"

#define DATA_KEYS_MAX 256
#define KEY_LEASE_MAX 8		/* versions that one request may need */

struct data_keys;
struct data_key;

struct data_keys *data_keys_new(struct loop *loop, int64_t life_ms);
void data_keys_free(struct data_keys *keys);
void data_keys_forget(struct data_keys *keys, const struct uuid *user);	/* account deleted, key revoked */
size_t data_keys_count(const struct data_keys *keys);

struct key_lease {
	struct data_key *held[KEY_LEASE_MAX];
	size_t held_count;
	struct data_key *current;		/* one of held, or NULL */
	uint32_t wanted[KEY_LEASE_MAX];
	size_t wanted_count;
	bool want_current, too_many, broken_record;
	struct peer_call *call;			/* being fetched */
};

void key_lease_clear(struct key_lease *lease);
void key_lease_want(struct key_lease *lease, struct text sealed);	/* absent: nothing */
enum flow lease_current_key(struct request *req);
enum flow lease_wanted_keys(struct request *req);

/* The key for sealing. BUG without lease_current_key before. */
struct seal_key data_key_current(const struct key_lease *lease);
/* The key a record names. ERR_INTERNAL: not a record, or its version was not asked for. */
MUST_CHECK enum err data_key_of(const struct key_lease *lease, struct text sealed, struct seal_key *ret);
