/* SPDX-License-Identifier: MIT */
/* What the tests of json share: cmocka with its prerequisites. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "json/json.h"

#define assert_ok(call) assert_int_equal((call), OK)

/* An exact heap copy: the sanitizer sees any read past the end. */
static inline struct text exact_copy(struct text t)
{
	char *copy = xmalloc(t.len);

	memcpy(copy, t.ptr, t.len);
	return (struct text){ copy, t.len };
}

static inline enum err check_exact(struct text t, const struct json_limits *limits,
				   struct json_problem *problem)
{
	struct text copy = exact_copy(t);
	enum err err = json_check(copy, limits, problem);

	free((void *)(uintptr_t)copy.ptr);
	return err;
}

/* `count` times `piece`, between head and tail. */
static inline char *repeat(const char *head, const char *piece, size_t count, const char *tail)
{
	size_t h = strlen(head), p = strlen(piece);
	char *out = xmalloc(h + p * count + strlen(tail) + 1), *at = out + h;

	memcpy(out, head, h);
	for (size_t i = 0; i < count; i++, at += p)
		memcpy(at, piece, p);
	memcpy(at, tail, strlen(tail) + 1);
	return out;
}
