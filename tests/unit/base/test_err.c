/* SPDX-License-Identifier: MIT */
/* The table of errors is complete, consistent, and made for people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

#include "base/banned.h"

/* The public codes with their status, as the API's description lists them. */
static const struct {
	enum err err;
	int status;
	const char *code;
} contract[] = {
	{ ERR_INVALID_JSON, 400, "invalid_json" },
	{ ERR_INVALID_REQUEST, 400, "invalid_request" },
	{ ERR_INVALID_ANCHOR, 400, "invalid_anchor" },
	{ ERR_PROVIDER_REFUSED, 400, "provider_refused" },
	{ ERR_UNAUTHENTICATED, 401, "unauthenticated" },
	{ ERR_FORBIDDEN, 403, "forbidden" },
	{ ERR_CSRF_FAILED, 403, "csrf_failed" },
	{ ERR_BYOK_REQUIRED, 403, "byok_required" },
	{ ERR_TIER_FORBIDS, 403, "tier_forbids" },
	{ ERR_EPHEMERAL_NEEDS_KEY, 403, "ephemeral_needs_key" },
	{ ERR_NOT_FOUND, 404, "not_found" },
	{ ERR_METHOD_NOT_ALLOWED, 405, "method_not_allowed" },
	{ ERR_LEAF_MOVED, 409, "leaf_moved" },
	{ ERR_BYOK_PERSISTENCE_DISABLED, 409, "byok_persistence_disabled" },
	{ ERR_CONFLICT, 409, "conflict" },
	{ ERR_ALREADY_FINISHED, 409, "already_finished" },
	{ ERR_LENGTH_REQUIRED, 411, "length_required" },
	{ ERR_TOO_LARGE, 413, "too_large" },
	{ ERR_URI_TOO_LONG, 414, "uri_too_long" },
	{ ERR_UNSUPPORTED_MEDIA_TYPE, 415, "unsupported_media_type" },
	{ ERR_MISDIRECTED, 421, "misdirected" },
	{ ERR_HEADERS_TOO_LARGE, 431, "headers_too_large" },
	{ ERR_PROVIDER_MISMATCH, 422, "provider_mismatch" },
	{ ERR_PROVIDER_KEY_REJECTED, 422, "provider_key_rejected" },
	{ ERR_PROVIDER_ADDRESS_FORBIDDEN, 422, "provider_address_forbidden" },
	{ ERR_MODEL_UNKNOWN, 422, "model_unknown" },
	{ ERR_RATE_LIMITED, 429, "rate_limited" },
	{ ERR_BUDGET_EXHAUSTED, 429, "budget_exhausted" },
	{ ERR_KEYS_EXHAUSTED, 429, "keys_exhausted" },
	{ ERR_TIER_LIMIT, 429, "tier_limit" },
	{ ERR_INTERNAL, 500, "internal" },
	{ ERR_PROVIDER_ERROR, 502, "provider_error" },
	{ ERR_PROVIDER_TIMEOUT, 504, "provider_timeout" },
	{ ERR_UNAVAILABLE, 503, "unavailable" },
	{ ERR_VM_UNAVAILABLE, 503, "vm_unavailable" },
};

static void every_error_has_the_status_and_code_of_the_contract(void **state)
{
	(void)state;
	/* OK and ERR_CANCELLED are never sent. */
	assert_int_equal(ARRAY_SIZE(contract), ERR_COUNT - 2);
	for (size_t i = 0; i < ARRAY_SIZE(contract); i++) {
		assert_int_equal(err_info(contract[i].err)->status, contract[i].status);
		assert_string_equal(err_info(contract[i].err)->code, contract[i].code);
	}
}

static void every_row_is_complete_and_reads_as_sentences(void **state)
{
	(void)state;
	for (int i = OK + 1; i < ERR_COUNT; i++) {
		const struct err_info *info = err_info((enum err)i);
		size_t len = strlen(info->message);
		assert_true(i == ERR_INTERNAL || info != err_info(ERR_INTERNAL));
		assert_true(info->message[0] >= 'A' && info->message[0] <= 'Z');
		assert_int_equal(info->message[len - 1], '.');
		/* What happened, then what to do: at least two sentences or a semicolon, short
		 * enough for a toast. */
		assert_true(strstr(info->message, ". ") || strstr(info->message, "; "));
		assert_true(len < 160);
	}
}

static void types_follow_the_status_as_openai_sdks_expect(void **state)
{
	static const struct {
		int status;
		const char *type;
	} wanted[] = {
		{ 401, "authentication_error" }, { 403, "permission_error" },
		{ 404, "not_found_error" },	 { 409, "conflict_error" },
		{ 429, "rate_limit_error" },
	};
	(void)state;
	for (int i = OK + 1; i < ERR_CANCELLED; i++) {
		const struct err_info *info = err_info((enum err)i);
		const char *type = info->status >= 500 ? "api_error" : "invalid_request_error";
		for (size_t w = 0; w < ARRAY_SIZE(wanted); w++)
			type = wanted[w].status == info->status ? wanted[w].type : type;
		assert_string_equal(info->type, type);
	}
}

static void only_our_own_faults_are_logged_as_errors(void **state)
{
	(void)state;
	for (int i = OK + 1; i < ERR_COUNT; i++) {
		const struct err_info *info = err_info((enum err)i);
		assert_int_equal(info->level == ERR_LEVEL_ERROR, i == ERR_INTERNAL);
		if (info->status < 500)
			assert_true(info->level <= ERR_LEVEL_INFO);
	}
}

static void codes_lead_back_to_their_error(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(contract); i++)
		assert_int_equal(err_from_code(contract[i].code), contract[i].err);
}

static void unknown_values_and_codes_are_internal_errors(void **state)
{
	(void)state;
	assert_ptr_equal(err_info(ERR_COUNT), err_info(ERR_INTERNAL));
	assert_ptr_equal(err_info((enum err) - 1), err_info(ERR_INTERNAL));
	assert_ptr_equal(err_info((enum err)1000), err_info(ERR_INTERNAL));
	assert_int_equal(err_from_code(""), ERR_INTERNAL);
	assert_int_equal(err_from_code(NULL), ERR_INTERNAL);
	assert_int_equal(err_from_code("no_such_code"), ERR_INTERNAL);
	assert_int_equal(err_from_code("NOT_FOUND"), ERR_INTERNAL);
	/* Never sent, so never believed. */
	assert_int_equal(err_from_code("ok"), ERR_INTERNAL);
	assert_int_equal(err_from_code("cancelled"), ERR_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_the_status_and_code_of_the_contract),
		cmocka_unit_test(every_row_is_complete_and_reads_as_sentences),
		cmocka_unit_test(types_follow_the_status_as_openai_sdks_expect),
		cmocka_unit_test(only_our_own_faults_are_logged_as_errors),
		cmocka_unit_test(codes_lead_back_to_their_error),
		cmocka_unit_test(unknown_values_and_codes_are_internal_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
