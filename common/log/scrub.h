/* SPDX-License-Identifier: MIT */
/* Private to log: the last chance to keep a credential out of a line. */
#pragma once

#include <stddef.h>

#include "base/text.h"

/*
 * Copies t to out, at most out_size bytes and without a NUL, with everything that looks like a
 * credential replaced by
 * "[redacted]"; whole code points only, if t is valid UTF-8. Returns the length. Looks before it
 * cuts, so that half a credential is not left over.
 */
size_t scrub(struct text t, char *out, size_t out_size);
