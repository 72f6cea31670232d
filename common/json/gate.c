/* SPDX-License-Identifier: MIT */
/*
 * The gate: one pass over the source that accepts exactly RFC 8259 in UTF-8, less what readers
 * disagree about or cannot keep (duplicate keys, NUL, lone surrogates, numbers beyond a double). It
 * uses no recursion and no memory but a list of the keys of the objects that are open, which
 * max_members bounds.
 *
 * Duplicates are found when an object closes: few keys are compared with each other, many are
 * sorted by a hash of their value and then by the value. So colliding hashes, which anybody may
 * construct, cost no more than long keys do.
 */
#include <math.h>
#include <stdlib.h>

#include "json/json.h"
#include "json/problem.h"
#include "json/raw.h"

#include "base/banned.h"

/* Most objects have few keys: these need no heap. */
#define KEYS_AT_HAND 64
#define FEW_KEYS 12

struct key {
	uint64_t hash;
	struct text raw;
};

struct frame {
	char closer;
	size_t count; /* members or items begun */
	size_t first_key; /* of this object in gate.keys */
	struct text key; /* the current one; absent in lists and before the first */
};

struct gate {
	const char *start, *at, *end;
	size_t max_depth, max_members, max_items;
	size_t depth, members, items;
	struct frame frames[JSON_MAX_DEPTH];
	struct key *keys; /* at_hand, or on the heap */
	size_t key_count, key_capacity;
	struct key at_hand[KEYS_AT_HAND];
	const char *refusal; /* the rest of a sentence */
	bool about_field; /* the field is at fault, not the text */
	struct text duplicate;
};

static bool refuse(struct gate *g, const char *refusal)
{
	g->refusal = refusal;
	return false;
}

static bool refuse_field(struct gate *g, const char *refusal)
{
	g->about_field = true;
	return refuse(g, refusal);
}

static void skip_space(struct gate *g)
{
	while (g->at < g->end &&
	       (*g->at == ' ' || *g->at == '\n' || *g->at == '\r' || *g->at == '\t'))
		g->at++;
}

/* 0 at the end: no rule below takes a NUL byte for anything. */
static char peek(const struct gate *g)
{
	return g->at < g->end ? *g->at : '\0';
}

static bool take(struct gate *g, char c)
{
	if (peek(g) != c)
		return false;
	g->at++;
	return true;
}

/* Strings */

static bool take_hex4(struct gate *g, unsigned *ret)
{
	if (g->end - g->at < 4)
		return false;
	for (int i = 0; i < 4; i++)
		if (hex_digit(g->at[i]) < 0)
			return false;
	*ret = hex4(g->at);
	g->at += 4;
	return true;
}

/* Behind "\u". */
static bool check_unicode_escape(struct gate *g)
{
	unsigned c, low;

	if (!take_hex4(g, &c))
		return refuse(g, "has a \\u escape without four hex digits");
	if (c == 0)
		return refuse_field(g, "must not contain \\u0000");
	if (c < 0xd800 || c > 0xdfff)
		return true;
	if (c < 0xdc00 && take(g, '\\') && take(g, 'u') && take_hex4(g, &low) && low >= 0xdc00 &&
	    low <= 0xdfff)
		return true;
	return refuse_field(g, "must not contain half of a surrogate pair");
}

static bool check_escape(struct gate *g)
{
	switch (peek(g)) {
	case 'u':
		g->at++;
		return check_unicode_escape(g);
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		g->at++;
		return true;
	default:
		return refuse(g, "has an unknown escape in a string");
	}
}

/* Bytes above 0x7f stand only here. No UTF-8 sequence contains ASCII, so a whole run of them can be
 * judged by itself. */
static bool check_beyond_ascii(struct gate *g)
{
	const char *from = g->at;

	while (g->at < g->end && (unsigned char)*g->at >= 0x80)
		g->at++;
	if (utf8_valid(from, (size_t)(g->at - from)))
		return true;
	return refuse_field(g, "must be valid UTF-8");
}

static bool is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

