/* SPDX-License-Identifier: MIT */
/* What keyvault's unit tests share: cmocka behind its headers, and short ways to write facts down. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "crypto/secret.h"
#include "flow/flow.h" /* before cmocka, which has a macro named fail */

#include <cmocka.h>

static inline int use_unlocked_memory(void **state)
{
	(void)state;
	secret_init_library(true);
	return 0;
}

static inline struct uuid numbered(uint8_t n)
{
	return (struct uuid){ { [15] = n } };
}

static inline struct unix_ms at(const char *rfc3339)
{
	struct unix_ms ms;
	assert_int_equal(rfc3339_parse(text_of(rfc3339), &ms), OK);
	return ms;
}
