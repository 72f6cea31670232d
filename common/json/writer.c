/* SPDX-License-Identifier: MIT */
/* The writer: puts commas, escapes strings, and remembers its first failure until
 * json_writer_end(). */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"

#include "json/json.h"
#include "json/raw.h"

#include "base/banned.h"

static void put(struct json_writer *w, const char *data, size_t len)
{
	if (w->err == OK)
		w->err = strbuf_append(w->out, data, len);
}

static void put_str(struct json_writer *w, const char *s)
{
	put(w, s, strlen(s));
}

static void spoil(struct json_writer *w)
{
	if (w->err == OK)
		w->err = ERR_INTERNAL;
}

/* Before every value and key: the comma, if one is due. */
static void begin(struct json_writer *w)
{
	if (w->need_comma)
		put(w, ",", 1);
	w->need_comma = true;
}

static void open_container(struct json_writer *w, const char *opener, char closer)
{
	begin(w);
	if (w->depth == JSON_MAX_DEPTH) {
		spoil(w);
		return;
	}
	put(w, opener, 1);
	w->closers[w->depth++] = closer;
	w->need_comma = false;
}

static void close_container(struct json_writer *w, char closer)
{
	if (w->depth == 0 || w->closers[w->depth - 1] != closer) {
		spoil(w);
		return;
	}
	w->depth--;
	put(w, &closer, 1);
	w->need_comma = true;
}

void json_object_begin(struct json_writer *w)
{
	open_container(w, "{", '}');
}

void json_object_end(struct json_writer *w)
{
	close_container(w, '}');
}

void json_array_begin(struct json_writer *w)
{
	open_container(w, "[", ']');
}

void json_array_end(struct json_writer *w)
{
	close_container(w, ']');
}

/* The escape of a character below 0x80, or NULL when it stands for itself. */
static const char *ascii_escape(unsigned char c, char room[static 8])
{
	switch (c) {
	case '"':
		return "\\\"";
	case '\\':
		return "\\\\";
	case '\b':
		return "\\b";
	case '\f':
		return "\\f";
	case '\n':
		return "\\n";
	case '\r':
		return "\\r";
	case '\t':
		return "\\t";
	default:
		if (c >= 0x20)
			return NULL;
		snprintf(room, 8, "\\u%04x", c);
		return room;
	}
}

/* Bytes of the character at the front of t, which is beyond ASCII; 0 when it is not valid there. */
static size_t character_length(struct text t)
{
	for (size_t len = 2; len <= 4 && len <= t.len; len++)
		if (utf8_valid(t.ptr, len))
			return len;
	return 0;
}

/* What to write for the character at the front of t, and how many bytes it has; NULL: itself. */
static const char *escape_of(struct text t, char room[static 8], size_t *ret_len)
{
	*ret_len = 1;
	if ((unsigned char)t.ptr[0] < 0x80)
		return ascii_escape((unsigned char)t.ptr[0], room);
	size_t len = character_length(t);
	if (len == 0)
		return "\xef\xbf\xbd"; /* U+FFFD for each byte that is not text */
	*ret_len = len;
	/* Line ends in JavaScript, but not in JSON. */
	if (len == 3 && memcmp(t.ptr, "\xe2\x80", 2) == 0 &&
	    ((unsigned char)t.ptr[2] & 0xfe) == 0xa8)
		return t.ptr[2] & 1 ? "\\u2029" : "\\u2028";
	return NULL;
}

static size_t plain_run(struct text t)
{
	size_t n = 0;

	while (n < t.len && (unsigned char)t.ptr[n] >= 0x20 && (unsigned char)t.ptr[n] < 0x80 &&
	       t.ptr[n] != '"' && t.ptr[n] != '\\')
		n++;
	return n;
}

static void put_string(struct json_writer *w, struct text t)
{
	size_t run = 0, len;
	char room[8];

	put(w, "\"", 1);
	while (run < t.len && w->err == OK) {
		run += plain_run(text_slice(t, run, t.len));
		if (run == t.len)
			break;
		const char *escape = escape_of(text_slice(t, run, t.len), room, &len);
		if (!escape) {
			run += len;
			continue;
		}
		put(w, t.ptr, run);
		put_str(w, escape);
		t = text_slice(t, run + len, t.len);
		run = 0;
	}
	put(w, t.ptr, run);
	put(w, "\"", 1);
}

void json_key_text(struct json_writer *w, struct text key)
{
	if (w->depth == 0 || w->closers[w->depth - 1] != '}')
		spoil(w);
	begin(w);
	put_string(w, key);
	put(w, ":", 1);
	w->need_comma = false;
}

void json_key(struct json_writer *w, const char *key)
{
	json_key_text(w, text_of(key));
}

void json_text(struct json_writer *w, struct text t)
{
	if (!t.ptr) {
		json_null(w);
		return;
	}
	begin(w);
	put_string(w, t);
}

void json_str(struct json_writer *w, const char *s)
{
	json_text(w, text_of(s));
}

static void put_word(struct json_writer *w, const char *word)
{
	begin(w);
	put_str(w, word);
}

void json_int(struct json_writer *w, int64_t n)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, n);
	put_word(w, digits);
}

void json_double(struct json_writer *w, double d)
{
	char digits[NUMBER_TEXT_SIZE];

	if (!isfinite(d)) {
		json_null(w);
		return;
	}
	number_format(d, digits);
	put_word(w, digits);
}

void json_decimal(struct json_writer *w, double d, int places)
{
	char digits[NUMBER_DECIMAL_SIZE];

	if (!isfinite(d)) {
		json_null(w);
		return;
	}
	number_format_decimal(d, places, digits);
	put_word(w, digits);
}

void json_bool(struct json_writer *w, bool b)
{
	put_word(w, b ? "true" : "false");
}

void json_null(struct json_writer *w)
{
	put_word(w, "null");
}

void json_uuid(struct json_writer *w, const struct uuid *id)
{
	char text[UUID_TEXT_SIZE];

	if (!id) {
		json_null(w);
		return;
	}
	uuid_format(id, text);
	json_str(w, text);
}

void json_time(struct json_writer *w, int64_t unix_ms)
{
	char text[RFC3339_SIZE];

	rfc3339_format((struct unix_ms){ unix_ms }, text);
	json_str(w, text);
}

void json_raw(struct json_writer *w, struct text json)
{
	if (!json.ptr) {
		json_null(w);
		return;
	}
	begin(w);
	put(w, json.ptr, json.len);
}

enum err json_writer_end(struct json_writer *w)
{
	if (w->depth > 0)
		spoil(w);
	return w->err;
}
