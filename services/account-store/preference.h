/* SPDX-License-Identifier: MIT */
/*
 * Preferences: one table of known keys with their types. A key that is not in it is refused, so that a spelling mistake is heard of. They are not
 * sealed, so nothing that is content may become one. Pure.
 */
#pragma once

#include "base/base.h"
#include "json/json.h"
#include "token/envelope.h"

struct preference_fallback {
	bool given;
	struct text model;
	struct json_text_list to;
};

struct preference_composer {
	bool given;
	struct json_text model, provider, reasoning_effort;
	struct json_number temperature, top_p;
	struct json_int max_tokens;
	struct json_bool send_on_enter;
};

struct preferences {
	struct json_text theme, default_model, default_provider, language, text_size;
	struct json_bool ephemeral_mode, client_side_storage, model_titles, reduce_motion, wrap_code, show_cost, sidebar_collapsed;
	struct preference_composer composer;
	struct json_list fallbacks;
};

extern const struct json_field preference_fields[];

/* The default of ephemeralMode: on for pro accounts on multi-user installs, off for everybody else and for the local owner. */
bool preference_ephemeral_default(const struct identity *identity);

/* Writes what is stored (JSON, absent for nothing) on top of the defaults of the keys that clients always need. */
MUST_CHECK enum err preferences_write(struct text stored, const struct identity *identity, struct json_writer *w);
