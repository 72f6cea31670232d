/* SPDX-License-Identifier: MIT */
/* A token's form: made well, read strictly, and nothing like it is taken for one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "token.h"
#include "token/envelope.h"

#include "base/banned.h"

static int set_up(void **state)
{
	(void)state;
	secret_init_library(true);
	return 0;
}

static void a_token_reads_back_as_what_is_stored_of_it(void **state)
{
	char text[TOKEN_CHARS + 1];
	struct token_parts made, read;

	(void)state;
	token_new(text, &made);
	assert_int_equal(strlen(text), TOKEN_CHARS);
	assert_memory_equal(text, TOKEN_PREFIX, strlen(TOKEN_PREFIX));
	assert_memory_equal(text + strlen(TOKEN_PREFIX), made.public_id, TOKEN_ID_CHARS);
	assert_int_equal(text[strlen(TOKEN_PREFIX) + TOKEN_ID_CHARS], '_');
	assert_int_equal(token_parse(text_of(text), &read), OK);
	assert_string_equal(read.public_id, made.public_id);
	assert_memory_equal(read.secret_sha256, made.secret_sha256, SHA256_BYTES);
}

static void a_known_token_is_read_as_ever(void **state)
{
	static const char known[] =
		"grove_abcdefghij01_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8pm7D3L";
	struct token_parts read;
	char hex[2 * SHA256_BYTES + 1];

	(void)state;
	assert_int_equal(token_parse(TEXT(known), &read), OK);
	assert_string_equal(read.public_id, "abcdefghij01");
	assert_true(bytes_to_hex(read.secret_sha256, SHA256_BYTES, hex, sizeof(hex)));
	assert_string_equal(hex,
			    "630dcd2966c4336691125448bbb25b4ff412a49c732db2c8abc1b8581bd710dd");
}

static void no_two_tokens_are_alike(void **state)
{
	enum { COUNT = 200 };
	static char texts[COUNT][TOKEN_CHARS + 1];
	struct token_parts parts[COUNT];

	(void)state;
	for (size_t i = 0; i < COUNT; i++) {
		token_new(texts[i], &parts[i]);
		for (size_t j = 0; j < i; j++) {
			assert_string_not_equal(parts[i].public_id, parts[j].public_id);
			assert_memory_not_equal(parts[i].secret_sha256, parts[j].secret_sha256,
						SHA256_BYTES);
		}
	}
}

static void every_altered_character_is_noticed_without_a_look_up(void **state)
{
	static const char characters[] = "Aa0-_ .=\x01\x7f\xff";
	char text[TOKEN_CHARS + 1], spoilt[TOKEN_CHARS + 1];
	struct token_parts made, read;

	(void)state;
	token_new(text, &made);
	for (size_t i = 0; i < TOKEN_CHARS; i++) {
		for (size_t c = 0; c < sizeof(characters); c++) { /* the NUL too */
			memcpy(spoilt, text, sizeof(text));
			spoilt[i] = characters[c];
			if (spoilt[i] == text[i])
				continue;
			if (token_parse((struct text){ spoilt, TOKEN_CHARS }, &read) == OK)
				fail_msg("%s passed with a change at %zu", spoilt, i);
		}
	}
}

static void other_lengths_and_cases_are_not_tokens(void **state)
{
	char text[TOKEN_CHARS + 1], changed[TOKEN_CHARS + 8];
	struct token_parts made, read;

	(void)state;
	token_new(text, &made);
	for (size_t len = 0; len < TOKEN_CHARS; len++)
		assert_int_equal(token_parse((struct text){ text, len }, &read),
				 ERR_UNAUTHENTICATED);
	snprintf(changed, sizeof(changed), "%s%c", text, 'A');
	assert_int_equal(token_parse(text_of(changed), &read), ERR_UNAUTHENTICATED);
	snprintf(changed, sizeof(changed), " %s", text);
	assert_int_equal(token_parse(text_of(changed), &read), ERR_UNAUTHENTICATED);
	for (size_t i = 0; i <= TOKEN_CHARS; i++)
		changed[i] = (char)(text[i] >= 'a' && text[i] <= 'z' ? text[i] - 32 : text[i]);
	assert_int_equal(token_parse(text_of(changed), &read), ERR_UNAUTHENTICATED);
	assert_int_equal(token_parse(TEXT_NULL, &read), ERR_UNAUTHENTICATED);
}

