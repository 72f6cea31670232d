/* SPDX-License-Identifier: MIT */
/*
 * Tokens and money of one answer. Providers' counters are cumulative: the last value wins, field by
 * field, and absent is not zero. A provider's own reported cost wins over the catalogue; without a
 * known price the cost is unknown (null), never zero.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "json/json.h"

struct usage {
	bool has_prompt, has_completion; /* the provider said so */
	bool estimated; /* counted by us, or cut off before the provider's last word */
	int64_t prompt, completion, cached, reasoning;
	bool cost_known;
	double cost; /* USD */
};

struct price {
	bool known;
	double input, output, cached; /* USD per million tokens; cached < 0: as input */
};

/* Takes what an OpenAI-shaped usage object says; numbers that cannot be are left out. */
void usage_read(struct usage *u, const struct json_value *usage);
/* What account-store remembers of an answer, in its own words: estimated unless it says not. */
void usage_read_stored(struct usage *u, const struct json_value *usage);
/* About four bytes a token, for what the provider did not count. Marks the result as estimated. */
void usage_estimate(struct usage *u, size_t prompt_bytes, size_t completion_bytes);
void usage_price(struct usage *u, const struct price *price);
/* {"prompt_tokens":…,…,"cost":…|null,"estimated":…} */
void usage_write(struct json_writer *w, const struct usage *u);
