/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "provider_error.h"

static void statuses_and_words_become_our_codes(void **state)
{
	(void)state;
	static const struct {
		int status;
		const char *body;
		enum err err;
		enum key_verdict key;
	} cases[] = {
		{ 400, "", ERR_PROVIDER_REFUSED, KEY_FINE },
		{ 400, "{'error':{'code':'insufficient_quota'}}", ERR_KEYS_EXHAUSTED, KEY_EMPTY },
		{ 400, "{'error':{'code':'x','type':'billing_error'}}", ERR_KEYS_EXHAUSTED,
		  KEY_EMPTY },
		{ 400, "{'error':{'code':'model_not_found'}}", ERR_MODEL_UNKNOWN, KEY_FINE },
		{ 401, "", ERR_PROVIDER_KEY_REJECTED, KEY_REJECTED },
		{ 402, "", ERR_KEYS_EXHAUSTED, KEY_EMPTY },
		{ 403, "", ERR_PROVIDER_KEY_REJECTED, KEY_REJECTED },
		{ 404, "<html>", ERR_MODEL_UNKNOWN, KEY_FINE },
		{ 408, "", ERR_PROVIDER_TIMEOUT, KEY_LIMITED },
		{ 409, "", ERR_PROVIDER_REFUSED, KEY_FINE },
		{ 413, "", ERR_TOO_LARGE, KEY_FINE },
		{ 422, "", ERR_PROVIDER_REFUSED, KEY_FINE },
		{ 429, "", ERR_RATE_LIMITED, KEY_LIMITED },
		{ 429, "{'error':{'type':'insufficient_quota','code':null}}", ERR_KEYS_EXHAUSTED,
		  KEY_EMPTY },
		{ 429, "{'error':{'code':'rate_limit_exceeded'}}", ERR_RATE_LIMITED, KEY_LIMITED },
		{ 429, "{'error':'slow down'}", ERR_RATE_LIMITED, KEY_LIMITED },
		{ 500, "not json", ERR_PROVIDER_ERROR, KEY_LIMITED },
		{ 502, "[]", ERR_PROVIDER_ERROR, KEY_LIMITED },
		{ 503, "null", ERR_PROVIDER_ERROR, KEY_LIMITED },
		{ 504, "", ERR_PROVIDER_TIMEOUT, KEY_LIMITED },
		{ 529, "", ERR_PROVIDER_ERROR, KEY_LIMITED },
		{ 204, "", ERR_PROVIDER_ERROR, KEY_LIMITED },
		{ 301, "", ERR_PROVIDER_ERROR, KEY_LIMITED },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct provider_error e;
		provider_error_read(cases[i].status, quoted(&arena, cases[i].body), TEXT_NULL, &e);
		if (e.err != cases[i].err || e.key != cases[i].key || e.status != cases[i].status)
			fail_msg("%d %s: %d %d", cases[i].status, cases[i].body, e.err, e.key);
		arena_clear(&arena);
	}
}

static void only_harmless_words_survive(void **state)
{
	(void)state;
	static const struct {
		const char *code, *kept;
	} cases[] = {
		{ "context_length_exceeded", "context_length_exceeded" },
		{ "rate-limit.v2", "rate-limit.v2" },
		{ "", "" },
		{ "sk-proj-abc", "" },
		{ "gsk_0123456789abcdefghij", "" },
		{ "abcdefghijklmnop", "" },
		{ "a1_b2_c3_d4_e5", "" },
		{ "two words", "" },
		{ "<b>bold</b>", "" },
		{ "caf\xc3\xa9", "" },
		{ "a_b_c_d_e_f_g_h_i_j_k_l_m_n_o_p_q_r_s_t_u_v_w_x_y_z_a_b_c_d_e_f_g", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct provider_error e;
		struct text body = quoted(
			&arena,
			arena_printf(&arena, "{'error':{'message':'Key sk-abc','code':'%s'}}",
				     cases[i].code));
		provider_error_read(400, body, TEXT_NULL, &e);
		assert_string_equal(e.code, cases[i].kept);
		arena_clear(&arena);
	}
}

static void param_names_the_callers_member(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct provider_error e;
	provider_error_read(400,
			    quoted(&arena, "{'error':{'type':'invalid_request_error','code':42,"
					   "'param':'messages[0].content'}}"),
			    TEXT_NULL, &e);
	assert_string_equal(e.param, "messages[0].content");
	assert_string_equal(e.code, "invalid_request_error");
	arena_clear(&arena);
}

static void retry_after_is_whole_seconds_of_a_day_at_most(void **state)
{
	(void)state;
	static const struct {
		const char *header;
		int seconds;
	} cases[] = { { "7", 7 },     { " 7 ", 7 },	 { "86400", 86400 },
		      { "86401", 0 }, { "-1", 0 },	 { "1.5", 0 },
		      { "", 0 },      { "tomorrow", 0 }, { "99999999999999999999", 0 } };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct provider_error e;
		provider_error_read(429, TEXT_NULL, text_of(cases[i].header), &e);
		assert_int_equal(e.retry_after_s, cases[i].seconds);
	}
}

