/* SPDX-License-Identifier: MIT */
#include "chat_request.h"

#include <stdarg.h>

#include "base/banned.h"

__attribute__((format(printf, 4, 5))) static enum err refuse(struct chat_problem *p, enum err err,
							     const char *param, const char *format,
							     ...)
{
	va_list args;
	va_start(args, format);
	p->err = err;
	snprintf(p->param, sizeof(p->param), "%s", param);
	vsnprintf(p->message, sizeof(p->message), format, args);
	va_end(args);
	return err;
}

static enum err read_bool(const struct json_value *root, const char *key, bool *given, bool *ret,
			  struct chat_problem *p)
{
	const struct json_value *v = json_get(root, key);
	*given = v && !json_is_null(v);
	if (*given && !json_get_bool(v, ret))
		return refuse(p, ERR_INVALID_REQUEST, key, "%s is true or false.", key);
	return OK;
}

static enum err read_id(const struct json_value *root, const char *key, bool *given,
			struct uuid *ret, struct chat_problem *p)
{
	const struct json_value *v = json_get(root, key);
	struct text t;
	*given = v && !json_is_null(v);
	if (*given && (!json_get_text(v, &t) || uuid_parse(t, ret)))
		return refuse(p, ERR_INVALID_REQUEST, key, "%s is an id (a UUID).", key);
	return OK;
}

static enum err read_conversation(const struct json_value *root, struct chat_request *r,
				  struct chat_problem *p)
{
	bool by_alias;
	struct uuid alias;
	enum err err = read_id(root, "conversationId", &r->has_conversation, &r->conversation, p);
	if (!err)
		err = read_id(root, "sessionId", &by_alias, &alias, p);
	if (err)
		return err;
	if (by_alias && r->has_conversation && !uuid_equal(&alias, &r->conversation))
		return refuse(p, ERR_INVALID_REQUEST, "sessionId",
			      "sessionId is an alias of conversationId; give one of them.");
	if (by_alias) {
		r->has_conversation = true;
		r->conversation = alias;
	}
	return OK;
}

static enum err read_placement(const struct json_value *root, struct chat_request *r,
			       struct chat_problem *p)
{
	enum err err = read_conversation(root, r, p);
	if (!err)
		err = read_id(root, "branchId", &r->has_branch, &r->branch, p);
	if (!err)
		err = read_id(root, "parentMessageId", &r->has_parent, &r->parent, p);
	if (!err)
		err = read_id(root, "expectedLeafId", &r->has_expected_leaf, &r->expected_leaf, p);
	if (!err)
		err = read_id(root, "messageId", &r->has_message_id, &r->message_id, p);
	if (!err)
		err = read_id(root, "regenerate", &r->has_regenerate, &r->regenerate, p);
	if (err)
		return err;
	r->parent_is_root = json_is_null(json_get(root, "parentMessageId"));
	bool placed = r->has_branch || r->has_parent || r->has_expected_leaf || r->has_message_id ||
		      r->has_regenerate;
	if (placed && !r->has_conversation)
		return refuse(p, ERR_INVALID_REQUEST, "conversationId",
			      "branchId, parentMessageId, expectedLeafId, messageId and regenerate "
			      "need a conversationId.");
	return OK;
}

static enum err read_model(const struct json_value *root, struct chat_request *r,
			   struct chat_problem *p)
{
	struct text name;
	enum provider asked = PROVIDER_NONE;
	const struct json_value *provider = json_get(root, "provider");
	/* OpenRouter's own `provider` is an object of routing wishes and passes through. */
	if (json_get_text(provider, &name) && provider_from_name(name, &asked))
		return refuse(p, ERR_INVALID_REQUEST, "provider",
			      "provider is one of openai, anthropic, google, openrouter, "
			      "openai-compatible.");
	if (provider && !json_get_text(provider, &name) && !json_is_object(provider) &&
	    !json_is_null(provider))
		return refuse(p, ERR_INVALID_REQUEST, "provider", "provider is a name.");
	if (!json_get_text(json_get(root, "model"), &r->model) || !r->model.len)
		return refuse(p, ERR_INVALID_REQUEST, "model", "Name a model.");
	if (r->model.len > MODEL_NAME_MAX)
		return refuse(p, ERR_INVALID_REQUEST, "model",
			      "A model's name has at most %d bytes.", MODEL_NAME_MAX);
	enum err err = model_choose(r->model, asked, &r->choice);
	if (err)
		return refuse(p, ERR_INVALID_REQUEST, "model",
			      "The model's name and the provider contradict each other.");
	return OK;
}

static enum err read_stream(const struct json_value *root, struct chat_request *r,
			    struct chat_problem *p)
{
	bool given;
	const struct json_value *options = json_get(root, "stream_options");
	enum err err = read_bool(root, "stream", &given, &r->stream, p);
	if (err)
		return err;
	if (options && !json_is_null(options) && !json_is_object(options))
		return refuse(p, ERR_INVALID_REQUEST, "stream_options",
			      "stream_options is an object.");
	if (!read_bool(options, "include_usage", &given, &r->include_usage, p))
		return OK;
	snprintf(p->param, sizeof(p->param), "stream_options.include_usage");
	return p->err;
}

