/* SPDX-License-Identifier: MIT */
/* The cache of data keys, and fetching what is missing from keyvault. */
#include "data_keys.h"

#include <stdlib.h>

#include "json/json.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "app.h"

#include "base/banned.h"

#define SWEEP_MS 15000

static struct metric lookups = METRIC_COUNTER_INIT(
	"grove_account_data_keys_total", "Data keys asked for, by where they were found.", "found");

struct data_key {
	struct uuid user;
	uint32_t version;
	uint8_t kek_id[4];
	struct secret bytes;
	/* Monotonic. current_until_ms 0: not the newest version. */
	int64_t wipe_at_ms, current_until_ms;
	unsigned holders; /* the cache counts as one */
};

struct data_keys {
	struct data_key *slots[DATA_KEYS_MAX];
	uint64_t used_at[DATA_KEYS_MAX]; /* value of `uses` at the last use */
	uint64_t uses;
	size_t count;
	int64_t life_ms;
	struct loop_timer sweep;
};

static void key_release(struct data_key *key)
{
	BUG_ON(!key->holders);
	if (--key->holders)
		return;
	secret_clear(&key->bytes);
	free(key);
}

/* The last slot moves into the free one. */
static void drop(struct data_keys *keys, size_t slot)
{
	struct data_key *key = keys->slots[slot];
	keys->count--;
	keys->slots[slot] = keys->slots[keys->count];
	keys->used_at[slot] = keys->used_at[keys->count];
	key_release(key);
}

static void sweep(struct loop_timer *timer)
{
	struct data_keys *keys = container_of(timer, struct data_keys, sweep);
	int64_t now = clock_mono_ms();
	for (size_t i = keys->count; i > 0; i--)
		if (keys->slots[i - 1]->wipe_at_ms <= now)
			drop(keys, i - 1);
	if (keys->count)
		loop_timer_set(timer, SWEEP_MS);
}

struct data_keys *data_keys_new(struct loop *loop, int64_t life_ms)
{
	struct data_keys *keys = xcalloc(1, sizeof(*keys));
	keys->life_ms = life_ms;
	loop_timer_init(&keys->sweep, loop, sweep);
	return keys;
}

void data_keys_free(struct data_keys *keys)
{
	if (!keys)
		return;
	while (keys->count)
		drop(keys, keys->count - 1);
	loop_timer_clear(&keys->sweep);
	free(keys);
}

void data_keys_forget(struct data_keys *keys, const struct uuid *user)
{
	for (size_t i = keys->count; i > 0; i--)
		if (uuid_equal(&keys->slots[i - 1]->user, user))
			drop(keys, i - 1);
}

size_t data_keys_count(const struct data_keys *keys)
{
	return keys->count;
}

/* version 0: the current one. */
static struct data_key *find(struct data_keys *keys, const struct uuid *user, uint32_t version)
{
	int64_t now = clock_mono_ms();
	for (size_t i = 0; i < keys->count; i++) {
		struct data_key *key = keys->slots[i];
		if (!uuid_equal(&key->user, user) || key->wipe_at_ms <= now)
			continue;
		if (version ? key->version != version : key->current_until_ms <= now)
			continue;
		keys->used_at[i] = ++keys->uses;
		return key;
	}
	return NULL;
}

static size_t least_recently_used(const struct data_keys *keys)
{
	size_t oldest = 0;
	for (size_t i = 1; i < keys->count; i++)
		if (keys->used_at[i] < keys->used_at[oldest])
			oldest = i;
	return oldest;
}

static void insert(struct data_keys *keys, struct data_key *key)
{
	for (size_t i = keys->count; i > 0; i--)
		if (uuid_equal(&keys->slots[i - 1]->user, &key->user) &&
		    keys->slots[i - 1]->version == key->version)
			drop(keys, i - 1);
	if (keys->count == DATA_KEYS_MAX)
		drop(keys, least_recently_used(keys));
	key->holders++;
	keys->used_at[keys->count] = ++keys->uses;
	keys->slots[keys->count++] = key;
	if (!loop_timer_is_set(&keys->sweep))
		loop_timer_set(&keys->sweep, SWEEP_MS);
}

