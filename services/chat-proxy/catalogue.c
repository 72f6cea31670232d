/* SPDX-License-Identifier: MIT */
#include "catalogue.h"

#include "base/mem.h"
#include "json/json.h"

#include "base/banned.h"

extern const char models_json[];
extern const size_t models_json_len;

static double number(const struct json_value *v, const char *key, double fallback)
{
	double d;
	return json_get_number(json_get(v, key), &d) ? d : fallback;
}

static bool flag(const struct json_value *v, const char *key)
{
	bool b;
	return json_get_bool(json_get(v, key), &b) && b;
}

static void read_model(const struct json_value *v, struct catalogue_model *m)
{
	struct text provider, id;
	BUG_ON(!json_get_text(json_get(v, "provider"), &provider) ||
	       provider_from_name(provider, &m->provider));
	BUG_ON(!json_get_text(json_get(v, "id"), &id) || id.len >= sizeof(m->id));
	memcpy(m->id, id.ptr, id.len);
	m->context_window = (int64_t)number(v, "contextWindow", 0);
	m->max_output = (int64_t)number(v, "maxOutput", 0);
	m->price = (struct price){ true, number(v, "input", 0), number(v, "output", 0),
				   number(v, "cachedInput", -1) };
	m->reasoning = flag(v, "reasoning");
	m->images = flag(v, "images");
}

struct catalogue *catalogue_new(void)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	BUG_ON(json_doc_parse((struct text){ models_json, models_json_len },
			      &(struct json_limits){ .max_members = 100000 }, &doc));
	const struct json_value *models = json_get(json_doc_root(doc), "models");
	struct catalogue *c = xcalloc(1, sizeof(*c));
	c->models = xcalloc(json_count(models), sizeof(*c->models));
	for (const struct json_value *v = json_first(models); v; v = json_next(v))
		read_model(v, &c->models[c->count++]);
	return c;
}

void catalogue_free(struct catalogue *c)
{
	free(c->models);
	free(c);
}

static const struct catalogue_model *find_exactly(const struct catalogue *c, enum provider provider,
						  struct text id)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->models[i].provider == provider && text_is(id, c->models[i].id))
			return &c->models[i];
	return NULL;
}

/* "gpt-4o-2024-08-06" is an edition of "gpt-4o". */
static struct text without_date(struct text id)
{
	static const char form[] = "-dddd-dd-dd";
	size_t len = sizeof(form) - 1;
	if (id.len <= len)
		return TEXT_NULL;
	for (size_t i = 0; i < len; i++) {
		char c = id.ptr[id.len - len + i];
		if (form[i] == 'd' ? c < '0' || c > '9' : c != '-')
			return TEXT_NULL;
	}
	return text_slice(id, 0, id.len - len);
}

const struct catalogue_model *catalogue_find(const struct catalogue *c, enum provider provider,
					     struct text id)
{
	const struct catalogue_model *m = find_exactly(c, provider, id);
	return m ? m : find_exactly(c, provider, without_date(id));
}

struct price catalogue_price(const struct catalogue *c, enum provider provider, struct text id)
{
	const struct catalogue_model *m = catalogue_find(c, provider, id);
	return m ? m->price : (struct price){ 0 };
}
