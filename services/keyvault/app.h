/* SPDX-License-Identifier: MIT */
/* What keyvault owns. */
#pragma once

#include "daemon/daemon.h"
#include "fetch/guard.h"

#include "config.h"
#include "keks.h"
#include "session_keys.h"

struct keyvault {
	const struct keyvault_config *config;
	struct daemon *daemon;
	struct keks *keks;
	struct session_keys *session_keys;
	struct guard *guard;
	struct loop_timer sweep; /* expired session keys */
};

extern const struct route keyvault_routes[];

bool keyvault_persists(const struct keyvault *kv); /* BYOK_ENCRYPTION_SECRET is set */
/* For flows: 503 with where to look, and the one log line for a record that does not open where it
 * stands (id may be NULL). */
enum flow keyvault_keys_are_away(struct request *req);
void keyvault_could_not_open(const struct request *req, const char *what, const struct uuid *id);

enum err keyvault_open(struct daemon *d, struct strbuf *errors);
void keyvault_connected(struct daemon *d);
void keyvault_close(struct daemon *d);
