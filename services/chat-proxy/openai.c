/* SPDX-License-Identifier: MIT */
#include "openai.h"

#include "base/banned.h"

/* With n > 1 a chunk may be about another answer than the first. */
static const struct json_value *first_choice(const struct json_value *choices)
{
	int64_t index;
	for (const struct json_value *v = json_first(choices); v; v = json_next(v))
		if (!json_get_int(json_get(v, "index"), &index) || index == 0)
			return v;
	return NULL;
}

void openai_read_chunk(const struct json_value *chunk, struct usage *usage, struct chunk_facts *ret)
{
	*ret = (struct chunk_facts){ 0 };
	const struct json_value *error = json_get(chunk, "error");
	if (error && !json_is_null(error)) {
		ret->is_error = true;
		ret->error = error;
		return;
	}
	usage_read(usage, json_get(chunk, "usage"));
	const struct json_value *choices = json_get(chunk, "choices");
	if (!json_is_array(choices) || !json_count(choices))
		return;
	ret->choices = choices;
	const struct json_value *first = first_choice(choices);
	if (!json_get_text(json_get_path(first, "delta.content"), &ret->content))
		ret->content = TEXT_NULL;
	if (!json_get_text(json_get(first, "finish_reason"), &ret->finish_reason) ||
	    !ret->finish_reason.len)
		ret->finish_reason = TEXT_NULL;
}

static void write_head(struct json_writer *w, const struct answer_head *head, const char *object)
{
	json_key(w, "id");
	json_str(w, head->id);
	json_key(w, "object");
	json_str(w, object);
	json_key(w, "created");
	json_int(w, head->created_s);
	json_key(w, "model");
	json_text(w, head->model);
}

/* A call without a number that has an id begins a new one; without an id it goes on with the last.
 */
static void write_tool_call(struct json_writer *w, const struct json_value *call,
			    struct tool_numbers *numbers)
{
	struct text id;
	int64_t index;
	bool numbered = json_get_int(json_get(call, "index"), &index);
	bool begins = json_get_text(json_get(call, "id"), &id) && id.len;
	if (!json_is_object(call)) {
		json_write_value(w, call);
		return;
	}
	if (!numbered)
		index = begins || !numbers->next ? numbers->next : numbers->next - 1;
	if (index >= numbers->next && index < INT32_MAX)
		numbers->next = index + 1;
	json_object_begin(w);
	json_key(w, "index");
	json_int(w, index);
	for (const struct json_value *v = json_first(call); v; v = json_next(v)) {
		if (text_is(json_name(v), "index"))
			continue;
		json_key_text(w, json_name(v));
		json_write_value(w, v);
	}
	json_object_end(w);
}

static void write_delta(struct json_writer *w, const struct json_value *delta,
			struct tool_numbers *numbers)
{
	json_object_begin(w);
	for (const struct json_value *v = json_first(delta); v; v = json_next(v)) {
		struct text name = json_name(v);
		if (text_is(name, "role") && json_is_null(v))
			continue;
		json_key_text(w, name);
		if (!text_is(name, "tool_calls") || !json_is_array(v)) {
			json_write_value(w, v);
			continue;
		}
		json_array_begin(w);
		for (const struct json_value *c = json_first(v); c; c = json_next(c))
			write_tool_call(w, c, numbers);
		json_array_end(w);
	}
	json_object_end(w);
}

static void write_choice(struct json_writer *w, const struct json_value *choice,
			 struct tool_numbers *numbers)
{
	struct text reason;
	int64_t index;
	json_object_begin(w);
	json_key(w, "index");
	json_int(w, json_get_int(json_get(choice, "index"), &index) ? index : 0);
	json_key(w, "delta");
	write_delta(w, json_get(choice, "delta"), numbers);
	for (const struct json_value *v = json_first(choice); v; v = json_next(v)) {
		struct text name = json_name(v);
		if (text_is(name, "index") || text_is(name, "delta") ||
		    text_is(name, "finish_reason"))
			continue;
		json_key_text(w, name);
		json_write_value(w, v);
	}
	bool ended = json_get_text(json_get(choice, "finish_reason"), &reason) && reason.len;
	json_key(w, "finish_reason");
	json_text(w, ended ? reason : TEXT_NULL);
	json_object_end(w);
}

enum err openai_write_chunk(const struct answer_head *head, const struct json_value *choices,
			    struct tool_numbers *numbers, struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	write_head(&w, head, "chat.completion.chunk");
	json_key(&w, "choices");
	json_array_begin(&w);
	for (const struct json_value *v = json_first(choices); v; v = json_next(v))
		if (json_is_object(v))
			write_choice(&w, v, numbers);
	json_array_end(&w);
	json_object_end(&w);
	return json_writer_end(&w);
}

