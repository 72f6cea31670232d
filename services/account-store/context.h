/* SPDX-License-Identifier: MIT */
/*
 * What a model is told: the system prompt, then the parent chain from the root to the last message, nothing else. One pure function, so that no sibling
 * and no other branch can leak into it.
 *
 * A branch that starts at a span tells its excerpt once, as a block quote in front of its first question: the prompt stays a stable prefix
 * of the next one, which is what provider caches need. Answers without any text (the call failed before it) are left out.
 */
#pragma once

#include "base/base.h"
#include "json/json.h"

struct context_node {
	struct uuid id;
	struct text role, content;
	struct text quote;	/* absent, or the excerpt that starts this node's branch */
};

/* Appends the JSON array [{"role","content"},…]. ERR_TOO_LARGE when the buffer's limit is passed. */
MUST_CHECK enum err context_write(struct text system_prompt, const struct context_node *nodes, size_t count,
				  struct json_writer *w);