/* Text of a content that is a string or a list of text parts. */
static enum err join_content(const struct json_value *content, struct arena *arena,
			     struct text *ret, struct chat_problem *p)
{
	if (json_get_text(content, ret))
		return OK;
	if (!json_is_array(content))
		return refuse(p, ERR_INVALID_REQUEST, "messages[0].content",
			      "content is a text or a list of parts.");
	size_t len = 0;
	struct text part;
	for (const struct json_value *v = json_first(content); v; v = json_next(v)) {
		struct text type;
		if (!json_get_text(json_get(v, "type"), &type) || !text_is(type, "text") ||
		    !json_get_text(json_get(v, "text"), &part))
			return refuse(p, ERR_INVALID_REQUEST, "messages[0].content",
				      "In a conversation a message is text; other parts are not "
				      "stored yet.");
		len += part.len;
	}
	char *joined = arena_alloc(arena, len + 1);
	size_t at = 0;
	for (const struct json_value *v = json_first(content); v; v = json_next(v)) {
		if (json_get_text(json_get(v, "text"), &part)) {
			memcpy(joined + at, part.ptr, part.len);
			at += part.len;
		}
	}
	*ret = (struct text){ joined, at };
	return OK;
}

static bool is_blank(struct text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (t.ptr[i] != ' ' && t.ptr[i] != '\n' && t.ptr[i] != '\t' && t.ptr[i] != '\r')
			return false;
	return true;
}

static enum err read_stored_messages(const struct json_value *messages, struct arena *arena,
				     struct chat_request *r, struct chat_problem *p)
{
	size_t count = json_count(messages);
	if (r->has_regenerate)
		return count ? refuse(p, ERR_INVALID_REQUEST, "messages",
				      "regenerate goes without messages: the conversation has "
				      "them.")
			     : OK;
	struct text role;
	const struct json_value *message = json_at(messages, 0);
	if (count != 1 || !json_get_text(json_get(message, "role"), &role) ||
	    !text_is(role, "user"))
		return refuse(p, ERR_INVALID_REQUEST, "messages",
			      "With a conversationId, messages holds just the new user message; "
			      "the server adds what came before.");
	enum err err = join_content(json_get(message, "content"), arena, &r->content, p);
	if (err)
		return err;
	if (is_blank(r->content))
		return refuse(p, ERR_INVALID_REQUEST, "messages[0].content",
			      "The message is empty.");
	return OK;
}

static enum err read_messages(const struct json_value *root, struct arena *arena,
			      struct chat_request *r, struct chat_problem *p)
{
	const struct json_value *messages = json_get(root, "messages");
	if (messages && !json_is_null(messages) && !json_is_array(messages))
		return refuse(p, ERR_INVALID_REQUEST, "messages", "messages is a list.");
	if (r->has_conversation)
		return read_stored_messages(messages, arena, r, p);
	if (!json_count(messages))
		return refuse(p, ERR_INVALID_REQUEST, "messages", "Give at least one message.");
	size_t i = 0;
	for (const struct json_value *v = json_first(messages); v; v = json_next(v), i++) {
		struct text role;
		char where[40];
		if (json_is_object(v) && json_get_text(json_get(v, "role"), &role))
			continue;
		snprintf(where, sizeof(where), "messages[%zu]", i);
		return refuse(p, ERR_INVALID_REQUEST, where, "A message is an object with a role.");
	}
	return OK;
}

static enum err read_all(const struct json_value *root, struct arena *arena, struct chat_request *r,
			 struct chat_problem *p)
{
	enum err err = read_model(root, r, p);
	if (!err)
		err = read_stream(root, r, p);
	if (!err)
		err = read_placement(root, r, p);
	if (!err)
		err = read_bool(root, "ephemeral", &r->ephemeral_given, &r->ephemeral, p);
	if (!err)
		err = read_messages(root, arena, r, p);
	if (err)
		return err;
	if (r->ephemeral && r->has_conversation)
		return refuse(p, ERR_INVALID_REQUEST, "ephemeral",
			      "An ephemeral message belongs to no conversation; leave "
			      "conversationId out.");
	const struct json_value *models = json_get(root, "models");
	if (models && !json_is_null(models) && r->choice.provider != PROVIDER_OPENROUTER)
		return refuse(p, ERR_INVALID_REQUEST, "models",
			      "Asking several models at once is not available in this version; "
			      "name one as model.");
	return OK;
}

/* Words only: an image's base64 says nothing about its tokens. */
static size_t count_text(const struct json_value *messages)
{
	size_t bytes = 0;
	struct text t;
	for (const struct json_value *m = json_first(messages); m; m = json_next(m)) {
		const struct json_value *content = json_get(m, "content");
		if (json_get_text(content, &t))
			bytes += t.len;
		for (const struct json_value *v = json_first(content); v; v = json_next(v))
			if (json_get_text(json_get(v, "text"), &t))
				bytes += t.len;
	}
	return bytes;
}

