/* SPDX-License-Identifier: MIT */
/* Which key is used for a call: the first active one by priority and age that is for the provider,
 * where it belongs, not excluded, and inside its limits. Choosing is pure. */
#pragma once

#include "base/base.h"
#include "db/db.h"

#include "data_key.h"

enum key_place {
	KEY_AT_HOME,
	KEY_MOVED, /* its provider or base URL is now at another origin than it was sealed for */
	KEY_SHUT_OUT, /* its base URL is one that the operator does not allow (any more) */
};

/* A row of sql/usable_keys.sql. */
struct usable_key {
	struct uuid id;
	struct text provider, sealed, preview, base_url, origin, status;
	struct wrapped_key data_key;
	bool has_budget, has_daily, has_rpm;
	double budget, month_cost;
	int64_t daily, rpm, today, minute;
	enum key_place place; /* open_key.h */
};

struct usable_keys {
	struct usable_key *items;
	size_t count;
};

void usable_keys_read(const struct db_unit *unit, size_t index, struct arena *arena,
		      struct usable_keys *ret);

/* The further down, the nearer a key came to being used. */
enum key_refusal {
	KEY_CHOSEN,
	KEY_NONE,
	KEY_IS_OTHER_PROVIDERS,
	KEY_IS_MOVED,
	KEY_IS_SHUT_OUT,
	KEY_IS_EXCLUDED,
	KEY_IS_OVER_BUDGET,
	KEY_IS_OVER_LIMIT
};

struct key_question {
	struct text provider; /* absent: any */
	const struct uuid *excluded;
	size_t excluded_count;
	struct unix_ms now;
};

struct key_choice {
	enum key_refusal refusal;
	const struct usable_key *key; /* the chosen one, or the first that was refused for this */
	struct unix_ms resets; /* OVER_BUDGET, OVER_LIMIT: when the first of them opens again */
};

struct key_choice usable_keys_choose(const struct usable_keys *keys, const struct key_question *q);
