/* SPDX-License-Identifier: MIT */
/* Key-encryption keys: derived as published, found by family and id, proven by their canary; and
 * the data keys they wrap, which open as what their row says and as nothing else. */
#include "support.h"

#include "data_key.h"
#include "kek_ring.h"

#include "base/banned.h"

static const uint8_t salt[KEK_SALT_BYTES] = { 1, 2, 3 }, other_salt[KEK_SALT_BYTES] = { 4 };

static struct secret secret_of(uint8_t n)
{
	struct secret s = SECRET_INIT;
	uint8_t bytes[32];
	memset(bytes, n, sizeof(bytes));
	secret_set(&s, bytes, sizeof(bytes));
	return s;
}

static void add(struct kek_ring *ring, enum kek_family f, uint8_t n, bool is_current)
{
	AUTO(secret_clear) struct secret s = secret_of(n);
	kek_ring_add(ring, f, &s, salt, is_current);
}

/* The vector of docs/sealed-format.md. */
static void kek_and_its_id_are_the_published_ones(void **state)
{
	(void)state;
	static const char secret_hex[] =
		"8f1c6d0a5e93b7420d6cf81e2a94c3573b0e7fd1c48a6259e0b3174fd52c9ae6";
	static const char salt_hex[] =
		"52a7e6c01f3b9d84706e15cb28fa4d93be0736825c41d9ef1ab864720f9be35c";
	static const char *const wanted[KEK_FAMILIES][2] = {
		[KEK_BYOK] = { "3ca7e91d",
			       "2d396f115813358928a021bef95128523d156abfba4a8c298cac131e"
			       "ef85a94a" },
		[KEK_DATA] = { "0823fd94",
			       "09296755357374a01d1304df2db7c80e88f71c0096472b516fbf626a"
			       "2cab9ff7" },
	};
	AUTO(kek_ring_clear) struct kek_ring ring = { .count = 0 };
	AUTO(secret_clear) struct secret s = SECRET_INIT;
	uint8_t salt_bytes[32];
	secret_alloc(&s, 32);
	assert_true(hex_to_bytes(text_of(secret_hex), s.bytes, 32));
	assert_true(hex_to_bytes(text_of(salt_hex), salt_bytes, 32));
	for (int f = 0; f < KEK_FAMILIES; f++) {
		struct seal_key key;
		char hex[65];
		kek_ring_add(&ring, (enum kek_family)f, &s, salt_bytes, true);
		assert_int_equal(kek_ring_current(&ring, (enum kek_family)f, &key), OK);
		bytes_to_hex(key.kek_id, 4, hex, sizeof(hex));
		assert_string_equal(hex, wanted[f][0]);
		bytes_to_hex(key.key, 32, hex, sizeof(hex));
		assert_string_equal(hex, wanted[f][1]);
	}
}

static void secret_salt_and_family_each_make_another_kek(void **state)
{
	(void)state;
	AUTO(kek_ring_clear) struct kek_ring ring = { .count = 0 };
	AUTO(secret_clear) struct secret one = secret_of(1);
	AUTO(secret_clear) struct secret two = secret_of(2);
	kek_ring_add(&ring, KEK_DATA, &one, salt, true);
	kek_ring_add(&ring, KEK_DATA, &two, salt, false);
	kek_ring_add(&ring, KEK_DATA, &one, other_salt, false);
	kek_ring_add(&ring, KEK_BYOK, &one, salt, true);
	for (size_t i = 0; i < ring.count; i++) {
		for (size_t j = 0; j < i; j++) {
			assert_memory_not_equal(ring.items[i].id, ring.items[j].id, 4);
			assert_memory_not_equal(ring.items[i].key.bytes, ring.items[j].key.bytes,
						32);
		}
	}
}