enum err chat_request_read(struct text body, struct arena *arena, struct chat_request *ret,
			   struct chat_problem *ret_problem)
{
	static const struct json_limits limits = { .max_members = CHAT_REQUEST_MEMBERS };
	struct json_problem problem = { 0 };
	*ret_problem = (struct chat_problem){ 0 };
	enum err err = json_check(body, &limits, &problem);
	if (err)
		return refuse(ret_problem, err, problem.param, "%s", problem.message);
	struct chat_request r = { 0 };
	err = json_doc_parse(body, &limits, &r.doc);
	if (err)
		return refuse(ret_problem, err, "", "The body is not JSON.");
	if (!json_is_object(json_doc_root(r.doc)))
		err = refuse(ret_problem, ERR_INVALID_REQUEST, "", "The body is an object.");
	else
		err = read_all(json_doc_root(r.doc), arena, &r, ret_problem);
	r.prompt_bytes = count_text(json_get(json_doc_root(r.doc), "messages"));
	if (err) {
		chat_request_clear(&r);
		return err;
	}
	*ret = r;
	return OK;
}

void chat_request_clear(struct chat_request *r)
{
	json_doc_free(r->doc);
	r->doc = NULL;
}

/* Members that are ours, that are written anew, or that this provider has no use for. */
static bool is_held_back(const struct json_value *v, const struct upstream_options *o)
{
	static const char *const names[] = { "model",		"messages",	  "stream_options",
					     "conversationId",	"sessionId",	  "branchId",
					     "parentMessageId", "expectedLeafId", "messageId",
					     "regenerate",	"ephemeral" };
	struct text name = json_name(v);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (text_is(name, names[i]))
			return true;
	if (text_is(name, "models"))
		return json_is_null(v);
	if (text_is(name, "store"))
		return o->ephemeral && o->provider == PROVIDER_OPENAI;
	if (text_is(name, "provider"))
		return !json_is_object(v) || o->provider == PROVIDER_OPENAI ||
		       (o->ephemeral && o->provider == PROVIDER_OPENROUTER);
	return false;
}

static void write_messages(struct json_writer *w, const struct chat_request *r,
			   const struct upstream_options *o)
{
	json_key(w, "messages");
	if (!o->context) {
		json_write_value(w, json_get(json_doc_root(r->doc), "messages"));
		return;
	}
	json_array_begin(w);
	for (size_t i = 0; i < o->context_count; i++) {
		json_object_begin(w);
		json_key(w, "role");
		json_text(w, o->context[i].role);
		json_key(w, "content");
		json_text(w, o->context[i].content);
		json_object_end(w);
	}
	json_array_end(w);
}

/* The members of `object` but for those named in `without`. */
static void write_others(struct json_writer *w, const struct json_value *object,
			 const char *const *without)
{
	for (const struct json_value *v = json_first(object); v; v = json_next(v)) {
		bool left_out = false;
		for (const char *const *name = without; *name; name++)
			left_out |= text_is(json_name(v), *name);
		if (left_out)
			continue;
		json_key_text(w, json_name(v));
		json_write_value(w, v);
	}
}

/* Usage is always wanted. OpenAI pads each chunk against eavesdroppers unless told not to; behind
 * us nobody would see the padding. */
static void write_stream_options(struct json_writer *w, const struct chat_request *r,
				 const struct upstream_options *o)
{
	static const char *const ours[] = { "include_usage", "include_obfuscation", NULL };
	if (!r->stream || o->plain_stream)
		return;
	json_key(w, "stream_options");
	json_object_begin(w);
	write_others(w, json_get(json_doc_root(r->doc), "stream_options"), ours);
	json_key(w, "include_usage");
	json_bool(w, true);
	if (o->provider == PROVIDER_OPENAI) {
		json_key(w, "include_obfuscation");
		json_bool(w, false);
	}
	json_object_end(w);
}

/* Asks the provider not to keep what it is told. */
static void write_do_not_store(struct json_writer *w, const struct chat_request *r,
			       const struct upstream_options *o)
{
	static const char *const ours[] = { "data_collection", NULL };
	const struct json_value *wishes = json_get(json_doc_root(r->doc), "provider");
	if (!o->ephemeral)
		return;
	if (o->provider == PROVIDER_OPENAI) {
		json_key(w, "store");
		json_bool(w, false);
	} else if (o->provider == PROVIDER_OPENROUTER) {
		json_key(w, "provider");
		json_object_begin(w);
		if (json_is_object(wishes))
			write_others(w, wishes, ours);
		json_key(w, "data_collection");
		json_str(w, "deny");
		json_object_end(w);
	}
}

enum err chat_request_write(const struct chat_request *r, const struct upstream_options *o,
			    struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	json_key(&w, "model");
	json_text(&w, o->model);
	write_messages(&w, r, o);
	write_stream_options(&w, r, o);
	for (const struct json_value *v = json_first(json_doc_root(r->doc)); v; v = json_next(v)) {
		if (is_held_back(v, o))
			continue;
		json_key_text(&w, json_name(v));
		json_write_value(&w, v);
	}
	write_do_not_store(&w, r, o);
	json_object_end(&w);
	return json_writer_end(&w);
}
