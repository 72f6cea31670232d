/* SPDX-License-Identifier: MIT */
/*
 * account-store's readers of foreign text: cursors (any bytes), titles and spans (valid UTF-8, as
 * the JSON gate leaves it).
 */
#include <stdint.h>

#include "base/base.h"

#include "cursor.h"
#include "span.h"
#include "title.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_cursor(struct text t)
{
	struct cursor c, again;
	char text[CURSOR_TEXT_SIZE];
	if (cursor_read(t, &c))
		return;
	cursor_write(&c, text);
	BUG_ON(cursor_read(text_of(text), &again) || again.at.value != c.at.value);
	BUG_ON(!text_equal(t, text_of(text)));
}

static void make_titles(struct text t)
{
	AUTO(strbuf_clear) struct strbuf title = STRBUF_INIT(TITLE_MAX_BYTES);
	AUTO(strbuf_clear) struct strbuf clean = STRBUF_INIT(TITLE_MAX_BYTES);
	title_from_text(t, &title);
	BUG_ON(title_clean(strbuf_text(&title), &clean));
	BUG_ON(!text_equal(strbuf_text(&title), strbuf_text(&clean)));
	if (!title_clean(t, &clean))
		BUG_ON(utf8_count(clean.data, clean.len) > TITLE_MAX || !clean.len);
}

static void find_spans(struct text t)
{
	struct text excerpt;
	int64_t count = (int64_t)utf8_count(t.ptr, t.len);
	for (int64_t from = 0; from < count && from < 8; from++) {
		BUG_ON(span_find(t, from, count, TEXT_NULL, &excerpt));
		BUG_ON(span_find(t, from, count, excerpt, &excerpt));
		BUG_ON(!span_find(t, from, count + 1, TEXT_NULL, &excerpt));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(auto_free) char *copy = xmemdup0(data, size);
	struct text t = { copy, size };
	read_cursor(t);
	if (memchr(copy, '\0', size) || !utf8_valid(copy, size))
		return 0;
	make_titles(t);
	find_spans(t);
	return 0;
}
