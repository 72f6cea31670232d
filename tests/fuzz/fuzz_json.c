/* SPDX-License-Identifier: MIT */
/*
 * Any bytes through the gate, a table of every kind, and the tree. What the gate passes must be
 * plain JSON to cJSON, come through the writer as JSON again, and say the same the second time.
 */
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "base/base.h"
#include "json/json.h"

#include "base/banned.h"

struct part {
	bool given;
	struct text t;
	struct secret s;
};
struct form {
	struct text t, r;
	struct json_text o;
	struct secret s;
	struct json_uuid u;
	struct json_bool b;
	struct json_int i, w;
	struct json_number n;
	struct json_text_list tl;
	struct json_uuid_list ul;
	struct part p;
	struct json_list l;
};

static const char *const some[] = { "a", "b", NULL };
static const struct json_field part_fields[] = {
	JSON_FIELD(JSON_TEXT, part, t, .one_of = some),
	JSON_FIELD(JSON_SECRET_TEXT, part, s, .nullable = true),
	{ 0 },
};
static const struct json_field form_fields[] = {
	JSON_FIELD(JSON_TEXT, form, t, .max = 1 << 20),
	JSON_FIELD(JSON_RAW, form, r),
	JSON_FIELD(JSON_OPT_TEXT, form, o, .nullable = true),
	JSON_FIELD(JSON_SECRET_TEXT, form, s),
	JSON_FIELD(JSON_UUID, form, u, .nullable = true),
	JSON_FIELD(JSON_BOOL, form, b, .nullable = true),
	JSON_FIELD(JSON_INT, form, i, .min = -5, .max = 1000),
	JSON_FIELD(JSON_TIME, form, w, .nullable = true),
	JSON_FIELD(JSON_NUMBER, form, n),
	JSON_FIELD(JSON_TEXT_LIST, form, tl),
	JSON_FIELD(JSON_UUID_LIST, form, ul),
	JSON_FIELD(JSON_OBJECT, form, p, .fields = part_fields, .nullable = true),
	JSON_FIELD(JSON_OBJECT_LIST, form, l, .fields = part_fields, .size = sizeof(struct part)),
	{ .kind = JSON_IGNORE_UNKNOWN },
};

static void check_problem(enum err err, const struct json_problem *problem)
{
	if (err == OK)
		return;
	BUG_ON(err != ERR_INVALID_JSON && err != ERR_INVALID_REQUEST);
	BUG_ON(!problem->message[0]);
	BUG_ON(!utf8_valid(problem->message, strlen(problem->message)));
	BUG_ON(!utf8_valid(problem->param, strlen(problem->param)));
}

static void try_table(struct text json)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(16 << 20);
	struct json_problem problem = { 0 };
	struct form form = { 0 };
	enum err err = json_decode(json, form_fields, &form, &arena, &problem);

	check_problem(err, &problem);
	if (err == OK) {
		struct json_writer w = JSON_WRITER_INIT(&out);
		json_write_fields(&w, form_fields, &form);
		BUG_ON(json_writer_end(&w) != OK);
		BUG_ON(json_check(strbuf_text(&out), NULL, NULL) != OK);
	}
	json_clear_secrets(form_fields, &form);
}

static struct strbuf write_doc(const struct json_doc *doc)
{
	struct strbuf out = STRBUF_INIT(64 << 20);
	struct json_writer w = JSON_WRITER_INIT(&out);

	json_write_value(&w, json_doc_root(doc));
	BUG_ON(json_writer_end(&w) != OK);
	return out;
}

static void try_doc(struct text json)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL, *again = NULL;

	if (json_doc_parse(json, NULL, &doc) != OK)
		return;
	AUTO(strbuf_clear) struct strbuf first = write_doc(doc);
	BUG_ON(json_doc_parse(strbuf_text(&first), NULL, &again) != OK);
	AUTO(strbuf_clear) struct strbuf second = write_doc(again);
	BUG_ON(!text_equal(strbuf_text(&first), strbuf_text(&second)));
}

/* Whatever the bytes are, as a string they are written as JSON. */
static void try_string(struct text bytes)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(64 << 20);
	struct json_writer w = JSON_WRITER_INIT(&out);

	json_object_begin(&w);
	json_key_text(&w, bytes);
	json_text(&w, bytes);
	json_object_end(&w);
	BUG_ON(json_writer_end(&w) != OK);
	if (bytes.len == 0 || !memchr(bytes.ptr, 0, bytes.len))
		BUG_ON(json_check(strbuf_text(&out), NULL, NULL) != OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct text json = { (const char *)data, size };
	struct json_problem problem = { 0 };

	if (!ready)
		secret_init_library(true);
	ready = true;
	enum err err = json_check(json, NULL, &problem);
	check_problem(err, &problem);
	cJSON *tree = cJSON_ParseWithLength(json.ptr, json.len);
	BUG_ON(err == OK && !tree);
	cJSON_Delete(tree);
	try_table(json);
	try_doc(json);
	try_string(json);
	return 0;
}
