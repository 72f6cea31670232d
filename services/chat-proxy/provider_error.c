/* SPDX-License-Identifier: MIT */
#include "provider_error.h"

#include "base/mem.h"

#include "base/banned.h"

#define BODY_LOOK_AT (64 * 1024)
#define LONGEST_WORD 15
#define MOST_DIGITS 4

static bool is_word_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Codes and field names are short words with something between them. Long runs of letters and
 * digits, or many digits, look like a key. */
static bool is_harmless(struct text t)
{
	size_t word = 0, digits = 0;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.ptr[i];
		if (!is_word_char(c) && !strchr("_.-[]", c))
			return false;
		word = is_word_char(c) ? word + 1 : 0;
		digits += c >= '0' && c <= '9';
		if (word > LONGEST_WORD || digits > MOST_DIGITS)
			return false;
	}
	return !text_starts_with(t, "sk-");
}

static void copy_word(struct text t, char out[64])
{
	out[0] = '\0';
	if (!t.len || t.len > 63 || memchr(t.ptr, '\0', t.len) || !is_harmless(t))
		return;
	memcpy(out, t.ptr, t.len);
	out[t.len] = '\0';
}

/* `code` is the finer word, `type` the coarser one; `code` may be a number, or missing. */
static void read_words(const struct json_value *error, struct provider_error *e)
{
	struct text code, param;
	if (json_get_text(json_get(error, "code"), &code))
		copy_word(code, e->code);
	if (!e->code[0] && json_get_text(json_get(error, "type"), &code))
		copy_word(code, e->code);
	if (json_get_text(json_get(error, "param"), &param))
		copy_word(param, e->param);
}

static bool says(const struct json_value *error, const char *const *words)
{
	static const char *const members[] = { "code", "type" };
	struct text said;
	for (size_t i = 0; i < ARRAY_SIZE(members); i++)
		if (json_get_text(json_get(error, members[i]), &said))
			for (const char *const *word = words; *word; word++)
				if (text_is(said, *word))
					return true;
	return false;
}

/* "No money" comes as 402, or dressed as 429 or 400. */
static bool is_out_of_money(const struct provider_error *e, const struct json_value *error)
{
	static const char *const words[] = { "insufficient_quota",
					     "credit_balance_exhausted",
					     "billing_hard_limit_reached",
					     "billing_not_active",
					     "insufficient_credits",
					     "billing_error",
					     NULL };
	return e->status == 402 || says(error, words);
}

static bool is_model_unknown(const struct provider_error *e, const struct json_value *error)
{
	static const char *const words[] = { "model_not_found", NULL };
	return e->status == 404 || says(error, words);
}

static void judge(struct provider_error *e, const struct json_value *error)
{
	if (is_out_of_money(e, error)) {
		e->err = ERR_KEYS_EXHAUSTED;
		e->key = KEY_EMPTY;
	} else if (e->status == 401 || e->status == 403) {
		e->err = ERR_PROVIDER_KEY_REJECTED;
		e->key = KEY_REJECTED;
	} else if (is_model_unknown(e, error)) {
		e->err = ERR_MODEL_UNKNOWN;
	} else if (e->status == 413) {
		e->err = ERR_TOO_LARGE;
	} else if (e->status == 429) {
		e->err = ERR_RATE_LIMITED;
		e->key = KEY_LIMITED;
	} else if (e->status == 408 || e->status == 504) {
		e->err = ERR_PROVIDER_TIMEOUT;
		e->key = KEY_LIMITED;
	} else if (e->status >= 500 || e->status < 400) {
		e->err = ERR_PROVIDER_ERROR;
		e->key = KEY_LIMITED;
	} else {
		e->err = ERR_PROVIDER_REFUSED;
	}
}

void provider_error_read(int status, struct text body, struct text retry_after,
			 struct provider_error *ret)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	const struct json_value *error = NULL;
	uint64_t seconds;
	struct provider_error e = { .status = status };
	if (body.len && body.len <= BODY_LOOK_AT && !json_doc_parse(body, NULL, &doc))
		error = json_get(json_doc_root(doc), "error");
	read_words(error, &e);
	if (retry_after.ptr && !text_to_u64(text_trim(retry_after), 86400, &seconds))
		e.retry_after_s = (int)seconds;
	judge(&e, error);
	*ret = e;
}