void openai_write_ids(struct json_writer *w, const struct grove_ids *ids)
{
	json_key(w, "grove");
	json_object_begin(w);
	json_key(w, "runId");
	json_uuid(w, &ids->run);
	if (ids->stored) {
		json_key(w, "conversationId");
		json_uuid(w, &ids->conversation);
		json_key(w, "branchId");
		json_uuid(w, &ids->branch);
		if (ids->has_user_message) {
			json_key(w, "userMessageId");
			json_uuid(w, &ids->user_message);
		}
		json_key(w, "assistantMessageId");
		json_uuid(w, &ids->assistant_message);
	}
	if (ids->status) {
		json_key(w, "status");
		json_str(w, ids->status);
	}
	json_object_end(w);
}

/* choices: [{ index: 0, delta: { role?, content }, finish_reason }] */
static void write_own_choice(struct json_writer *w, bool with_role, struct text content,
			     const char *finish_reason)
{
	json_key(w, "choices");
	json_array_begin(w);
	json_object_begin(w);
	json_key(w, "index");
	json_int(w, 0);
	json_key(w, "delta");
	json_object_begin(w);
	if (with_role) {
		json_key(w, "role");
		json_str(w, "assistant");
	}
	if (content.ptr) {
		json_key(w, "content");
		json_text(w, content);
	}
	json_object_end(w);
	json_key(w, "finish_reason");
	json_str(w, finish_reason);
	json_object_end(w);
	json_array_end(w);
}

enum err openai_write_first_chunk(const struct answer_head *head, const struct grove_ids *ids,
				  struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	write_head(&w, head, "chat.completion.chunk");
	write_own_choice(&w, true, TEXT(""), NULL);
	openai_write_ids(&w, ids);
	json_object_end(&w);
	return json_writer_end(&w);
}

enum err openai_write_text_chunk(const struct answer_head *head, struct text content,
				 const char *finish_reason, struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	write_head(&w, head, "chat.completion.chunk");
	write_own_choice(&w, false, content, finish_reason);
	json_object_end(&w);
	return json_writer_end(&w);
}

enum err openai_write_usage_chunk(const struct answer_head *head, const struct usage *usage,
				  struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	write_head(&w, head, "chat.completion.chunk");
	json_key(&w, "choices");
	json_array_begin(&w);
	json_array_end(&w);
	json_key(&w, "usage");
	usage_write(&w, usage);
	json_object_end(&w);
	return json_writer_end(&w);
}

enum err openai_read_completion(const struct json_value *completion, struct usage *usage,
				struct text *ret_content, struct text *ret_finish_reason)
{
	const struct json_value *choices = json_get(completion, "choices");
	const struct json_value *message = json_get(json_at(choices, 0), "message");
	if (!json_is_array(choices) || !json_is_object(message))
		return ERR_PROVIDER_ERROR;
	usage_read(usage, json_get(completion, "usage"));
	if (!json_get_text(json_get(message, "content"), ret_content))
		*ret_content = TEXT_NULL;
	if (!json_get_text(json_get(json_at(choices, 0), "finish_reason"), ret_finish_reason))
		*ret_finish_reason = TEXT_NULL;
	return OK;
}

enum err openai_write_completion(const struct answer_head *head, const struct grove_ids *ids,
				 const struct json_value *completion, const struct usage *usage,
				 struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	write_head(&w, head, "chat.completion");
	json_key(&w, "choices");
	json_write_value(&w, json_get(completion, "choices"));
	json_key(&w, "usage");
	usage_write(&w, usage);
	openai_write_ids(&w, ids);
	json_object_end(&w);
	return json_writer_end(&w);
}

enum err openai_write_text_completion(const struct answer_head *head, const struct grove_ids *ids,
				      struct text content, const char *finish_reason,
				      const struct usage *usage, struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	write_head(&w, head, "chat.completion");
	json_key(&w, "choices");
	json_array_begin(&w);
	json_object_begin(&w);
	json_key(&w, "index");
	json_int(&w, 0);
	json_key(&w, "message");
	json_object_begin(&w);
	json_key(&w, "role");
	json_str(&w, "assistant");
	json_key(&w, "content");
	json_text(&w, content);
	json_object_end(&w);
	json_key(&w, "finish_reason");
	json_str(&w, finish_reason);
	json_object_end(&w);
	json_array_end(&w);
	json_key(&w, "usage");
	usage_write(&w, usage);
	openai_write_ids(&w, ids);
	json_object_end(&w);
	return json_writer_end(&w);
}
