/* SPDX-License-Identifier: MIT */
/* Allocation, handing over, arenas; and that what must abort does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

#include "base/banned.h"

static void size_zero_gives_a_unique_pointer(void **state)
{
	(void)state;
	AUTO(auto_free) void *a = xmalloc(0);
	AUTO(auto_free) void *b = xmalloc(0);
	AUTO(auto_free) void *c = xcalloc(0, 8);
	AUTO(auto_free) void *d = xrealloc(NULL, 0);
	assert_non_null(a);
	assert_non_null(c);
	assert_non_null(d);
	assert_ptr_not_equal(a, b);
}

static void calloc_gives_zeros_and_realloc_keeps_content(void **state)
{
	(void)state;
	AUTO(auto_free) unsigned char *p = xcalloc(10, 10);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 0);
	memset(p, 7, 100);
	p = xreallocarray(p, 1000, 10);
	for (int i = 0; i < 100; i++)
		assert_int_equal(p[i], 7);
}

static void copies_are_terminated_even_of_nothing(void **state)
{
	(void)state;
	AUTO(auto_free) char *empty = xmemdup0(NULL, 0);
	AUTO(auto_free) char *bytes = xmemdup0("a\0bc", 3);
	AUTO(auto_free) char *s = xstrdup("grove");
	AUTO(auto_free) char *f = xasprintf("%s-%d", "x", 3);
	assert_string_equal(empty, "");
	assert_memory_equal(bytes, "a\0b\0", 4);
	assert_string_equal(s, "grove");
	assert_string_equal(f, "x-3");
}

static void taking_leaves_nothing_behind(void **state)
{
	(void)state;
	AUTO(auto_free) char *from = xstrdup("x");
	AUTO(auto_free) char *to = take_ptr(from);
	assert_null(from);
	assert_string_equal(to, "x");
	int fd = 5;
	assert_int_equal(take_fd(&fd), 5);
	assert_int_equal(fd, -1);
}

static void a_descriptor_is_closed_when_its_scope_ends(void **state)
{
	int raw;
	(void)state;
	{
		AUTO(auto_close) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		AUTO(auto_close) int none = -1;
		raw = fd;
		assert_true(fd >= 0);
		(void)none;
	}
	assert_int_equal(fcntl(raw, F_GETFD), -1);
}

static void an_arena_gives_zeroed_aligned_pieces(void **state)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		unsigned char *p = arena_alloc(&arena, size);
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(p[i], 0);
		memset(p, 0xA5, size);
	}
}

static void pieces_of_an_arena_do_not_overlap(void **state)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	unsigned char *pieces[200];
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		pieces[i] = arena_alloc(&arena, 1 + i * 11);
		memset(pieces[i], (int)i, 1 + i * 11);
	}
	for (size_t i = 0; i < ARRAY_SIZE(pieces); i++) {
		for (size_t at = 0; at < 1 + i * 11; at++)
			assert_int_equal(pieces[i][at], (int)(unsigned char)i);
	}
}

static void a_large_piece_gets_its_own_block_and_the_old_one_stays_in_use(void **state)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	(void)state;
	char *first = arena_alloc(&arena, 16);
	char *large = arena_alloc(&arena, 5 * 1024 * 1024);
	char *second = arena_alloc(&arena, 16);
	assert_ptr_equal(second, first + 16);
	large[5 * 1024 * 1024 - 1] = 1;
	assert_true(arena.used >= 5 * 1024 * 1024 + 32);
	/* Also as the very first piece. */
	AUTO(arena_clear) struct arena other = ARENA_INIT;
	memset(arena_alloc(&other, 100000), 1, 100000);
	memset(arena_alloc(&other, 10), 1, 10);
}

static void arena_strings_are_copies(void **state)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	char source[] = "abc";
	(void)state;
	char *copy = arena_strdup(&arena, source);
	source[0] = 'x';
	assert_string_equal(copy, "abc");
	assert_memory_equal(arena_memdup0(&arena, "a\0b", 3), "a\0b\0", 4);
	assert_string_equal(arena_memdup0(&arena, NULL, 0), "");
	assert_string_equal(arena_printf(&arena, "%s=%05d", "n", 42), "n=00042");
	assert_int_equal(strlen(arena_printf(&arena, "%9000s", "x")), 9000);
}

static void a_cleared_arena_is_empty_and_usable(void **state)
{
	struct arena arena = ARENA_INIT;
	(void)state;
	arena_clear(&arena);
	arena_strdup(&arena, "x");
	arena_clear(&arena);
	assert_null(arena.blocks);
	assert_int_equal(arena.used, 0);
	assert_string_equal(arena_strdup(&arena, "y"), "y");
	arena_clear(&arena);
}

/* Runs `body` in a child whose stderr is dropped; tells which signal ended it. */
static int signal_of(void (*body)(void))
{
	int status = 0;
	pid_t child = fork();
	assert_true(child >= 0);
	if (!child) {
		int null = open("/dev/null", O_WRONLY);
		dup2(null, STDERR_FILENO);
		signal(SIGABRT, SIG_DFL);
		body();
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void overflow_an_array(void)
{
	xreallocarray(NULL, SIZE_MAX / 2, 3);
}

static void break_an_invariant(void)
{
	BUG_ON(1 + 1 == 2);
}

static void keep_an_invariant(void)
{
	BUG_ON(1 + 1 == 3);
}

static void broken_invariants_abort(void **state)
{
	(void)state;
	assert_int_equal(signal_of(overflow_an_array), SIGABRT);
	assert_int_equal(signal_of(break_an_invariant), SIGABRT);
	assert_int_equal(signal_of(keep_an_invariant), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(size_zero_gives_a_unique_pointer),
		cmocka_unit_test(calloc_gives_zeros_and_realloc_keeps_content),
		cmocka_unit_test(copies_are_terminated_even_of_nothing),
		cmocka_unit_test(taking_leaves_nothing_behind),
		cmocka_unit_test(a_descriptor_is_closed_when_its_scope_ends),
		cmocka_unit_test(an_arena_gives_zeroed_aligned_pieces),
		cmocka_unit_test(pieces_of_an_arena_do_not_overlap),
		cmocka_unit_test(a_large_piece_gets_its_own_block_and_the_old_one_stays_in_use),
		cmocka_unit_test(arena_strings_are_copies),
		cmocka_unit_test(a_cleared_arena_is_empty_and_usable),
		cmocka_unit_test(broken_invariants_abort),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
