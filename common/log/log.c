/* SPDX-License-Identifier: MIT */
/*
 * One event, one line, one write(2). The line is built on the stack: no allocation, any thread may
 * log, and what does not fit is left out whole (with "truncated":true), so that a line is always
 * valid JSON.
 */
#include "log/log.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "log/scrub.h"

#include "base/banned.h"

enum { LINE_SIZE = 8192, LONGEST_TEXT = 256 };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

/* The one logger of the process; set at start, before other threads exist. */
static struct {
	const char *daemon;
	enum log_level threshold;
	void (*sink)(const char *line, size_t len, void *arg);
	void *arg;
} logger = { .daemon = "?", .threshold = LOG_INFO };

struct line {
	size_t len;
	bool full;
	char data[LINE_SIZE];
};

void log_init(const char *daemon, enum log_level threshold)
{
	logger.daemon = daemon;
	logger.threshold = threshold;
}

enum err log_level_parse(struct text t, enum log_level *ret)
{
	for (size_t i = 0; i < ARRAY_SIZE(level_names); i++) {
		if (text_is_ignoring_case(t, level_names[i])) {
			*ret = (enum log_level)i;
			return OK;
		}
	}
	return ERR_INVALID_REQUEST;
}

bool log_enabled(enum log_level level)
{
	return level >= logger.threshold;
}

void log_set_sink(void (*sink)(const char *line, size_t len, void *arg), void *arg)
{
	logger.sink = sink;
	logger.arg = arg;
}

struct log_field log_field_uuid(const char *name, const struct uuid *id)
{
	struct log_field field = { .kind = LOG_KIND_TEXT, .name = name };

	/* The text stays absent: it would point into a struct that is about to be copied. */
	uuid_format(id, field.uuid);
	return field;
}

static void put(struct line *l, const char *data, size_t len)
{
	if (l->full || len > sizeof(l->data) - l->len) {
		l->full = true;
		return;
	}
	memcpy(l->data + l->len, data, len);
	l->len += len;
}

static void put_str(struct line *l, const char *s)
{
	put(l, s, strlen(s));
}

/* Length of the code point at the start, 0 when the bytes are not UTF-8. */
static size_t code_point_length(const char *data, size_t len)
{
	for (size_t n = 1; n <= 4 && n <= len; n++) {
		if (utf8_valid(data, n))
			return n;
	}
	return 0;
}

/*
 * Besides what JSON demands, escapes whatever a terminal or a line reader acts on: DEL, the C1
 * controls (U+0080 … U+009F) and the line separators U+2028 and U+2029. Bytes that are not UTF-8
 * become U+FFFD.
 */
static void put_code_point(struct line *l, const char *data, size_t len)
{
	const uint8_t *b = (const uint8_t *)data;
	char escaped[8];

	if (len == 1 && (b[0] == '"' || b[0] == '\\')) {
		put(l, (char[]){ '\\', data[0] }, 2);
	} else if (len == 1 && b[0] == '\n') {
		put_str(l, "\\n");
	} else if (len == 1 && b[0] == '\t') {
		put_str(l, "\\t");
	} else if ((len == 1 && (b[0] < 0x20 || b[0] == 0x7F)) ||
		   (len == 2 && b[0] == 0xC2 && b[1] < 0xA0)) {
		snprintf(escaped, sizeof(escaped), "\\u%04x", b[len - 1]);
		put_str(l, escaped);
	} else if (len == 3 && b[0] == 0xE2 && b[1] == 0x80 && (b[2] == 0xA8 || b[2] == 0xA9)) {
		put_str(l, b[2] == 0xA8 ? "\\u2028" : "\\u2029");
	} else {
		put(l, data, len);
	}
}

static void put_quoted(struct line *l, struct text t)
{
	put_str(l, "\"");
	for (size_t at = 0; at < t.len;) {
		size_t len = code_point_length(t.ptr + at, t.len - at);
		if (len)
			put_code_point(l, t.ptr + at, len);
		else
			put_str(l, "\\ufffd");
		at += len ? len : 1;
	}
	put_str(l, "\"");
}

static void put_key(struct line *l, const char *name)
{
	put_str(l, l->len > 1 ? "," : "");
	put_quoted(l, text_of(name));
	put_str(l, ":");
}

static void put_value(struct line *l, const struct log_field *f)
{
	char number[32], scrubbed[LONGEST_TEXT];

	switch (f->kind) {
	case LOG_KIND_INT:
		snprintf(number, sizeof(number), "%lld", (long long)f->number);
		put_str(l, number);
		return;
	case LOG_KIND_BOOL:
		put_str(l, f->number ? "true" : "false");
		return;
	case LOG_KIND_DOUBLE:
		snprintf(number, sizeof(number), "%.12g", f->real);
		put_str(l, isfinite(f->real) ? number : "null");
		return;
	case LOG_KIND_TEXT:
		if (f->uuid[0])
			put_quoted(l, text_of(f->uuid));
		else if (f->text.ptr)
			put_quoted(l, (struct text){ scrubbed,
						     scrub(f->text, scrubbed, sizeof(scrubbed)) });
		else
			put_str(l, "null");
		return;
	case LOG_KIND_END:
		break;
	}
	BUG("log field without a kind");
}

/* Keeps the room that the end of the line needs, and takes a field back that did not fit. */
static void put_field(struct line *l, const struct log_field *f)
{
	static const size_t reserve = sizeof(",\"truncated\":true}\n");
	size_t before = l->len;

	put_key(l, f->name);
	put_value(l, f);
	if (l->full || l->len > sizeof(l->data) - reserve) {
		l->len = before;
		l->full = true;
	}
}

static void write_all(const char *data, size_t len)
{
	int saved_errno = errno;

	while (len) {
		ssize_t n = write(STDERR_FILENO, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break; /* nobody to tell */
		data += n;
		len -= (size_t)n;
	}
	errno = saved_errno;
}

void log_event(enum log_level level, const char *event, const struct log_field *fields,
	       size_t count)
{
	struct line l;
	char time[RFC3339_SIZE];

	l.len = 0;
	l.full = false;
	rfc3339_format(clock_now(), time);
	put_str(&l, "{");
	put_field(&l, &LOG_STR("time", time));
	put_field(&l, &LOG_STR("level", level_names[level]));
	put_field(&l, &LOG_STR("daemon", logger.daemon));
	put_field(&l, &LOG_STR("event", event));
	for (size_t i = 0; i < count && !l.full; i++)
		put_field(&l, &fields[i]);
	bool truncated = l.full;
	l.full = false;
	put_str(&l, truncated ? ",\"truncated\":true}\n" : "}\n");
	if (logger.sink)
		logger.sink(l.data, l.len - 1, logger.arg);
	else
		write_all(l.data, l.len);
}
