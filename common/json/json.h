/* SPDX-License-Identifier: MIT */
/*
 * JSON in, by field tables; JSON out, by a writer or by the same tables.
 *
 * Gate (every byte from outside passes it before cJSON sees it): valid UTF-8, no BOM, no duplicate keys (compared after unescaping), no control bytes in strings, no
 * \u0000, no lone surrogates, no leading zeros, nothing after the value, depth <= 32, <= 4,096 members in all, numbers finite, integers within
 * +-2^53. cJSON 1.7.15 accepts all of those (reference: security.md §0.3), which is why the gate is ours. cJSON is used nowhere else.
 *
 * Decoding: a table of fields says key, type, offset, limits. Unknown keys are refused unless the table ends with JSON_IGNORE_UNKNOWN.
 * On failure `ret_problem` names the field ("messages[3].role") and says what was expected.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/uuid.h"

#include "crypto/secret.h"

#define JSON_MAX_DEPTH 32
#define JSON_MAX_MEMBERS 4096
#define JSON_MAX_ITEMS 65536	/* list items in all: each costs 80 bytes in a document */

/* 0 = the defaults above. The depth can only be lowered, the others also raised, for answers known to be large. */
struct json_limits {
	size_t max_depth, max_members, max_items;
};

struct json_problem {
	char param[128];	/* "" when the whole body is at fault */
	char message[224];
};

/* The gate alone: OK, or ERR_INVALID_JSON with the problem (ret_problem may be NULL, here and below). */
MUST_CHECK enum err json_check(struct text json, const struct json_limits *limits, struct json_problem *ret_problem);

enum json_kind {
	JSON_KIND_END,
	JSON_TEXT,		/* struct text in the arena; max = bytes */
	JSON_SECRET_TEXT,	/* struct secret; max = bytes; never written */
	JSON_UUID,		/* struct json_uuid */
	JSON_BOOL,		/* struct json_bool */
	JSON_INT,		/* struct json_int; min..max, plain digits only (not 1.0, not 1e3) */
	JSON_NUMBER,		/* struct json_number; min..max, both 0 = any */
	JSON_TIME,		/* struct json_int in unix ms, RFC 3339 on the wire */
	JSON_TEXT_LIST,		/* struct json_text_list; max = items, item_max = bytes */
	JSON_UUID_LIST,		/* struct json_uuid_list; max = items */
	JSON_OBJECT,		/* a struct described by .fields, with a leading `bool given` */
	JSON_OBJECT_LIST,	/* struct json_list of structs described by .fields; max = items */
	JSON_RAW,		/* struct text in the arena: the exact source bytes of any value, null too; max = bytes, 0 = any */
	JSON_IGNORE_UNKNOWN,	/* last entry of a table: other keys are allowed (imitating OpenAI) */
};

/* `given`: the key was there; `null`: with null (allowed only where .nullable). */
struct json_uuid {
	bool given, null;
	struct uuid value;
};
struct json_bool {
	bool given, null, value;
};
struct json_int {
	bool given, null;
	int64_t value;
};
struct json_number {
	bool given, null;
	double value;
};
struct json_text_list {
	bool given;
	struct text *items;
	size_t count;
};
struct json_uuid_list {
	bool given;
	struct uuid *items;
	size_t count;
};
struct json_list {
	bool given;
	void *items;	/* array of structs of .size bytes */
	size_t count;
};
/* JSON_TEXT: struct text with ptr NULL = not given. With .nullable, null gives ptr NULL too and sets nothing else; use JSON_RAW where the
 * difference matters, or struct json_text with JSON_OPT_TEXT. */
struct json_text {
	bool given, null;
	struct text value;
};
#define JSON_OPT_TEXT 100	/* struct json_text */

struct json_field {
	int kind;
	const char *key;
	size_t offset;
	bool required, nullable;
	int64_t min, max;	/* text: bytes min..max, list: items; 0 max on either = 256; int: value range (both 0 = +-2^53) */
	int64_t item_max;	/* text list: bytes of an item; 0 = 256 */
	const char *const *one_of;	/* text, or items of a text list: allowed values, NULL-terminated */
	const struct json_field *fields;
	size_t size;		/* of the nested struct */
};

