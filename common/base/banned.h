/* SPDX-License-Identifier: MIT */
/*
 * Functions nobody here may call: they overflow, cut silently, keep hidden state or start a shell. Included last by every .c file
 * (after the system's headers, which mention some of them); a use is a compile error. Instead: strbuf, text_to_u64, gmtime_r,
 * random_bytes, snprintf with a checked size. Secrets are compared by secret_equal(), never memcmp().
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#undef sprintf /* a macro in clang's fortified builds, and a macro may not be poisoned */

#pragma GCC poison strcpy strcat strncpy strncat sprintf vsprintf strtok atoi atol atoll gets
#pragma GCC poison localtime gmtime ctime asctime rand srand system popen tmpnam mktemp