static void a_failure_leaves_the_result_alone(void **state)
{
	struct token_parts read = { .public_id = "untouched" };

	(void)state;
	assert_int_equal(token_parse(TEXT("grove_"), &read), ERR_UNAUTHENTICATED);
	assert_string_equal(read.public_id, "untouched");
}

static void the_header_is_bearer_one_blank_and_the_token(void **state)
{
	static const struct {
		const char *format;
		bool fits;
	} cases[] = {
		{ "Bearer %s", true },
		{ "bearer %s", true },
		{ "BEARER %s", true },
		{ "Bearer  %s", false },
		{ "Bearer\t%s", false },
		{ "Bearer%s", false },
		{ "%s", false },
		{ "Basic %s", false },
		{ "Token %s", false },
		{ "Bearer %s ", false },
		{ "Bearer %s,x", false },
		{ "Bearer Bearer %s", false },
		{ "Bearer \"%s\"", false },
		{ " Bearer %s", false },
		{ "Bearer x%s", false },
	};
	char text[TOKEN_CHARS + 1];
	struct token_parts made, read;

	(void)state;
	token_new(text, &made);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(strbuf_clear) struct strbuf header = STRBUF_INIT(400);
		const char *mark = strstr(cases[i].format, "%s");

		assert_int_equal(
			strbuf_append(&header, cases[i].format, (size_t)(mark - cases[i].format)),
			OK);
		assert_int_equal(strbuf_append_str(&header, text), OK);
		assert_int_equal(strbuf_append_str(&header, mark + 2), OK);
		if ((token_from_authorization(strbuf_text(&header), &read) == OK) != cases[i].fits)
			fail_msg("%s", cases[i].format);
	}
	assert_int_equal(token_from_authorization(TEXT("Bearer"), &read), ERR_UNAUTHENTICATED);
	assert_int_equal(token_from_authorization(TEXT("Bearer "), &read), ERR_UNAUTHENTICATED);
	assert_int_equal(token_from_authorization(TEXT(""), &read), ERR_UNAUTHENTICATED);
}

static void scopes_are_stored_by_name_and_read_back(void **state)
{
	char out[200];
	unsigned scopes;

	(void)state;
	for (unsigned all = 1; all < SCOPE_CLI << 1; all++) {
		token_scopes_format(all, out, sizeof(out));
		assert_int_equal(token_scopes_parse(text_of(out), &scopes), OK);
		assert_int_equal(scopes, all);
	}
	token_scopes_format(SCOPE_CLI | SCOPE_CHAT, out, sizeof(out));
	assert_string_equal(out, "chat cli");
	token_scopes_format(0, out, sizeof(out));
	assert_string_equal(out, "");
}

static void unknown_scopes_are_no_scopes(void **state)
{
	static const char *const bad[] = { "root",	"chat root", "chat,cli", "Chat",
					   "chat  cli", " chat",     "chat ",	 "" };
	unsigned scopes = 99;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		if (token_scopes_parse(text_of(bad[i]), &scopes) == OK)
			fail_msg("\"%s\"", bad[i]);
		assert_int_equal(scopes, 99);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_reads_back_as_what_is_stored_of_it),
		cmocka_unit_test(a_known_token_is_read_as_ever),
		cmocka_unit_test(no_two_tokens_are_alike),
		cmocka_unit_test(every_altered_character_is_noticed_without_a_look_up),
		cmocka_unit_test(other_lengths_and_cases_are_not_tokens),
		cmocka_unit_test(a_failure_leaves_the_result_alone),
		cmocka_unit_test(the_header_is_bearer_one_blank_and_the_token),
		cmocka_unit_test(scopes_are_stored_by_name_and_read_back),
		cmocka_unit_test(unknown_scopes_are_no_scopes),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
