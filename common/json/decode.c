/* SPDX-License-Identifier: MIT */
/*
 * Decoding by field tables. The decoder walks the source itself, a second time after the gate,
 * rather than a cJSON tree: it needs the exact source of JSON_RAW, exact integers, secrets that
 * never stand in a tree's heap, and no memory for what the table does not ask for. Everything it
 * meets is known to be well-formed, so only the shape is judged here.
 */
#include <inttypes.h>

#include "base/clock.h"

#include "json/json.h"
#include "json/problem.h"
#include "json/raw.h"
#include "json/scan.h"

#include "base/banned.h"

#define FIELDS_MAX 64
#define TEXT_MAX_BYTES 256 /* where a table names no limit */
#define LIST_MAX_ITEMS 256

struct decoder {
	struct scan scan;
	struct arena *arena;
	struct json_problem *problem;
};

/* The way from the root to a value, on the C stack: only written down when something is wrong. */
struct spot {
	const struct spot *up;
	struct text key; /* absent: an item */
	size_t index;
};

/* The value the scan stands at, and where it goes. */
struct slot {
	const struct json_field *field;
	void *to;
	const struct spot *spot;
};

static void name_spot(struct json_problem *problem, const struct spot *spot)
{
	if (!spot)
		return;
	name_spot(problem, spot->up);
	if (spot->key.ptr)
		problem_add_key(problem, spot->key);
	else
		problem_add_index(problem, spot->index);
}

/* Usage: return wrong(d, spot, "must be …"); */
#define wrong(d, spot, ...)                                                              \
	(start_problem((d), (spot)), problem_say((d)->problem, "The body", __VA_ARGS__), \
	 ERR_INVALID_REQUEST)

static void start_problem(struct decoder *d, const struct spot *spot)
{
	if (!d->problem)
		return;
	*d->problem = (struct json_problem){ 0 };
	name_spot(d->problem, spot);
}

static size_t or_default(int64_t max, size_t standard)
{
	return max > 0 ? (size_t)max : standard;
}

/* Texts */

static enum err check_length(struct decoder *d, const struct spot *spot, size_t len, int64_t min,
			     size_t max)
{
	if (len > max)
		return wrong(d, spot, "must have at most %zu bytes.", max);
	if (len == 0 && min > 0)
		return wrong(d, spot, "must not be empty.");
	if (min > 0 && len < (size_t)min)
		return wrong(d, spot, "must have at least %" PRId64 " bytes.", min);
	return OK;
}

static enum err check_one_of(struct decoder *d, const struct slot *slot, struct text raw)
{
	char list[128] = "";
	size_t used = 0;

	if (!slot->field->one_of)
		return OK;
	for (const char *const *value = slot->field->one_of; *value; value++) {
		if (raw_is(raw, *value))
			return OK;
		int n = snprintf(list + used, sizeof(list) - used, "%s%s", used ? ", " : "",
				 *value);
		used += (size_t)n < sizeof(list) - used ? (size_t)n : 0;
	}
	return wrong(d, slot->spot, "must be one of: %s.", list);
}

static struct text arena_text(struct arena *arena, struct text raw, size_t len)
{
	char *copy = arena_alloc(arena, len + 1);

	raw_copy(raw, copy);
	return (struct text){ copy, len };
}

static enum err read_text(struct decoder *d, const struct slot *slot, int64_t min, size_t max,
			  struct text *ret)
{
	struct text raw = scan_string(&d->scan);
	size_t len = raw_length(raw);
	enum err err = check_length(d, slot->spot, len, min, max);

	if (err == OK)
		err = check_one_of(d, slot, raw);
	if (err == OK)
		*ret = arena_text(d->arena, raw, len);
	return err;
}

static enum err decode_text(struct decoder *d, const struct slot *slot)
{
	return read_text(d, slot, slot->field->min, or_default(slot->field->max, TEXT_MAX_BYTES),
			 slot->to);
}

static enum err decode_opt_text(struct decoder *d, const struct slot *slot)
{
	struct json_text *to = slot->to;

	to->given = true;
	return read_text(d, slot, slot->field->min, or_default(slot->field->max, TEXT_MAX_BYTES),
			 &to->value);
}

static enum err decode_secret(struct decoder *d, const struct slot *slot)
{
	struct text raw = scan_string(&d->scan);
	size_t len = raw_length(raw);
	enum err err = check_length(d, slot->spot, len, slot->field->min,
				    or_default(slot->field->max, TEXT_MAX_BYTES));

