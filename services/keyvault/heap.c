/* SPDX-License-Identifier: MIT */
/*
 * Memory is wiped when it is freed, all of it. Keys live in struct secret; but on their way in and
 * out they also stand in buffers of libevent, in a JSON body that grows, in copies that nobody
 * counts. Wiping those one by one would have to be right everywhere and for ever; doing it in
 * free() and in realloc(), for the whole process and its libraries, is right once. It costs a
 * memset for each piece of memory.
 *
 * The linker takes these instead of glibc's, which keeps its own under the names below. Sanitizers
 * bring their own.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "base/banned.h"

#ifndef GROVE_SANITIZE

#define REPLACES_LIBC __attribute__((visibility("default")))

extern void *__libc_malloc(size_t size);
extern void __libc_free(void *ptr);

REPLACES_LIBC void free(void *ptr)
{
	if (!ptr)
		return;
	explicit_bzero(ptr, malloc_usable_size(ptr));
	__libc_free(ptr);
}

/* Never lets glibc move a piece: it would leave the old one as it was. */
REPLACES_LIBC void *realloc(void *ptr, size_t size)
{
	if (!ptr)
		return __libc_malloc(size);
	if (!size) {
		free(ptr);
		return NULL;
	}
	size_t room = malloc_usable_size(ptr);
	if (size <= room && size >= room / 2)
		return ptr;
	void *moved = __libc_malloc(size);
	if (!moved)
		return NULL;
	memcpy(moved, ptr, size < room ? size : room);
	free(ptr);
	return moved;
}

#endif
