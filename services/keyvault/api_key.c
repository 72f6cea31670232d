/* SPDX-License-Identifier: MIT */
#include "api_key.h"

#include "base/banned.h"

/* Four characters of a shorter key would be too much of it. */
#define PREVIEW_FROM 12

static bool is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

bool api_key_clean(struct secret *key)
{
	size_t from = 0, to = key->len;
	while (from < to && is_blank(key->bytes[from]))
		from++;
	while (to > from && is_blank(key->bytes[to - 1]))
		to--;
	for (size_t i = from; i < to; i++)
		if (key->bytes[i] <= 0x20 || key->bytes[i] >= 0x7f)
			return false;
	if (from == to)
		return false;
	if (to - from != key->len) {
		struct secret clean = SECRET_INIT;
		secret_set(&clean, key->bytes + from, to - from);
		secret_clear(key);
		*key = secret_take(&clean);
	}
	return true;
}

void api_key_preview(const struct secret *key, char out[static KEY_PREVIEW_CHARS + 1])
{
	out[0] = '\0';
	if (key->len < PREVIEW_FROM)
		return;
	memcpy(out, key->bytes + key->len - KEY_PREVIEW_CHARS, KEY_PREVIEW_CHARS);
	out[KEY_PREVIEW_CHARS] = '\0';
}

struct seal_place api_key_place(const struct uuid *user, const struct uuid *id,
				struct text provider, struct text origin)
{
	return (struct seal_place){ .label = "grove/byok/v1",
				    .user = *user,
				    .table = "user_api_keys",
				    .row = *id,
				    .column = "key_sealed",
				    .extra = { provider, origin } };
}

void api_key_read(const struct db_unit *u, size_t index, size_t row, struct arena *arena,
		  struct api_key_row *ret)
{
	static const struct db_column columns[] = {
		DB_COLUMN(DB_UUID, api_key_row, id),
		DB_COLUMN(DB_TEXT, api_key_row, provider),
		DB_COLUMN(DB_TEXT, api_key_row, name),
		DB_COLUMN(DB_TEXT, api_key_row, preview),
		DB_COLUMN(DB_TEXT, api_key_row, base_url),
		DB_COLUMN(DB_BOOL, api_key_row, active),
		DB_COLUMN(DB_DOUBLE, api_key_row, budget),
		DB_COLUMN(DB_INT, api_key_row, daily),
		DB_COLUMN(DB_INT, api_key_row, rpm),
		DB_COLUMN(DB_INT, api_key_row, priority),
		DB_COLUMN(DB_TEXT, api_key_row, status),
		DB_COLUMN(DB_TIME, api_key_row, created),
		DB_COLUMN(DB_OPT_TIME, api_key_row, last_used),
		{ 0 },
	};
	*ret = (struct api_key_row){ 0 };
	db_read_row(u, index, row, columns, ret, arena);
	ret->has_budget = !db_is_null(u, index, row, 6);
	ret->has_daily = !db_is_null(u, index, row, 7);
	ret->has_rpm = !db_is_null(u, index, row, 8);
}

static void write_limit(struct json_writer *w, const char *name, bool has, int64_t value)
{
	json_key(w, name);
	if (has)
		json_int(w, value);
	else
		json_null(w);
}

void api_key_write(struct json_writer *w, const struct api_key_row *key)
{
	json_object_begin(w);
	json_key(w, "id");
	json_uuid(w, &key->id);
	json_key(w, "provider");
	json_text(w, key->provider);
	json_key(w, "keyName");
	json_text(w, key->name);
	json_key(w, "keyPreview");
	json_text(w, key->preview);
	json_key(w, "baseUrl");
	json_text(w, key->base_url);
	json_key(w, "active");
	json_bool(w, key->active);
	json_key(w, "status");
	json_text(w, key->status);
	json_key(w, "monthlyBudget");
	if (key->has_budget)
		json_double(w, key->budget);
	else
		json_null(w);
	write_limit(w, "dailyLimit", key->has_daily, key->daily);
	write_limit(w, "rateLimitRpm", key->has_rpm, key->rpm);
	json_key(w, "priorityOrder");
	json_int(w, key->priority);
	json_key(w, "createdAt");
	json_time(w, key->created.value);
	json_key(w, "lastUsedAt");
	if (key->last_used.value)
		json_time(w, key->last_used.value);
	else
		json_null(w);
	json_object_end(w);
}
