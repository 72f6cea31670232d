/* SPDX-License-Identifier: MIT */
/*
 * The fixed vectors of docs/sealed-format.md, made by another implementation in another language:
 * what the daemons derive and open is the published format, not just whatever they happen to write.
 */
#include "support.h"

#include <stdlib.h>

#include "crypto/seal.h"
#include "json/json.h"

#include "base/banned.h"

struct derivation {
	struct text secret, salt, family, kek, kekId;
};

static const struct json_field derivation_fields[] = {
	JSON_FIELD(JSON_TEXT, derivation, secret, .required = true),
	JSON_FIELD(JSON_TEXT, derivation, salt, .required = true),
	JSON_FIELD(JSON_TEXT, derivation, family, .required = true),
	JSON_FIELD(JSON_TEXT, derivation, kek, .required = true),
	JSON_FIELD(JSON_TEXT, derivation, kekId, .required = true),
	{ 0 },
};

struct record {
	struct text name, kekId, key, label, table, column, plain, sealed;
	struct json_int dekVersion;
	struct json_uuid user, row;
	struct json_text_list extra;
};

static const struct json_field record_fields[] = {
	JSON_FIELD(JSON_TEXT, record, name, .required = true),
	JSON_FIELD(JSON_TEXT, record, kekId, .required = true),
	JSON_FIELD(JSON_INT, record, dekVersion, .required = true),
	JSON_FIELD(JSON_TEXT, record, key, .required = true),
	JSON_FIELD(JSON_TEXT, record, label, .required = true),
	JSON_FIELD(JSON_UUID, record, user, .required = true),
	JSON_FIELD(JSON_TEXT, record, table),
	JSON_FIELD(JSON_UUID, record, row, .required = true),
	JSON_FIELD(JSON_TEXT, record, column),
	JSON_FIELD(JSON_TEXT_LIST, record, extra, .max = 4, .required = true),
	JSON_FIELD(JSON_TEXT, record, plain, .max = 1024, .required = true),
	JSON_FIELD(JSON_TEXT, record, sealed, .max = 1024, .required = true),
	{ 0 },
};

struct vectors {
	struct json_list derivations, records;
	struct arena arena; /* not a member of the JSON */
};

static const struct json_field vectors_fields[] = {
	JSON_FIELD(JSON_OBJECT_LIST, vectors, derivations, .fields = derivation_fields,
		   .size = sizeof(struct derivation), .required = true),
	JSON_FIELD(JSON_OBJECT_LIST, vectors, records, .fields = record_fields,
		   .size = sizeof(struct record), .required = true),
	{ 0 },
};

static int read_vectors(void **state)
{
	struct vectors *v = xcalloc(1, sizeof(*v));
	struct json_problem problem = { 0 };
	static char json[65536];
	FILE *file = fopen(SEALED_VECTORS, "r");

	secret_init_library(true);
	if (!file)
		return -1;
	size_t len = fread(json, 1, sizeof(json), file);
	fclose(file);
	*state = v;
	if (json_decode((struct text){ json, len }, vectors_fields, v, &v->arena, &problem) == OK)
		return 0;
	fprintf(stderr, "%s\n", problem.message);
	return -1;
}

static int free_vectors(void **state)
{
	struct vectors *v = *state;

	arena_clear(&v->arena);
	free(v);
	return 0;
}

static void the_published_keys_are_derived(void **state)
{
	const struct vectors *v = *state;

	assert_true(v->derivations.count >= 2);
	for (size_t i = 0; i < v->derivations.count; i++) {
		const struct derivation *d = (const struct derivation *)v->derivations.items + i;
		struct bytes secret_bytes = hex(d->secret.ptr), salt = hex(d->salt.ptr);
		struct bytes kek = hex(d->kek.ptr), id = hex(d->kekId.ptr);
		AUTO(secret_clear) struct secret secret = SECRET_INIT;
		AUTO(secret_clear) struct secret got = SECRET_INIT;
		uint8_t got_id[4];

		secret_set(&secret, secret_bytes.data, secret_bytes.len);
		kek_derive(&secret, salt.data, d->family.ptr, &got, got_id);
		assert_int_equal(got.len, kek.len);
		assert_memory_equal(got.bytes, kek.data, kek.len);
		assert_memory_equal(got_id, id.data, 4);
	}
}

static struct seal_place place_of(const struct record *r)
{
	struct seal_place place = {
		.label = r->label.ptr,
		.user = r->user.value,
		.table = r->table.ptr,
		.row = r->row.value,
		.column = r->column.ptr,
	};

	for (size_t i = 0; i < r->extra.count; i++)
		place.extra[i] = r->extra.items[i];
	return place;
}

static void the_published_records_open(void **state)
{
	const struct vectors *v = *state;

	assert_true(v->records.count >= 5);
	for (size_t i = 0; i < v->records.count; i++) {
		const struct record *r = (const struct record *)v->records.items + i;
		struct bytes key_bytes = hex(r->key.ptr), id = hex(r->kekId.ptr);
		struct bytes sealed = hex(r->sealed.ptr), plain = hex(r->plain.ptr);
		struct text record = { (const char *)sealed.data, sealed.len };
		struct seal_key key = { .dek_version = (uint32_t)r->dekVersion.value,
					.key = key_bytes.data };
		struct seal_place place = place_of(r);
		AUTO(strbuf_clear) struct strbuf got = STRBUF_INIT(1024);

		memcpy(key.kek_id, id.data, 4);
		if (seal_open(&key, &place, record, &got) != OK)
			fail_msg("\"%s\" does not open", r->name.ptr);
		assert_int_equal(got.len, plain.len);
		assert_memory_equal(got.data, plain.data, plain.len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_published_keys_are_derived),
		cmocka_unit_test(the_published_records_open),
	};

	return cmocka_run_group_tests(tests, read_vectors, free_vectors);
}
