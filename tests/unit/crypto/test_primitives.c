/* SPDX-License-Identifier: MIT */
/* The primitives against the published vectors: FIPS 180-4, RFC 4231, RFC 5869 and the GCM
 * specification. */
#include "support.h"

#include "crypto/crypto.h"

#include "base/banned.h"

static void sha256_gives_the_published_digests(void **state)
{
	(void)state;
	static const struct {
		const char *text, *digest;
	} cases[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bytes want = hex(cases[i].digest);
		uint8_t got[SHA256_BYTES];

		sha256(cases[i].text, strlen(cases[i].text), got);
		assert_memory_equal(got, want.data, SHA256_BYTES);
	}
}

static void sha256_of_nothing_needs_no_pointer(void **state)
{
	(void)state;
	uint8_t a[SHA256_BYTES], b[SHA256_BYTES];

	sha256(NULL, 0, a);
	sha256("", 0, b);
	assert_memory_equal(a, b, SHA256_BYTES);
}

#define AA20 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define AA131 AA20 AA20 AA20 AA20 AA20 AA20 "aaaaaaaaaaaaaaaaaaaaaa"
#define DD50                                                 \
	"dddddddddddddddddddddddddddddddddddddddddddddddddd" \
	"dddddddddddddddddddddddddddddddddddddddddddddddddd"

static void hmac_gives_the_tags_of_rfc_4231(void **state)
{
	(void)state;
	static const struct {
		const char *key, *data, *tag;
	} cases[] = {
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "4869205468657265",
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7" },
		{ "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843" },
		{ AA20, DD50, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe" },
		{ AA131,
		  "54657374205573696e67204c6172676572205468616e20426c6f636b2d53697a"
		  "65204b6579202d2048617368204b6579204669727374",
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bytes key = hex(cases[i].key), data = hex(cases[i].data);
		struct bytes want = hex(cases[i].tag);
		uint8_t got[SHA256_BYTES];

		hmac_sha256(key.data, key.len, data.data, data.len, got);
		assert_memory_equal(got, want.data, SHA256_BYTES);
	}
}

static void hkdf_gives_the_keys_of_rfc_5869(void **state)
{
	(void)state;
	static const struct {
		const char *secret, *salt, *info, *key;
	} cases[] = {
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c",
		  "f0f1f2f3f4f5f6f7f8f9",
		  "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"
		  "34007208d5b887185865" },
		{ "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
		  "202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f"
		  "404142434445464748494a4b4c4d4e4f",
		  "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f"
		  "808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"
		  "a0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
		  "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
		  "d0d1d2d3d4d5d6d7d8d9dadbdcdddedfe0e1e2e3e4e5e6e7e8e9eaebecedeeef"
		  "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
		  "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
		  "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
		  "cc30c58179ec3e87c14c01d5c1f3434f1d87" },
		{ "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
		  "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d"
		  "9d201395faa4b61a96c8" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct bytes secret = hex(cases[i].secret), salt = hex(cases[i].salt);
		/* Our info is a C string; none of these has a zero inside. */
		struct bytes info = hex(cases[i].info), want = hex(cases[i].key);
		uint8_t got[HEX_MAX_BYTES];

		hkdf_sha256(secret.data, secret.len, salt.data, salt.len, (const char *)info.data,
			    got, want.len);
		assert_memory_equal(got, want.data, want.len);
	}
}

struct gcm_case {
	const char *name, *key, *nonce, *aad, *plain, *sealed;
};

#define ZERO32 "0000000000000000000000000000000000000000000000000000000000000000"
#define FEFF "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
#define P60                                                                \
	"d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" \
	"1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
#define C60                                                                \
	"522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" \
	"8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

static const struct gcm_case gcm_cases[] = {
	{ "GCM spec 13", ZERO32, "000000000000000000000000", "", "",
	  "530f8afbc74536b9a963b4f1c4cb738b" },
	{ "GCM spec 14", ZERO32, "000000000000000000000000", "", "00000000000000000000000000000000",
	  "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919" },
	{ "GCM spec 15", FEFF, "cafebabefacedbaddecaf888", "", P60 "1aafd255",
	  C60 "898015adb094dac5d93471bdec1a502270e3cc6c" },
	{ "GCM spec 16", FEFF, "cafebabefacedbaddecaf888",
	  "feedfacedeadbeeffeedfacedeadbeefabaddad2", P60, C60 "76fc6ece0f4e1768cddf8853bb2d551b" },
};

static void aead_gives_the_vectors_of_the_gcm_specification(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gcm_cases); i++) {
		const struct gcm_case *c = &gcm_cases[i];
		struct bytes key = hex(c->key), nonce = hex(c->nonce), aad = hex(c->aad);
		struct bytes plain = hex(c->plain), want = hex(c->sealed);
		uint8_t sealed[HEX_MAX_BYTES], opened[HEX_MAX_BYTES];

		aead_seal(key.data, nonce.data, aad.data, aad.len, plain.data, plain.len, sealed);
		assert_int_equal(want.len, plain.len + AEAD_TAG_BYTES);
		assert_memory_equal(sealed, want.data, want.len);
		assert_ok(aead_open(key.data, nonce.data, aad.data, aad.len, sealed, want.len,
				    opened));
		assert_memory_equal(opened, plain.data, plain.len);
	}
}

