/* SPDX-License-Identifier: MIT */
/* Keys that live in memory: whose they are, how long they live, how many there may be. */
#include "support.h"

#include "session_keys.h"

#include "base/banned.h"

static struct identity person(uint8_t n, const char *session)
{
	struct identity id = { .has_user = true, .user = numbered(n) };
	snprintf(id.session, sizeof(id.session), "%s", session);
	return id;
}

static const struct session_key *add(struct session_keys *s, const struct identity *owner,
				     const char *key_text, int64_t now_ms)
{
	const struct session_key *key = NULL;
	AUTO(secret_clear) struct secret secret = SECRET_INIT;
	secret_set(&secret, key_text, strlen(key_text));
	assert_int_equal(session_keys_add(s, owner, "openai-compatible", TEXT("http://h/v1"), "",
					  &secret, now_ms, &key),
			 OK);
	assert_false(secret_is_set(&secret)); /* taken */
	return key;
}

static int make_keys(void **state)
{
	*state = session_keys_new();
	return 0;
}

static int free_keys(void **state)
{
	session_keys_free(*state);
	return 0;
}

static void key_comes_back_by_its_handle(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a");
	const struct session_key *made = add(s, &ann, "sk-secret", 0);
	assert_int_equal(strlen(made->handle), SESSION_KEY_HANDLE_CHARS);
	const struct session_key *used = session_keys_use(s, &ann, text_of(made->handle), 1);
	assert_ptr_equal(used, made);
	assert_string_equal((const char *)used->key.bytes, "sk-secret");
	assert_string_equal(used->provider, "openai-compatible");
	assert_string_equal(used->base_url, "http://h/v1");
}

static void handles_are_never_alike(void **state)
{
	struct session_keys *s = *state;
	char seen[64][SESSION_KEY_HANDLE_CHARS + 1];
	for (size_t i = 0; i < ARRAY_SIZE(seen); i++) {
		struct identity owner = person((uint8_t)i, "a");
		memcpy(seen[i], add(s, &owner, "k", 0)->handle, sizeof(seen[i]));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(seen[i], seen[j]);
	}
}

static void nobody_else_and_no_other_session_can_use_or_remove_it(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a");
	struct identity others[] = { person(2, "a"), person(1, "b"), person(1, ""), person(1, "aa"),
				     person(2, "b") };
	struct text handle = text_of(add(s, &ann, "k", 0)->handle);
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		assert_null(session_keys_use(s, &others[i], handle, 1));
		assert_false(session_keys_remove(s, &others[i], handle));
	}
	assert_non_null(session_keys_use(s, &ann, handle, 1));
}

static void wrong_handles_open_nothing(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a");
	const struct session_key *made = add(s, &ann, "k", 0);
	char changed[SESSION_KEY_HANDLE_CHARS + 2];
	assert_null(session_keys_use(s, &ann, TEXT_NULL, 1));
	assert_null(session_keys_use(s, &ann, TEXT(""), 1));
	assert_null(session_keys_use(s, &ann, text_from(made->handle, 21), 1));
	snprintf(changed, sizeof(changed), "%sA", made->handle);
	assert_null(session_keys_use(s, &ann, text_of(changed), 1));
	for (size_t i = 0; i < SESSION_KEY_HANDLE_CHARS; i++) {
		snprintf(changed, sizeof(changed), "%s", made->handle);
		changed[i] = changed[i] == 'A' ? 'B' : 'A';
		assert_null(session_keys_use(s, &ann, text_of(changed), 1));
	}
}

static void unused_key_dies_after_half_an_hour(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a");
	struct text handle = text_of(add(s, &ann, "k", 1000)->handle);
	assert_non_null(session_keys_use(s, &ann, handle, 1000 + SESSION_KEY_IDLE_MS - 1));
	/* That was a use, so the half hour begins anew. */
	assert_non_null(session_keys_use(s, &ann, handle, 1000 + 2 * SESSION_KEY_IDLE_MS - 2));
	assert_null(session_keys_use(s, &ann, handle, 1000 + 3 * SESSION_KEY_IDLE_MS - 2));
}

static void used_key_dies_after_eight_hours_all_the_same(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a");
	struct text handle = text_of(add(s, &ann, "k", 0)->handle);
	int64_t now = 0;
	for (; now < SESSION_KEY_LIFE_MS; now += SESSION_KEY_IDLE_MS / 2)
		assert_non_null(session_keys_use(s, &ann, handle, now));
	assert_null(session_keys_use(s, &ann, handle, SESSION_KEY_LIFE_MS));
}