static void current_one_wraps_and_previous_ones_are_found_by_id(void **state)
{
	(void)state;
	AUTO(kek_ring_clear) struct kek_ring ring = { .count = 0 };
	struct seal_key key;
	add(&ring, KEK_DATA, 1, false);
	assert_int_equal(kek_ring_current(&ring, KEK_DATA, &key), ERR_INTERNAL);
	add(&ring, KEK_DATA, 2, true);
	assert_int_equal(kek_ring_current(&ring, KEK_DATA, &key), OK);
	assert_ptr_equal(key.key, ring.items[1].key.bytes);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(kek_ring_find(&ring, KEK_DATA, ring.items[i].id, &key), OK);
		assert_ptr_equal(key.key, ring.items[i].key.bytes);
		/* Never across families. */
		assert_int_equal(kek_ring_find(&ring, KEK_BYOK, ring.items[i].id, &key),
				 ERR_INTERNAL);
	}
	assert_int_equal(kek_ring_find(&ring, KEK_DATA, (uint8_t[4]){ 0 }, &key), ERR_INTERNAL);
}

static void canary_opens_for_its_own_kek_only(void **state)
{
	(void)state;
	AUTO(kek_ring_clear) struct kek_ring ring = { .count = 0 };
	AUTO(kek_ring_clear) struct kek_ring wrong = { .count = 0 };
	AUTO(strbuf_clear) struct strbuf canary = STRBUF_INIT(256);
	add(&ring, KEK_DATA, 1, true);
	assert_int_equal(kek_seal_canary(&ring.items[0], &canary), OK);
	struct text id = text_from(ring.items[0].id, KEK_ID_BYTES);
	assert_true(kek_ring_opens(&ring, KEK_DATA, id, strbuf_text(&canary)));
	assert_true(ring.items[0].is_stored);
	/* Another secret has another id; one that claims the same id does not open it. */
	add(&wrong, KEK_DATA, 2, true);
	assert_false(kek_ring_opens(&wrong, KEK_DATA, id, strbuf_text(&canary)));
	memcpy(wrong.items[0].id, id.ptr, KEK_ID_BYTES);
	assert_false(kek_ring_opens(&wrong, KEK_DATA, id, strbuf_text(&canary)));
	assert_false(wrong.items[0].is_stored);
	assert_false(kek_ring_opens(&ring, KEK_BYOK, id, strbuf_text(&canary)));
}

static void every_changed_bit_of_a_canary_is_noticed(void **state)
{
	(void)state;
	AUTO(kek_ring_clear) struct kek_ring ring = { .count = 0 };
	AUTO(strbuf_clear) struct strbuf canary = STRBUF_INIT(256);
	add(&ring, KEK_BYOK, 1, true);
	assert_int_equal(kek_seal_canary(&ring.items[0], &canary), OK);
	struct text id = text_from(ring.items[0].id, KEK_ID_BYTES);
	for (size_t bit = 0; bit < canary.len * 8; bit++) {
		canary.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_false(kek_ring_opens(&ring, KEK_BYOK, id, strbuf_text(&canary)));
		canary.data[bit / 8] ^= (char)(1 << bit % 8);
	}
	for (size_t len = 0; len < canary.len; len++)
		assert_false(kek_ring_opens(&ring, KEK_BYOK, id, text_from(canary.data, len)));
	assert_true(kek_ring_opens(&ring, KEK_BYOK, id, strbuf_text(&canary)));
}

struct wrap {
	enum kek_family family;
	uint8_t user;
	uint32_t version;
	size_t key_len;
};

static void wrap_key(const struct kek_ring *ring, const struct wrap *w, struct strbuf *out)
{
	static const char bytes[64] = "0123456789abcdef0123456789abcdef";
	struct seal_key kek;
	struct seal_place place = { .label = "grove/dek/v1",
				    .user = numbered(w->user),
				    .table = "user_data_keys",
				    .column = "wrapped_sealed",
				    .extra = { text_of(kek_family_name(w->family)) } };
	assert_int_equal(kek_ring_current(ring, w->family, &kek), OK);
	kek.dek_version = w->version;
	assert_int_equal(seal(&kek, &place, text_from(bytes, w->key_len), out), OK);
}

