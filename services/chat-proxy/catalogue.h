/* SPDX-License-Identifier: MIT */
/* What we know about models without asking anybody: data/models.json, built in, with its date and
 * source. Read once at start. */
#pragma once

#include "base/text.h"

#include "provider.h"
#include "usage.h"

struct catalogue_model {
	enum provider provider;
	char id[64];
	int64_t context_window, max_output;
	struct price price;
	bool reasoning, images;
};

struct catalogue {
	struct catalogue_model *models;
	size_t count;
};

/* Aborts on a broken file: it is part of the program. */
struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue *c);
const struct catalogue_model *catalogue_find(const struct catalogue *c, enum provider provider,
					     struct text id);
struct price catalogue_price(const struct catalogue *c, enum provider provider, struct text id);
