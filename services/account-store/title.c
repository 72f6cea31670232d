/* SPDX-License-Identifier: MIT */
/* Titles: cleaning what a person typed, and making one from the first message without asking a
 * provider. */
#include "title.h"

#include "base/banned.h"

#define ELLIPSIS "\xe2\x80\xa6"
/* Only this much of a message is looked at for its first sentence. */
#define LOOK_BYTES 1024

/* Reads one code point of valid UTF-8 at *at and moves on. */
static uint32_t next_code_point(struct text t, size_t *at)
{
	const uint8_t *p = (const uint8_t *)t.ptr + *at;
	size_t len = p[0] < 0x80 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	uint32_t c = len == 1 ? p[0] : p[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		c = c << 6 | (p[i] & 0x3f);
	*at += len;
	return c;
}

/* White space and control characters of Unicode, bidirectional overrides included: a title is one
 * honest line. */
static bool is_blank(uint32_t c)
{
	return c <= 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f) ||
	       (c >= 0x205f && c <= 0x206f) || c == 0x3000 || c == 0xfeff;
}

static bool ends_sentence(uint32_t c)
{
	return c == '.' || c == '!' || c == '?' || c == 0x2026 || c == 0x3002 || c == 0xff01 ||
	       c == 0xff1f;
}

/* Scripts that write no space behind a full stop. */
static bool is_wide_stop(uint32_t c)
{
	return c == 0x3002 || c == 0xff01 || c == 0xff1f;
}

enum err title_clean(struct text raw, struct strbuf *ret)
{
	AUTO(strbuf_clear) struct strbuf clean = STRBUF_INIT(TITLE_MAX_BYTES);
	size_t count = 0;
	bool gap = false;
	for (size_t at = 0; at < raw.len;) {
		size_t from = at;
		if (is_blank(next_code_point(raw, &at))) {
			gap = count > 0;
			continue;
		}
		count += gap ? 2 : 1;
		if (count > TITLE_MAX)
			return ERR_TOO_LARGE;
		if ((gap && strbuf_append_char(&clean, ' ')) ||
		    strbuf_append(&clean, raw.ptr + from, at - from))
			return ERR_TOO_LARGE;
		gap = false;
	}
	if (!count)
		return ERR_INVALID_REQUEST;
	strbuf_reset(ret);
	return strbuf_append_text(ret, strbuf_text(&clean));
}

/* Length of Markdown's marker at the start of a line: headings, quotes, lists, code fences. */
static size_t marker_length(struct text line)
{
	size_t at = 0;
	while (at < line.len && strchr("#>*-+`~ \t", line.ptr[at]))
		at++;
	return at;
}

/* The end of the first sentence in one line. */
static size_t sentence_length(struct text line)
{
	uint32_t c = 0, before;
	for (size_t at = 0; at < line.len;) {
		before = c;
		c = next_code_point(line, &at);
		/* "1. Boil water", "version 2. of" */
		if (!ends_sentence(c) || (c == '.' && before >= '0' && before <= '9'))
			continue;
		size_t end = at;
		uint32_t after = at < line.len ? next_code_point(line, &at) : ' ';
		if (is_blank(after) || is_wide_stop(c))
			return end;
		at = end;
	}
	return line.len;
}

/* Cuts clean text to TITLE_MAX with an ellipsis, at the last space when that does not cost more
 * than a third. */
static void cut_to_title(struct strbuf *title)
{
	size_t end, third;
	if (utf8_count(title->data, title->len) <= TITLE_MAX)
		return;
	BUG_ON(!utf8_offset(title->data, title->len, TITLE_MAX - 1, &end));
	BUG_ON(!utf8_offset(title->data, title->len, TITLE_MAX * 2 / 3, &third));
	size_t space = end;
	while (space > third && title->data[space] != ' ')
		space--;
	if (space > third)
		end = space;
	strbuf_truncate(title, end);
	BUG_ON(strbuf_append_str(title, ELLIPSIS) != OK);
}

/* One line, blanks collapsed, of any length the look allows. */
static void collapse(struct text t, struct strbuf *ret)
{
	bool gap = false;
	for (size_t at = 0; at < t.len;) {
		size_t from = at;
		if (is_blank(next_code_point(t, &at))) {
			gap = ret->len > 0;
			continue;
		}
		BUG_ON((gap && strbuf_append_char(ret, ' ') != OK) ||
		       strbuf_append(ret, t.ptr + from, at - from) != OK);
		gap = false;
	}
}

void title_from_text(struct text message, struct strbuf *ret)
{
	AUTO(strbuf_clear) struct strbuf title = STRBUF_INIT(2 * LOOK_BYTES);
	struct text rest = { message.ptr, utf8_truncate(message.ptr, message.len, LOOK_BYTES) };
	struct text line;
	while (!title.len && text_next(&rest, '\n', &line)) {
		line = text_slice(line, marker_length(line), line.len);
		collapse(text_slice(line, 0, sentence_length(line)), &title);
	}
	if (!title.len)
		BUG_ON(strbuf_append_str(&title, TITLE_DEFAULT) != OK);
	cut_to_title(&title);
	strbuf_reset(ret);
	BUG_ON(strbuf_append_text(ret, strbuf_text(&title)) != OK);
}
