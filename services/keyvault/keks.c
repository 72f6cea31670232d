/* SPDX-License-Identifier: MIT */
/* Two units of work at start: read salts and KEK versions (making the salts where there are none),
 * then write down the KEKs that are new. In between the configured secrets must prove themselves.
 */
#include "keks.h"

#include "log/log.h"

#include "config.h"
#include "sql.h"

#include "base/banned.h"

#define RETRY_MS 1000

struct keks {
	struct daemon *daemon;
	struct kek_ring ring;
	bool ready;
	struct db_unit *unit;
	struct waiter waiter;
	struct loop_timer retry;
};

static void try_again(struct loop_timer *timer)
{
	keks_load(container_of(timer, struct keks, retry));
}

struct keks *keks_new(struct daemon *d)
{
	struct keks *k = xcalloc(1, sizeof(*k));
	k->daemon = d;
	loop_timer_init(&k->retry, d->loop, try_again);
	daemon_set_ready(d, "keys", "waiting for the database");
	return k;
}

static void forget(struct keks *k)
{
	kek_ring_clear(&k->ring);
	k->ready = false;
}

void keks_free(struct keks *k)
{
	loop_timer_clear(&k->retry);
	db_unit_free(k->unit);
	forget(k);
	free(k);
}

const struct kek_ring *keks_ring(const struct keks *k)
{
	return k->ready ? &k->ring : NULL;
}

static void refuse(struct keks *k, const char *reason)
{
	forget(k);
	log_error("keys.refused", LOG_STR("reason", reason));
	daemon_set_ready(k->daemon, "keys", reason);
}

/* The database may still be there for others, so nobody else would tell us to try again. */
static void retry_later(struct keks *k, const char *reason)
{
	forget(k);
	log_warn("keys.waiting", LOG_STR("reason", reason),
		 LOG_STR("sqlstate", db_unit_sqlstate(k->unit)));
	daemon_set_ready(k->daemon, "keys", reason);
	loop_timer_set(&k->retry, RETRY_MS);
}

static void add_family(struct keks *k, enum kek_family f, const uint8_t *salt)
{
	const struct keyvault_config *c = k->daemon->config;
	const struct secret *current = f == KEK_BYOK ? &c->byok_secret : &c->data_secret;
	const struct config_secret_list *previous =
		f == KEK_BYOK ? &c->byok_previous : &c->data_previous;
	if (secret_is_set(current))
		kek_ring_add(&k->ring, f, current, salt, true);
	for (size_t i = 0; i < previous->count; i++)
		kek_ring_add(&k->ring, f, &previous->items[i], salt, false);
}

static enum kek_family family_of(struct text name)
{
	return text_is(name, "byok") ? KEK_BYOK : KEK_DATA;
}

/* Every stored KEK must be among the configured ones, and open its canary. */
static bool check_stored(struct keks *k)
{
	for (size_t row = 0; row < db_rows(k->unit, 2); row++) {
		enum kek_family f = family_of(db_get_text(k->unit, 2, row, 0));
		/* Stored keys may rest while session-only mode is on. */
		struct seal_key current;
		if (f == KEK_BYOK && kek_ring_current(&k->ring, f, &current))
			continue;
		if (kek_ring_opens(&k->ring, f, db_get_text(k->unit, 2, row, 1),
				   db_get_text(k->unit, 2, row, 2)))
			continue;
		refuse(k, f == KEK_BYOK
				  ? "BYOK_ENCRYPTION_SECRET does not open what is stored: give "
				    "the secret that sealed it, as BYOK_ENCRYPTION_SECRET or in "
				    "BYOK_ENCRYPTION_SECRET_PREVIOUS"
				  : "DATA_ENCRYPTION_SECRET does not open what is stored: give "
				    "the secret that sealed it, as DATA_ENCRYPTION_SECRET or in "
				    "DATA_ENCRYPTION_SECRET_PREVIOUS");
		return false;
	}
	return true;
}

static void stored(struct waiter *waiter)
{
	struct keks *k = container_of(waiter, struct keks, waiter);
	if (db_unit_err(k->unit)) {
		retry_later(k, "the key versions could not be stored");
		return;
	}
	db_unit_free(k->unit);
	k->unit = NULL;
	k->ready = true;
	daemon_set_ready(k->daemon, "keys", NULL);
}

/* Writes down every current KEK not known yet. */
static void store_new(struct keks *k)
{
	db_unit_free(k->unit);
	k->unit = db_unit_new(k->daemon->db);
	for (size_t i = 0; i < k->ring.count; i++) {
		const struct kek *kek = &k->ring.items[i];
		AUTO(strbuf_clear) struct strbuf canary = STRBUF_INIT(256);
		if (!kek->is_current || kek->is_stored)
			continue;
		BUG_ON(kek_seal_canary(kek, &canary));
		db_unit_add(k->unit, SQL_ADD_KEK_VERSION,
			    DB_ARGS(db_text(text_of(kek_family_name(kek->family))),
				    db_bytes(text_from(kek->id, KEK_ID_BYTES)),
				    db_bytes(strbuf_text(&canary))));
	}
	if (!db_unit_count(k->unit))
		db_unit_add(k->unit, SQL_SALTS, DB_NO_ARGS);
	k->waiter.wake = stored;
	db_unit_submit(k->unit, &k->waiter);
}

static void loaded(struct waiter *waiter)
{
	struct keks *k = container_of(waiter, struct keks, waiter);
	if (db_unit_err(k->unit)) {
		retry_later(k, "the key versions cannot be read");
		return;
	}
	forget(k);
	for (size_t row = 0; row < db_rows(k->unit, 1); row++) {
		struct text salt = db_get_text(k->unit, 1, row, 1);
		BUG_ON(salt.len != KEK_SALT_BYTES || row == KEK_FAMILIES);
		add_family(k, family_of(db_get_text(k->unit, 1, row, 0)),
			   (const uint8_t *)salt.ptr);
	}
	if (check_stored(k))
		store_new(k);
}

void keks_load(struct keks *k)
{
	uint8_t salts[KEK_FAMILIES][KEK_SALT_BYTES];
	if (k->ready)
		return; /* the database came back; the keys never went */
	random_bytes(salts, sizeof(salts));
	loop_timer_stop(&k->retry);
	db_unit_free(k->unit);
	k->unit = db_unit_new(k->daemon->db);
	db_unit_add(k->unit, SQL_MAKE_SALTS,
		    DB_ARGS(db_bytes(text_from(salts[0], KEK_SALT_BYTES)),
			    db_bytes(text_from(salts[1], KEK_SALT_BYTES))));
	db_unit_add(k->unit, SQL_SALTS, DB_NO_ARGS);
	db_unit_add(k->unit, SQL_KEK_VERSIONS, DB_NO_ARGS);
	k->waiter.wake = loaded;
	db_unit_submit(k->unit, &k->waiter);
}