static enum err unwrap(const struct kek_ring *ring, const struct wrap *as, struct text kek_id,
		       struct text sealed)
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	struct uuid user = numbered(as->user);
	struct wrapped_key wrapped = { as->version, kek_id, sealed };
	enum err err = data_key_unwrap(ring, as->family, &user, &wrapped, &key);
	assert_int_equal(secret_is_set(&key), err == OK);
	if (!err)
		assert_memory_equal(key.bytes, "0123456789abcdef0123456789abcdef", 32);
	return err;
}

static void data_key_opens_as_what_its_row_says_only(void **state)
{
	(void)state;
	AUTO(kek_ring_clear) struct kek_ring ring = { .count = 0 };
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(256);
	struct wrap made = { KEK_DATA, 1, 7, 32 };
	struct wrap others[] = { { KEK_BYOK, 1, 7, 32 },
				 { KEK_DATA, 2, 7, 32 },
				 { KEK_DATA, 1, 8, 32 },
				 { KEK_DATA, 1, 0, 32 } };
	add(&ring, KEK_DATA, 1, true);
	add(&ring, KEK_BYOK, 1, true);
	wrap_key(&ring, &made, &sealed);
	struct text id = text_from(ring.items[0].id, 4), byok_id = text_from(ring.items[1].id, 4);
	assert_int_equal(unwrap(&ring, &made, id, strbuf_text(&sealed)), OK);
	assert_int_equal(unwrap(&ring, &made, byok_id, strbuf_text(&sealed)), ERR_INTERNAL);
	assert_int_equal(unwrap(&ring, &made, TEXT_NULL, strbuf_text(&sealed)), ERR_INTERNAL);
	assert_int_equal(unwrap(&ring, &made, id, TEXT_NULL), ERR_INTERNAL);
	assert_int_equal(unwrap(&ring, &made, id, TEXT("short")), ERR_INTERNAL);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_int_equal(unwrap(&ring, &others[i], id, strbuf_text(&sealed)), ERR_INTERNAL);
}

static void data_key_opens_under_a_previous_kek(void **state)
{
	(void)state;
	AUTO(kek_ring_clear) struct kek_ring before = { .count = 0 };
	AUTO(kek_ring_clear) struct kek_ring after = { .count = 0 };
	AUTO(kek_ring_clear) struct kek_ring without = { .count = 0 };
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(256);
	struct wrap made = { KEK_DATA, 1, 1, 32 };
	add(&before, KEK_DATA, 1, true);
	wrap_key(&before, &made, &sealed);
	struct text id = text_from(before.items[0].id, 4);
	add(&after, KEK_DATA, 2, true);
	add(&after, KEK_DATA, 1, false);
	assert_int_equal(unwrap(&after, &made, id, strbuf_text(&sealed)), OK);
	add(&without, KEK_DATA, 2, true);
	assert_int_equal(unwrap(&without, &made, id, strbuf_text(&sealed)), ERR_INTERNAL);
}

static void data_key_of_another_length_is_none(void **state)
{
	(void)state;
	static const size_t lengths[] = { 0, 16, 31, 33, 64 };
	AUTO(kek_ring_clear) struct kek_ring ring = { .count = 0 };
	add(&ring, KEK_DATA, 1, true);
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(256);
		struct wrap made = { KEK_DATA, 1, 1, lengths[i] };
		wrap_key(&ring, &made, &sealed);
		assert_int_equal(
			unwrap(&ring, &made, text_from(ring.items[0].id, 4), strbuf_text(&sealed)),
			ERR_INTERNAL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kek_and_its_id_are_the_published_ones),
		cmocka_unit_test(secret_salt_and_family_each_make_another_kek),
		cmocka_unit_test(current_one_wraps_and_previous_ones_are_found_by_id),
		cmocka_unit_test(canary_opens_for_its_own_kek_only),
		cmocka_unit_test(every_changed_bit_of_a_canary_is_noticed),
		cmocka_unit_test(data_key_opens_as_what_its_row_says_only),
		cmocka_unit_test(data_key_opens_under_a_previous_kek),
		cmocka_unit_test(data_key_of_another_length_is_none),
	};
	return cmocka_run_group_tests(tests, use_unlocked_memory, NULL);
}
