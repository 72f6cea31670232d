/* SPDX-License-Identifier: MIT */
/* Base64 in both alphabets, strict to the last bit, and the ways to hand over a 32-byte key. */
#include "support.h"

#include "crypto/crypto.h"

#include "base/banned.h"

static const struct {
	const char *plain, *url, *padded;
} pairs[] = {
	/* RFC 4648 section 10, then bytes that tell the alphabets apart. */
	{ "", "", "" },
	{ "f", "Zg", "Zg==" },
	{ "fo", "Zm8", "Zm8=" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg", "Zm9vYg==" },
	{ "fooba", "Zm9vYmE", "Zm9vYmE=" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "-__-", "+//+" },
};

static void base64_writes_and_reads_both_alphabets(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		AUTO(strbuf_clear) struct strbuf url = STRBUF_INIT(64);
		AUTO(strbuf_clear) struct strbuf padded = STRBUF_INIT(64);
		size_t n = strlen(pairs[i].plain), len = 99;
		uint8_t out[16];

		assert_ok(base64url_append(&url, pairs[i].plain, n));
		assert_ok(base64_append(&padded, pairs[i].plain, n));
		assert_string_equal(url.data, pairs[i].url);
		assert_string_equal(padded.data, pairs[i].padded);
		assert_ok(base64url_decode(text_of(pairs[i].url), out, sizeof(out), &len));
		assert_int_equal(len, n);
		assert_memory_equal(out, pairs[i].plain, n);
		assert_ok(base64_decode(text_of(pairs[i].padded), out, sizeof(out), &len));
		assert_int_equal(len, n);
		assert_memory_equal(out, pairs[i].plain, n);
	}
}

static void base64url_refuses_what_is_not_canonical(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"Zg==",	 "Zm8=",   "=",	    "Z",     "Zm9vY", "Zh",	    "Zm9",     "+/+/",
		"Zm 9v", "Zm9v\n", " Zm9v", "Zm9v.", "Zm9v%", "Zm\xc3\xa4", "Zm9vYmF", "eyI=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t out[32];
		size_t len = 99;

		if (base64url_decode(text_of(bad[i]), out, sizeof(out), &len) == OK)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(len, 99);
	}
	uint8_t out[32];
	size_t len = 99;
	assert_int_equal(base64url_decode(TEXT("Zg\0"), out, sizeof(out), &len),
			 ERR_INVALID_REQUEST);
	assert_int_equal(base64url_decode(TEXT_NULL, out, sizeof(out), &len), ERR_INVALID_REQUEST);
}

static void base64_refuses_what_is_not_canonical(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"Zg",	 "Zg=",	 "Zg===",  "Zh==",  "Zm8",  "Zm9=", "Zm8==",
		"Zm9v=", "-__-", "Zm9v\n", "Zg== ", "Z===", "====", "=Zg=",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		uint8_t out[32];
		size_t len = 99;

		if (base64_decode(text_of(bad[i]), out, sizeof(out), &len) == OK)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(len, 99);
	}
}

static void base64_takes_the_64_letters_of_its_alphabet_and_no_other_byte(void **state)
{
	(void)state;
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

	for (int c = 0; c < 256; c++) {
		char text[4] = { 'Z', 'm', (char)c, 'v' };
		struct text t = { text, 4 };
		bool common = c != 0 && strchr(letters, c);
		uint8_t out[3];
		size_t len;

		assert_int_equal(base64url_decode(t, out, 3, &len) == OK,
				 common || c == '-' || c == '_');
		assert_int_equal(base64_decode(t, out, 3, &len) == OK,
				 common || c == '+' || c == '/');
	}
}

static void base64_never_writes_past_its_room(void **state)
{
	(void)state;
	uint8_t out[4] = { 0, 0, 0, 0x55 };
	size_t len = 0;

	assert_int_equal(base64url_decode(TEXT("Zm9vYg"), out, 3, &len), ERR_INVALID_REQUEST);
	assert_int_equal(out[3], 0x55);
	assert_ok(base64url_decode(TEXT("Zm9v"), out, 3, &len));
	assert_int_equal(len, 3);
	assert_int_equal(out[3], 0x55);
}

