/* SPDX-License-Identifier: MIT */
/* The sealed record: it opens where it was sealed, and nowhere else, and not with one bit changed.
 */
#include "support.h"

#include <stdlib.h>

#include "crypto/seal.h"

#include "base/banned.h"

static const uint8_t key_bytes[AEAD_KEY_BYTES] = "0123456789abcdefghijklmnopqrstu";
static const struct seal_key key = { { 0xa1, 0xb2, 0xc3, 0xd4 }, 7, key_bytes };

static struct seal_place some_place(void)
{
	return (struct seal_place){
		.label = "grove/byok/v1",
		.user = { { 1, 2, 3 } },
		.table = "user_api_keys",
		.row = { { 4, 5, 6 } },
		.column = "sealed_key",
		.extra = { TEXT("openai"), TEXT("https://api.openai.com:443") },
	};
}

static void a_record_opens_to_what_was_sealed(void **state)
{
	(void)state;
	struct seal_place place = some_place();
	static const size_t sizes[] = { 0, 1, 15, 16, 17, 4096, 1 << 20 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(2 << 20);
		AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(2 << 20);
		AUTO(secret_clear) struct secret secret = SECRET_INIT;
		AUTO(auto_free) char *data = xmalloc(sizes[i]);

		for (size_t b = 0; b < sizes[i]; b++)
			data[b] = (char)(b * 31);
		assert_ok(seal(&key, &place, (struct text){ data, sizes[i] }, &sealed));
		assert_int_equal(sealed.len, sizes[i] + SEAL_OVERHEAD);
		assert_ok(seal_open(&key, &place, strbuf_text(&sealed), &plain));
		assert_int_equal(plain.len, sizes[i]);
		assert_memory_equal(plain.data, data, sizes[i]);
		assert_ok(seal_open_secret(&key, &place, strbuf_text(&sealed), &secret));
		assert_int_equal(secret.len, sizes[i]);
		if (sizes[i] > 0)
			assert_memory_equal(secret.bytes, data, sizes[i]);
	}
}

static void the_header_stands_in_front_as_documented(void **state)
{
	(void)state;
	struct seal_place place = some_place();
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1024);
	static const uint8_t want[] = { 1, 1, 0xa1, 0xb2, 0xc3, 0xd4, 0, 0, 0, 7 };
	struct seal_header header;

	assert_ok(seal(&key, &place, TEXT("x"), &sealed));
	assert_memory_equal(sealed.data, want, sizeof(want));
	assert_ok(seal_read_header(strbuf_text(&sealed), &header));
	assert_memory_equal(header.kek_id, key.kek_id, 4);
	assert_int_equal(header.dek_version, 7);

	struct seal_key late = key;
	late.dek_version = 0xfedcba98;
	strbuf_reset(&sealed);
	assert_ok(seal(&late, &place, TEXT("x"), &sealed));
	assert_ok(seal_read_header(strbuf_text(&sealed), &header));
	assert_true(header.dek_version == 0xfedcba98);
}

static void sealing_and_opening_append(void **state)
{
	(void)state;
	struct seal_place place = some_place();
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1024);
	AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(1024);

	assert_ok(strbuf_append_str(&sealed, "head"));
	assert_ok(strbuf_append_str(&plain, "head"));
	assert_ok(seal(&key, &place, TEXT("body"), &sealed));
	assert_memory_equal(sealed.data, "head", 4);
	assert_ok(seal_open(&key, &place, text_slice(strbuf_text(&sealed), 4, sealed.len), &plain));
	assert_string_equal(plain.data, "headbody");
}

/* ERR_INTERNAL from both ways to open, and their targets untouched. */
static void assert_stays_shut(const struct seal_key *k, const struct seal_place *place,
			      struct text sealed)
{
	AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(4096);
	AUTO(secret_clear) struct secret secret = SECRET_INIT;

	assert_int_equal(seal_open(k, place, sealed, &plain), ERR_INTERNAL);
	assert_int_equal(plain.len, 0);
	assert_int_equal(seal_open_secret(k, place, sealed, &secret), ERR_INTERNAL);
	assert_false(secret_is_set(&secret));
}

