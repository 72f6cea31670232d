/* SPDX-License-Identifier: MIT */
/*
 * The event parser: the first byte says where the rest is split; the events must be the same as for
 * the whole, and each must read back after being written again.
 */
#include <stdint.h>

#include "base/base.h"
#include "http/sse.h"

#include "base/banned.h"

#define MAX_EVENT 512

struct seen {
	struct strbuf text;
	unsigned count;
};

static enum err note(const struct sse_event *e, void *arg)
{
	struct seen *seen = arg;
	enum err err;

	seen->count++;
	err = strbuf_append_text(&seen->text, e->event);
	if (err == OK)
		err = strbuf_append_char(&seen->text, '\n');
	if (err == OK)
		err = strbuf_append_text(&seen->text, e->id);
	if (err == OK)
		err = strbuf_append_char(&seen->text, '\n');
	if (err == OK)
		err = strbuf_append_text(&seen->text, e->data);
	if (err == OK)
		err = strbuf_append_char(&seen->text, '\n');
	return err;
}

static enum err check_reads_back(const struct sse_event *e, void *arg)
{
	AUTO(strbuf_clear) struct strbuf written = STRBUF_INIT(64 * MAX_EVENT);
	struct seen seen = { STRBUF_INIT(1 << 20), 0 };
	AUTO(auto_free) char *want = xmemdup0(e->data.ptr, e->data.len);
	struct sse_parser p;

	(void)arg;
	BUG_ON(memchr(e->event.ptr, '\n', e->event.len) ||
	       memchr(e->event.ptr, '\r', e->event.len));
	BUG_ON(sse_append(&written, -1, NULL, e->data) != OK);
	sse_parser_init(&p, 2 * MAX_EVENT);
	BUG_ON(sse_parser_feed(&p, strbuf_text(&written), note, &seen) != OK);
	BUG_ON(seen.count != 1 || seen.text.len != sizeof("message\n\n") - 1 + e->data.len + 1);
	BUG_ON(memcmp(seen.text.data + sizeof("message\n\n") - 1, want, e->data.len) != 0);
	sse_parser_clear(&p);
	strbuf_clear(&seen.text);
	return OK;
}

static enum err feed(struct text a, struct text b, struct seen *seen)
{
	struct sse_parser p;
	enum err err;

	sse_parser_init(&p, MAX_EVENT);
	err = sse_parser_feed(&p, a, note, seen);
	BUG_ON(err == OK && sse_parser_feed(&p, TEXT(""), note, seen) != OK);
	err = sse_parser_feed(&p, b, note, seen);
	(void)sse_parser_finish(&p);
	sse_parser_clear(&p);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text all = { (const char *)data + 1, size - 1 };
	struct seen whole = { STRBUF_INIT(1 << 20), 0 }, parts = { STRBUF_INIT(1 << 20), 0 };
	struct sse_parser p;
	size_t split;

	if (size == 0)
		return 0;
	split = data[0] < all.len ? data[0] : all.len / 2;
	BUG_ON(feed(all, TEXT(""), &whole) !=
	       feed(text_slice(all, 0, split), text_slice(all, split, all.len), &parts));
	BUG_ON(whole.count != parts.count);
	BUG_ON(!text_equal(strbuf_text(&whole.text), strbuf_text(&parts.text)));
	sse_parser_init(&p, MAX_EVENT);
	if (sse_parser_feed(&p, all, check_reads_back, NULL) == OK)
		(void)sse_parser_finish(&p);
	sse_parser_clear(&p);
	strbuf_clear(&whole.text);
	strbuf_clear(&parts.text);
	return 0;
}
