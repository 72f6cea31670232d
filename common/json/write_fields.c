/* SPDX-License-Identifier: MIT */
/* Writing by the table used for decoding: what was not given is left out, and secrets always are.
 */
#include "json/json.h"

#include "base/banned.h"

static bool is_given(const struct json_field *f, const void *from)
{
	switch (f->kind) {
	case JSON_SECRET_TEXT:
		return false;
	case JSON_TEXT:
	case JSON_RAW:
		return ((const struct text *)from)->ptr != NULL;
	default: /* every other struct begins with `given` */
		return *(const bool *)from;
	}
}

static void write_text_list(struct json_writer *w, const struct json_text_list *list)
{
	json_array_begin(w);
	for (size_t i = 0; i < list->count; i++)
		json_text(w, list->items[i]);
	json_array_end(w);
}

static void write_uuid_list(struct json_writer *w, const struct json_uuid_list *list)
{
	json_array_begin(w);
	for (size_t i = 0; i < list->count; i++)
		json_uuid(w, &list->items[i]);
	json_array_end(w);
}

static void write_object_list(struct json_writer *w, const struct json_field *f,
			      const struct json_list *list)
{
	json_array_begin(w);
	for (size_t i = 0; i < list->count; i++)
		json_write_fields(w, f->fields, (const char *)list->items + i * f->size);
	json_array_end(w);
}

static void write_opt_text(struct json_writer *w, const struct json_text *t)
{
	json_text(w, t->null ? TEXT_NULL : t->value);
}

static void write_uuid(struct json_writer *w, const struct json_uuid *u)
{
	json_uuid(w, u->null ? NULL : &u->value);
}

static void write_bool(struct json_writer *w, const struct json_bool *b)
{
	if (b->null)
		json_null(w);
	else
		json_bool(w, b->value);
}

static void write_int(struct json_writer *w, const struct json_int *n)
{
	if (n->null)
		json_null(w);
	else
		json_int(w, n->value);
}

static void write_number(struct json_writer *w, const struct json_number *n)
{
	if (n->null)
		json_null(w);
	else
		json_double(w, n->value);
}

static void write_time(struct json_writer *w, const struct json_int *n)
{
	if (n->null)
		json_null(w);
	else
		json_time(w, n->value);
}

static void write_value(struct json_writer *w, const struct json_field *f, const void *from)
{
	switch (f->kind) {
	case JSON_TEXT:
		json_text(w, *(const struct text *)from);
		break;
	case JSON_OPT_TEXT:
		write_opt_text(w, from);
		break;
	case JSON_UUID:
		write_uuid(w, from);
		break;
	case JSON_BOOL:
		write_bool(w, from);
		break;
	case JSON_INT:
		write_int(w, from);
		break;
	case JSON_NUMBER:
		write_number(w, from);
		break;
	case JSON_TIME:
		write_time(w, from);
		break;
	case JSON_TEXT_LIST:
		write_text_list(w, from);
		break;
	case JSON_UUID_LIST:
		write_uuid_list(w, from);
		break;
	case JSON_OBJECT:
		json_write_fields(w, f->fields, from);
		break;
	case JSON_OBJECT_LIST:
		write_object_list(w, f, from);
		break;
	case JSON_RAW:
		json_raw(w, *(const struct text *)from);
		break;
	default:
		BUG("unknown kind of field");
	}
}

void json_write_fields(struct json_writer *w, const struct json_field *fields, const void *source)
{
	json_object_begin(w);
	for (const struct json_field *f = fields;
	     f->kind != JSON_KIND_END && f->kind != JSON_IGNORE_UNKNOWN; f++) {
		const void *from = (const char *)source + f->offset;

		if (!is_given(f, from))
			continue;
		json_key(w, f->key);
		write_value(w, f, from);
	}
	json_object_end(w);
}
