/* SPDX-License-Identifier: MIT */
/*
 * What an OpenAI-shaped upstream sends, as event data or as a whole answer: whatever it is, what we
 * write is valid JSON, and reading our own chunk again finds the same text.
 */
#include <stdint.h>

#include "base/base.h"
#include "openai.h"

#include "base/banned.h"

#define LIMIT (1u << 20)

static void write_again(const struct json_value *choices, struct text content)
{
	const struct answer_head head = { .id = "x", .model = TEXT("m") };
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(LIMIT);
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	struct tool_numbers numbers = { 0 };
	struct usage usage = { 0 };
	struct chunk_facts facts;

	if (openai_write_chunk(&head, choices, &numbers, &out))
		return;
	BUG_ON(json_doc_parse(strbuf_text(&out), NULL, &doc));
	openai_read_chunk(json_doc_root(doc), &usage, &facts);
	BUG_ON(facts.is_error || !text_equal(facts.content, content));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(LIMIT);
	struct usage usage = { 0 };
	struct chunk_facts facts;
	struct text content, reason;

	if (size > 65536 ||
	    json_doc_parse(text_from(data, size), &(struct json_limits){ .max_depth = 24 }, &doc))
		return 0;
	openai_read_chunk(json_doc_root(doc), &usage, &facts);
	if (facts.choices && !facts.is_error)
		write_again(facts.choices, facts.content);
	BUG_ON(usage.prompt < 0 || usage.completion < 0 || (usage.cost_known && usage.cost < 0));
	if (!openai_read_completion(json_doc_root(doc), &usage, &content, &reason)) {
		const struct answer_head head = { .id = "x", .model = TEXT("m") };
		const struct grove_ids ids = { 0 };

		if (!openai_write_completion(&head, &ids, json_doc_root(doc), &usage, &out))
			BUG_ON(json_check(strbuf_text(&out), NULL, NULL));
	}
	return 0;
}
