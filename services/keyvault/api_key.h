/* SPDX-License-Identifier: MIT */
/* A provider key as people see it: how it is checked, previewed, listed, and where its sealed form
 * is bound. Pure. */
#pragma once

#include "crypto/seal.h"
#include "db/db.h"
#include "json/json.h"

#define KEY_PREVIEW_CHARS 4
#define KEY_MAX 4096
#define MOST_KEYS 50

/* Trims blanks and line ends in place; false when nothing is left, or a byte is not visible ASCII.
 */
bool api_key_clean(struct secret *key);
/* The last four characters; "" for keys of less than 12, of which four would be too much. */
void api_key_preview(const struct secret *key, char out[static KEY_PREVIEW_CHARS + 1]);
struct seal_place api_key_place(const struct uuid *user, const struct uuid *id,
				struct text provider, struct text origin);

/* A row of sql/api_keys.sql and its kin. */
struct api_key_row {
	struct uuid id;
	struct text provider, name, preview, base_url;
	bool active, has_budget, has_daily, has_rpm;
	double budget;
	int64_t daily, rpm, priority;
	struct text status;
	struct unix_ms created, last_used;
};
void api_key_read(const struct db_unit *unit, size_t index, size_t row, struct arena *arena,
		  struct api_key_row *ret);
void api_key_write(struct json_writer *w, const struct api_key_row *key);