/* --- what a request holds -----------------------------------------------------------------------
 */

static const struct data_key *held(const struct key_lease *lease, uint32_t version)
{
	for (size_t i = 0; i < lease->held_count; i++)
		if (lease->held[i]->version == version)
			return lease->held[i];
	return NULL;
}

static void hold(struct key_lease *lease, struct data_key *key, bool current)
{
	if (!held(lease, key->version)) {
		BUG_ON(lease->held_count == KEY_LEASE_MAX);
		key->holders++;
		lease->held[lease->held_count++] = key;
	}
	for (size_t i = 0; current && i < lease->held_count; i++)
		if (lease->held[i]->version == key->version)
			lease->current = lease->held[i];
}

void key_lease_clear(struct key_lease *lease)
{
	for (size_t i = 0; i < lease->held_count; i++)
		key_release(lease->held[i]);
	*lease = (struct key_lease){ 0 };
}

void key_lease_want(struct key_lease *lease, struct text sealed)
{
	struct seal_header header;
	if (!sealed.ptr)
		return;
	if (seal_read_header(sealed, &header)) {
		lease->broken_record = true;
		return;
	}
	if (held(lease, header.dek_version))
		return;
	for (size_t i = 0; i < lease->wanted_count; i++)
		if (lease->wanted[i] == header.dek_version)
			return;
	/* One place stays free for the current key. */
	if (lease->wanted_count + lease->held_count >= KEY_LEASE_MAX - 1)
		lease->too_many = true;
	else
		lease->wanted[lease->wanted_count++] = header.dek_version;
}

struct seal_key data_key_current(const struct key_lease *lease)
{
	BUG_ON(!lease->current);
	struct seal_key key = { .dek_version = lease->current->version,
				.key = lease->current->bytes.bytes };
	memcpy(key.kek_id, lease->current->kek_id, sizeof(key.kek_id));
	return key;
}

enum err data_key_of(const struct key_lease *lease, struct text sealed, struct seal_key *ret)
{
	struct seal_header header;
	if (seal_read_header(sealed, &header))
		return ERR_INTERNAL;
	const struct data_key *key = held(lease, header.dek_version);
	if (!key)
		return ERR_INTERNAL;
	*ret = (struct seal_key){ .dek_version = key->version, .key = key->bytes.bytes };
	/* The record names the secret that wrapped the data key when it was sealed. Rotation wraps
	 * the key anew and leaves records alone, so that name may be an older one; it is
	 * authenticated with the rest. */
	memcpy(ret->kek_id, header.kek_id, sizeof(ret->kek_id));
	return OK;
}

/* --- fetching -----------------------------------------------------------------------------------
 */

struct data_key_reply {
	struct text kek_id;
	struct json_int version;
	struct secret key;
};

static const struct json_field data_key_reply_fields[] = {
	JSON_FIELD_AS(JSON_TEXT, data_key_reply, kek_id, "kekId", .required = true, .min = 8,
		      .max = 8),
	JSON_FIELD(JSON_INT, data_key_reply, version, .required = true, .min = 1, .max = INT32_MAX),
	JSON_FIELD(JSON_SECRET_TEXT, data_key_reply, key, .required = true, .min = 44, .max = 44),
	{ 0 },
};

static enum err key_from_reply(const struct data_key_reply *reply, struct data_key *key)
{
	size_t len;
	key->version = (uint32_t)reply->version.value;
	secret_alloc(&key->bytes, AEAD_KEY_BYTES);
	if (!hex_to_bytes(reply->kek_id, key->kek_id, sizeof(key->kek_id)))
		return ERR_INTERNAL;
	struct text base64 = { (const char *)reply->key.bytes, reply->key.len };
	if (base64_decode(base64, key->bytes.bytes, AEAD_KEY_BYTES, &len) || len != AEAD_KEY_BYTES)
		return ERR_INTERNAL;
	return OK;
}

