/* SPDX-License-Identifier: MIT */
/*
 * Trees of foreign documents, by cJSON, the only place that uses it. The gate has removed what
 * cJSON misreads: NUL inside strings, duplicate keys, large numbers. Look-ups are case-sensitive,
 * and numbers are read as the doubles they are.
 */
#include <math.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "json/json.h"
#include "json/raw.h"

#include "base/banned.h"

struct json_doc {
	cJSON *root;
};

/* A struct json_value is a cJSON item under a name that only this file can open. */
static const cJSON *item_of(const struct json_value *v)
{
	return (const cJSON *)v;
}

static const struct json_value *value_of(const cJSON *item)
{
	return (const struct json_value *)item;
}

enum err json_doc_parse(struct text json, const struct json_limits *limits, struct json_doc **ret)
{
	enum err err = json_check(json, limits, NULL);

	if (err != OK)
		return err;
	cJSON *root = cJSON_ParseWithLength(json.ptr, json.len);
	BUG_ON(!root); /* what passes the gate parses: only memory can be missing */
	struct json_doc *doc = xmalloc(sizeof(*doc));
	doc->root = root;
	*ret = doc;
	return OK;
}

void json_doc_free(struct json_doc *doc)
{
	if (!doc)
		return;
	cJSON_Delete(doc->root);
	free(doc);
}

void auto_json_doc(struct json_doc **doc)
{
	json_doc_free(*doc);
	*doc = NULL;
}

const struct json_value *json_doc_root(const struct json_doc *doc)
{
	return value_of(doc->root);
}

const struct json_value *json_get(const struct json_value *object, const char *key)
{
	if (!json_is_object(object))
		return NULL;
	return value_of(cJSON_GetObjectItemCaseSensitive(item_of(object), key));
}

static const struct json_value *get_named(const struct json_value *object, struct text name)
{
	for (const struct json_value *v = json_first(object); v; v = json_next(v))
		if (text_equal(json_name(v), name))
			return v;
	return NULL;
}

const struct json_value *json_get_path(const struct json_value *v, const char *dotted)
{
	struct text rest = text_of(dotted), name;

	while (v && text_next(&rest, '.', &name))
		v = json_is_object(v) ? get_named(v, name) : NULL;
	return v;
}

const struct json_value *json_at(const struct json_value *array, size_t index)
{
	if (!json_is_array(array))
		return NULL;
	const struct json_value *v = json_first(array);
	while (v && index-- > 0)
		v = json_next(v);
	return v;
}

size_t json_count(const struct json_value *array_or_object)
{
	size_t count = 0;

	for (const struct json_value *v = json_first(array_or_object); v; v = json_next(v))
		count++;
	return count;
}

bool json_is_object(const struct json_value *v)
{
	return cJSON_IsObject(item_of(v));
}

bool json_is_array(const struct json_value *v)
{
	return cJSON_IsArray(item_of(v));
}

bool json_is_null(const struct json_value *v)
{
	return cJSON_IsNull(item_of(v));
}

bool json_get_text(const struct json_value *v, struct text *ret)
{
	if (!cJSON_IsString(item_of(v)))
		return false;
	*ret = text_of(item_of(v)->valuestring);
	return true;
}

bool json_get_number(const struct json_value *v, double *ret)
{
	if (!cJSON_IsNumber(item_of(v)))
		return false;
	*ret = item_of(v)->valuedouble;
	return true;
}

bool json_get_int(const struct json_value *v, int64_t *ret)
{
	double d;

	if (!json_get_number(v, &d) || fabs(d) > (double)NUMBER_INT_MAX || d != trunc(d))
		return false;
	*ret = (int64_t)d;
	return true;
}

bool json_get_bool(const struct json_value *v, bool *ret)
{
	if (!cJSON_IsBool(item_of(v)))
		return false;
	*ret = cJSON_IsTrue(item_of(v));
	return true;
}

const struct json_value *json_first(const struct json_value *container)
{
	return container ? value_of(item_of(container)->child) : NULL;
}

const struct json_value *json_next(const struct json_value *v)
{
	return value_of(item_of(v)->next);
}

struct text json_name(const struct json_value *v)
{
	return text_of(item_of(v)->string);
}

static void write_members(struct json_writer *w, const struct json_value *v)
{
	json_object_begin(w);
	for (v = json_first(v); v; v = json_next(v)) {
		json_key_text(w, json_name(v));
		json_write_value(w, v);
	}
	json_object_end(w);
}

static void write_items(struct json_writer *w, const struct json_value *v)
{
	json_array_begin(w);
	for (v = json_first(v); v; v = json_next(v))
		json_write_value(w, v);
	json_array_end(w);
}

static void write_number(struct json_writer *w, const struct json_value *v)
{
	int64_t n;

	if (json_get_int(v, &n))
		json_int(w, n);
	else
		json_double(w, item_of(v)->valuedouble);
}

/* Recursion is bounded by the depth the gate allows. */
void json_write_value(struct json_writer *w, const struct json_value *v)
{
	struct text t;
	bool b;

	if (json_is_object(v))
		write_members(w, v);
	else if (json_is_array(v))
		write_items(w, v);
	else if (json_get_text(v, &t))
		json_text(w, t);
	else if (json_get_bool(v, &b))
		json_bool(w, b);
	else if (cJSON_IsNumber(item_of(v)))
		write_number(w, v);
	else
		json_null(w);
}