/* Every bit of key, nonce, additional data and sealed bytes. */
static void flip_each_bit(const struct gcm_case *c, size_t which)
{
	struct bytes parts[] = { hex(c->key), hex(c->nonce), hex(c->aad), hex(c->sealed) };
	struct bytes *victim = &parts[which];
	uint8_t opened[HEX_MAX_BYTES];

	for (size_t bit = 0; bit < victim->len * 8; bit++) {
		victim->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(aead_open(parts[0].data, parts[1].data, parts[2].data,
					   parts[2].len, parts[3].data, parts[3].len, opened),
				 ERR_INTERNAL);
		victim->data[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void aead_refuses_every_flipped_bit(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(gcm_cases); i++)
		for (size_t which = 0; which < 4; which++)
			flip_each_bit(&gcm_cases[i], which);
}

static void aead_refuses_every_shorter_length(void **state)
{
	(void)state;
	const struct gcm_case *c = &gcm_cases[3];
	struct bytes key = hex(c->key), nonce = hex(c->nonce), aad = hex(c->aad);
	struct bytes sealed = hex(c->sealed);
	uint8_t opened[HEX_MAX_BYTES];

	for (size_t len = 0; len < sealed.len; len++)
		assert_int_equal(aead_open(key.data, nonce.data, aad.data, aad.len, sealed.data,
					   len, opened),
				 ERR_INTERNAL);
	for (size_t len = 0; len < aad.len; len++)
		assert_int_equal(aead_open(key.data, nonce.data, aad.data, len, sealed.data,
					   sealed.len, opened),
				 ERR_INTERNAL);
}

/* What Wycheproof tries as forged tags. */
static void aead_refuses_special_tags(void **state)
{
	(void)state;
	const struct gcm_case *c = &gcm_cases[3];
	struct bytes key = hex(c->key), nonce = hex(c->nonce), aad = hex(c->aad);
	static const uint8_t fills[] = { 0x00, 0xff, 0x80, 0x01 };
	uint8_t opened[HEX_MAX_BYTES];

	for (size_t i = 0; i < ARRAY_SIZE(fills); i++) {
		struct bytes sealed = hex(c->sealed);

		memset(sealed.data + sealed.len - AEAD_TAG_BYTES, fills[i], AEAD_TAG_BYTES);
		assert_int_equal(aead_open(key.data, nonce.data, aad.data, aad.len, sealed.data,
					   sealed.len, opened),
				 ERR_INTERNAL);
	}
	for (size_t i = 0; i < AEAD_TAG_BYTES; i++) {
		struct bytes sealed = hex(c->sealed);

		sealed.data[sealed.len - AEAD_TAG_BYTES + i] ^= 0xff;
		assert_int_equal(aead_open(key.data, nonce.data, aad.data, aad.len, sealed.data,
					   sealed.len, opened),
				 ERR_INTERNAL);
	}
}

static void aead_leaves_no_plain_text_behind_when_it_refuses(void **state)
{
	(void)state;
	const struct gcm_case *c = &gcm_cases[3];
	struct bytes key = hex(c->key), nonce = hex(c->nonce), sealed = hex(c->sealed);
	uint8_t opened[HEX_MAX_BYTES];

	memset(opened, 0x55, sizeof(opened));
	assert_int_equal(aead_open(key.data, nonce.data, NULL, 0, sealed.data, sealed.len, opened),
			 ERR_INTERNAL);
	for (size_t i = 0; i < sealed.len - AEAD_TAG_BYTES; i++)
		assert_int_equal(opened[i], 0);
	assert_int_equal(opened[sealed.len - AEAD_TAG_BYTES], 0x55);
}

static void a_password_verifies_against_its_own_hash_only(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret right = SECRET_INIT;
	AUTO(secret_clear) struct secret wrong = SECRET_INIT;
	AUTO(secret_clear) struct secret empty = SECRET_INIT;
	char encoded[PASSWORD_HASH_SIZE], again[PASSWORD_HASH_SIZE];

	secret_set(&right, "correct horse", 13);
	secret_set(&wrong, "correct horsf", 13);
	assert_ok(password_hash(&right, encoded));
	assert_ok(password_hash(&right, again));
	assert_string_not_equal(encoded, again);
	assert_true(password_verify(&right, encoded));
	assert_false(password_verify(&wrong, encoded));
	assert_false(password_verify(&empty, encoded));
	assert_false(password_needs_rehash(encoded));
}

static void foreign_password_hashes_never_verify(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret password = SECRET_INIT;
	static const char *const encoded[] = {
		"",
		"x",
		"$argon2id$",
		"$argon2id$v=19$m=65536,t=2,p=1$c2FsdA",
		/* Argon2i of "password": valid, but not what we write. */
		"$argon2i$v=19$m=65536,t=2,p=1$c29tZXNhbHQ"
		"$wWKIMhR9lyDFvRz9YTZweHKfbftvj+qf+YFY4NeBbtA",
	};

	secret_set(&password, "password", 8);
	for (size_t i = 0; i < ARRAY_SIZE(encoded); i++) {
		assert_false(password_verify(&password, encoded[i]));
		assert_true(password_needs_rehash(encoded[i]));
	}
}

static void a_weaker_argon2id_hash_verifies_but_wants_a_rehash(void **state)
{
	(void)state;
	AUTO(secret_clear) struct secret password = SECRET_INIT;
	/* From the test suite of the Argon2 reference implementation. */
	static const char weaker[] = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ"
				     "$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

	secret_set(&password, "password", 8);
	assert_true(password_verify(&password, weaker));
	assert_true(password_needs_rehash(weaker));
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
		cmocka_unit_test(sha256_gives_the_published_digests),
		cmocka_unit_test(sha256_of_nothing_needs_no_pointer),
		cmocka_unit_test(hmac_gives_the_tags_of_rfc_4231),
		cmocka_unit_test(hkdf_gives_the_keys_of_rfc_5869),
		cmocka_unit_test(aead_gives_the_vectors_of_the_gcm_specification),
		cmocka_unit_test(aead_refuses_every_flipped_bit),
		cmocka_unit_test(aead_refuses_every_shorter_length),
		cmocka_unit_test(aead_refuses_special_tags),
		cmocka_unit_test(aead_leaves_no_plain_text_behind_when_it_refuses),
		cmocka_unit_test(a_password_verifies_against_its_own_hash_only),
		cmocka_unit_test(foreign_password_hashes_never_verify),
		cmocka_unit_test(a_weaker_argon2id_hash_verifies_but_wants_a_rehash),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
