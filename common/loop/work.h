/* SPDX-License-Identifier: MIT */
/*
 * CPU work of more than a millisecond (Argon2id) on two threads, with the result back on the loop. Threads appear nowhere else.
 *
 * struct work lives in its owner and is zeroed before its first use. run() is called on a thread and may touch only what it was given; done() on the loop,
 * exactly once for each submit, always in a later turn. A cancelled work that waits never runs; one that a thread has already begun is finished there. Either
 * way done() comes with cancelled == true, and the owner must stay until then: a thread never holds a dangling pointer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "loop/loop.h"

struct work_pool;

struct work {
	void (*run)(struct work *work);
	void (*done)(struct work *work, bool cancelled);
	struct work *next;	/* private */
	int state;
};

struct work_pool *work_pool_new(struct loop *loop, unsigned threads, size_t max_queued);
void work_pool_free(struct work_pool *pool);	/* joins the threads; all that is left is done(cancelled), now */
/* ERR_UNAVAILABLE when max_queued are waiting. */
MUST_CHECK enum err work_submit(struct work_pool *pool, struct work *work);
void work_cancel(struct work_pool *pool, struct work *work);	/* no-op when not submitted */