	if (err != OK)
		return err;
	struct secret *to = slot->to;
	secret_alloc(to, len);
	if (len > 0)
		raw_copy(raw, (char *)to->bytes);
	return OK;
}

/* Short forms with their own syntax are copied aside, since even their characters may be escaped.
 */
static struct text read_short(struct decoder *d, char *room, size_t size)
{
	struct text raw = scan_string(&d->scan);
	size_t len = raw_length(raw);

	if (len > size)
		return TEXT_NULL;
	raw_copy(raw, room);
	return (struct text){ room, len };
}

static enum err read_uuid(struct decoder *d, const struct slot *slot, struct uuid *ret)
{
	char room[UUID_TEXT_SIZE];

	if (uuid_parse(read_short(d, room, sizeof(room)), ret) != OK)
		return wrong(d, slot->spot, "must be a UUID.");
	return OK;
}

static enum err decode_uuid(struct decoder *d, const struct slot *slot)
{
	struct json_uuid *to = slot->to;

	to->given = true;
	return read_uuid(d, slot, &to->value);
}

static enum err decode_time(struct decoder *d, const struct slot *slot)
{
	struct json_int *to = slot->to;
	char room[64];
	struct unix_ms at;

	if (rfc3339_parse(read_short(d, room, sizeof(room)), &at) != OK)
		return wrong(d, slot->spot,
			     "must be a time as in RFC 3339, such as 2026-11-24T08:01:42Z.");
	*to = (struct json_int){ .given = true, .value = at.value };
	return OK;
}

/* Words and numbers */

static enum err decode_bool(struct decoder *d, const struct slot *slot)
{
	struct json_bool *to = slot->to;

	*to = (struct json_bool){ .given = true, .value = scan_value(&d->scan).ptr[0] == 't' };
	return OK;
}

static enum err decode_int(struct decoder *d, const struct slot *slot)
{
	const struct json_field *f = slot->field;
	bool any = f->min == 0 && f->max == 0;
	struct json_int *to = slot->to;
	int64_t n;

	if (!number_to_int(scan_value(&d->scan), &n))
		return wrong(d, slot->spot, "must be a whole number.");
	if (!any && (n < f->min || n > f->max))
		return wrong(d, slot->spot, "must be from %" PRId64 " to %" PRId64 ".", f->min,
			     f->max);
	*to = (struct json_int){ .given = true, .value = n };
	return OK;
}

static enum err decode_number(struct decoder *d, const struct slot *slot)
{
	const struct json_field *f = slot->field;
	bool any = f->min == 0 && f->max == 0;
	struct json_number *to = slot->to;
	double n = number_value(scan_value(&d->scan));

	if (!any && (n < (double)f->min || n > (double)f->max))
		return wrong(d, slot->spot, "must be from %" PRId64 " to %" PRId64 ".", f->min,
			     f->max);
	*to = (struct json_number){ .given = true, .value = n };
	return OK;
}

static enum err decode_raw(struct decoder *d, const struct slot *slot)
{
	struct text source = scan_value(&d->scan), *to = slot->to;

	if (slot->field->max > 0 && source.len > (size_t)slot->field->max)
		return wrong(d, slot->spot, "must have at most %" PRId64 " bytes.",
			     slot->field->max);
	*to = (struct text){ arena_memdup0(d->arena, source.ptr, source.len), source.len };
	return OK;
}

/* Lists: counted first, so that the limit comes before the memory. */

static enum err count_items(struct decoder *d, const struct slot *slot, size_t *ret)
{
	struct scan ahead = d->scan;
	size_t count = 0, max = or_default(slot->field->max, LIST_MAX_ITEMS);

	for (bool more = scan_enter(&ahead); more; more = scan_next(&ahead), count++)
		scan_value(&ahead);
	if (count > max)
		return wrong(d, slot->spot, "must have at most %zu items.", max);
	if (slot->field->min > 0 && count < (size_t)slot->field->min)
		return wrong(d, slot->spot, "must have at least %" PRId64 " items.",
			     slot->field->min);
	*ret = count;
	return OK;
}

typedef enum err item_reader(struct decoder *d, const struct slot *item);

struct item_rule {
	size_t size;
	char starts; /* what each item begins with */
	const char *expected;
	item_reader *read;
};

