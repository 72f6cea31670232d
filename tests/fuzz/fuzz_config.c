/* SPDX-License-Identifier: MIT */
/*
 * Configuration values of every kind. The first byte chooses the setting, the rest is its value in
 * the environment: it is loaded and cleared, or refused with a line that names it; addresses and
 * origins that are accepted must read the same again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "config/config_private.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sample {
	char *text;
	bool boolean;
	int64_t number;
	int choice;
	struct config_address listen, peer;
	char *origin;
	struct config_list list;
	char *file;
	struct secret secret, key;
	struct config_secret_list keys;
};

static const char *const choices[] = { "a", "bc", NULL };

static const struct config_field fields[] = {
	{ "FUZZ_TEXT", CONFIG_TEXT, CONFIG_FIELD(sample, text), .text = "x" },
	{ "FUZZ_BOOL", CONFIG_BOOL, CONFIG_FIELD(sample, boolean), .text = "x" },
	{ "FUZZ_INT", CONFIG_INT, CONFIG_FIELD(sample, number), .min = -9, .max = 99, .text = "x" },
	{ "FUZZ_ENUM", CONFIG_ENUM, CONFIG_FIELD(sample, choice), .choices = choices, .text = "x" },
	{ "FUZZ_LISTEN", CONFIG_LISTEN, CONFIG_FIELD(sample, listen), .text = "x" },
	{ "FUZZ_PEER", CONFIG_PEER, CONFIG_FIELD(sample, peer), .text = "x" },
	{ "FUZZ_ORIGIN", CONFIG_ORIGIN, CONFIG_FIELD(sample, origin), .http_allowed = true,
	  .text = "x" },
	{ "FUZZ_LIST", CONFIG_LIST, CONFIG_FIELD(sample, list), .text = "x" },
	{ "FUZZ_FILE", CONFIG_FILE, CONFIG_FIELD(sample, file), .text = "x" },
	{ "FUZZ_SECRET", CONFIG_SECRET, CONFIG_FIELD(sample, secret), .text = "x" },
	{ "FUZZ_KEY32", CONFIG_KEY32, CONFIG_FIELD(sample, key), .text = "x" },
	{ "FUZZ_KEY32_LIST", CONFIG_KEY32_LIST, CONFIG_FIELD(sample, keys), .text = "x" },
	{ 0 },
};

static void check_address(const struct config_address *a)
{
	AUTO(config_address_clear) struct config_address again = { 0 };
	char text[160], text_again[160];

	if (!a->unix_path && !a->host[0])
		return;
	config_address_format(a, text, sizeof(text));
	BUG_ON(config_address_parse(text_of(text), &again) != OK);
	config_address_format(&again, text_again, sizeof(text_again));
	BUG_ON(!text_is(text_of(text), text_again));
}

static void check_sample(const struct sample *s)
{
	check_address(&s->listen);
	check_address(&s->peer);
	if (s->origin) {
		AUTO(auto_free) char *again = config_origin_normalise(text_of(s->origin), true);
		BUG_ON(!again || !text_is(text_of(again), s->origin));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct sample sample = { 0 };
	const struct config_field *const tables[] = { fields, NULL };
	void *const targets[] = { &sample, NULL };
	const struct config_tables both = { .tables = tables, .targets = targets };
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(65536);

	if (!ready) {
		secret_init_library(true);
		clearenv(); /* a GROVE_ name of the caller's would be refused */
		ready = true;
	}
	if (!size)
		return 0;
	const struct config_field *field = &fields[data[0] % (ARRAY_SIZE(fields) - 1)];
	/* The environment ends a value at its first NUL, as it would in life. */
	AUTO(auto_free) char *value = xmemdup0(data + 1, size - 1);
	BUG_ON(setenv(field->name, value, 1) != 0);
	if (config_load(&both, &errors) == OK)
		check_sample(&sample);
	else
		BUG_ON(!text_starts_with(strbuf_text(&errors), field->name));
	unsetenv(field->name);
	config_clear(&both);
	return 0;
}
