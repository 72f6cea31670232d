/* SPDX-License-Identifier: MIT */
/* What the tests of token share: cmocka with its prerequisites, and two daemons with their keys. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "token/envelope.h"

#define assert_ok(call) assert_int_equal((call), OK)

#define KEY_A "jxxtCl6Tt0INbPgeKpTDVzsOf9HEimJZ4LMXT9UsmuY="
#define KEY_B "n3uYc1Qw7a0Z5m4Lr9XkT2vB8dGfHjEoPsUiCyWqNtM="
#define KEY_C "Qk7xV1bN0mZ3lP9rT5yW8cE2gJ4hF6dSaKuXoIvLwMg="

static inline struct envelope_keys *keys_of(enum daemon_id self, const char *file)
{
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(4096);
	struct envelope_keys *keys = NULL;

	if (envelope_keys_parse(text_of(file), self, &keys, &errors) != OK)
		fail_msg("%s", errors.data);
	return keys;
}