static void base64_of_large_data_joins_its_pieces(void **state)
{
	(void)state;
	for (size_t n = 380; n < 390; n++) {
		AUTO(auto_free) uint8_t *data = xmalloc(9 * n), *back = xmalloc(9 * n);
		AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(16384);
		size_t len = 0;

		for (size_t i = 0; i < 9 * n; i++)
			data[i] = (uint8_t)(i * 7 + i / 256);
		assert_ok(base64_append(&out, data, 9 * n));
		assert_int_equal(out.len, (9 * n + 2) / 3 * 4);
		assert_ok(base64_decode(strbuf_text(&out), back, 9 * n, &len));
		assert_int_equal(len, 9 * n);
		assert_memory_equal(back, data, len);
	}
}

static void base64_over_the_limit_changes_nothing(void **state)
{
	(void)state;
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(4500);
	static const uint8_t data[4000];

	assert_ok(strbuf_append_str(&out, "kept"));
	assert_int_equal(base64url_append(&out, data, sizeof(data)), ERR_TOO_LARGE);
	assert_string_equal(out.data, "kept");
}

#define KEY_HEX "8f1c6d0a5e93b7420d6cf81e2a94c3573b0e7fd1c48a6259e0b3174fd52c9ae6"
#define KEY_B64 "jxxtCl6Tt0INbPgeKpTDVzsOf9HEimJZ4LMXT9Usmu"

static void a_key_may_be_hex_base64url_or_base64(void **state)
{
	(void)state;
	static const char *const forms[] = {
		KEY_HEX,
		"8F1C6D0A5E93B7420D6CF81E2A94C3573B0E7FD1C48A6259E0B3174FD52C9AE6",
		KEY_B64 "Y",
		KEY_B64 "Y=",
	};
	struct bytes want = hex(KEY_HEX);

	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		AUTO(secret_clear) struct secret key = SECRET_INIT;

		assert_ok(key32_parse(text_of(forms[i]), &key));
		assert_int_equal(key.len, 32);
		assert_memory_equal(key.bytes, want.data, 32);
	}
}

static void a_bad_key_is_refused_and_touches_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"changeme",
		"8f1c6d0a5e93b7420d6cf81e2a94c3573b0e7fd1c48a6259e0b3174fd52c9ae", /* 63 */
		KEY_HEX "0",
		KEY_HEX "\n",
		KEY_B64,
		KEY_B64 "Z", /* stray trailing bits */
		KEY_B64 "Y==",
		" " KEY_B64 "Y",
		/* constant, periodic and counted bytes */
		"0000000000000000000000000000000000000000000000000000000000000000",
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"deadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
		"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		/* "changeme-please-with-32-bytes-ok" and "REPLACE_ME" inside the text itself */
		"Y2hhbmdlbWUtcGxlYXNlLXdpdGgtMzItYnl0ZXMtb2s=",
		"REPLACE_ME_REPLACE_ME_REPLACE_ME_REPLACE_ME",
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		AUTO(secret_clear) struct secret key = SECRET_INIT;

		secret_set(&key, "before", 6);
		if (key32_parse(text_of(bad[i]), &key) != ERR_INVALID_REQUEST)
			fail_msg("accepted \"%s\"", bad[i]);
		assert_int_equal(key.len, 6);
		assert_memory_equal(key.bytes, "before", 6);
	}
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	assert_int_equal(key32_parse(TEXT_NULL, &key), ERR_INVALID_REQUEST);
}

static int start(void **state)
{
	(void)state;
	secret_init_library(true);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_writes_and_reads_both_alphabets),
		cmocka_unit_test(base64url_refuses_what_is_not_canonical),
		cmocka_unit_test(base64_refuses_what_is_not_canonical),
		cmocka_unit_test(base64_takes_the_64_letters_of_its_alphabet_and_no_other_byte),
		cmocka_unit_test(base64_never_writes_past_its_room),
		cmocka_unit_test(base64_of_large_data_joins_its_pieces),
		cmocka_unit_test(base64_over_the_limit_changes_nothing),
		cmocka_unit_test(a_key_may_be_hex_base64url_or_base64),
		cmocka_unit_test(a_bad_key_is_refused_and_touches_nothing),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
