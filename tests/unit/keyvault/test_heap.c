/* SPDX-License-Identifier: MIT */
/* realloc() keeps its promises although it is ours. That free() wipes, tests/integration/keyvault
 * looks up in a running daemon's memory. */
#include "support.h"

#include <malloc.h>

#include "base/banned.h"

static void fill(uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)(i * 7);
}

static void assert_filled(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_int_equal(p[i], (uint8_t)(i * 7));
}

static void growing_and_shrinking_keeps_the_bytes(void **state)
{
	(void)state;
	static const size_t sizes[] = { 1, 24, 25, 1000, 999, 100, 200000, 300000, 40, 5000000, 1 };
	uint8_t *p = NULL;
	size_t before = 0;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		p = realloc(p, sizes[i]);
		assert_non_null(p);
		assert_true(malloc_usable_size(p) >= sizes[i]);
		assert_filled(p, before < sizes[i] ? before : sizes[i]);
		fill(p, sizes[i]);
		before = sizes[i];
	}
	free(p);
}

static void pieces_do_not_touch_each_other(void **state)
{
	(void)state;
	uint8_t *pieces[64];
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		pieces[i] = malloc(i * 16 + 1);
		fill(pieces[i], i * 16 + 1);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i += 2)
		free(pieces[i]);
	for (size_t i = 1; i < ARRAY_SIZE(pieces); i += 2) {
		pieces[i] = realloc(pieces[i], i * 64);
		assert_filled(pieces[i], i * 16 + 1);
	}
	for (size_t i = 1; i < ARRAY_SIZE(pieces); i += 2)
		free(pieces[i]);
	free(NULL);
}

static void other_ways_to_get_memory_can_be_freed_too(void **state)
{
	(void)state;
	void *aligned = NULL;
	assert_int_equal(posix_memalign(&aligned, 4096, 100), 0);
	free(aligned);
	free(calloc(100, 100));
	free(strdup("text"));
	char *line = NULL;
	assert_true(asprintf(&line, "%0500d", 5) == 500);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(growing_and_shrinking_keeps_the_bytes),
		cmocka_unit_test(pieces_do_not_touch_each_other),
		cmocka_unit_test(other_ways_to_get_memory_can_be_freed_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
