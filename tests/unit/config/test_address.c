/* SPDX-License-Identifier: MIT */
/* Addresses and origins: what is taken, in which spelling it is kept, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/config_private.h"

#include "base/banned.h"

#define PATH_10 "/234567890"
#define PATH_100 PATH_10 PATH_10 PATH_10 PATH_10 PATH_10 PATH_10 PATH_10 PATH_10 PATH_10 PATH_10

static void addresses_go_to_parts_and_back(void **state)
{
	static const struct {
		const char *text, *host, *unix_path;
		uint16_t port;
	} cases[] = {
		{ "127.0.0.1:7402", "127.0.0.1", NULL, 7402 },
		{ "0.0.0.0:0", "0.0.0.0", NULL, 0 },
		{ "[::1]:65535", "::1", NULL, 65535 },
		{ "[2001:db8::1:2]:80", "2001:db8::1:2", NULL, 80 },
		{ "[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", NULL, 80 },
		{ "unix:/run/grove/keyvault.sock", "", "/run/grove/keyvault.sock", 0 },
		{ "unix:" PATH_100 "/234567", "", PATH_100 "/234567", 0 },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(config_address_clear) struct config_address a = { 0 };
		char out[160];
		assert_int_equal(config_address_parse(text_of(cases[i].text), &a), OK);
		assert_string_equal(a.host, cases[i].host);
		assert_int_equal(a.port, cases[i].port);
		if (cases[i].unix_path)
			assert_string_equal(a.unix_path, cases[i].unix_path);
		else
			assert_null(a.unix_path);
		config_address_format(&a, out, sizeof(out));
		assert_string_equal(out, cases[i].text);
	}
}

static void wrong_addresses_are_refused(void **state)
{
	static const char *const cases[] = {
		"",
		":",
		"7402",
		":7402",
		"127.0.0.1",
		"127.0.0.1:",
		"127.0.0.1:x",
		"127.0.0.1:65536",
		"127.0.0.1:-1",
		"127.0.0.1:+1",
		"127.0.0.1:08",
		"127.0.0.1: 80",
		" 127.0.0.1:80",
		"127.0.0.1:80 ",
		"127.0.0.1:80:80",
		"127.1:80",
		"127.0.0.256:80",
		"127.0.0.01:80",
		"1.2.3:80",
		"0x7f.0.0.1:80",
		"localhost:80",
		"example.org:80",
		"::1:80",
		"[::1]",
		"[::1]80",
		"[::1]:",
		"[::1:80",
		"[]:80",
		"[127.0.0.1]:80",
		"[::1%lo]:80",
		"[[::1]]:80",
		"[:::1]:80",
		"unix:",
		"unix:/",
		"unix:relative",
		"unix:/a b",
		"unix:/a\n",
		"unix:" PATH_100 "/2345678",
		"UNIX:/a",
		"http://127.0.0.1:80",
		"[1111:2222:3333:4444:5555:6666:7777:8888:1111:2222:3333:4444:5555:6666:7777:8888]:"
		"80",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config_address a = { .port = 4711 };
		if (config_address_parse(text_of(cases[i]), &a) != ERR_INVALID_REQUEST ||
		    a.port != 4711)
			fail_msg("accepted: %s", cases[i]);
	}
	struct config_address a;
	assert_int_equal(config_address_parse(TEXT_NULL, &a), ERR_INVALID_REQUEST);
	assert_int_equal(config_address_parse(TEXT("127.0.0.1\0:80"), &a), ERR_INVALID_REQUEST);
}

static void origins_are_kept_as_browsers_send_them(void **state)
{
	static const struct {
		const char *given, *wanted;
		bool http;
	} cases[] = {
		{ "https://chat.example.org", "https://chat.example.org", false },
		{ "HTTPS://Chat.Example.ORG", "https://chat.example.org", false },
		{ "https://chat.example.org:443", "https://chat.example.org", false },
		{ "https://chat.example.org:8443", "https://chat.example.org:8443", false },
		{ "https://chat.example.org:80", "https://chat.example.org:80", false },
		{ "http://localhost:8080", "http://localhost:8080", true },
		{ "http://localhost:80", "http://localhost", true },
		{ "http://fake_model:9", "http://fake_model:9", true },
		{ "https://127.0.0.1", "https://127.0.0.1", false },
		{ "https://[::1]", "https://[::1]", false },
		{ "https://[2001:DB8::1]:8443", "https://[2001:db8::1]:8443", false },
		{ "https://xn--bcher-kva.example", "https://xn--bcher-kva.example", false },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(auto_free)
		char *got = config_origin_normalise(text_of(cases[i].given), cases[i].http);
		if (!got)
			fail_msg("refused: %s", cases[i].given);
		assert_string_equal(got, cases[i].wanted);
	}
}

static void everything_but_an_origin_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"https",
		"https:",
		"https://",
		"chat.example.org",
		"//chat.example.org",
		"ftp://example.org",
		"https:/example.org",
		"https://example.org/",
		"https://example.org/path",
		"https://example.org?x",
		"https://example.org#x",
		"https://user@example.org",
		"https://user:pass@example.org",
		"https://example.org:",
		"https://example.org:0",
		"https://example.org:65536",
		"https://example.org:x",
		"https://example.org:1:2",
		"https://example.org.",
		"https://.example.org",
		"https://a..b",
		"https://-a.org",
		"https://a-.org",
		"https://ex ample.org",
		" https://example.org",
		"https://example.org ",
		"https://*.example.org",
		"https://b\xC3\xBC"
		"cher.example",
		"null",
		"https://[::1",
		"https://::1",
		"https://[]",
		"https://[::1]x",
		"https://[::1]:",
		"https://[::g]",
		"https://[127.0.0.1]",
		"https://a,https://b",
		"https://256.1.1.1",
		"https://1.2.3",
		"https://0x7f.1",
		"https://123456789012345678901234567890123456789012345678901234567890abcd.org",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(auto_free) char *got = config_origin_normalise(text_of(cases[i]), true);
		if (got)
			fail_msg("accepted: %s as %s", cases[i], got);
	}
	assert_null(config_origin_normalise(TEXT("http://example.org"), false));
	assert_null(config_origin_normalise(TEXT("https://exam\0ple.org"), false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_go_to_parts_and_back),
		cmocka_unit_test(wrong_addresses_are_refused),
		cmocka_unit_test(origins_are_kept_as_browsers_send_them),
		cmocka_unit_test(everything_but_an_origin_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
