/* SPDX-License-Identifier: MIT */
#include "usable_key.h"

#include <time.h>

#include "base/banned.h"

void usable_keys_read(const struct db_unit *u, size_t index, struct arena *arena,
		      struct usable_keys *ret)
{
	static const struct db_column columns[] = {
		DB_COLUMN(DB_UUID, usable_key, id),
		DB_COLUMN(DB_TEXT, usable_key, provider),
		DB_COLUMN(DB_BYTES, usable_key, sealed),
		DB_COLUMN(DB_TEXT, usable_key, preview),
		DB_COLUMN(DB_TEXT, usable_key, base_url),
		DB_COLUMN(DB_TEXT, usable_key, origin),
		DB_COLUMN(DB_TEXT, usable_key, status),
		DB_COLUMN(DB_INT, usable_key, data_key.version),
		DB_COLUMN(DB_BYTES, usable_key, data_key.kek_id),
		DB_COLUMN(DB_BYTES, usable_key, data_key.sealed),
		DB_COLUMN(DB_DOUBLE, usable_key, budget),
		DB_COLUMN(DB_INT, usable_key, daily),
		DB_COLUMN(DB_INT, usable_key, rpm),
		DB_COLUMN(DB_INT, usable_key, today),
		DB_COLUMN(DB_INT, usable_key, minute),
		DB_COLUMN(DB_DOUBLE, usable_key, month_cost),
		{ 0 },
	};
	ret->count = db_rows(u, index);
	ret->items = arena_alloc(arena, sizeof(*ret->items) * (ret->count + 1));
	for (size_t i = 0; i < ret->count; i++) {
		db_read_row(u, index, i, columns, &ret->items[i], arena);
		ret->items[i].has_budget = !db_is_null(u, index, i, 10);
		ret->items[i].has_daily = !db_is_null(u, index, i, 11);
		ret->items[i].has_rpm = !db_is_null(u, index, i, 12);
	}
}

static bool is_excluded(const struct key_question *q, const struct uuid *id)
{
	for (size_t i = 0; i < q->excluded_count; i++)
		if (uuid_equal(&q->excluded[i], id))
			return true;
	return false;
}

static struct unix_ms next_minute(struct unix_ms now)
{
	return (struct unix_ms){ (now.value / 60000 + 1) * 60000 };
}

static struct unix_ms next_day(struct unix_ms now)
{
	return (struct unix_ms){ (now.value / 86400000 + 1) * 86400000 };
}

static struct unix_ms next_month(struct unix_ms now)
{
	time_t seconds = (time_t)(now.value / 1000);
	struct tm tm;
	gmtime_r(&seconds, &tm);
	struct tm first = { .tm_year = tm.tm_year, .tm_mon = tm.tm_mon + 1, .tm_mday = 1 };
	return (struct unix_ms){ (int64_t)timegm(&first) * 1000 };
}

/* KEY_CHOSEN when the key may be used; else why not, and until when. */
static enum key_refusal judge(const struct usable_key *k, const struct key_question *q,
			      struct unix_ms *ret_resets)
{
	if (q->provider.ptr && !text_equal(k->provider, q->provider))
		return KEY_IS_OTHER_PROVIDERS;
	if (k->place != KEY_AT_HOME)
		return k->place == KEY_MOVED ? KEY_IS_MOVED : KEY_IS_SHUT_OUT;
	if (is_excluded(q, &k->id))
		return KEY_IS_EXCLUDED;
	if (k->has_budget && k->month_cost >= k->budget) {
		*ret_resets = next_month(q->now);
		return KEY_IS_OVER_BUDGET;
	}
	if (k->has_daily && k->today >= k->daily) {
		*ret_resets = next_day(q->now);
		return KEY_IS_OVER_LIMIT;
	}
	if (k->has_rpm && k->minute >= k->rpm) {
		*ret_resets = next_minute(q->now);
		return KEY_IS_OVER_LIMIT;
	}
	return KEY_CHOSEN;
}

static void note_refusal(struct key_choice *choice, enum key_refusal refusal,
			 const struct usable_key *k, struct unix_ms resets)
{
	if (refusal > choice->refusal) {
		choice->refusal = refusal;
		choice->key = k;
	}
	if (resets.value && (!choice->resets.value || resets.value < choice->resets.value))
		choice->resets = resets;
}

struct key_choice usable_keys_choose(const struct usable_keys *keys, const struct key_question *q)
{
	struct key_choice choice = { .refusal = KEY_NONE };
	/* A key its provider has turned down is the last resort: its owner may have mended it
	 * there. */
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < keys->count; i++) {
			const struct usable_key *k = &keys->items[i];
			struct unix_ms resets = { 0 };
			if (text_is(k->status, "rejected") != (pass == 1))
				continue;
			enum key_refusal refusal = judge(k, q, &resets);
			if (refusal == KEY_CHOSEN)
				return (struct key_choice){ KEY_CHOSEN, k, { 0 } };
			note_refusal(&choice, refusal, k, resets);
		}
	}
	return choice;
}