static enum err read_reply(struct text body, struct data_key *key)
{
	struct data_key_reply reply = { 0 };
	struct json_problem problem;
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	enum err err = json_decode(body, data_key_reply_fields, &reply, &arena, &problem);
	if (!err)
		err = key_from_reply(&reply, key);
	json_clear_secrets(data_key_reply_fields, &reply);
	return err ? ERR_INTERNAL : OK;
}

static enum flow fetch_next(struct request *req);

static void fetched(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	(void)call;
	struct request *req = arg;
	struct key_lease *lease = req->op;
	const struct account_store *app = req->app;
	bool current = !lease->wanted_count;
	lease->call = NULL;
	struct data_key *key = xcalloc(1, sizeof(*key));
	key->user = req->identity.user;
	key->holders = 1;
	if (!err)
		err = status == 200   ? read_reply(body, key)
		      : status >= 500 ? ERR_UNAVAILABLE
				      : ERR_INTERNAL;
	/* The answer's buffer is fetch's and about to be freed; the key must not stay in it. */
	if (body.ptr)
		wipe((void *)(uintptr_t)body.ptr, body.len);
	if (!err && !current && key->version != lease->wanted[lease->wanted_count - 1])
		err = ERR_INTERNAL;
	if (!err) {
		key->wipe_at_ms = clock_mono_ms() + app->keys->life_ms;
		key->current_until_ms = current ? key->wipe_at_ms : 0;
		hold(lease, key, current);
		if (app->keys->life_ms)
			insert(app->keys, key);
		if (current)
			lease->want_current = false;
		else
			lease->wanted_count--;
	}
	key_release(key);
	if (err || fetch_next(req) == FLOW_NEXT)
		wait_custom_done(req, err);
}

static void cancel_fetch(struct request *req)
{
	struct key_lease *lease = req->op;
	if (lease->call)
		peer_call_cancel(lease->call);
	lease->call = NULL;
}

static void start_fetch(struct request *req, uint32_t version)
{
	struct key_lease *lease = req->op;
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(64);
	BUG_ON((version ? strbuf_printf(&body, "{\"version\":%u}", version)
			: strbuf_append_str(&body, "{}")) != OK);
	const struct peer_request request = {
		.daemon = DAEMON_KEYVAULT,
		.identity = &req->identity,
		.method = "POST",
		.path = "/internal/data-keys",
		.body = strbuf_text(&body),
		.timeout_ms = 5000,
		.max_body = 4096,
	};
	metric_inc(&lookups, "keyvault");
	lease->call = peer_call_start(req->env->peers, &request, fetched, req);
}

/* Takes from the cache what is there; starts fetching the first that is not. NEXT: all held. */
static enum flow fetch_next(struct request *req)
{
	struct key_lease *lease = req->op;
	const struct account_store *app = req->app;
	while (lease->wanted_count || lease->want_current) {
		uint32_t version = lease->wanted_count ? lease->wanted[lease->wanted_count - 1] : 0;
		struct data_key *key = find(app->keys, &req->identity.user, version);
		if (!key) {
			start_fetch(req, version);
			return FLOW_WAIT;
		}
		metric_inc(&lookups, "cache");
		hold(lease, key, !version);
		if (version)
			lease->wanted_count--;
		else
			lease->want_current = false;
	}
	return FLOW_NEXT;
}

enum flow lease_wanted_keys(struct request *req)
{
	const struct key_lease *lease = req->op;
	if (lease->broken_record || lease->too_many) {
		log_error("record.unreadable", LOG_UUID("userId", &req->identity.user),
			  LOG_STR("why", lease->broken_record ? "not a sealed record"
							      : "too many key versions"));
		return fail(req, ERR_INTERNAL);
	}
	if (fetch_next(req) == FLOW_NEXT)
		return FLOW_NEXT;
	return wait_custom(req, cancel_fetch);
}

enum flow lease_current_key(struct request *req)
{
	struct key_lease *lease = req->op;
	lease->want_current = true;
	return lease_wanted_keys(req);
}
