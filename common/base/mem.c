/* SPDX-License-Identifier: MIT */
/* Allocation that aborts instead of failing, the AUTO helpers, and arenas. */
#include "base/mem.h"

#include <errno.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"

#include "base/banned.h"

static _Noreturn void out_of_memory(size_t size)
{
	fprintf(stderr, "out of memory: %zu bytes wanted\n", size);
	abort();
}

void *xmalloc(size_t size)
{
	void *ptr = malloc(size ? size : 1);

	if (!ptr)
		out_of_memory(size);
	return ptr;
}

void *xcalloc(size_t count, size_t size)
{
	void *ptr = count && size ? calloc(count, size) : calloc(1, 1);

	if (!ptr)
		out_of_memory(size);
	return ptr;
}

void *xrealloc(void *ptr, size_t size)
{
	void *moved = realloc(ptr, size ? size : 1);

	if (!moved)
		out_of_memory(size);
	return moved;
}

void *xreallocarray(void *ptr, size_t count, size_t size)
{
	size_t total;

	BUG_ON(__builtin_mul_overflow(count, size, &total));
	return xrealloc(ptr, total);
}

char *xstrdup(const char *s)
{
	return xmemdup0(s, strlen(s));
}

char *xmemdup0(const void *data, size_t len)
{
	BUG_ON(len == SIZE_MAX);
	char *copy = xmalloc(len + 1);
	if (len)
		memcpy(copy, data, len);
	copy[len] = '\0';
	return copy;
}

char *xasprintf(const char *format, ...)
{
	char *s;
	va_list args;

	va_start(args, format);
	int n = vasprintf(&s, format, args);
	va_end(args);
	if (n < 0)
		out_of_memory(0);
	return s;
}

void auto_free(void *p)
{
	void *ptr;

	memcpy(&ptr, p, sizeof(ptr));
	free(ptr);
}

void auto_close(int *fd)
{
	int saved_errno = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved_errno;
}

struct arena_block {
	struct arena_block *next;
	size_t used, capacity;
	alignas(max_align_t) unsigned char data[];
};

enum { ARENA_FIRST_BLOCK = 1024, ARENA_LARGEST_BLOCK = 65536 };

static struct arena_block *arena_block_new(size_t capacity)
{
	BUG_ON(capacity > SIZE_MAX - sizeof(struct arena_block));
	/* calloc: what is handed out later is zero already. */
	struct arena_block *block = xcalloc(1, sizeof(*block) + capacity);
	block->capacity = capacity;
	return block;
}

/* The head is the block being filled; large pieces are hung behind it, so that its rest stays in
 * use. */
static void *arena_alloc_large(struct arena *arena, size_t size)
{
	struct arena_block *block = arena_block_new(size);

	block->used = size;
	if (arena->blocks) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
	} else {
		arena->blocks = block;
	}
	return block->data;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *head = arena->blocks;

	BUG_ON(size > SIZE_MAX / 2);
	size = size ? (size + align - 1) & ~(align - 1) : align;
	arena->used += size;
	if (!head || head->capacity - head->used < size) {
		size_t next = head ? head->capacity * 2 : ARENA_FIRST_BLOCK;
		next = next < ARENA_FIRST_BLOCK ? ARENA_FIRST_BLOCK : next;
		next = next > ARENA_LARGEST_BLOCK ? ARENA_LARGEST_BLOCK : next;
		if (size > next / 2)
			return arena_alloc_large(arena, size);
		head = arena_block_new(next);
		head->next = arena->blocks;
		arena->blocks = head;
	}
	void *piece = head->data + head->used;
	head->used += size;
	return piece;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_memdup0(arena, s, strlen(s));
}

char *arena_memdup0(struct arena *arena, const void *data, size_t len)
{
	BUG_ON(len == SIZE_MAX);
	char *copy = arena_alloc(arena, len + 1);
	if (len)
		memcpy(copy, data, len);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;

	va_start(args, format);
	va_copy(again, args);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	BUG_ON(n < 0);
	char *s = arena_alloc(arena, (size_t)n + 1);
	vsnprintf(s, (size_t)n + 1, format, again);
	va_end(again);
	return s;
}

void arena_clear(struct arena *arena)
{
	struct arena_block *block = arena->blocks;

	while (block) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	*arena = (struct arena)ARENA_INIT;
}
