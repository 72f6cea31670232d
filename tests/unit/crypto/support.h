/* SPDX-License-Identifier: MIT */
/* What the tests of crypto share: cmocka with its prerequisites, and test vectors written in hex.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"

#define HEX_MAX_BYTES 512

struct bytes {
	uint8_t data[HEX_MAX_BYTES];
	size_t len;
};

static inline struct bytes hex(const char *digits)
{
	struct bytes b = { .len = strlen(digits) / 2 };

	assert_true(b.len <= sizeof(b.data));
	assert_true(hex_to_bytes(text_of(digits), b.data, b.len));
	return b;
}

#define assert_ok(call) assert_int_equal((call), OK)