/* At the opening quote. */
static bool check_string(struct gate *g, struct text *ret_raw)
{
	const char *from = ++g->at;

	for (;;) {
		while (g->at < g->end && is_plain((unsigned char)*g->at))
			g->at++;
		if (g->at == g->end)
			return refuse(g, "ends inside a string");
		unsigned char c = (unsigned char)*g->at;
		if (c == '"')
			break;
		if (c < 0x20)
			return refuse_field(
				g, "must not contain control characters; write them as escapes");
		if (c >= 0x80) {
			if (!check_beyond_ascii(g))
				return false;
			continue;
		}
		g->at++;
		if (!check_escape(g))
			return false;
	}
	*ret_raw = (struct text){ from, (size_t)(g->at - from) };
	g->at++;
	return true;
}

/* Numbers and words */

static size_t skip_digits(struct gate *g)
{
	const char *from = g->at;

	while (g->at < g->end && *g->at >= '0' && *g->at <= '9')
		g->at++;
	return (size_t)(g->at - from);
}

static bool check_number_value(struct gate *g, struct text number, bool whole)
{
	int64_t value;

	if (number.len > NUMBER_MAX_CHARS)
		return refuse_field(g, "has more than 63 characters of number");
	if (whole && !number_to_int(number, &value))
		return refuse_field(g, "must be a whole number within 2^53 of zero");
	if (!whole && !isfinite(number_value(number)))
		return refuse_field(g, "must be a number that a double can hold");
	return true;
}

static bool check_number(struct gate *g)
{
	const char *from = g->at;
	bool whole = true;

	take(g, '-');
	if (peek(g) == '0' && g->end - g->at > 1 && g->at[1] >= '0' && g->at[1] <= '9')
		return refuse(g, "has a number with a leading zero");
	if (skip_digits(g) == 0)
		return refuse(g, "has a minus sign without a number");
	if (take(g, '.')) {
		whole = false;
		if (skip_digits(g) == 0)
			return refuse(g, "has a number without digits behind the point");
	}
	if (take(g, 'e') || take(g, 'E')) {
		whole = false;
		if (!take(g, '+'))
			take(g, '-');
		if (skip_digits(g) == 0)
			return refuse(g, "has a number without an exponent behind the e");
	}
	return check_number_value(g, (struct text){ from, (size_t)(g->at - from) }, whole);
}

static bool check_word(struct gate *g, const char *word)
{
	for (; *word; word++)
		if (!take(g, *word))
			return refuse(g, "has a word that is not true, false or null");
	return true;
}

/* Objects and lists */

static int compare_keys(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return raw_compare(x->raw, y->raw);
}

static bool same_key(const struct key *a, const struct key *b)
{
	return a->hash == b->hash && raw_compare(a->raw, b->raw) == 0;
}

static const struct key *find_duplicate(struct key *keys, size_t count)
{
	if (count <= FEW_KEYS) {
		for (size_t i = 1; i < count; i++)
			for (size_t j = 0; j < i; j++)
				if (same_key(&keys[i], &keys[j]))
					return &keys[i];
		return NULL;
	}
	qsort(keys, count, sizeof(*keys), compare_keys);
	for (size_t i = 1; i < count; i++)
		if (same_key(&keys[i], &keys[i - 1]))
			return &keys[i];
	return NULL;
}

static bool close_container(struct gate *g)
{
	struct frame *f = &g->frames[g->depth - 1];

	g->at++;
	if (f->closer == '}') {
		const struct key *twice =
			find_duplicate(g->keys + f->first_key, g->key_count - f->first_key);
		if (twice) {
			f->key = twice->raw;
			return refuse_field(g, "is given twice");
		}
		g->key_count = f->first_key;
	}
	g->depth--;
	return true;
}

static bool open_container(struct gate *g, char closer)
{
	if (g->depth == g->max_depth)
		return refuse_field(g, "is nested too deeply");
	g->at++;
	g->frames[g->depth++] = (struct frame){ .closer = closer, .first_key = g->key_count };
	return true;
}

static void remember_key(struct gate *g, struct text raw)
{
	if (g->key_count == g->key_capacity) {
		g->key_capacity *= 2;
		if (g->keys == g->at_hand) {
			g->keys = xmalloc(g->key_capacity * sizeof(*g->keys));
			memcpy(g->keys, g->at_hand, sizeof(g->at_hand));
		} else {
			g->keys = xreallocarray(g->keys, g->key_capacity, sizeof(*g->keys));
		}
	}
	g->keys[g->key_count++] = (struct key){ raw_hash(raw), raw };
}

