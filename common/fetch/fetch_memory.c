/* SPDX-License-Identifier: MIT */
/*
 * libcurl's memory. It copies the request's head, with the key in it, into buffers of its own and
 * frees them as they are; this allocator wipes what is freed. Not reached: nghttp2's copy of the
 * headers of an HTTP/2 request and OpenSSL's records, which use malloc() directly and live until
 * the request is written.
 */
#include <malloc.h>

#include "base/base.h"
#include "crypto/secret.h"
#include "fetch/fetch_private.h"

#include "base/banned.h"

static void wiping_free(void *ptr)
{
	if (ptr)
		wipe(ptr, malloc_usable_size(ptr));
	free(ptr);
}

/* realloc() may move and leave the old bytes behind. */
static void *wiping_realloc(void *old, size_t size)
{
	void *ptr = xmalloc(size);
	size_t had = old ? malloc_usable_size(old) : 0;

	memcpy(ptr, old ? old : "", had < size ? had : size);
	wiping_free(old);
	return ptr;
}

void fetch_memory_init(void)
{
	CURLcode rc = curl_global_init_mem(CURL_GLOBAL_DEFAULT, xmalloc, wiping_free,
					   wiping_realloc, xstrdup, xcalloc);

	BUG_ON(rc != CURLE_OK);
}