static void no_record_with_a_flipped_bit_opens(void **state)
{
	(void)state;
	struct seal_place place = some_place();
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1024);

	assert_ok(seal(&key, &place, TEXT("sk-proj-0123456789"), &sealed));
	for (size_t bit = 0; bit < sealed.len * 8; bit++) {
		sealed.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_stays_shut(&key, &place, strbuf_text(&sealed));
		sealed.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	/* The header cannot be brought in line with another key's names either: it is in the
	 * additional data. */
	struct seal_key renamed = key;
	renamed.dek_version = 8;
	sealed.data[9] = 8;
	assert_stays_shut(&renamed, &place, strbuf_text(&sealed));
}

static void no_shorter_or_longer_record_opens(void **state)
{
	(void)state;
	struct seal_place place = some_place();
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1024);
	struct seal_header header;

	assert_ok(seal(&key, &place, TEXT("sk"), &sealed));
	for (size_t len = 0; len < sealed.len; len++) {
		/* An exact heap block lets the sanitizer see a read past the end. */
		AUTO(auto_free) char *cut = xmalloc(len);
		memcpy(cut, sealed.data, len);
		assert_stays_shut(&key, &place, (struct text){ cut, len });
		if (len < SEAL_OVERHEAD)
			assert_int_equal(seal_read_header((struct text){ cut, len }, &header),
					 ERR_INTERNAL);
	}
	assert_ok(strbuf_append_char(&sealed, 0));
	assert_stays_shut(&key, &place, strbuf_text(&sealed));
	assert_stays_shut(&key, &place, TEXT_NULL);
}

static void a_record_opens_only_in_its_own_place(void **state)
{
	(void)state;
	struct seal_place home = some_place(), away[16];
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1024);
	AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(1024);
	size_t n = 0;

	assert_ok(seal(&key, &home, TEXT("sk-proj-0123456789"), &sealed));
	for (size_t i = 0; i < ARRAY_SIZE(away); i++)
		away[i] = home;
	away[n++].label = "grove/byok/v2";
	away[n++].user.bytes[15] ^= 1;
	away[n++].user.bytes[0] ^= 0x80;
	away[n++].table = "user_api_key";
	away[n++].table = NULL;
	away[n++].row.bytes[0] ^= 1;
	away[n++].row.bytes[15] ^= 1;
	away[n++].column = "sealed_key2";
	away[n++].column = NULL;
	away[n++].extra[0] = TEXT("openrouter");
	away[n++].extra[0] = TEXT("");
	away[n++].extra[1] = TEXT("https://api.openai.com:444");
	away[n++].extra[1] = TEXT_NULL;
	away[n++].extra[2] = TEXT("");
	/* The same bytes cut at another border. */
	away[n].extra[0] = TEXT("openaih");
	away[n++].extra[1] = TEXT("ttps://api.openai.com:443");
	away[n].table = "user_api_keyss";
	away[n++].column = "ealed_key";
	for (size_t i = 0; i < n; i++)
		assert_stays_shut(&key, &away[i], strbuf_text(&sealed));
	assert_ok(seal_open(&key, &home, strbuf_text(&sealed), &plain));
}

static void a_record_opens_only_with_its_own_key(void **state)
{
	(void)state;
	struct seal_place place = some_place();
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1024);
	uint8_t other_bytes[AEAD_KEY_BYTES];
	struct seal_key other = key;

	assert_ok(seal(&key, &place, TEXT("x"), &sealed));
	memcpy(other_bytes, key_bytes, sizeof(other_bytes));
	other_bytes[31] ^= 1;
	other.key = other_bytes;
	assert_stays_shut(&other, &place, strbuf_text(&sealed));
	other = key;
	other.kek_id[0] ^= 1;
	assert_stays_shut(&other, &place, strbuf_text(&sealed));
	other = key;
	other.dek_version++;
	assert_stays_shut(&other, &place, strbuf_text(&sealed));
}

