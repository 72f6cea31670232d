/* SPDX-License-Identifier: MIT */
/* Lines are JSON whatever goes in, and credentials do not come out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "log/log.h"
#include "log/scrub.h"

#include "base/banned.h"

struct capture {
	struct strbuf text;
	int lines;
};

static void keep_line(const char *line, size_t len, void *arg)
{
	struct capture *c = arg;
	strbuf_reset(&c->text);
	assert_int_equal(strbuf_append(&c->text, line, len), OK);
	c->lines++;
}

static int start(void **state)
{
	struct capture *c = xcalloc(1, sizeof(*c));
	strbuf_init(&c->text, 100000);
	log_init("keyvault", LOG_DEBUG);
	log_set_sink(keep_line, c);
	clock_set_for_test((struct unix_ms){ 1795507302123 });
	*state = c;
	return 0;
}

static int stop(void **state)
{
	struct capture *c = *state;
	log_set_sink(NULL, NULL);
	clock_set_for_test((struct unix_ms){ 0 });
	strbuf_clear(&c->text);
	free(c);
	return 0;
}

static void a_line_names_time_level_daemon_and_event(void **state)
{
	const struct capture *c = *state;
	log_info("daemon.ready");
	assert_string_equal(c->text.data,
			    "{\"time\":\"2026-11-24T08:01:42.123Z\",\"level\":\"info\","
			    "\"daemon\":\"keyvault\",\"event\":\"daemon.ready\"}");
	log_warn("x.y");
	assert_non_null(strstr(c->text.data, "\"level\":\"warn\""));
	log_error("x.y");
	assert_non_null(strstr(c->text.data, "\"level\":\"error\""));
	log_debug("x.y");
	assert_non_null(strstr(c->text.data, "\"level\":\"debug\""));
}

static void fields_keep_their_types_and_order(void **state)
{
	const struct capture *c = *state;
	struct uuid id;
	assert_int_equal(uuid_parse(TEXT("01234567-89ab-7def-bedc-ba9876543210"), &id), OK);
	log_info("a.b", LOG_STR("s", "x"), LOG_TEXT("t", text_slice(TEXT("abcd"), 1, 3)),
		 LOG_INT("i", -3), LOG_INT("least", INT64_MIN), LOG_BOOL("yes", 7),
		 LOG_BOOL("no", 0), LOG_DOUBLE("d", 0.25), LOG_UUID("userId", &id));
	assert_non_null(strstr(c->text.data, "\"event\":\"a.b\",\"s\":\"x\",\"t\":\"bc\",\"i\":-3,"
					     "\"least\":-9223372036854775808,"
					     "\"yes\":true,\"no\":false,\"d\":0.25,\"userId\":"
					     "\"01234567-89ab-7def-bedc-ba9876543210\"}"));
}

static void what_json_cannot_say_becomes_null(void **state)
{
	const struct capture *c = *state;
	log_info("a.b", LOG_STR("s", NULL), LOG_TEXT("t", TEXT_NULL), LOG_DOUBLE("n", NAN),
		 LOG_DOUBLE("i", -INFINITY), LOG_STR("e", ""));
	assert_non_null(
		strstr(c->text.data, "\"s\":null,\"t\":null,\"n\":null,\"i\":null,\"e\":\"\"}"));
}

static void text_is_escaped_so_that_a_line_stays_a_line(void **state)
{
	static const struct {
		struct text given;
		const char *wanted;
	} cases[] = {
		{ { "a\"b", 3 }, "a\\\"b" },
		{ { "a\\b", 3 }, "a\\\\b" },
		{ { "a\nb\tc\rd", 7 }, "a\\nb\\tc\\u000dd" },
		{ { "\0\x01\x1F\x7F", 4 }, "\\u0000\\u0001\\u001f\\u007f" },
		{ { "\x1B[31m", 5 }, "\\u001b[31m" },
		{ { "\xC2\x9B"
		    "31m",
		    5 },
		  "\\u009b31m" },
		{ { "\xC2\xA0", 2 }, "\xC2\xA0" },
		{ { "\xE2\x80\xA8\xE2\x80\xA9", 6 }, "\\u2028\\u2029" },
		{ { "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\xB3", 9 },
		  "\xC3\xA4\xE2\x82\xAC\xF0\x9F\x8C\xB3" },
		{ { "a\xFF"
		    "b",
		    3 },
		  "a\\ufffdb" },
		{ { "\xC3", 1 }, "\\ufffd" },
		{ { "\xED\xA0\x80", 3 }, "\\ufffd\\ufffd\\ufffd" },
		{ { "\"},\"level\":\"x", 13 }, "\\\"},\\\"level\\\":\\\"x" },
	};
	const struct capture *c = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(auto_free) char *wanted = xasprintf("\"t\":\"%s\"}", cases[i].wanted);
		log_info("a.b", LOG_TEXT("t", cases[i].given));
		if (!strstr(c->text.data, wanted))
			fail_msg("%s is not in %s", wanted, c->text.data);
		assert_null(strchr(c->text.data, '\n'));
	}
}

static void long_text_is_cut_between_code_points(void **state)
{
	static const struct {
		size_t ascii; /* then euro signs of three bytes */
		size_t wanted;
	} cases[] = { { 256, 256 }, { 300, 256 }, { 253, 256 }, { 254, 254 }, { 255, 255 } };
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(strbuf_clear) struct strbuf given = STRBUF_INIT(1000);
		char out[256];
		for (size_t n = 0; n < cases[i].ascii; n++)
			assert_int_equal(strbuf_append_char(&given, 'a'), OK);
		assert_int_equal(strbuf_append_str(&given, "\xE2\x82\xAC\xE2\x82\xAC"), OK);
		size_t len = scrub(strbuf_text(&given), out, sizeof(out));
		assert_int_equal(len, cases[i].wanted);
		assert_true(utf8_valid(out, len));
	}
}

