/* SPDX-License-Identifier: MIT */
/* Server-sent events: the parser gives the same events wherever its input is split and however
 * lines end; what is written reads back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "http/sse.h"

#include "base/banned.h"

struct stream {
	const char *bytes; /* with LF; other line ends are made from it */
	const char *events; /* "event|id|data;" for each; id "-" when absent */
	bool dropped;
};

static const struct stream streams[] = {
	{ "data: a\n\n", "message|-|a;", false },
	{ "data:a\n\ndata:  b\n\n", "message|-|a;message|-| b;", false },
	{ "data: one\ndata: two\ndata:\n\n", "message|-|one\ntwo\n;", false },
	{ "data\n\n", "message|-|;", false },
	{ ": comment\n\ndata: a\n: another\n\n", "message|-|a;", false },
	{ "event: delta\ndata: {\"x\":1}\n\nevent: done\n\ndata: b\n\n",
	  "delta|-|{\"x\":1};message|-|b;", false },
	{ "event: a\nevent: b\ndata: x\n\n", "b|-|x;", false },
	{ "id: 7\ndata: a\n\ndata: b\n\nid\ndata: c\n\n", "message|7|a;message|7|b;message||c;",
	  false },
	{ "retry: 10\nunknown: x\nDATA: x\n data: x\ndata: y\n\n", "message|-|y;", false },
	{ "\xef\xbb\xbf"
	  "data: a\n\n",
	  "message|-|a;", false },
	{ "\xef\xbb\xbf\xef\xbb\xbf"
	  "data: a\n\ndata: b\n\n",
	  "message|-|b;", false },
	{ "data: a\n\n\n\n\ndata: b\n\n", "message|-|a;message|-|b;", false },
	{ "data: a:b: c\n\n", "message|-|a:b: c;", false },
	{ "data: a\n\ndata: cut off\n", "message|-|a;", true },
	{ "data: a\n\ndata: cut", "message|-|a;", true },
	{ "", "", false },
};

struct seen {
	struct strbuf text;
	unsigned stop_after; /* 0: never */
};

static enum err note_event(const struct sse_event *e, void *arg)
{
	struct seen *seen = arg;

	assert_int_equal(strbuf_printf(&seen->text, "%.*s|%.*s|%.*s;", TEXT_FMT(e->event),
				       e->id.ptr ? (int)e->id.len : 1, e->id.ptr ? e->id.ptr : "-",
				       TEXT_FMT(e->data)),
			 OK);
	return seen->stop_after > 0 && --seen->stop_after == 0 ? ERR_CANCELLED : OK;
}

static void with_line_ends(const char *bytes, const char *line_end, struct strbuf *out)
{
	for (const char *p = bytes; *p; p++)
		assert_int_equal(*p == '\n' ? strbuf_append_str(out, line_end)
					    : strbuf_append_char(out, *p),
				 OK);
}

static void check_split(const struct stream *s, struct text bytes, size_t first, size_t second)
{
	struct seen seen = { STRBUF_INIT(1000), 0 };
	struct sse_parser p;

	sse_parser_init(&p, 1000);
	assert_int_equal(sse_parser_feed(&p, text_slice(bytes, 0, first), note_event, &seen), OK);
	assert_int_equal(sse_parser_feed(&p, text_slice(bytes, first, second), note_event, &seen),
			 OK);
	assert_int_equal(
		sse_parser_feed(&p, text_slice(bytes, second, bytes.len), note_event, &seen), OK);
	if (!text_is(strbuf_text(&seen.text), s->events))
		fail_msg("split %zu, %zu of %s: %s", first, second, s->bytes, seen.text.data);
	assert_int_equal(sse_parser_finish(&p), s->dropped);
	sse_parser_clear(&p);
	strbuf_clear(&seen.text);
}

static void test_every_split_and_line_end_gives_the_same_events(void **state)
{
	static const char *const line_ends[] = { "\n", "\r\n", "\r" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(streams); i++) {
		for (size_t k = 0; k < ARRAY_SIZE(line_ends); k++) {
			AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(1000);

			with_line_ends(streams[i].bytes, line_ends[k], &b);
			for (size_t first = 0; first <= b.len; first++)
				for (size_t second = first; second <= b.len; second++)
					check_split(&streams[i], strbuf_text(&b), first, second);
		}
	}
}