static void limits_of_buffers_and_places_are_kept(void **state)
{
	(void)state;
	struct seal_place place = some_place();
	AUTO(strbuf_clear) struct strbuf small = STRBUF_INIT(SEAL_OVERHEAD + 3);
	AUTO(strbuf_clear) struct strbuf large = STRBUF_INIT(1024);
	AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(3);
	static char long_text[70000];

	assert_int_equal(seal(&key, &place, TEXT("four"), &small), ERR_TOO_LARGE);
	assert_int_equal(small.len, 0);
	assert_ok(seal(&key, &place, TEXT("abc"), &small));
	assert_ok(seal(&key, &place, TEXT("four"), &large));
	assert_int_equal(seal_open(&key, &place, strbuf_text(&large), &plain), ERR_TOO_LARGE);
	assert_int_equal(plain.len, 0);

	memset(long_text, 'x', sizeof(long_text));
	static const size_t lengths[] = { 4096, 65535, 65536, 70000 };
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		place.extra[1] = (struct text){ long_text, lengths[i] };
		strbuf_reset(&large);
		assert_int_equal(seal(&key, &place, TEXT("x"), &large), ERR_TOO_LARGE);
		assert_int_equal(large.len, 0);
	}
}

static int compare_nonces(const void *a, const void *b)
{
	return memcmp(a, b, AEAD_NONCE_BYTES);
}

static void ten_thousand_seals_have_ten_thousand_nonces(void **state)
{
	(void)state;
	enum { COUNT = 10000 };
	struct seal_place place = some_place();
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(1024);
	AUTO(auto_free) uint8_t *nonces = xmalloc(COUNT * AEAD_NONCE_BYTES);

	for (size_t i = 0; i < COUNT; i++) {
		strbuf_reset(&sealed);
		assert_ok(seal(&key, &place, TEXT("x"), &sealed));
		memcpy(nonces + i * AEAD_NONCE_BYTES, sealed.data + SEAL_HEADER_BYTES,
		       AEAD_NONCE_BYTES);
	}
	qsort(nonces, COUNT, AEAD_NONCE_BYTES, compare_nonces);
	for (size_t i = 1; i < COUNT; i++)
		assert_memory_not_equal(nonces + (i - 1) * AEAD_NONCE_BYTES,
					nonces + i * AEAD_NONCE_BYTES, AEAD_NONCE_BYTES);
}

static void families_and_salts_give_unrelated_keys(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret configured = SECRET_INIT;
	static const uint8_t salts[2][32] = { { 1 }, { 2 } };
	static const char *const families[] = { "byok", "data" };
	struct secret keks[4] = { 0 };
	uint8_t ids[4][4];

	secret_set(&configured, key_bytes, 32);
	for (size_t i = 0; i < 4; i++) {
		kek_derive(&configured, salts[i / 2], families[i % 2], &keks[i], ids[i]);
		assert_int_equal(keks[i].len, AEAD_KEY_BYTES);
		assert_memory_not_equal(keks[i].bytes, ids[i], 4);
		for (size_t j = 0; j < i; j++) {
			assert_memory_not_equal(keks[i].bytes, keks[j].bytes, AEAD_KEY_BYTES);
			assert_memory_not_equal(ids[i], ids[j], 4);
		}
	}
	for (size_t i = 0; i < 4; i++)
		secret_clear(&keks[i]);
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
		cmocka_unit_test(a_record_opens_to_what_was_sealed),
		cmocka_unit_test(the_header_stands_in_front_as_documented),
		cmocka_unit_test(sealing_and_opening_append),
		cmocka_unit_test(no_record_with_a_flipped_bit_opens),
		cmocka_unit_test(no_shorter_or_longer_record_opens),
		cmocka_unit_test(a_record_opens_only_in_its_own_place),
		cmocka_unit_test(a_record_opens_only_with_its_own_key),
		cmocka_unit_test(limits_of_buffers_and_places_are_kept),
		cmocka_unit_test(ten_thousand_seals_have_ten_thousand_nonces),
		cmocka_unit_test(families_and_salts_give_unrelated_keys),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