static void sweep_frees_the_dead_and_only_them(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a"), bob = person(2, "a");
	add(s, &ann, "old", 0);
	add(s, &bob, "old", 0);
	struct text young = text_of(add(s, &ann, "young", 1000)->handle);
	session_keys_expire(s, SESSION_KEY_IDLE_MS - 1);
	assert_int_equal(session_keys_count(s), 3);
	session_keys_expire(s, SESSION_KEY_IDLE_MS);
	assert_int_equal(session_keys_count(s), 1);
	assert_non_null(session_keys_use(s, &ann, young, SESSION_KEY_IDLE_MS));
	session_keys_expire(s, INT64_MAX / 2);
	assert_int_equal(session_keys_count(s), 0);
}

static void sixth_key_of_a_person_takes_the_place_of_the_first(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a"), bob = person(2, "a");
	char handles[6][SESSION_KEY_HANDLE_CHARS + 1];
	struct text bobs = text_of(add(s, &bob, "bob", 0)->handle);
	for (size_t i = 0; i < 6; i++)
		memcpy(handles[i], add(s, &ann, "k", (int64_t)i)->handle, sizeof(handles[i]));
	assert_null(session_keys_use(s, &ann, text_of(handles[0]), 10));
	for (size_t i = 1; i < 6; i++)
		assert_non_null(session_keys_use(s, &ann, text_of(handles[i]), 10));
	assert_non_null(session_keys_use(s, &bob, bobs, 10));
	assert_int_equal(session_keys_count(s), 6);
}

static void share_of_a_person_counts_over_all_their_sessions(void **state)
{
	struct session_keys *s = *state;
	for (int i = 0; i < 20; i++) {
		char session[16];
		snprintf(session, sizeof(session), "s%d", i);
		struct identity ann = person(1, session);
		add(s, &ann, "k", i);
	}
	assert_int_equal(session_keys_count(s), SESSION_KEYS_PER_USER);
}

static void full_house_takes_no_more_until_one_dies(void **state)
{
	struct session_keys *s = *state;
	const struct session_key *key = NULL;
	AUTO(secret_clear) struct secret secret = SECRET_INIT;
	for (size_t i = 0; i < SESSION_KEYS_IN_ALL; i++) {
		struct identity owner = person(0, "a");
		owner.user.bytes[0] = (uint8_t)(i >> 8);
		owner.user.bytes[1] = (uint8_t)i;
		add(s, &owner, "k", 0);
	}
	struct identity late = person(99, "late");
	secret_set(&secret, "k", 1);
	assert_int_equal(session_keys_add(s, &late, "openai", TEXT_NULL, "", &secret, 1, &key),
			 ERR_UNAVAILABLE);
	assert_null(key);
	assert_true(secret_is_set(&secret)); /* still the caller's */
	assert_int_equal(session_keys_count(s), SESSION_KEYS_IN_ALL);
	assert_int_equal(session_keys_add(s, &late, "openai", TEXT_NULL, "", &secret,
					  SESSION_KEY_IDLE_MS, &key),
			 OK);
	assert_null(key->base_url);
	assert_int_equal(session_keys_count(s), 1);
}

static void removed_key_is_gone(void **state)
{
	struct session_keys *s = *state;
	struct identity ann = person(1, "a");
	char handle[SESSION_KEY_HANDLE_CHARS + 1];
	memcpy(handle, add(s, &ann, "k", 0)->handle, sizeof(handle));
	assert_true(session_keys_remove(s, &ann, text_of(handle)));
	assert_false(session_keys_remove(s, &ann, text_of(handle)));
	assert_null(session_keys_use(s, &ann, text_of(handle), 1));
	assert_int_equal(session_keys_count(s), 0);
}

#define WITH_KEYS(test) cmocka_unit_test_setup_teardown(test, make_keys, free_keys)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_KEYS(key_comes_back_by_its_handle),
		WITH_KEYS(handles_are_never_alike),
		WITH_KEYS(nobody_else_and_no_other_session_can_use_or_remove_it),
		WITH_KEYS(wrong_handles_open_nothing),
		WITH_KEYS(unused_key_dies_after_half_an_hour),
		WITH_KEYS(used_key_dies_after_eight_hours_all_the_same),
		WITH_KEYS(sweep_frees_the_dead_and_only_them),
		WITH_KEYS(sixth_key_of_a_person_takes_the_place_of_the_first),
		WITH_KEYS(share_of_a_person_counts_over_all_their_sessions),
		WITH_KEYS(full_house_takes_no_more_until_one_dies),
		WITH_KEYS(removed_key_is_gone),
	};
	return cmocka_run_group_tests(tests, use_unlocked_memory, NULL);
}
