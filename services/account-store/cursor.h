/* SPDX-License-Identifier: MIT */
/*
 * Cursors of lists that are ordered by time and id, newest first. Opaque for clients: base64url of a version byte, eight bytes of time, the id. They
 * carry no right: the query names the user all the same. Pure.
 */
#pragma once

#include "base/base.h"

struct cursor {
	struct unix_ms at;
	struct uuid id;
};

#define CURSOR_TEXT_SIZE 35	/* 34 characters and a NUL */
#define CURSOR_MAX 128		/* what a query parameter may hold at all */

struct cursor cursor_first(void);	/* before every row */
void cursor_write(const struct cursor *c, char out[static CURSOR_TEXT_SIZE]);
/* Absent text reads as cursor_first(). ERR_INVALID_REQUEST for anything we did not write. */
MUST_CHECK enum err cursor_read(struct text t, struct cursor *ret);
