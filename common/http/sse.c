/* SPDX-License-Identifier: MIT */
/* Server-sent events, both ways. Section numbers are those of the WHATWG HTML standard,
 * "Server-sent events". */
#include "http/sse.h"

#include <inttypes.h>

#include "base/base.h"

#include "base/banned.h"

/* Writing. */

static bool has_line_break(const char *s)
{
	return strpbrk(s, "\r\n") != NULL;
}

/* Cuts the first line off `*rest`, whichever way it ends; the last line leaves *rest absent. */
static struct text next_line(struct text *rest)
{
	size_t n = 0, skip = 1;
	struct text line;

	while (n < rest->len && rest->ptr[n] != '\n' && rest->ptr[n] != '\r')
		n++;
	line = text_slice(*rest, 0, n);
	if (n == rest->len) {
		*rest = TEXT_NULL;
		return line;
	}
	if (rest->ptr[n] == '\r' && n + 1 < rest->len && rest->ptr[n + 1] == '\n')
		skip = 2;
	*rest = (struct text){ rest->ptr + n + skip, rest->len - n - skip };
	return line;
}

static enum err append_data(struct strbuf *out, struct text data)
{
	struct text rest = data.ptr ? data : TEXT("");
	enum err err = OK;

	while (err == OK && rest.ptr) {
		struct text line = next_line(&rest);

		err = strbuf_append_str(out, "data: ");
		if (err == OK)
			err = strbuf_append_text(out, line);
		if (err == OK)
			err = strbuf_append_char(out, '\n');
	}
	return err;
}

enum err sse_append(struct strbuf *out, int64_t id, const char *event, struct text data)
{
	size_t before = out->len;
	enum err err = OK;

	BUG_ON(event && has_line_break(event));
	if (id >= 0)
		err = strbuf_printf(out, "id: %" PRId64 "\n", id);
	if (err == OK && event)
		err = strbuf_printf(out, "event: %s\n", event);
	if (err == OK)
		err = append_data(out, data);
	if (err == OK)
		err = strbuf_append_char(out, '\n');
	if (err != OK)
		strbuf_truncate(out, before);
	return err;
}

enum err sse_append_comment(struct strbuf *out, const char *comment)
{
	BUG_ON(has_line_break(comment));
	return strbuf_printf(out, ": %s\n\n", comment);
}

/* Parsing. */

void sse_parser_init(struct sse_parser *p, size_t max_event)
{
	*p = (struct sse_parser){ .at_start = true };
	strbuf_init(&p->line, max_event);
	strbuf_init(&p->data, max_event);
	strbuf_init(&p->event, max_event);
	strbuf_init(&p->id, max_event);
}

void sse_parser_clear(struct sse_parser *p)
{
	strbuf_clear(&p->line);
	strbuf_clear(&p->data);
	strbuf_clear(&p->event);
	strbuf_clear(&p->id);
}

static enum err set_text(struct strbuf *b, struct text value)
{
	strbuf_reset(b);
	return strbuf_append_text(b, value);
}

static enum err add_data_line(struct sse_parser *p, struct text value)
{
	enum err err = p->has_data ? strbuf_append_char(&p->data, '\n') : OK;

	p->has_data = true;
	return err == OK ? strbuf_append_text(&p->data, value) : err;
}

static enum err take_field(struct sse_parser *p, struct text name, struct text value)
{
	if (text_is(name, "data"))
		return add_data_line(p, value);
	if (text_is(name, "event"))
		return set_text(&p->event, value);
	if (text_is(name, "id") && (value.len == 0 || !memchr(value.ptr, '\0', value.len))) {
		p->has_id = true;
		return set_text(&p->id, value);
	}
	return OK; /* "retry" is the browser's business; others are ignored by the standard */
}

static enum err dispatch(struct sse_parser *p,
			 enum err (*on_event)(const struct sse_event *event, void *arg), void *arg)
{
	struct sse_event event = {
		.event = p->event.len > 0 ? strbuf_text(&p->event) : TEXT("message"),
		.data = strbuf_text(&p->data),
		.id = p->has_id ? strbuf_text(&p->id) : TEXT_NULL,
	};
	enum err err = p->has_data ? on_event(&event, arg) : OK;

	p->has_data = false;
	strbuf_reset(&p->data);
	strbuf_reset(&p->event);
	return err;
}

static struct text line_without_bom(struct sse_parser *p)
{
	struct text line = strbuf_text(&p->line);

	if (p->at_start && text_starts_with(line, "\xef\xbb\xbf"))
		line = text_slice(line, 3, line.len);
	p->at_start = false;
	return line;
}

static enum err end_line(struct sse_parser *p,
			 enum err (*on_event)(const struct sse_event *event, void *arg), void *arg)
{
	struct text line = line_without_bom(p), name = line, value = TEXT("");
	const char *colon = line.len > 0 ? memchr(line.ptr, ':', line.len) : NULL;
	enum err err;

	if (line.len == 0) {
		err = dispatch(p, on_event, arg);
	} else {
		if (colon) {
			size_t at = (size_t)(colon - line.ptr);

			name = text_slice(line, 0, at);
			value = text_slice(line, at + 1, line.len);
			if (text_starts_with(value, " "))
				value = text_slice(value, 1, value.len);
		}
		err = take_field(p, name, value); /* a comment has the empty name */
	}
	strbuf_reset(&p->line);
	return err;
}

static size_t line_part(const char *data, size_t len)
{
	size_t n = 0;

	while (n < len && data[n] != '\n' && data[n] != '\r')
		n++;
	return n;
}

enum err sse_parser_feed(struct sse_parser *p, struct text bytes,
			 enum err (*on_event)(const struct sse_event *event, void *arg), void *arg)
{
	size_t at = 0;

	while (p->err == OK && at < bytes.len) {
		size_t n;

		if (p->after_cr) {
			p->after_cr = false;
			if (bytes.ptr[at] == '\n') {
				at++;
				continue;
			}
		}
		n = line_part(bytes.ptr + at, bytes.len - at);
		p->err = strbuf_append(&p->line, bytes.ptr + at, n);
		at += n;
		if (p->err != OK || at == bytes.len)
			break;
		p->after_cr = bytes.ptr[at++] == '\r';
		p->err = end_line(p, on_event, arg);
	}
	return p->err;
}

bool sse_parser_finish(struct sse_parser *p)
{
	bool dropped = p->has_data || p->line.len > 0;

	p->has_data = false;
	strbuf_reset(&p->line);
	strbuf_reset(&p->data);
	strbuf_reset(&p->event);
	return dropped;
}
