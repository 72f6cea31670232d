/* SPDX-License-Identifier: MIT */
/*
 * Where sealed text stands: the one list of places (label "grove/content/v1", user, table, row, column, extras) that content is bound to. A record that
 * someone with access to the database moves to another row, person, conversation, parent or role does not open.
 */
#pragma once

#include "base/base.h"
#include "crypto/seal.h"
#include "db/db.h"

#include "data_keys.h"

#define CONTENT_LABEL "grove/content/v1"

/* A place is made and used at once: the extras point into it. */
struct content_place {
	struct seal_place place;
	char text[2][UUID_TEXT_SIZE];
};

void place_of_message(struct content_place *p, const struct uuid *user, const struct uuid *conversation, const struct uuid *message,
		      const struct db_opt_uuid *parent, struct text role);
void place_of_part(struct content_place *p, const struct uuid *user, const struct uuid *message, int64_t seq);
void place_of_conversation(struct content_place *p, const struct uuid *user, const struct uuid *conversation, const char *column);
void place_of_branch(struct content_place *p, const struct uuid *user, const struct uuid *conversation, const struct uuid *branch,
		     const char *column);

/* Seals into an arena; the plain text is borrowed. ERR_TOO_LARGE never happens for text within JSON's own limits. */
MUST_CHECK enum err content_seal(const struct key_lease *lease, const struct content_place *p, struct text plain, struct arena *arena,
				 struct text *ret_sealed);
/* Absent sealed text opens as absent. Appends to `ret` otherwise. */
MUST_CHECK enum err content_open_into(const struct key_lease *lease, const struct content_place *p, struct text sealed, struct strbuf *ret);
MUST_CHECK enum err content_open(const struct key_lease *lease, const struct content_place *p, struct text sealed, struct arena *arena,
				 struct text *ret_plain);