/* Inside a stream there is no status line: the error's own number, or its words, have to do. */
static int status_of_words(const struct json_value *error)
{
	static const struct {
		int status;
		const char *word;
	} meanings[] = {
		{ 429, "rate_limit_exceeded" },
		{ 429, "rate_limit_error" },
		{ 429, "too_many_requests" },
		{ 529, "overloaded_error" },
		{ 401, "invalid_api_key" },
		{ 401, "authentication_error" },
		{ 403, "permission_error" },
		{ 400, "invalid_request_error" },
		{ 400, "context_length_exceeded" },
		{ 400, "content_filter" },
		{ 504, "timeout" },
		{ 504, "timeout_error" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
		if (says(error, (const char *const[]){ meanings[i].word, NULL }))
			return meanings[i].status;
	return 0;
}

static int told_status(const struct json_value *error)
{
	static const char *const members[] = { "code", "status" };
	for (size_t i = 0; i < ARRAY_SIZE(members); i++) {
		const struct json_value *v = json_get(error, members[i]);
		struct text digits;
		int64_t n = 0;
		if (!json_get_int(v, &n) && json_get_text(v, &digits) && text_to_i64(digits, &n))
			n = 0;
		if (n >= 400 && n < 600)
			return (int)n;
	}
	return 0;
}

void provider_error_from_value(const struct json_value *error, struct provider_error *ret)
{
	struct provider_error e = { .status = told_status(error) };
	int told = e.status;
	read_words(error, &e);
	if (!e.status)
		e.status = status_of_words(error);
	judge(&e, error);
	e.status = told;
	*ret = e;
}

void provider_error_from_fetch(enum err err, bool answered, struct provider_error *ret)
{
	*ret = (struct provider_error){ .err = ERR_PROVIDER_ERROR, .key = KEY_LIMITED };
	switch (err) {
	case ERR_PROVIDER_ADDRESS_FORBIDDEN:
		ret->err = err;
		ret->key = KEY_FINE;
		break;
	case ERR_PROVIDER_TIMEOUT:
		ret->err = err;
		break;
	case ERR_TOO_LARGE:
		ret->fault = FAULT_HUGE;
		ret->key = KEY_FINE;
		break;
	case ERR_PROVIDER_ERROR:
		ret->fault = FAULT_CUT;
		break;
	default:
		ret->fault = answered ? FAULT_CUT : FAULT_UNREACHABLE;
	}
}

void provider_error_from_nonsense(int status, struct provider_error *ret)
{
	*ret = (struct provider_error){ .err = ERR_PROVIDER_ERROR,
					.key = KEY_LIMITED,
					.fault = FAULT_NONSENSE,
					.status = status };
}

static const char *refusal_message(const struct provider_error *e)
{
	switch (e->err) {
	case ERR_PROVIDER_REFUSED:
		return e->code[0] ? "The provider refused this request as it stands; "
				    "details.providerCode has its reason. Change the message or "
				    "the model's settings and send it again."
				  : NULL;
	case ERR_PROVIDER_ERROR:
		return "The provider had a fault of its own. Nothing is wrong with your message: "
		       "try again in a moment, or choose another model.";
	case ERR_RATE_LIMITED:
		return "The provider limits how often this key may be used. Wait a moment and "
		       "send again, or add another key.";
	case ERR_KEYS_EXHAUSTED:
		return "The provider says that this key has no credit left. Add credit there, or "
		       "add another key.";
	case ERR_TOO_LARGE:
		return "The provider finds this request too long. Shorten the message, or start "
		       "a new conversation.";
	case ERR_MODEL_UNKNOWN:
		return "The provider does not know this model, or this key may not use it. "
		       "Choose another model from the list.";
	default:
		return NULL;
	}
}

const char *provider_error_message(const struct provider_error *e)
{
	switch (e->fault) {
	case FAULT_UNREACHABLE:
		return "The provider could not be reached. Check that the key's address is right "
		       "and its server is running, then try again.";
	case FAULT_CUT:
		return "The provider's answer broke off before it was complete. Send the message "
		       "again, or choose another model.";
	case FAULT_NONSENSE:
		return "The provider's address answered with something that is no chat "
		       "completion. Check the key's base URL (most end in /v1), then try again.";
	case FAULT_HUGE:
		return "The provider's answer was larger than this server takes. Ask for a "
		       "shorter one.";
	case FAULT_REFUSED:
		break;
	}
	return refusal_message(e);
}