static void test_line_ends_may_be_mixed(void **state)
{
	static const struct stream mixed = {
		"data: a\r\ndata: b\rdata: c\n\r\ndata: d\r\rdata: e\n\n",
		"message|-|a\nb\nc;message|-|d;message|-|e;", false
	};

	(void)state;
	for (size_t first = 0; first <= strlen(mixed.bytes); first++)
		check_split(&mixed, text_of(mixed.bytes), first, first);
}

static void test_an_id_with_a_nul_is_ignored(void **state)
{
	struct seen seen = { STRBUF_INIT(1000), 0 };
	struct sse_parser p;

	(void)state;
	sse_parser_init(&p, 100);
	assert_int_equal(sse_parser_feed(&p, TEXT("id: 1\0002\ndata: a\n\n"), note_event, &seen),
			 OK);
	assert_string_equal(seen.text.data, "message|-|a;");
	sse_parser_clear(&p);
	strbuf_clear(&seen.text);
}

static void test_a_line_or_an_event_over_the_limit_shuts_the_parser(void **state)
{
	static const char *const too_large[] = { "data: 4567890123456\n",
						 "data: 45678\ndata: 45678\ndata: 4567\n",
						 ":23456789012345678" };
	struct seen seen = { STRBUF_INIT(1000), 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(too_large); i++) {
		struct sse_parser p;

		sse_parser_init(&p, 14);
		assert_int_equal(sse_parser_feed(&p, text_of(too_large[i]), note_event, &seen),
				 ERR_TOO_LARGE);
		assert_int_equal(sse_parser_feed(&p, TEXT("\n\ndata: a\n\n"), note_event, &seen),
				 ERR_TOO_LARGE);
		assert_int_equal(seen.text.len, 0);
		sse_parser_clear(&p);
	}
	strbuf_clear(&seen.text);
}

static void test_the_callback_can_stop_the_parser(void **state)
{
	struct seen seen = { STRBUF_INIT(1000), 1 };
	struct sse_parser p;

	(void)state;
	sse_parser_init(&p, 100);
	assert_int_equal(sse_parser_feed(&p, TEXT("data: a\n\ndata: b\n\n"), note_event, &seen),
			 ERR_CANCELLED);
	assert_int_equal(sse_parser_feed(&p, TEXT("data: c\n\n"), note_event, &seen),
			 ERR_CANCELLED);
	assert_string_equal(seen.text.data, "message|-|a;");
	sse_parser_clear(&p);
	strbuf_clear(&seen.text);
}

static void test_what_is_written_is_exact(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(1000);

	(void)state;
	assert_int_equal(sse_append(&b, 12, "delta", TEXT("{}")), OK);
	assert_int_equal(sse_append(&b, -1, NULL, TEXT("a\nb\r\nc\rd\n")), OK);
	assert_int_equal(sse_append(&b, 0, NULL, TEXT_NULL), OK);
	assert_int_equal(sse_append_comment(&b, "alive"), OK);
	assert_string_equal(b.data, "id: 12\nevent: delta\ndata: {}\n\n"
				    "data: a\ndata: b\ndata: c\ndata: d\ndata: \n\n"
				    "id: 0\ndata: \n\n"
				    ": alive\n\n");
}

static void test_a_full_buffer_stays_as_it_was(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(20);

	(void)state;
	assert_int_equal(sse_append(&b, -1, NULL, TEXT("a")), OK);
	assert_int_equal(sse_append(&b, -1, NULL, TEXT("0123456789")), ERR_TOO_LARGE);
	assert_string_equal(b.data, "data: a\n\n");
}

static void test_what_is_written_reads_back(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(1000);
	struct seen seen = { STRBUF_INIT(1000), 0 };
	struct sse_parser p;

	(void)state;
	assert_int_equal(sse_append(&b, 3, "done", TEXT(" a\n\n:b")), OK);
	sse_parser_init(&p, 100);
	assert_int_equal(sse_parser_feed(&p, strbuf_text(&b), note_event, &seen), OK);
	assert_string_equal(seen.text.data, "done|3| a\n\n:b;");
	sse_parser_clear(&p);
	strbuf_clear(&seen.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_split_and_line_end_gives_the_same_events),
		cmocka_unit_test(test_line_ends_may_be_mixed),
		cmocka_unit_test(test_an_id_with_a_nul_is_ignored),
		cmocka_unit_test(test_a_line_or_an_event_over_the_limit_shuts_the_parser),
		cmocka_unit_test(test_the_callback_can_stop_the_parser),
		cmocka_unit_test(test_what_is_written_is_exact),
		cmocka_unit_test(test_a_full_buffer_stays_as_it_was),
		cmocka_unit_test(test_what_is_written_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
