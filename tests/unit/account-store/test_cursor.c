/* SPDX-License-Identifier: MIT */
/* Cursors: what we wrote comes back, anything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/base.h"
#include "cursor.h"

#include "base/banned.h"

static void a_cursor_reads_back_what_was_written(void **state)
{
	(void)state;
	const int64_t times[] = { 0, 1, 1764000000123, 253402300799999 };
	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		struct cursor c = { .at = { times[i] }, .id = uuid_new() }, back;
		char text[CURSOR_TEXT_SIZE];
		cursor_write(&c, text);
		assert_int_equal(strlen(text), CURSOR_TEXT_SIZE - 1);
		assert_int_equal(cursor_read(text_of(text), &back), OK);
		assert_int_equal(back.at.value, c.at.value);
		assert_true(uuid_equal(&back.id, &c.id));
	}
}

static void no_cursor_means_before_every_row(void **state)
{
	(void)state;
	struct cursor c;
	assert_int_equal(cursor_read(TEXT_NULL, &c), OK);
	assert_int_equal(c.at.value, cursor_first().at.value);
	assert_int_equal(c.id.bytes[0], 0xff);
}

static void anything_else_is_refused_and_changes_nothing(void **state)
{
	(void)state;
	static const char *const bad[] = { "",
					   "A",
					   "AQ",
					   "nonsense!",
					   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					   "Af________________________________",
					   "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
					   "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=" };
	struct cursor c = { .at = { 7 } };
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(cursor_read(text_of(bad[i]), &c), ERR_INVALID_REQUEST);
	assert_int_equal(c.at.value, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cursor_reads_back_what_was_written),
		cmocka_unit_test(no_cursor_means_before_every_row),
		cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