static enum err read_items(struct decoder *d, const struct slot *list, const struct item_rule *rule,
			   void **ret_items, size_t *ret_count)
{
	size_t count, i = 0;
	enum err err = count_items(d, list, &count);

	if (err != OK)
		return err;
	char *items = arena_alloc(d->arena, count * rule->size);
	/* Handed out before they are read, so that the secrets of a half-read list can be cleared.
	 */
	*ret_items = items;
	*ret_count = count;
	for (bool more = scan_enter(&d->scan); more; more = scan_next(&d->scan), i++) {
		struct spot spot = { .up = list->spot, .index = i };
		struct slot item = { list->field, items + i * rule->size, &spot };

		if (*d->scan.at != rule->starts)
			return wrong(d, &spot, "must be %s.", rule->expected);
		err = rule->read(d, &item);
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err read_text_item(struct decoder *d, const struct slot *item)
{
	return read_text(d, item, 0, or_default(item->field->item_max, TEXT_MAX_BYTES), item->to);
}

static enum err decode_text_list(struct decoder *d, const struct slot *slot)
{
	static const struct item_rule rule = { sizeof(struct text), '"', "a string",
					       read_text_item };
	struct json_text_list *to = slot->to;
	void *items = NULL;

	to->given = true;
	enum err err = read_items(d, slot, &rule, &items, &to->count);
	to->items = items;
	return err;
}

static enum err read_uuid_item(struct decoder *d, const struct slot *item)
{
	return read_uuid(d, item, item->to);
}

static enum err decode_uuid_list(struct decoder *d, const struct slot *slot)
{
	static const struct item_rule rule = { sizeof(struct uuid), '"', "a UUID", read_uuid_item };
	struct json_uuid_list *to = slot->to;
	void *items = NULL;

	to->given = true;
	enum err err = read_items(d, slot, &rule, &items, &to->count);
	to->items = items;
	return err;
}

/* Objects */

static enum err read_object(struct decoder *d, const struct json_field *fields, void *target,
			    const struct spot *spot);

static enum err read_object_item(struct decoder *d, const struct slot *item)
{
	return read_object(d, item->field->fields, item->to, item->spot);
}

static enum err decode_object_list(struct decoder *d, const struct slot *slot)
{
	struct item_rule rule = { slot->field->size, '{', "an object", read_object_item };
	struct json_list *to = slot->to;

	to->given = true;
	return read_items(d, slot, &rule, &to->items, &to->count);
}

static enum err decode_object(struct decoder *d, const struct slot *slot)
{
	*(bool *)slot->to = true; /* the leading `given` */
	return read_object(d, slot->field->fields, slot->to, slot->spot);
}

/* What a value of each kind begins with, what to say if it does not, and who reads it. */
static const struct kind_rule {
	const char *starts, *expected;
	enum err (*decode)(struct decoder *d, const struct slot *slot);
} kind_rules[] = {
	[JSON_TEXT] = { "\"", "a string", decode_text },
	[JSON_SECRET_TEXT] = { "\"", "a string", decode_secret },
	[JSON_UUID] = { "\"", "a UUID", decode_uuid },
	[JSON_BOOL] = { "tf", "true or false", decode_bool },
	[JSON_INT] = { "-0123456789", "a whole number", decode_int },
	[JSON_NUMBER] = { "-0123456789", "a number", decode_number },
	[JSON_TIME] = { "\"", "a time in a string", decode_time },
	[JSON_TEXT_LIST] = { "[", "a list of strings", decode_text_list },
	[JSON_UUID_LIST] = { "[", "a list of UUIDs", decode_uuid_list },
	[JSON_OBJECT] = { "{", "an object", decode_object },
	[JSON_OBJECT_LIST] = { "[", "a list of objects", decode_object_list },
	[JSON_RAW] = { NULL, "a value", decode_raw },
};
static const struct kind_rule opt_text_rule = { "\"", "a string", decode_opt_text };

static const struct kind_rule *rule_of(const struct json_field *f)
{
	if (f->kind == JSON_OPT_TEXT)
		return &opt_text_rule;
	BUG_ON(f->kind <= JSON_KIND_END || f->kind > JSON_RAW);
	return &kind_rules[f->kind];
}

static void set_null(const struct json_field *f, void *to)
{
	switch (f->kind) {
	case JSON_UUID:
		*(struct json_uuid *)to = (struct json_uuid){ .given = true, .null = true };
		break;
	case JSON_BOOL:
		*(struct json_bool *)to = (struct json_bool){ .given = true, .null = true };
		break;
	case JSON_INT:
	case JSON_TIME:
		*(struct json_int *)to = (struct json_int){ .given = true, .null = true };
		break;
	case JSON_NUMBER:
		*(struct json_number *)to = (struct json_number){ .given = true, .null = true };
		break;
	case JSON_OPT_TEXT:
		*(struct json_text *)to = (struct json_text){ .given = true, .null = true };
		break;
	default: /* texts, secrets, lists and objects read as absent */
		break;
	}
}

static enum err read_value(struct decoder *d, const struct slot *slot)
{
	const struct kind_rule *rule = rule_of(slot->field);
	char first = *d->scan.at;

	if (first == 'n' && rule->starts) {
		if (!slot->field->nullable)
			return wrong(d, slot->spot, "must be %s, not null.", rule->expected);
		scan_value(&d->scan);
		set_null(slot->field, slot->to);
		return OK;
	}
	if (rule->starts && !strchr(rule->starts, first))
		return wrong(d, slot->spot, "must be %s%s.", rule->expected,
			     slot->field->nullable ? " or null" : "");
	return rule->decode(d, slot);
}

static const struct json_field *find_field(const struct json_field *fields, struct text raw_key,
					   bool *ret_ignores)
{
	const struct json_field *f = fields;

	for (; f->kind != JSON_KIND_END && f->kind != JSON_IGNORE_UNKNOWN; f++)
		if (raw_is(raw_key, f->key))
			return f;
	BUG_ON(f - fields > FIELDS_MAX);
	*ret_ignores = f->kind == JSON_IGNORE_UNKNOWN;
	return NULL;
}

static enum err check_required(struct decoder *d, const struct json_field *fields, uint64_t seen,
			       const struct spot *spot)
{
	for (size_t i = 0; fields[i].kind != JSON_KIND_END && fields[i].kind != JSON_IGNORE_UNKNOWN;
	     i++) {
		if (!fields[i].required || seen >> i & 1)
			continue;
		struct spot missing = { .up = spot, .key = text_of(fields[i].key) };
		return wrong(d, &missing, "is required.");
	}
	return OK;
}

static enum err read_object(struct decoder *d, const struct json_field *fields, void *target,
			    const struct spot *spot)
{
	uint64_t seen = 0;

	for (bool more = scan_enter(&d->scan); more; more = scan_next(&d->scan)) {
		struct spot here = { .up = spot, .key = scan_string(&d->scan) };
		bool ignores = false;
		const struct json_field *f = find_field(fields, here.key, &ignores);

		scan_colon(&d->scan);
		if (!f && !ignores)
			return wrong(d, &here, "is not a known field.");
		if (!f) {
			scan_value(&d->scan);
			continue;
		}
		struct slot slot = { f, (char *)target + f->offset, &here };
		enum err err = read_value(d, &slot);
		if (err != OK)
			return err;
		seen |= UINT64_C(1) << (f - fields);
	}
	return check_required(d, fields, seen, spot);
}

enum err json_decode_limited(struct text json, const struct json_limits *limits,
			     const struct json_field *fields, void *target, struct arena *arena,
			     struct json_problem *ret_problem)
{
	struct decoder d = { .scan = { json.ptr }, .arena = arena, .problem = ret_problem };
	enum err err = json_check(json, limits, ret_problem);

	if (err != OK)
		return err;
	scan_space(&d.scan);
	if (*d.scan.at != '{')
		return wrong(&d, NULL, "must be a JSON object.");
	return read_object(&d, fields, target, NULL);
}

enum err json_decode(struct text json, const struct json_field *fields, void *target,
		     struct arena *arena, struct json_problem *ret_problem)
{
	return json_decode_limited(json, NULL, fields, target, arena, ret_problem);
}

static void clear_list_secrets(const struct json_field *f, const struct json_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		json_clear_secrets(f->fields, (char *)list->items + i * f->size);
}

void json_clear_secrets(const struct json_field *fields, void *target)
{
	for (const struct json_field *f = fields; f->kind != JSON_KIND_END; f++) {
		void *to = (char *)target + f->offset;

		if (f->kind == JSON_SECRET_TEXT)
			secret_clear(to);
		else if (f->kind == JSON_OBJECT)
			json_clear_secrets(f->fields, to);
		else if (f->kind == JSON_OBJECT_LIST)
			clear_list_secrets(f, to);
		else if (f->kind == JSON_IGNORE_UNKNOWN)
			return;
	}
}
