/* SPDX-License-Identifier: MIT */
/* The growing buffer: always NUL-terminated, never past its limit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/strbuf.h"

#include "base/banned.h"

static void a_new_buffer_is_an_empty_string(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(10);
	(void)state;
	assert_string_equal(b.data, "");
	assert_int_equal(strbuf_text(&b).len, 0);
	assert_int_equal(strbuf_append(&b, NULL, 0), OK);
	assert_int_equal(strbuf_printf(&b, "%s", ""), OK);
	strbuf_reset(&b);
	strbuf_truncate(&b, 0);
	strbuf_drop_front(&b, 0);
	assert_string_equal(b.data, "");
	assert_int_equal(strbuf_empty[0], 0);
}

static void the_limit_itself_fits_and_one_more_does_not(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(4);
	(void)state;
	assert_int_equal(strbuf_append_str(&b, "abcde"), ERR_TOO_LARGE);
	assert_string_equal(b.data, "");
	assert_int_equal(strbuf_append_str(&b, "abcd"), OK);
	assert_string_equal(b.data, "abcd");
	assert_int_equal(strbuf_append_char(&b, 'e'), ERR_TOO_LARGE);
	assert_int_equal(strbuf_printf(&b, "%d", 1), ERR_TOO_LARGE);
	assert_int_equal(strbuf_append_text(&b, TEXT("x")), ERR_TOO_LARGE);
	assert_int_equal(strbuf_append(&b, "x", SIZE_MAX), ERR_TOO_LARGE);
	assert_string_equal(b.data, "abcd");
	assert_int_equal(b.len, 4);
}

static void a_limit_of_zero_takes_only_nothing(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(0);
	(void)state;
	assert_int_equal(strbuf_append_str(&b, ""), OK);
	assert_int_equal(strbuf_printf(&b, "%s", ""), OK);
	assert_int_equal(strbuf_append_char(&b, 'x'), ERR_TOO_LARGE);
	assert_string_equal(b.data, "");
}

static void a_failed_append_changes_nothing(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(6);
	(void)state;
	assert_int_equal(strbuf_append_str(&b, "abc"), OK);
	assert_int_equal(strbuf_printf(&b, "%s", "defg"), ERR_TOO_LARGE);
	assert_string_equal(b.data, "abc");
	assert_int_equal(strbuf_printf(&b, "%s", "def"), OK);
	assert_string_equal(b.data, "abcdef");
}

static void memory_never_grows_past_the_limit_and_its_nul(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(1000);
	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(strbuf_append_char(&b, (char)('a' + i % 26)), OK);
		assert_int_equal(b.data[b.len], 0);
		assert_true(b.capacity <= 1001);
	}
	assert_int_equal(strbuf_append_char(&b, 'x'), ERR_TOO_LARGE);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(b.data[i], 'a' + i % 26);
}

static void bytes_are_taken_as_they_are(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(100);
	(void)state;
	assert_int_equal(strbuf_append(&b, "a\0b", 3), OK);
	assert_int_equal(strbuf_append_text(&b, TEXT("\0c")), OK);
	assert_true(text_equal(strbuf_text(&b), TEXT("a\0b\0c")));
	assert_int_equal(strbuf_append_text(&b, TEXT_NULL), OK);
	assert_int_equal(b.len, 5);
}

static void dropping_the_front_keeps_the_rest(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(100);
	(void)state;
	assert_int_equal(strbuf_append_str(&b, "abcdef"), OK);
	strbuf_drop_front(&b, 2);
	assert_string_equal(b.data, "cdef");
	strbuf_drop_front(&b, 4);
	assert_string_equal(b.data, "");
	assert_int_equal(b.len, 0);
}

static void truncating_and_resetting_keep_the_memory(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(100);
	(void)state;
	assert_int_equal(strbuf_append_str(&b, "abcdef"), OK);
	const char *before = b.data;
	strbuf_truncate(&b, 3);
	assert_string_equal(b.data, "abc");
	strbuf_reset(&b);
	assert_string_equal(b.data, "");
	assert_ptr_equal(b.data, before);
}

static void a_cleared_buffer_is_usable_again_with_its_limit(void **state)
{
	struct strbuf b;
	(void)state;
	strbuf_init(&b, 3);
	assert_int_equal(strbuf_append_str(&b, "abc"), OK);
	strbuf_clear(&b);
	strbuf_clear(&b);
	assert_string_equal(b.data, "");
	assert_int_equal(strbuf_append_str(&b, "abcd"), ERR_TOO_LARGE);
	assert_int_equal(strbuf_append_str(&b, "xyz"), OK);
	strbuf_clear(&b);
}

static void detaching_hands_the_memory_over(void **state)
{
	struct strbuf b = STRBUF_INIT(10);
	size_t len = 99;
	(void)state;
	AUTO(auto_free) char *nothing = strbuf_detach(&b, &len);
	assert_string_equal(nothing, "");
	assert_int_equal(len, 0);
	assert_ptr_not_equal(nothing, strbuf_empty);
	assert_int_equal(strbuf_append_str(&b, "abc"), OK);
	AUTO(auto_free) char *data = strbuf_detach(&b, &len);
	assert_string_equal(data, "abc");
	assert_int_equal(len, 3);
	assert_string_equal(b.data, "");
	assert_int_equal(strbuf_append_str(&b, "de"), OK);
	free(strbuf_detach(&b, NULL));
}

static void formatting_goes_behind_what_is_there(void **state)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(10000);
	(void)state;
	assert_int_equal(strbuf_append_str(&b, "n="), OK);
	assert_int_equal(strbuf_printf(&b, "%d %s %5.1f", -3, "x", 2.25), OK);
	assert_string_equal(b.data, "n=-3 x   2.2");
	assert_int_equal(strbuf_printf(&b, "%5000s", "y"), OK);
	assert_int_equal(b.len, 5012);
	assert_int_equal(b.data[5011], 'y');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_buffer_is_an_empty_string),
		cmocka_unit_test(the_limit_itself_fits_and_one_more_does_not),
		cmocka_unit_test(a_limit_of_zero_takes_only_nothing),
		cmocka_unit_test(a_failed_append_changes_nothing),
		cmocka_unit_test(memory_never_grows_past_the_limit_and_its_nul),
		cmocka_unit_test(bytes_are_taken_as_they_are),
		cmocka_unit_test(dropping_the_front_keeps_the_rest),
		cmocka_unit_test(truncating_and_resetting_keep_the_memory),
		cmocka_unit_test(a_cleared_buffer_is_usable_again_with_its_limit),
		cmocka_unit_test(detaching_hands_the_memory_over),
		cmocka_unit_test(formatting_goes_behind_what_is_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
