/* SPDX-License-Identifier: MIT */
/* The metadata of a provider call as chat-proxy reports it: part of the tables of finish_turn.c and record_call.c (struct call_form, flows.h). */
#pragma once

#include "flows.h"

extern const char *const call_statuses[], *const call_sources[];

#define CALL_FIELDS                                                                                                  \
	JSON_FIELD_AS(JSON_UUID, call_form, run_id, "runId", .required = true),                                      \
	JSON_FIELD(JSON_TEXT, call_form, status, .required = true, .one_of = call_statuses),                         \
	JSON_FIELD_AS(JSON_TEXT, call_form, finish_reason, "finishReason", .nullable = true, .max = 64),             \
	JSON_FIELD(JSON_TEXT, call_form, model, .nullable = true, .max = 200),                                       \
	JSON_FIELD(JSON_TEXT, call_form, provider, .nullable = true, .max = 64),                                     \
	JSON_FIELD_AS(JSON_UUID, call_form, key_id, "keyId", .nullable = true),                                      \
	JSON_FIELD_AS(JSON_TEXT, call_form, key_preview, "keyPreview", .nullable = true, .max = 64),                 \
	JSON_FIELD(JSON_TEXT, call_form, source, .nullable = true, .one_of = call_sources),                          \
	JSON_FIELD_AS(JSON_INT, call_form, prompt_tokens, "promptTokens", .nullable = true, .max = INT64_C(1) << 50),        \
	JSON_FIELD_AS(JSON_INT, call_form, completion_tokens, "completionTokens", .nullable = true, .max = INT64_C(1) << 50), \
	JSON_FIELD_AS(JSON_INT, call_form, cached_tokens, "cachedTokens", .nullable = true, .max = INT64_C(1) << 50),        \
	JSON_FIELD_AS(JSON_INT, call_form, reasoning_tokens, "reasoningTokens", .nullable = true, .max = INT64_C(1) << 50),  \
	JSON_FIELD(JSON_NUMBER, call_form, cost, .nullable = true, .max = 1000000),                                  \
	JSON_FIELD(JSON_BOOL, call_form, estimated, .nullable = true),                                               \
	JSON_FIELD(JSON_BOOL, call_form, ephemeral, .nullable = true),                                               \
	JSON_FIELD_AS(JSON_INT, call_form, latency_ms, "latencyMs", .nullable = true, .max = INT32_MAX),             \
	JSON_FIELD_AS(JSON_INT, call_form, first_byte_ms, "firstByteMs", .nullable = true, .max = INT32_MAX)

static inline struct db_arg call_int(const struct json_int *n)
{
	return n->given && !n->null ? db_int(n->value) : db_null();
}

static inline struct db_arg call_number(const struct json_number *n)
{
	return n->given && !n->null ? db_double(n->value) : db_null();
}

static inline struct db_arg call_uuid(const struct json_uuid *id)
{
	return db_uuid(id->given && !id->null ? &id->value : NULL);
}
