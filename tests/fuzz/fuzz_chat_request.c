/* SPDX-License-Identifier: MIT */
/*
 * A caller's chat request: refused with a sentence, or written for each provider as valid JSON that
 * holds none of our own members and asks for usage when it streams.
 */
#include <stdint.h>

#include "base/base.h"
#include "chat_request.h"

#include "base/banned.h"

#define LIMIT (4u << 20)

static void check_written(const struct chat_request *r, const struct upstream_options *o)
{
	static const char *const ours[] = { "conversationId", "sessionId", "branchId",
					    "expectedLeafId", "messageId", "parentMessageId",
					    "regenerate",     "ephemeral" };
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(LIMIT);
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	bool asks = false;

	if (chat_request_write(r, o, &out))
		return;
	BUG_ON(json_doc_parse(strbuf_text(&out),
			      &(struct json_limits){ .max_members = CHAT_REQUEST_MEMBERS + 16 },
			      &doc));
	for (size_t i = 0; i < ARRAY_SIZE(ours); i++)
		BUG_ON(json_get(json_doc_root(doc), ours[i]) != NULL);
	if (r->stream)
		BUG_ON(!json_get_bool(
			       json_get_path(json_doc_root(doc), "stream_options.include_usage"),
			       &asks) ||
		       !asks);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct chat_request r = { 0 };
	struct chat_problem problem;

	if (size > 65536)
		return 0;
	if (chat_request_read(text_from(data, size), &arena, &r, &problem)) {
		BUG_ON(!problem.message[0]);
		return 0;
	}
	for (int p = PROVIDER_NONE; p < PROVIDER_COUNT; p++) {
		struct upstream_options o = { .model = r.choice.model,
					      .provider = (enum provider)p,
					      .ephemeral = p % 2 };

		check_written(&r, &o);
	}
	BUG_ON(r.choice.model.len == 0 || r.prompt_bytes > size);
	chat_request_clear(&r);
	return 0;
}