static void credentials_are_scrubbed_wherever_they_stand(void **state)
{
	static const struct {
		const char *given, *wanted;
	} cases[] = {
		{ "sk-abcdef0123456789", "[redacted]" },
		{ "key sk-ant-api03-AbC_d-123456 refused", "key [redacted] refused" },
		{ "sk-proj-0123456789abcdef,sk-or-v1-0123456789", "[redacted],[redacted]" },
		{ "\"sk-0123456789\"", "\"[redacted]\"" },
		{ "?key=AIzaSyA0123456789abcdefghijklmnopqrstuv&x=1", "?key=[redacted]&x=1" },
		{ "jwt eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln-_", "jwt [redacted]" },
		{ "grove_0123456789ab_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq012345",
		  "[redacted]" },
		{ "Authorization: Bearer abcdef123", "Authorization: [redacted]" },
		{ "gsk_0123456789abcdef", "[redacted]" },
		{ "xai-0123456789abcdef", "[redacted]" },
		{ "sk_live_0123456789abcdef", "[redacted]" },
		{ "whsec_0123456789abcdef", "[redacted]" },
		{ "Bearer%20sk-0123456789abcdef01", "Bearer%20[redacted]" },
		{ "%3DAIza0123456789abcdef0", "%3D[redacted]" },
		/* harmless words stay readable */
		{ "task-list, disk-full, risk-averse", "task-list, disk-full, risk-averse" },
		{ "sk-", "sk-" },
		{ "sk-12", "sk-12" },
		{ "eyJ", "eyJ" },
		{ "grove_owner grove_token", "grove_owner grove_token" },
		{ "Bearer token", "Bearer token" },
		{ "", "" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char out[256];
		size_t len = scrub(text_of(cases[i].given), out, sizeof(out));
		if (!text_is((struct text){ out, len }, cases[i].wanted))
			fail_msg("%s became %.*s", cases[i].given, (int)len, out);
	}
}

static void a_credential_across_the_cut_leaves_no_piece_behind(void **state)
{
	(void)state;
	for (size_t before = 230; before <= 256; before++) {
		AUTO(strbuf_clear) struct strbuf given = STRBUF_INIT(1000);
		char out[256];
		for (size_t n = 0; n < before; n++)
			assert_int_equal(strbuf_append_char(&given, ' '), OK);
		assert_int_equal(strbuf_append_str(&given, "sk-0123456789abcdef0123456789abcdef"),
				 OK);
		size_t len = scrub(strbuf_text(&given), out, sizeof(out));
		assert_null(memmem(out, len, "sk-", 3));
		assert_null(memmem(out, len, "0", 1));
	}
}

static void fields_go_through_the_scrubber(void **state)
{
	const struct capture *c = *state;
	log_error("a.b", LOG_STR("why", "bad key sk-0123456789abcdef"),
		  LOG_TEXT("t", TEXT("eyJhbGciOiJub25lIn0")));
	assert_non_null(
		strstr(c->text.data, "\"why\":\"bad key [redacted]\",\"t\":\"[redacted]\"}"));
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	const struct capture *c = *state;
	char worst[256];
	struct log_field fields[40];
	memset(worst, 1, sizeof(worst));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		fields[i] = LOG_TEXT("field", ((struct text){ worst, sizeof(worst) }));
	log_event(LOG_INFO, "a.b", fields, ARRAY_SIZE(fields));
	assert_true(c->text.len < 8192 && c->text.len > 4096);
	const char *end = c->text.data + c->text.len;
	assert_string_equal(end - strlen("\\u0001\",\"truncated\":true}"),
			    "\\u0001\",\"truncated\":true}");
}

static void levels_below_the_threshold_cost_nothing(void **state)
{
	const struct capture *c = *state;
	int evaluated = 0;
	log_init("keyvault", LOG_WARN);
	log_info("a.b", LOG_INT("n", ++evaluated));
	log_debug("a.b", LOG_INT("n", ++evaluated));
	assert_int_equal(c->lines, 0);
	assert_int_equal(evaluated, 0);
	assert_false(log_enabled(LOG_INFO));
	assert_true(log_enabled(LOG_WARN));
	log_warn("a.b", LOG_INT("n", ++evaluated));
	assert_int_equal(c->lines, 1);
	assert_int_equal(evaluated, 1);
}

static void levels_are_read_by_name(void **state)
{
	enum log_level level = LOG_ERROR;
	(void)state;
	assert_int_equal(log_level_parse(TEXT("debug"), &level), OK);
	assert_int_equal(level, LOG_DEBUG);
	assert_int_equal(log_level_parse(TEXT("WARN"), &level), OK);
	assert_int_equal(level, LOG_WARN);
	assert_int_equal(log_level_parse(TEXT("warning"), &level), ERR_INVALID_REQUEST);
	assert_int_equal(log_level_parse(TEXT(""), &level), ERR_INVALID_REQUEST);
	assert_int_equal(log_level_parse(TEXT_NULL, &level), ERR_INVALID_REQUEST);
	assert_int_equal(level, LOG_WARN);
}

static void without_a_sink_one_line_goes_to_stderr(void **state)
{
	char got[512];
	int ends[2];
	(void)state;
	log_set_sink(NULL, NULL);
	assert_int_equal(pipe(ends), 0);
	int saved = dup(STDERR_FILENO);
	dup2(ends[1], STDERR_FILENO);
	log_info("a.b", LOG_INT("n", 1));
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[1]);
	ssize_t len = read(ends[0], got, sizeof(got) - 1);
	close(ends[0]);
	assert_true(len > 0);
	got[len] = '\0';
	assert_string_equal(strchr(got, '\n'), "\n");
	assert_non_null(strstr(got, "\"n\":1}\n"));
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(a_line_names_time_level_daemon_and_event),
		TEST(fields_keep_their_types_and_order),
		TEST(what_json_cannot_say_becomes_null),
		TEST(text_is_escaped_so_that_a_line_stays_a_line),
		TEST(long_text_is_cut_between_code_points),
		TEST(credentials_are_scrubbed_wherever_they_stand),
		TEST(a_credential_across_the_cut_leaves_no_piece_behind),
		TEST(fields_go_through_the_scrubber),
		TEST(what_does_not_fit_is_left_out_whole),
		TEST(levels_below_the_threshold_cost_nothing),
		TEST(levels_are_read_by_name),
		TEST(without_a_sink_one_line_goes_to_stderr),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