static bool check_key(struct gate *g, struct frame *f)
{
	struct text raw;

	f->key = TEXT_NULL; /* a bad key is reported as a fault of the object */
	if (++g->members > g->max_members)
		return refuse(g, "has more members than are allowed");
	if (peek(g) != '"')
		return refuse(g, "has something else where a quoted key belongs");
	if (!check_string(g, &raw))
		return false;
	f->key = raw;
	remember_key(g, raw);
	skip_space(g);
	if (!take(g, ':'))
		return refuse(g, "has no colon behind a key");
	skip_space(g);
	return true;
}

static bool check_value(struct gate *g)
{
	struct text raw;

	switch (peek(g)) {
	case '{':
		return open_container(g, '}');
	case '[':
		return open_container(g, ']');
	case '"':
		return check_string(g, &raw);
	case 't':
		return check_word(g, "true");
	case 'f':
		return check_word(g, "false");
	case 'n':
		return check_word(g, "null");
	case '-':
	case '0' ... '9':
		return check_number(g);
	default:
		return refuse(g, g->at == g->end ? "ends too early"
						 : "has something else where a value belongs");
	}
}

/* One member or item of the innermost container, or its end. */
static bool check_next(struct gate *g)
{
	struct frame *f = &g->frames[g->depth - 1];

	skip_space(g);
	if (peek(g) == f->closer)
		return close_container(g);
	if (f->count > 0) {
		if (g->at == g->end)
			return refuse(g, "ends too early");
		if (!take(g, ','))
			return refuse(g, "has no comma between two values");
		skip_space(g);
	}
	f->count++;
	if (f->closer == '}')
		return check_key(g, f) && check_value(g);
	if (++g->items > g->max_items)
		return refuse(g, "has more list items than are allowed");
	return check_value(g);
}

static bool check_text(struct gate *g)
{
	if (g->end - g->at >= 3 && memcmp(g->at, "\xef\xbb\xbf", 3) == 0)
		return refuse(g, "starts with a byte order mark");
	skip_space(g);
	if (!check_value(g))
		return false;
	while (g->depth > 0)
		if (!check_next(g))
			return false;
	skip_space(g);
	if (g->at < g->end)
		return refuse(g, "goes on after its end");
	return true;
}

static void name_the_field(const struct gate *g, struct json_problem *problem)
{
	for (size_t i = 0; i < g->depth; i++) {
		const struct frame *f = &g->frames[i];

		if (f->closer == ']' && f->count > 0)
			problem_add_index(problem, f->count - 1);
		else if (f->key.ptr)
			problem_add_key(problem, f->key);
	}
}

static void explain(const struct gate *g, struct json_problem *problem)
{
	if (!problem)
		return;
	*problem = (struct json_problem){ 0 };
	if (g->about_field) {
		name_the_field(g, problem);
		problem_say(problem, "The JSON text", "%s.", g->refusal);
	} else {
		problem_say(problem, "The JSON text", "%s (at byte %zu).", g->refusal,
			    (size_t)(g->at - g->start));
	}
}

static size_t limit(size_t wanted, size_t standard)
{
	return wanted ? wanted : standard;
}

enum err json_check(struct text json, const struct json_limits *limits,
		    struct json_problem *ret_problem)
{
	static const struct json_limits standard;

	if (!json.ptr)
		json = TEXT("");
	const struct json_limits *l = limits ? limits : &standard;
	struct gate g = {
		.start = json.ptr,
		.at = json.ptr,
		.end = json.ptr + json.len,
		.max_depth = limit(l->max_depth, JSON_MAX_DEPTH),
		.max_members = limit(l->max_members, JSON_MAX_MEMBERS),
		.max_items = limit(l->max_items, JSON_MAX_ITEMS),
		.key_capacity = KEYS_AT_HAND,
	};

	BUG_ON(g.max_depth > JSON_MAX_DEPTH);
	g.keys = g.at_hand;
	bool passed = check_text(&g);
	if (!passed)
		explain(&g, ret_problem);
	if (g.keys != g.at_hand)
		free(g.keys);
	return passed ? OK : ERR_INVALID_JSON;
}
