/* SPDX-License-Identifier: MIT */
/* What the tests of chat-proxy share: cmocka with its prerequisites, and documents from literals. */
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

/* A document of single quotes instead of double ones: easier to read. Lives in `arena`. */
static inline struct text quoted(struct arena *arena, const char *json)
{
	char *copy = arena_strdup(arena, json);
	for (char *c = copy; *c; c++)
		if (*c == '\'')
			*c = '"';
	return text_of(copy);
}

static inline struct json_doc *parsed(struct arena *arena, const char *json)
{
	struct json_doc *doc = NULL;
	assert_ok(json_doc_parse(quoted(arena, json), NULL, &doc));
	return doc;
}

static inline void assert_text(struct text got, const char *wanted)
{
	if (!text_is(got, wanted))
		fail_msg("got %.*s\nwanted %s", TEXT_FMT(got), wanted);
}