#define JSON_FIELD(kind_, type, member, ...)                                                       \
	{ .kind = (kind_), .key = #member, .offset = offsetof(struct type, member), __VA_ARGS__ }
#define JSON_FIELD_AS(kind_, type, member, key_, ...)                                              \
	{ .kind = (kind_), .key = (key_), .offset = offsetof(struct type, member), __VA_ARGS__ }

/*
 * Checks and decodes an object into a zeroed target. Tables end with { 0 } or { .kind = JSON_IGNORE_UNKNOWN } and have at most 64 fields. A list or object
 * that may be null reads as not given. Texts and lists live in the arena (texts are NUL-terminated there); secrets are the struct's own and
 * must be cleared with json_clear_secrets(), also after failure. ERR_INVALID_JSON: not JSON, or refused by the gate; ERR_INVALID_REQUEST: wrong shape.
 */
MUST_CHECK enum err json_decode(struct text json, const struct json_field *fields, void *target, struct arena *arena,
				struct json_problem *ret_problem);
MUST_CHECK enum err json_decode_limited(struct text json, const struct json_limits *limits, const struct json_field *fields,
					void *target, struct arena *arena, struct json_problem *ret_problem);
void json_clear_secrets(const struct json_field *fields, void *target);

/*
 * Writer: appends to a strbuf, puts commas by itself, escapes strings (control bytes, quotes, backslash, U+2028/9), refuses invalid UTF-8 by replacing
 * it with U+FFFD. The first failure (limit) sticks; json_writer_end() reports it and checks that all is closed.
 */
struct json_writer {
	struct strbuf *out;
	enum err err;
	uint8_t depth;
	bool need_comma;
	char closers[JSON_MAX_DEPTH];
};

#define JSON_WRITER_INIT(strbuf_ptr) { .out = (strbuf_ptr) }
void json_object_begin(struct json_writer *w);
void json_object_end(struct json_writer *w);
void json_array_begin(struct json_writer *w);
void json_array_end(struct json_writer *w);
void json_key(struct json_writer *w, const char *key);	/* literal keys; json_key_text for foreign ones */
void json_key_text(struct json_writer *w, struct text key);
void json_text(struct json_writer *w, struct text t);	/* absent text writes null */
void json_str(struct json_writer *w, const char *s);	/* NULL writes null */
void json_int(struct json_writer *w, int64_t n);
void json_double(struct json_writer *w, double d);	/* shortest form that reads back; non-finite writes null */
void json_decimal(struct json_writer *w, double d, int places);	/* money: fixed places, trailing zeros cut */
void json_bool(struct json_writer *w, bool b);
void json_null(struct json_writer *w);
void json_uuid(struct json_writer *w, const struct uuid *id);	/* NULL writes null */
void json_time(struct json_writer *w, int64_t unix_ms);
void json_raw(struct json_writer *w, struct text json);	/* already valid JSON; absent writes null */
MUST_CHECK enum err json_writer_end(struct json_writer *w);

/* Writes an object by the table used for decoding. Fields not given are left out; secrets always. */
void json_write_fields(struct json_writer *w, const struct json_field *fields, const void *source);

/*
 * Reading foreign documents whose shape we do not own (provider answers): a checked tree. Look-ups are case-sensitive; a missing or wrong-typed
 * member reads as absent.
 */
struct json_doc;
struct json_value;
MUST_CHECK enum err json_doc_parse(struct text json, const struct json_limits *limits, struct json_doc **ret);
void json_doc_free(struct json_doc *doc);	/* NULL allowed */
void auto_json_doc(struct json_doc **doc);
const struct json_value *json_doc_root(const struct json_doc *doc);
const struct json_value *json_get(const struct json_value *object, const char *key);	/* NULL-safe */
const struct json_value *json_get_path(const struct json_value *v, const char *dotted);	/* "usage.prompt_tokens" */
const struct json_value *json_at(const struct json_value *array, size_t index);
size_t json_count(const struct json_value *array_or_object);
bool json_is_object(const struct json_value *v);
bool json_is_array(const struct json_value *v);
bool json_is_null(const struct json_value *v);
bool json_get_text(const struct json_value *v, struct text *ret);
bool json_get_int(const struct json_value *v, int64_t *ret);	/* integral numbers only */
bool json_get_number(const struct json_value *v, double *ret);
bool json_get_bool(const struct json_value *v, bool *ret);
/* Member iteration: for (v = json_first(object); v; v = json_next(v)) json_name(v) … */
const struct json_value *json_first(const struct json_value *container);
const struct json_value *json_next(const struct json_value *v);
struct text json_name(const struct json_value *v);
void json_write_value(struct json_writer *w, const struct json_value *v);
