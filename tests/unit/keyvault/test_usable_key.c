/* SPDX-License-Identifier: MIT */
/* Which of a person's keys is used, and what is said when none is. */
#include "support.h"

#include "usable_key.h"

#include "base/banned.h"

#define NOW "2026-03-14T15:09:26.535Z"

static struct usable_key key(uint8_t n)
{
	return (struct usable_key){ .id = numbered(n),
				    .provider = TEXT("openai"),
				    .status = TEXT("ok") };
}

static struct key_choice choose(struct usable_key *items, size_t count, const char *provider,
				const char *now)
{
	struct usable_keys keys = { items, count };
	struct key_question q = { .provider = text_of(provider), .now = at(now) };
	return usable_keys_choose(&keys, &q);
}

static struct key_choice choose_one(struct usable_key k, const char *now)
{
	return choose(&k, 1, "openai", now);
}

static void assert_resets(struct key_choice c, const char *when)
{
	char text[RFC3339_SIZE];
	rfc3339_format(c.resets, text);
	assert_string_equal(text, when);
}

static void first_in_order_is_chosen(void **state)
{
	(void)state;
	struct usable_key keys[] = { key(1), key(2), key(3) };
	struct key_choice c = choose(keys, 3, "openai", NOW);
	assert_int_equal(c.refusal, KEY_CHOSEN);
	assert_ptr_equal(c.key, &keys[0]);
	assert_int_equal(c.resets.value, 0);
}

static void only_the_asked_providers_keys_count_and_absent_means_any(void **state)
{
	(void)state;
	struct usable_key keys[] = { key(1), key(2) };
	keys[0].provider = TEXT("anthropic");
	assert_ptr_equal(choose(keys, 2, "openai", NOW).key, &keys[1]);
	assert_ptr_equal(choose(keys, 2, "anthropic", NOW).key, &keys[0]);
	assert_ptr_equal(choose(keys, 2, NULL, NOW).key, &keys[0]);
	assert_int_equal(choose(keys, 2, "google", NOW).refusal, KEY_IS_OTHER_PROVIDERS);
	assert_int_equal(choose(keys, 0, "google", NOW).refusal, KEY_NONE);
	assert_int_equal(choose(keys, 0, NULL, NOW).refusal, KEY_NONE);
}

static void excluded_keys_are_passed_over(void **state)
{
	(void)state;
	struct usable_key items[] = { key(1), key(2), key(3) };
	struct uuid excluded[] = { numbered(1), numbered(2), numbered(3) };
	struct usable_keys keys = { items, 3 };
	for (size_t n = 0; n <= 3; n++) {
		struct key_question q = { TEXT("openai"), excluded, n, at(NOW) };
		struct key_choice c = usable_keys_choose(&keys, &q);
		assert_int_equal(c.refusal, n < 3 ? KEY_CHOSEN : KEY_IS_EXCLUDED);
		if (n < 3)
			assert_ptr_equal(c.key, &items[n]);
	}
}

static void budget_is_spent_when_reached(void **state)
{
	(void)state;
	static const struct {
		double budget, cost;
		enum key_refusal wanted;
	} cases[] = {
		{ 10, 0, KEY_CHOSEN },		{ 10, 9.99999999, KEY_CHOSEN },
		{ 10, 10, KEY_IS_OVER_BUDGET }, { 10, 11, KEY_IS_OVER_BUDGET },
		{ 0, 0, KEY_IS_OVER_BUDGET },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct usable_key k = key(1);
		k.has_budget = true;
		k.budget = cases[i].budget;
		k.month_cost = cases[i].cost;
		assert_int_equal(choose_one(k, NOW).refusal, cases[i].wanted);
		k.has_budget = false;
		assert_int_equal(choose_one(k, NOW).refusal, KEY_CHOSEN);
	}
}

static void limits_are_used_up_when_reached(void **state)
{
	(void)state;
	for (int64_t used = 0; used < 5; used++) {
		struct usable_key k = key(1);
		k.has_daily = true;
		k.daily = 3;
		k.today = used;
		assert_int_equal(choose_one(k, NOW).refusal,
				 used < 3 ? KEY_CHOSEN : KEY_IS_OVER_LIMIT);
		k = key(1);
		k.has_rpm = true;
		k.rpm = 3;
		k.minute = used;
		assert_int_equal(choose_one(k, NOW).refusal,
				 used < 3 ? KEY_CHOSEN : KEY_IS_OVER_LIMIT);
	}
}

static void budget_opens_on_the_first_of_the_next_month(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{ "2026-03-14T15:09:26.535Z", "2026-04-01T00:00:00.000Z" },
		{ "2026-01-31T23:59:59.999Z", "2026-02-01T00:00:00.000Z" },
		{ "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z" },
		{ "2024-02-29T12:00:00.000Z", "2024-03-01T00:00:00.000Z" },
		{ "2026-02-28T23:59:59.999Z", "2026-03-01T00:00:00.000Z" },
		{ "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z" },
		{ "2099-12-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct usable_key k = key(1);
		k.has_budget = true;
		assert_resets(choose_one(k, cases[i][0]), cases[i][1]);
	}
}

