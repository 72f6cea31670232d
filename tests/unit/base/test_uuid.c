/* SPDX-License-Identifier: MIT */
/* Identifiers: version 7, ordered by time, and strict reading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/uuid.h"

#include "base/banned.h"

static void a_new_identifier_carries_version_variant_and_time(void **state)
{
	(void)state;
	clock_set_for_test((struct unix_ms){ 0x0123456789AB });
	struct uuid id = uuid_new();
	clock_set_for_test((struct unix_ms){ 0 });
	assert_memory_equal(id.bytes, "\x01\x23\x45\x67\x89\xAB", 6);
	assert_int_equal(id.bytes[6] >> 4, 7);
	assert_int_equal(id.bytes[8] >> 6, 2);
	assert_false(uuid_is_nil(&id));
}

static void later_identifiers_sort_behind_earlier_ones(void **state)
{
	(void)state;
	clock_set_for_test((struct unix_ms){ 1000 });
	struct uuid earlier = uuid_new();
	clock_set_for_test((struct unix_ms){ 1001 });
	struct uuid later = uuid_new();
	clock_set_for_test((struct unix_ms){ 0 });
	assert_true(memcmp(earlier.bytes, later.bytes, sizeof(earlier.bytes)) < 0);
}

static void identifiers_of_one_instant_differ_in_every_random_bit(void **state)
{
	uint8_t any_set[16] = { 0 }, any_clear[16] = { 0 };
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct uuid id = uuid_new();
		for (size_t at = 6; at < 16; at++) {
			any_set[at] |= id.bytes[at];
			any_clear[at] |= (uint8_t)~id.bytes[at];
		}
	}
	for (size_t at = 6; at < 16; at++) {
		uint8_t fixed = at == 6 ? 0xF0 : at == 8 ? 0xC0 : 0;
		assert_int_equal((uint8_t)(any_set[at] & any_clear[at]), (uint8_t)~fixed);
	}
}

static void text_goes_there_and_back_in_lower_case(void **state)
{
	struct uuid id, back;
	char out[UUID_TEXT_SIZE];
	(void)state;
	assert_int_equal(uuid_parse(TEXT("01234567-89AB-cdef-FEDC-ba9876543210"), &id), OK);
	assert_memory_equal(id.bytes,
			    "\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10", 16);
	uuid_format(&id, out);
	assert_string_equal(out, "01234567-89ab-cdef-fedc-ba9876543210");
	assert_int_equal(uuid_parse(text_of(out), &back), OK);
	assert_true(uuid_equal(&id, &back));
}

static void the_nil_identifier_is_well_formed(void **state)
{
	struct uuid id = uuid_new();
	(void)state;
	assert_int_equal(uuid_parse(TEXT("00000000-0000-0000-0000-000000000000"), &id), OK);
	assert_true(uuid_is_nil(&id));
}

static void every_other_form_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"0",
		"01234567-89ab-cdef-fedc-ba987654321",
		"01234567-89ab-cdef-fedc-ba98765432100",
		"0123456789abcdeffedcba9876543210",
		"{01234567-89ab-cdef-fedc-ba9876543210}",
		"01234567-89ab-cdef-fedcba-9876543210",
		"01234567089ab-cdef-fedc-ba9876543210",
		"0123456789ab--cdef-fedc-ba9876543210",
		"g1234567-89ab-cdef-fedc-ba9876543210",
		"01234567-89ab-cdef-fedc-ba987654321g",
		" 1234567-89ab-cdef-fedc-ba9876543210",
		"01234567_89ab_cdef_fedc_ba9876543210",
		"01234567-89ab-cdef-fedc-ba98765432\xC3\xA4",
		"urn:uuid:01234567-89ab-cdef-fedc-ba98",
		"01234567-89ab-cdef-fedc-ba98765-3210",
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct uuid id = { { 9 } };
		assert_int_equal(uuid_parse(text_of(cases[i]), &id), ERR_INVALID_REQUEST);
		assert_int_equal(id.bytes[0], 9);
	}
	struct uuid id;
	assert_int_equal(uuid_parse(TEXT_NULL, &id), ERR_INVALID_REQUEST);
}

static void random_bytes_fill_all_of_a_large_buffer(void **state)
{
	(void)state;
	/* getrandom(2) may give less than asked for above 256 bytes. */
	AUTO(auto_free) uint8_t *data = xcalloc(1, 100000);
	random_bytes(data, 100000);
	for (size_t at = 0; at + 32 <= 100000; at += 32) {
		static const uint8_t zeros[32];
		assert_memory_not_equal(data + at, zeros, sizeof(zeros));
	}
	random_bytes(data, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_identifier_carries_version_variant_and_time),
		cmocka_unit_test(later_identifiers_sort_behind_earlier_ones),
		cmocka_unit_test(identifiers_of_one_instant_differ_in_every_random_bit),
		cmocka_unit_test(text_goes_there_and_back_in_lower_case),
		cmocka_unit_test(the_nil_identifier_is_well_formed),
		cmocka_unit_test(every_other_form_is_refused),
		cmocka_unit_test(random_bytes_fill_all_of_a_large_buffer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
