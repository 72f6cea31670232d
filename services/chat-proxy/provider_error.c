/* SPDX-License-Identifier: MIT */
#include "provider_error.h"

#include "base/mem.h"
#include "json/json.h"

#include "base/banned.h"

#define BODY_LOOK_AT (64 * 1024)

/* Copies a short machine code; anything else leaves "". */
static void copy_code(struct text t, char out[64])
{
	out[0] = '\0';
	if (!t.len || t.len > 63)
		return;
	for (size_t i = 0; i < t.len; i++) {
		char c = t.ptr[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
		      c == '-'))
			return;
	}
	/* A code never looks like a key. */
	if (text_starts_with(t, "sk-"))
		return;
	memcpy(out, t.ptr, t.len);
	out[t.len] = '\0';
}

static void read_body(struct text body, struct provider_error *e)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	if (!body.len || body.len > BODY_LOOK_AT || json_doc_parse(body, NULL, &doc))
		return;
	const struct json_value *error = json_get(json_doc_root(doc), "error");
	struct text code, param;
	if (json_get_text(json_get(error, "code"), &code) ||
	    json_get_text(json_get(error, "type"), &code))
		copy_code(code, e->code);
	if (json_get_text(json_get(error, "param"), &param))
		copy_code(param, e->param);
}

/* "No money" comes as 402, or dressed as 429 or 400. */
static bool is_out_of_money(const struct provider_error *e)
{
	static const char *const codes[] = {
		"insufficient_quota", "credit_balance_exhausted", "billing_hard_limit_reached",
		"billing_not_active", "insufficient_credits",	  "billing_error"
	};
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
		if (!strcmp(e->code, codes[i]))
			return true;
	return e->status == 402;
}

static void judge(struct provider_error *e)
{
	if (is_out_of_money(e)) {
		e->err = ERR_KEYS_EXHAUSTED;
		e->key = KEY_EMPTY;
	} else if (e->status == 401 || e->status == 403) {
		e->err = ERR_PROVIDER_KEY_REJECTED;
		e->key = KEY_REJECTED;
	} else if (e->status == 404) {
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
	uint64_t seconds;
	*ret = (struct provider_error){ .status = status };
	read_body(body, ret);
	if (retry_after.ptr && !text_to_u64(text_trim(retry_after), 86400, &seconds))
		ret->retry_after_s = (int)seconds;
	judge(ret);
}

void provider_error_from_fetch(enum err err, struct provider_error *ret)
{
	*ret = (struct provider_error){ .err = err, .key = KEY_LIMITED };
	if (err == ERR_UNAVAILABLE)
		ret->err = ERR_PROVIDER_ERROR;
	if (err == ERR_TOO_LARGE)
		ret->err = ERR_PROVIDER_ERROR;
	if (err == ERR_PROVIDER_ADDRESS_FORBIDDEN)
		ret->key = KEY_FINE;
}

const char *provider_error_message(const struct provider_error *e)
{
	switch (e->err) {
	case ERR_PROVIDER_REFUSED:
		return "The provider refused this request as it stands; details.providerCode says "
		       "why, if it said so. Change the request and send it again.";
	case ERR_PROVIDER_ERROR:
		return e->status ? "The provider answered with an error of its own. Your message "
				   "is safe; try again in a moment or choose another model."
				 : "The provider could not be reached. Check that the address is "
				   "right and the server is running, then try again.";
	default:
		return NULL; /* the table's sentence fits */
	}
}
