/* SPDX-License-Identifier: MIT */
/*
 * Memory. Allocation failure aborts: in exchange every size a peer controls has a limit before it is allocated.
 *
 * Three lifetimes exist in the house: scope (AUTO), request (struct arena inside struct request) and daemon (struct app).
 */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

void *xmalloc(size_t size);		/* size 0 gives a unique pointer */
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
void *xreallocarray(void *ptr, size_t count, size_t size);	/* aborts on overflow */
char *xstrdup(const char *s);
char *xmemdup0(const void *data, size_t len);	/* copies len bytes and adds a NUL */
__attribute__((format(printf, 1, 2))) char *xasprintf(const char *format, ...);

/*
 * AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(4096);
 * Runs function(&variable) when the scope is left. The variable must be initialised where it is declared.
 */
#define AUTO(function) __attribute__((cleanup(function)))

/* AUTO(auto_free) char *s = …; frees *(void **)p. */
void auto_free(void *p);
/* AUTO(auto_close) int fd = -1; closes if >= 0. */
void auto_close(int *fd);

/* Hands a pointer over: yields the value and leaves NULL (or -1) behind, so that AUTO does not free it. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) *taken_from_ = &(p);                                                 \
		__typeof__(p) taken_ = *taken_from_;                                               \
		*taken_from_ = NULL;                                                               \
		taken_;                                                                            \
	})
static inline int take_fd(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

/*
 * An arena gives memory that is freed all at once. Blocks double from 1 KiB to 64 KiB; large pieces get a block of their own.
 * Everything is zeroed when handed out. Not for secrets: they live in struct secret (crypto/secret.h).
 */
struct arena {
	struct arena_block *blocks;
	size_t used;	/* bytes handed out, for limits and metrics */
};

#define ARENA_INIT { 0 }
void *arena_alloc(struct arena *arena, size_t size);		/* zeroed, aligned for any type */
char *arena_strdup(struct arena *arena, const char *s);
char *arena_memdup0(struct arena *arena, const void *data, size_t len);
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);
void arena_clear(struct arena *arena);
