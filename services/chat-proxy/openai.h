/* SPDX-License-Identifier: MIT */
/*
 * OpenAI's chat.completions dialect: reading what an upstream sends, writing what our callers get. Pure: bytes to facts, facts to bytes.
 *
 * Nothing an upstream sends is relayed as it is: chunks are parsed, and written again with our id, model and creation time. What is inside `choices` is kept (tool calls, logprobs,
 * reasoning_content, vendors' own members) but for what SDKs stumble over: a `role` of null is left out, `finish_reason` is a word or null, tool calls get the `index` they lack.
 * Also tolerated: no [DONE], usage on any chunk, empty choices, `error` as a text.
 */
#pragma once

#include <stdbool.h>

#include "base/strbuf.h"
#include "base/uuid.h"
#include "json/json.h"

#include "usage.h"

struct answer_head {
	char id[48]; /* "chatcmpl-…" */
	int64_t created_s;
	struct text model; /* what the caller asked for, or what the provider says it used */
};

/* What one upstream chunk says. Texts are borrowed from the doc. */
struct chunk_facts {
	bool is_error;
	const struct json_value *error;
	const struct json_value *choices; /* NULL when empty */
	struct text content; /* delta.content of the choice with index 0 */
	struct text finish_reason; /* of that choice; absent while it goes on */
};

/* Numbers the tool calls of an upstream that does not. One for each answer. */
struct tool_numbers {
	int64_t next;
};

void openai_read_chunk(const struct json_value *chunk, struct usage *usage,
		       struct chunk_facts *ret);
MUST_CHECK enum err openai_write_chunk(const struct answer_head *head,
				       const struct json_value *choices,
				       struct tool_numbers *numbers, struct strbuf *out);

/* Our own first chunk: the role, and who is who. Absent ids are left out. */
struct grove_ids {
	struct uuid run;
	bool stored;
	struct uuid conversation, branch, user_message, assistant_message;
	bool has_user_message;
	const char *status; /* of a remembered answer that ended early; NULL: left out */
};
void openai_write_ids(struct json_writer *w, const struct grove_ids *ids);
MUST_CHECK enum err openai_write_first_chunk(const struct answer_head *head,
					     const struct grove_ids *ids, struct strbuf *out);
/* A text delta of our own (a replayed answer). `finish_reason` NULL: it goes on. */
MUST_CHECK enum err openai_write_text_chunk(const struct answer_head *head, struct text content,
					    const char *finish_reason, struct strbuf *out);
/* choices: [] and the usage. */
MUST_CHECK enum err openai_write_usage_chunk(const struct answer_head *head,
					     const struct usage *usage, struct strbuf *out);

/* A whole (not streamed) answer: reads text and usage, writes it again with our id, cost and ids.
 * ERR_PROVIDER_ERROR: not a completion. */
MUST_CHECK enum err openai_read_completion(const struct json_value *completion, struct usage *usage,
					   struct text *ret_content,
					   struct text *ret_finish_reason);
MUST_CHECK enum err openai_write_completion(const struct answer_head *head,
					    const struct grove_ids *ids,
					    const struct json_value *completion,
					    const struct usage *usage, struct strbuf *out);
/* The same for an answer that is only text (a repeated send). */
MUST_CHECK enum err openai_write_text_completion(const struct answer_head *head,
						 const struct grove_ids *ids, struct text content,
						 const char *finish_reason,
						 const struct usage *usage, struct strbuf *out);
