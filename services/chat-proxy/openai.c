/* SPDX-License-Identifier: MIT */
#include "openai.h"

#include "base/banned.h"

void openai_read_chunk(const struct json_value *chunk, struct usage *usage, struct chunk_facts *ret)
{
	*ret = (struct chunk_facts){ 0 };
	const struct json_value *error = json_get(chunk, "error");
	if (error && !json_is_null(error)) {
		ret->is_error = true;
		ret->error = error;
		return;
	}
	const struct json_value *usage_value = json_get(chunk, "usage");
	ret->has_usage = json_is_object(usage_value);
	if (ret->has_usage)
		usage_read(usage, usage_value);
	const struct json_value *choices = json_get(chunk, "choices");
	if (!json_count(choices))
		return;
	ret->choices = choices;
	const struct json_value *first = json_at(choices, 0);
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

enum err openai_write_chunk(const struct answer_head *head, const struct json_value *choices,
			    struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	write_head(&w, head, "chat.completion.chunk");
	json_key(&w, "choices");
	json_write_value(&w, choices);
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
