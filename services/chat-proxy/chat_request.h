/* SPDX-License-Identifier: MIT */
/*
 * POST /v1/chat/completions: what a caller asks. An OpenAI chat.completions request plus our own
 * members (api.md). Ours are decoded and taken out; everything else stays as it came and goes
 * upstream untouched. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/base.h"
#include "json/json.h"

#include "provider.h"

#define CHAT_REQUEST_MAX (8u << 20)
#define CHAT_REQUEST_MEMBERS 65536
#define MODEL_NAME_MAX 200	/* account-store keeps no longer one */

struct chat_request {
	struct json_doc *doc; /* owned: chat_request_clear */
	struct text model; /* as written, "" when absent and not needed */
	struct model_choice choice;
	bool stream, include_usage;
	bool ephemeral_given, ephemeral;
	bool has_conversation;
	struct uuid conversation;
	bool has_branch, has_parent, parent_is_root, has_expected_leaf, has_message_id,
		has_regenerate;
	struct uuid branch, parent, expected_leaf, message_id, regenerate;
	struct text content; /* stored sends: the new user message; in the doc or the arena */
	size_t prompt_bytes; /* text in `messages`, for estimates */
};

struct chat_problem {
	enum err err;
	char param[64];
	char message[200];
};

/* Reads and checks. Texts are borrowed from the doc, joined content from the arena. */
MUST_CHECK enum err chat_request_read(struct text body, struct arena *arena,
				      struct chat_request *ret, struct chat_problem *ret_problem);
void chat_request_clear(struct chat_request *r);

/* One message of a conversation's context. */
struct context_message {
	struct text role, content;
};

struct upstream_options {
	struct text model;
	enum provider provider;
	bool ephemeral; /* asks the provider not to keep it, where there is such a flag */
	const struct context_message
		*context; /* instead of the request's messages; NULL = as they came */
	size_t context_count;
	bool plain_stream; /* without stream_options: some servers refuse them */
};

/* The body for an OpenAI-shaped upstream: our members out, model and messages set, usage asked for.
 */
MUST_CHECK enum err chat_request_write(const struct chat_request *r,
				       const struct upstream_options *options, struct strbuf *out);