static void limits_open_with_the_next_day_and_the_next_minute(void **state)
{
	(void)state;
	static const char *const cases[][3] = {
		{ "2026-03-14T15:09:26.535Z", "2026-03-15T00:00:00.000Z",
		  "2026-03-14T15:10:00.000Z" },
		{ "2026-03-14T00:00:00.000Z", "2026-03-15T00:00:00.000Z",
		  "2026-03-14T00:01:00.000Z" },
		{ "2026-12-31T23:59:59.999Z", "2027-01-01T00:00:00.000Z",
		  "2027-01-01T00:00:00.000Z" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct usable_key k = key(1);
		k.has_daily = true;
		assert_resets(choose_one(k, cases[i][0]), cases[i][1]);
		k = key(1);
		k.has_rpm = true;
		assert_resets(choose_one(k, cases[i][0]), cases[i][2]);
		/* Both: the day has to end anyway. */
		k.has_daily = true;
		assert_resets(choose_one(k, cases[i][0]), cases[i][1]);
	}
}

static void earliest_of_several_openings_is_told(void **state)
{
	(void)state;
	struct usable_key keys[] = { key(1), key(2), key(3) };
	keys[0].has_budget = keys[1].has_daily = keys[2].has_rpm = true;
	struct key_choice c = choose(keys, 3, "openai", NOW);
	assert_int_equal(c.refusal, KEY_IS_OVER_LIMIT);
	assert_resets(c, "2026-03-14T15:10:00.000Z");
	c = choose(keys, 2, "openai", NOW);
	assert_resets(c, "2026-03-15T00:00:00.000Z");
	c = choose(keys, 1, "openai", NOW);
	assert_int_equal(c.refusal, KEY_IS_OVER_BUDGET);
	assert_ptr_equal(c.key, &keys[0]);
}

static void used_up_key_gives_way_to_the_next(void **state)
{
	(void)state;
	struct usable_key keys[] = { key(1), key(2) };
	keys[0].has_daily = true;
	assert_ptr_equal(choose(keys, 2, "openai", NOW).key, &keys[1]);
}

static void rejected_keys_come_last_in_their_order(void **state)
{
	(void)state;
	struct usable_key keys[] = { key(1), key(2), key(3) };
	keys[0].status = keys[1].status = TEXT("rejected");
	assert_ptr_equal(choose(keys, 3, "openai", NOW).key, &keys[2]);
	keys[2].has_rpm = true;
	assert_ptr_equal(choose(keys, 3, "openai", NOW).key, &keys[0]);
	keys[0].has_budget = true;
	assert_ptr_equal(choose(keys, 3, "openai", NOW).key, &keys[1]);
}

static void key_that_is_not_at_home_is_not_used_and_tells_why(void **state)
{
	(void)state;
	struct usable_key keys[] = { key(1), key(2), key(3) };
	keys[0].place = KEY_MOVED;
	assert_ptr_equal(choose(keys, 2, "openai", NOW).key, &keys[1]);
	struct key_choice c = choose(keys, 1, "openai", NOW);
	assert_int_equal(c.refusal, KEY_IS_MOVED);
	assert_ptr_equal(c.key, &keys[0]);
	keys[1].place = KEY_SHUT_OUT;
	c = choose(keys, 2, "openai", NOW);
	assert_int_equal(c.refusal, KEY_IS_SHUT_OUT);
	assert_ptr_equal(c.key, &keys[1]);
	/* What can come back by itself is the better news. */
	keys[2].has_daily = true;
	assert_int_equal(choose(keys, 3, "openai", NOW).refusal, KEY_IS_OVER_LIMIT);
	assert_int_equal(choose(keys, 1, "google", NOW).refusal, KEY_IS_OTHER_PROVIDERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_order_is_chosen),
		cmocka_unit_test(only_the_asked_providers_keys_count_and_absent_means_any),
		cmocka_unit_test(excluded_keys_are_passed_over),
		cmocka_unit_test(budget_is_spent_when_reached),
		cmocka_unit_test(limits_are_used_up_when_reached),
		cmocka_unit_test(budget_opens_on_the_first_of_the_next_month),
		cmocka_unit_test(limits_open_with_the_next_day_and_the_next_minute),
		cmocka_unit_test(earliest_of_several_openings_is_told),
		cmocka_unit_test(used_up_key_gives_way_to_the_next),
		cmocka_unit_test(rejected_keys_come_last_in_their_order),
		cmocka_unit_test(key_that_is_not_at_home_is_not_used_and_tells_why),
	};
	return cmocka_run_group_tests(tests, use_unlocked_memory, NULL);
}
