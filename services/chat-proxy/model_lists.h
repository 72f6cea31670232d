/* SPDX-License-Identifier: MIT */
/*
 * What a person's servers say they serve: GET <base>/models at each OpenAI-shaped key, side by
 * side, each with five seconds. A server that does not answer is left out: its models can still be
 * named by hand.
 */
#pragma once

#include "app.h"

#define LIST_KEYS_MAX 8
#define LIST_BYTES (2u << 20)

struct listed_key {
	struct list_models *op;
	enum provider provider;
	char *base_url;
	struct secret key;
	struct uuid id;
	struct fetch_call *call;
	struct strbuf answer;
	bool answered;
};

struct list_models {
	struct request *req;
	struct listed_key keys[LIST_KEYS_MAX];
	size_t count, waiting;
	bool has_provider[PROVIDER_COUNT];
};

/* Starts all calls; false when there is nothing to ask. Ends with wait_custom_done(). */
bool model_lists_ask(struct list_models *op, struct request *req);
void model_lists_drop(struct list_models *op);
