/* SPDX-License-Identifier: MIT */
#include "usage.h"

#include "base/banned.h"

/* What no answer has: the request log takes no more. */
#define MOST_TOKENS (INT64_C(1) << 40)
#define MOST_USD 1000000.0

static bool take(const struct json_value *usage, const char *path, int64_t *target)
{
	int64_t n;
	if (!json_get_int(json_get_path(usage, path), &n) || n < 0 || n > MOST_TOKENS)
		return false;
	*target = n;
	return true;
}

static void take_cost(struct usage *u, const struct json_value *usage)
{
	double cost;
	if (!json_get_number(json_get(usage, "cost"), &cost) || cost < 0 || cost > MOST_USD)
		return;
	u->cost_known = true;
	u->cost = cost;
}

void usage_read(struct usage *u, const struct json_value *usage)
{
	if (!json_is_object(usage))
		return;
	u->has_prompt |= take(usage, "prompt_tokens", &u->prompt);
	u->has_completion |= take(usage, "completion_tokens", &u->completion);
	take(usage, "prompt_tokens_details.cached_tokens", &u->cached);
	take(usage, "completion_tokens_details.reasoning_tokens", &u->reasoning);
	take_cost(u, usage);
}

void usage_read_stored(struct usage *u, const struct json_value *usage)
{
	u->has_prompt = take(usage, "promptTokens", &u->prompt);
	u->has_completion = take(usage, "completionTokens", &u->completion);
	take(usage, "cachedTokens", &u->cached);
	take(usage, "reasoningTokens", &u->reasoning);
	take_cost(u, usage);
	if (!json_get_bool(json_get(usage, "estimated"), &u->estimated))
		u->estimated = true;
}

void usage_estimate(struct usage *u, size_t prompt_bytes, size_t completion_bytes)
{
	if (!u->has_prompt)
		u->prompt = (int64_t)((prompt_bytes + 3) / 4);
	if (!u->has_completion)
		u->completion = (int64_t)((completion_bytes + 3) / 4);
	u->estimated |= !u->has_prompt || !u->has_completion;
}

void usage_price(struct usage *u, const struct price *price)
{
	if (u->cost_known || !price->known)
		return;
	int64_t cached = u->cached < u->prompt ? u->cached : u->prompt;
	double cached_price = price->cached < 0 ? price->input : price->cached;
	u->cost_known = true;
	u->cost = ((double)(u->prompt - cached) * price->input + (double)cached * cached_price +
		   (double)u->completion * price->output) /
		  1e6;
}

void usage_write(struct json_writer *w, const struct usage *u)
{
	json_object_begin(w);
	json_key(w, "prompt_tokens");
	json_int(w, u->prompt);
	json_key(w, "completion_tokens");
	json_int(w, u->completion);
	json_key(w, "total_tokens");
	json_int(w, u->prompt + u->completion);
	json_key(w, "prompt_tokens_details");
	json_object_begin(w);
	json_key(w, "cached_tokens");
	json_int(w, u->cached);
	json_object_end(w);
	json_key(w, "completion_tokens_details");
	json_object_begin(w);
	json_key(w, "reasoning_tokens");
	json_int(w, u->reasoning);
	json_object_end(w);
	json_key(w, "cost");
	if (u->cost_known)
		json_decimal(w, u->cost, 6);
	else
		json_null(w);
	json_key(w, "estimated");
	json_bool(w, u->estimated);
	json_object_end(w);
}
