/* SPDX-License-Identifier: MIT */
/* The whole of base in one line, for .c files. Headers include just what they need. */
#pragma once

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/strbuf.h"
#include "base/text.h"
#include "base/uuid.h"