static void errors_inside_an_answer_are_told_by_number_or_word(void **state)
{
	(void)state;
	static const struct {
		const char *error;
		enum err err;
		int status;
	} cases[] = {
		{ "{'code':429}", ERR_RATE_LIMITED, 429 },
		{ "{'code':'429'}", ERR_RATE_LIMITED, 429 },
		{ "{'code':'x','status':401}", ERR_PROVIDER_KEY_REJECTED, 401 },
		{ "{'code':7}", ERR_PROVIDER_ERROR, 0 },
		{ "{'code':'rate_limit_exceeded'}", ERR_RATE_LIMITED, 0 },
		{ "{'type':'overloaded_error'}", ERR_PROVIDER_ERROR, 0 },
		{ "{'type':'invalid_request_error','code':'context_length_exceeded'}",
		  ERR_PROVIDER_REFUSED, 0 },
		{ "{'code':'insufficient_quota'}", ERR_KEYS_EXHAUSTED, 0 },
		{ "{'code':'invalid_api_key'}", ERR_PROVIDER_KEY_REJECTED, 0 },
		{ "{'message':'?'}", ERR_PROVIDER_ERROR, 0 },
		{ "'boom'", ERR_PROVIDER_ERROR, 0 },
		{ "true", ERR_PROVIDER_ERROR, 0 },
		{ "[]", ERR_PROVIDER_ERROR, 0 },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct json_doc *doc = parsed(&arena, cases[i].error);
		struct provider_error e;
		provider_error_from_value(json_doc_root(doc), &e);
		if (e.err != cases[i].err || e.status != cases[i].status)
			fail_msg("%s: %d %d", cases[i].error, e.err, e.status);
		json_doc_free(doc);
		arena_clear(&arena);
	}
}

static void failed_transfers_have_their_own_sentences(void **state)
{
	(void)state;
	static const struct {
		enum err from;
		bool answered;
		enum err err;
		enum key_verdict key;
		const char *says; /* NULL: the table's */
	} cases[] = {
		{ ERR_UNAVAILABLE, false, ERR_PROVIDER_ERROR, KEY_LIMITED, "could not be reached" },
		{ ERR_UNAVAILABLE, true, ERR_PROVIDER_ERROR, KEY_LIMITED, "broke off" },
		{ ERR_PROVIDER_ERROR, false, ERR_PROVIDER_ERROR, KEY_LIMITED, "broke off" },
		{ ERR_TOO_LARGE, true, ERR_PROVIDER_ERROR, KEY_FINE, "larger" },
		{ ERR_PROVIDER_TIMEOUT, false, ERR_PROVIDER_TIMEOUT, KEY_LIMITED, NULL },
		{ ERR_PROVIDER_ADDRESS_FORBIDDEN, false, ERR_PROVIDER_ADDRESS_FORBIDDEN, KEY_FINE,
		  NULL },
		{ ERR_INVALID_REQUEST, false, ERR_PROVIDER_ERROR, KEY_LIMITED,
		  "could not be reached" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct provider_error e;
		provider_error_from_fetch(cases[i].from, cases[i].answered, &e);
		const char *says = provider_error_message(&e);
		assert_int_equal(e.err, cases[i].err);
		assert_int_equal(e.key, cases[i].key);
		assert_int_equal(e.status, 0);
		if (cases[i].says)
			assert_non_null(strstr(says, cases[i].says));
		else
			assert_null(says);
	}
	struct provider_error e;
	provider_error_from_nonsense(200, &e);
	assert_true(e.err == ERR_PROVIDER_ERROR && e.status == 200);
	assert_non_null(strstr(provider_error_message(&e), "base URL"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statuses_and_words_become_our_codes),
		cmocka_unit_test(only_harmless_words_survive),
		cmocka_unit_test(param_names_the_callers_member),
		cmocka_unit_test(retry_after_is_whole_seconds_of_a_day_at_most),
		cmocka_unit_test(errors_inside_an_answer_are_told_by_number_or_word),
		cmocka_unit_test(failed_transfers_have_their_own_sentences),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
