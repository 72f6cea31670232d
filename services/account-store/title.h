/* SPDX-License-Identifier: MIT */
/* Titles of conversations and branches: one line of at most TITLE_MAX code points, never blank. Pure. */
#pragma once

#include "base/base.h"

#define TITLE_MAX 60
#define TITLE_MAX_BYTES (TITLE_MAX * 4)	/* enough as the limit of a title's strbuf */
#define TITLE_DEFAULT "New chat"		/* shown while a conversation has none */

/* Collapses white space and control characters, trims. ERR_INVALID_REQUEST: nothing left; ERR_TOO_LARGE: more than TITLE_MAX. */
MUST_CHECK enum err title_clean(struct text raw, struct strbuf *ret);

/* The first sentence of a message without Markdown's line markers, cut at a word with an ellipsis when it is too long. */
void title_from_text(struct text message, struct strbuf *ret);
