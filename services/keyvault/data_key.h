/* SPDX-License-Identifier: MIT */
/*
 * A person's data key, made at first use: steps shared by the flows that need one. The op begins
 * with a struct data_key; after unwrap_data_key() data_key_for_sealing() gives what seals.
 */
#pragma once

#include "crypto/seal.h"
#include "flow/flow.h"

#include "keks.h"

struct data_key {
	enum kek_family family;
	bool has_version;
	int64_t wanted_version;
	int64_t version;
	uint8_t kek_id[4];
	struct secret bytes; /* the op's clear frees it */
};

enum flow load_data_key(struct request *req); /* reads the newest, or the wanted one */
enum flow make_data_key(struct request *req); /* the first one, if there was none */
enum flow unwrap_data_key(struct request *req);
struct seal_key data_key_for_sealing(const struct data_key *key);

/* A row of user_data_keys. Version and KEK are also in the record, which must say the same. */
struct wrapped_key {
	int64_t version;
	struct text kek_id, sealed;
};
/* ERR_INTERNAL when its KEK is not at hand or it does not open as what its row says. */
MUST_CHECK enum err data_key_unwrap(const struct kek_ring *keks, enum kek_family family,
				    const struct uuid *user, const struct wrapped_key *wrapped,
				    struct secret *ret);
