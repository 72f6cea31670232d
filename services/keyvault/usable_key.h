/* SPDX-License-Identifier: MIT */
/* Which key is used for a call: the first active one by priority and age that is for the provider,
 * not excluded, and inside its limits. Choosing is pure. */
#pragma once

#include "base/base.h"
#include "db/db.h"

struct usable_key {
	struct uuid id;
	struct text provider, sealed, preview, base_url, origin, status;
	int64_t dek_version;
	struct text kek_id, wrapped;
	bool has_budget, has_daily, has_rpm;
	double budget, month_cost;
	int64_t daily, rpm, today, minute;
};

struct usable_keys {
	struct usable_key *items;
	size_t count;
};

void usable_keys_read(const struct db_unit *unit, size_t index, struct arena *arena,
		      struct usable_keys *ret);

enum key_refusal {
	KEY_CHOSEN,
	KEY_NONE,
	KEY_OTHER_PROVIDER,
	KEY_EXCLUDED,
	KEY_OVER_BUDGET,
	KEY_OVER_LIMIT
};

struct key_question {
	struct text provider; /* absent: any */
	const struct uuid *excluded;
	size_t excluded_count;
	struct unix_ms now;
};

struct key_choice {
	enum key_refusal refusal;
	const struct usable_key *key;
	struct unix_ms resets; /* OVER_BUDGET, OVER_LIMIT: when the first of them opens again */
};

struct key_choice usable_keys_choose(const struct usable_keys *keys, const struct key_question *q);

struct keyvault;
struct secret;
/* usable_keys.c: opens the key itself. ERR_INTERNAL: the record does not open where it stands. */
MUST_CHECK enum err usable_key_open(const struct keyvault *kv, const struct uuid *user,
				    const struct usable_key *k, struct secret *ret);
