/* SPDX-License-Identifier: MIT */
/* The table of preferences. */
#include "preference.h"

#include "base/banned.h"

static const char *const themes[] = { "system", "light", "dark", NULL };
static const char *const text_sizes[] = { "small", "medium", "large", NULL };
static const char *const efforts[] = { "minimal", "low", "medium", "high", NULL };

#define MODEL_MAX 200

static const struct json_field composer_fields[] = {
	JSON_FIELD(JSON_OPT_TEXT, preference_composer, model, .nullable = true, .max = MODEL_MAX),
	JSON_FIELD(JSON_OPT_TEXT, preference_composer, provider, .nullable = true, .max = 64),
	JSON_FIELD_AS(JSON_OPT_TEXT, preference_composer, reasoning_effort, "reasoningEffort",
		      .nullable = true, .max = 16, .one_of = efforts),
	JSON_FIELD(JSON_NUMBER, preference_composer, temperature, .nullable = true, .min = 0,
		   .max = 2),
	JSON_FIELD_AS(JSON_NUMBER, preference_composer, top_p, "topP", .nullable = true, .min = 0,
		      .max = 1),
	JSON_FIELD_AS(JSON_INT, preference_composer, max_tokens, "maxTokens", .nullable = true,
		      .min = 1, .max = 10000000),
	JSON_FIELD_AS(JSON_BOOL, preference_composer, send_on_enter, "sendOnEnter",
		      .nullable = true),
	{ 0 },
};

static const struct json_field fallback_fields[] = {
	JSON_FIELD(JSON_TEXT, preference_fallback, model, .required = true, .min = 1,
		   .max = MODEL_MAX),
	JSON_FIELD(JSON_TEXT_LIST, preference_fallback, to, .required = true, .max = 8,
		   .item_max = MODEL_MAX),
	{ 0 },
};

const struct json_field preference_fields[] = {
	JSON_FIELD(JSON_OPT_TEXT, preferences, theme, .nullable = true, .max = 16,
		   .one_of = themes),
	JSON_FIELD_AS(JSON_OPT_TEXT, preferences, default_model, "defaultModel", .nullable = true,
		      .max = MODEL_MAX),
	JSON_FIELD_AS(JSON_OPT_TEXT, preferences, default_provider, "defaultProvider",
		      .nullable = true, .max = 64),
	JSON_FIELD(JSON_OPT_TEXT, preferences, language, .nullable = true, .max = 35),
	JSON_FIELD_AS(JSON_OPT_TEXT, preferences, text_size, "textSize", .nullable = true,
		      .max = 16, .one_of = text_sizes),
	JSON_FIELD_AS(JSON_BOOL, preferences, ephemeral_mode, "ephemeralMode", .nullable = true),
	JSON_FIELD_AS(JSON_BOOL, preferences, client_side_storage, "clientSideStorage",
		      .nullable = true),
	/* Titles by a model are a provider call of their own: off unless the person switches them
	   on. */
	JSON_FIELD_AS(JSON_BOOL, preferences, model_titles, "modelTitles", .nullable = true),
	JSON_FIELD_AS(JSON_BOOL, preferences, reduce_motion, "reduceMotion", .nullable = true),
	JSON_FIELD_AS(JSON_BOOL, preferences, wrap_code, "wrapCode", .nullable = true),
	JSON_FIELD_AS(JSON_BOOL, preferences, show_cost, "showCost", .nullable = true),
	JSON_FIELD_AS(JSON_BOOL, preferences, sidebar_collapsed, "sidebarCollapsed",
		      .nullable = true),
	JSON_FIELD(JSON_OBJECT, preferences, composer, .fields = composer_fields,
		   .size = sizeof(struct preference_composer)),
	JSON_FIELD(JSON_OBJECT_LIST, preferences, fallbacks, .max = 16, .fields = fallback_fields,
		   .size = sizeof(struct preference_fallback)),
	{ 0 },
};

bool preference_ephemeral_default(const struct identity *identity)
{
	return identity->amr != AMR_LOCAL && identity->role != ROLE_OWNER &&
	       identity->tier >= TIER_PRO;
}

static void write_default(struct json_writer *w, const struct json_value *stored, const char *key,
			  bool value)
{
	if (json_get(stored, key))
		return;
	json_key(w, key);
	json_bool(w, value);
}

enum err preferences_write(struct text stored, const struct identity *identity,
			   struct json_writer *w)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	enum err err = json_doc_parse(stored.ptr ? stored : TEXT("{}"), NULL, &doc);
	if (err)
		return ERR_INTERNAL;
	const struct json_value *root = json_doc_root(doc);
	json_object_begin(w);
	for (const struct json_value *v = json_first(root); v; v = json_next(v)) {
		json_key_text(w, json_name(v));
		json_write_value(w, v);
	}
	if (!json_get(root, "theme")) {
		json_key(w, "theme");
		json_str(w, "system");
	}
	if (!json_get(root, "defaultModel")) {
		json_key(w, "defaultModel");
		json_null(w);
	}
	write_default(w, root, "ephemeralMode", preference_ephemeral_default(identity));
	write_default(w, root, "clientSideStorage", false);
	json_object_end(w);
	return w->err;
}
