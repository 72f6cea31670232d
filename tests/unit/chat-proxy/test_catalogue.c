/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "catalogue.h"

static void every_model_has_what_people_compare(void **state)
{
	(void)state;
	struct catalogue *c = catalogue_new();
	assert_true(c->count > 5);
	for (size_t i = 0; i < c->count; i++) {
		const struct catalogue_model *m = &c->models[i];
		assert_true(m->id[0] && m->provider != PROVIDER_NONE);
		assert_true(m->context_window >= m->max_output && m->max_output > 0);
		assert_true(m->price.known && m->price.input > 0 &&
			    m->price.output >= m->price.input);
		assert_true(m->price.cached < 0 || m->price.cached <= m->price.input);
		assert_ptr_equal(catalogue_find(c, m->provider, text_of(m->id)), m); /* no double */
	}
	catalogue_free(c);
}

static void prices_are_found_by_provider_and_exact_name(void **state)
{
	(void)state;
	struct catalogue *c = catalogue_new();
	struct price p = catalogue_price(c, PROVIDER_OPENAI, TEXT("gpt-4o"));
	assert_true(p.known && p.input == 2.5 && p.output == 10 && p.cached == 1.25);
	assert_false(catalogue_price(c, PROVIDER_COMPATIBLE, TEXT("gpt-4o")).known);
	assert_false(catalogue_price(c, PROVIDER_NONE, TEXT("gpt-4o")).known);
	assert_false(catalogue_price(c, PROVIDER_OPENAI, TEXT("gpt-4")).known);
	assert_false(catalogue_price(c, PROVIDER_OPENAI, TEXT("")).known);
	catalogue_free(c);
}

static void dated_editions_have_the_price_of_their_model(void **state)
{
	(void)state;
	static const struct {
		const char *id;
		bool known;
	} cases[] = {
		{ "gpt-4o-2024-08-06", true },	 { "gpt-4o-mini-2024-07-18", true },
		{ "gpt-4o-2024-08-6", false },	 { "gpt-4o-20240806", false },
		{ "gpt-4o-latest", false },	 { "-2024-08-06", false },
		{ "nothing-2024-08-06", false }, { "gpt-4o_2024-08-06", false },
	};
	struct catalogue *c = catalogue_new();
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(catalogue_price(c, PROVIDER_OPENAI, text_of(cases[i].id)).known,
				 cases[i].known);
	catalogue_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_model_has_what_people_compare),
		cmocka_unit_test(prices_are_found_by_provider_and_exact_name),
		cmocka_unit_test(dated_editions_have_the_price_of_their_model),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
