/* SPDX-License-Identifier: MIT */
/* Decoding by field tables: every kind, every limit, and a sentence that names the field. */
#include "support.h"

#include "base/banned.h"

struct address {
	bool given;
	struct text city;
	struct json_int zip;
	struct secret pin;
};

struct message {
	struct text role, content; /* no `given`: items of a list have none */
	struct secret token;
};

struct form {
	struct text name, note, raw;
	struct json_text opt;
	struct secret password;
	struct json_uuid id;
	struct json_bool flag;
	struct json_int count, size, at;
	struct json_number ratio, heat;
	struct json_text_list tags;
	struct json_uuid_list ids;
	struct address address;
	struct json_list messages;
};

static const char *const roles[] = { "user", "assistant", NULL };
static const char *const tags[] = { "red", "green", NULL };

static const struct json_field address_fields[] = {
	JSON_FIELD(JSON_TEXT, address, city, .min = 1, .max = 8, .required = true),
	JSON_FIELD(JSON_INT, address, zip),
	JSON_FIELD(JSON_SECRET_TEXT, address, pin),
	{ 0 },
};

static const struct json_field message_fields[] = {
	JSON_FIELD(JSON_TEXT, message, role, .one_of = roles, .required = true),
	JSON_FIELD(JSON_TEXT, message, content, .max = 1 << 20, .required = true),
	JSON_FIELD(JSON_SECRET_TEXT, message, token),
	{ 0 },
};

static const struct json_field form_fields[] = {
	JSON_FIELD(JSON_TEXT, form, name, .min = 2, .max = 8, .required = true),
	JSON_FIELD(JSON_TEXT, form, note, .nullable = true),
	JSON_FIELD(JSON_RAW, form, raw, .max = 32),
	JSON_FIELD(JSON_OPT_TEXT, form, opt, .nullable = true, .max = 4),
	JSON_FIELD(JSON_SECRET_TEXT, form, password, .min = 4, .max = 12, .nullable = true),
	JSON_FIELD(JSON_UUID, form, id, .nullable = true),
	JSON_FIELD_AS(JSON_BOOL, form, flag, "isFlag"),
	JSON_FIELD(JSON_INT, form, count, .min = 1, .max = 10),
	JSON_FIELD(JSON_INT, form, size, .nullable = true),
	JSON_FIELD(JSON_TIME, form, at),
	JSON_FIELD(JSON_NUMBER, form, ratio, .min = -1, .max = 2),
	JSON_FIELD(JSON_NUMBER, form, heat),
	JSON_FIELD(JSON_TEXT_LIST, form, tags, .max = 3, .item_max = 5, .one_of = tags),
	JSON_FIELD(JSON_UUID_LIST, form, ids, .min = 1, .max = 2, .nullable = true),
	JSON_FIELD(JSON_OBJECT, form, address, .fields = address_fields, .nullable = true),
	JSON_FIELD(JSON_OBJECT_LIST, form, messages, .fields = message_fields,
		   .size = sizeof(struct message), .max = 4),
	{ 0 },
};

struct loose {
	struct text a;
};

static const struct json_field loose_fields[] = {
	JSON_FIELD(JSON_TEXT, loose, a, .required = true),
	{ .kind = JSON_IGNORE_UNKNOWN },
};

struct decoded {
	struct form form;
	struct arena arena;
	struct json_problem problem;
	enum err err;
};

static struct decoded decode(const char *json)
{
	struct decoded d = { 0 };
	struct text copy = exact_copy(text_of(json));

	d.err = json_decode(copy, form_fields, &d.form, &d.arena, &d.problem);
	/* Nothing decoded may point into the source. */
	memset((void *)(uintptr_t)copy.ptr, '#', copy.len);
	free((void *)(uintptr_t)copy.ptr);
	return d;
}

static void decoded_clear(struct decoded *d)
{
	json_clear_secrets(form_fields, &d->form);
	arena_clear(&d->arena);
}

#define U1 "01935b2c-7700-7001-8002-030405060708"
#define U2 "01935B2C-7700-7001-8002-030405060709"

static void a_full_form_is_decoded(void **state)
{
	(void)state;
	AUTO(decoded_clear)
	struct decoded d =
		decode(" { \"name\" : \"Ad\\u00e4\", \"note\":\"\", \"raw\":{ \"x\": [1, 2] } "
		       ",\"opt\":\"\\ud83d\\ude00\","
		       "\"password\":\"hun\\u0074er2\",\"id\":\"" U1
		       "\",\"isFlag\":true,\"count\":10,\"size\":-9007199254740992,"
		       "\"at\":\"2026-11-24T08:01:42.123Z\",\"ratio\":-0.5,\"heat\":1.5e300,"
		       "\"tags\":[\"red\",\"gr\\u0065en\"],"
		       "\"ids\":[\"" U1 "\",\"" U2
		       "\"],\"address\":{\"city\":\"Ulm\",\"zip\":89073,\"pin\":\"1234\"},"
		       "\"messages\":[{\"role\":\"user\",\"content\":\"hi\\n\"},{\"content\":\"\","
		       "\"role\":\"assistant\",\"token\":\"t\"}]}");
	const struct form *f = &d.form;

	if (d.err != OK)
		fail_msg("[%s] %s", d.problem.param, d.problem.message);
	assert_string_equal(f->name.ptr, "Ad\xc3\xa4");
	assert_int_equal(f->name.len, 4);
	assert_non_null(f->note.ptr);
	assert_int_equal(f->note.len, 0);
	assert_string_equal(f->raw.ptr, "{ \"x\": [1, 2] }");
	assert_true(f->opt.given && !f->opt.null && text_is(f->opt.value, "\xf0\x9f\x98\x80"));
	assert_string_equal((const char *)f->password.bytes, "hunter2");
	assert_int_equal(f->password.len, 7);
	assert_true(f->id.given && !f->id.null && f->id.value.bytes[0] == 1 &&
		    f->id.value.bytes[15] == 8);
	assert_true(f->flag.given && f->flag.value);
	assert_true(f->count.given && f->count.value == 10);
	assert_true(f->size.given && f->size.value == INT64_C(-9007199254740992));
	assert_true(f->at.given && f->at.value == INT64_C(1795507302123));
	assert_true(f->ratio.given && f->ratio.value == -0.5);
	assert_true(f->heat.given && f->heat.value == 1.5e300);
	assert_int_equal(f->tags.count, 2);
	assert_string_equal(f->tags.items[1].ptr, "green");
	assert_int_equal(f->ids.count, 2);
	assert_int_equal(f->ids.items[1].bytes[15], 9);
	assert_true(f->address.given && text_is(f->address.city, "Ulm") &&
		    f->address.zip.value == 89073);
	assert_string_equal((const char *)f->address.pin.bytes, "1234");
	assert_true(f->messages.given);
	assert_int_equal(f->messages.count, 2);
	const struct message *m = f->messages.items;
	assert_true(text_is(m[0].role, "user") && text_is(m[0].content, "hi\n"));
	assert_true(text_is(m[1].role, "assistant") && m[1].content.ptr && m[1].content.len == 0);
	assert_string_equal((const char *)m[1].token.bytes, "t");
}

static void what_is_not_given_stays_absent(void **state)
{
	(void)state;
	AUTO(decoded_clear) struct decoded d = decode("{\"name\":\"Ada\"}");
	struct form expected = { .name = d.form.name };

	assert_ok(d.err);
	assert_memory_equal(&d.form, &expected, sizeof(expected));
}

static void null_is_told_from_absent_where_the_kind_can(void **state)
{
	(void)state;
	AUTO(decoded_clear)
	struct decoded d = decode("{\"name\":\"Ada\",\"note\":null,\"raw\":null,\"opt\":null,"
				  "\"password\":null,\"id\":null,"
				  "\"size\":null,\"ids\":null,\"address\":null}");
	const struct form *f = &d.form;

	assert_ok(d.err);
	assert_null(f->note.ptr);
	assert_string_equal(f->raw.ptr, "null");
	assert_true(f->opt.given && f->opt.null);
	assert_false(secret_is_set(&f->password));
	assert_true(f->id.given && f->id.null);
	assert_true(f->size.given && f->size.null);
	assert_false(f->ids.given);
	assert_false(f->address.given);
}

static const struct {
	const char *members, *param, *message;
} wrong[] = {
	{ "", "name", "name is required." },
	{ "\"name\":null", "name", "name must be a string, not null." },
	{ "\"name\":1", "name", "name must be a string." },
	{ "\"name\":[\"Ada\"]", "name", "name must be a string." },
	{ "\"name\":\"A\"", "name", "name must have at least 2 bytes." },
	{ "\"name\":\"\"", "name", "name must not be empty." },
	{ "\"name\":\"123456789\"", "name", "name must have at most 8 bytes." },
	{ "\"name\":\"\\u00e4\\u00e4\\u00e4\\u00e4\\u00e4\"", "name",
	  "name must have at most 8 bytes." },
	{ "\"Name\":\"Ada\"", "Name", "Name is not a known field." },
	{ "\"name\":\"Ada\",\"nam\":1", "nam", "nam is not a known field." },
	{ "\"name\":\"Ada\",\"names\":1", "names", "names is not a known field." },
	{ "\"name\":\"Ada\",\"\":1", "", "The body is not a known field." },
	{ "\"name\":\"Ada\",\"note\":false", "note", "note must be a string or null." },
	{ "\"name\":\"Ada\",\"raw\":\"0123456789012345678901234567890\"", "raw",
	  "raw must have at most 32 bytes." },
	{ "\"name\":\"Ada\",\"opt\":\"12345\"", "opt", "opt must have at most 4 bytes." },
	{ "\"name\":\"Ada\",\"password\":\"abc\"", "password",
	  "password must have at least 4 bytes." },
	{ "\"name\":\"Ada\",\"password\":\"0123456789abc\"", "password",
	  "password must have at most 12 bytes." },
	{ "\"name\":\"Ada\",\"password\":{}", "password", "password must be a string or null." },
	{ "\"name\":\"Ada\",\"id\":\"" U1 "0\"", "id", "id must be a UUID." },
	{ "\"name\":\"Ada\",\"id\":\"\"", "id", "id must be a UUID." },
	{ "\"name\":\"Ada\",\"id\":\"" U1 U1 "\"", "id", "id must be a UUID." },
	{ "\"name\":\"Ada\",\"id\":7", "id", "id must be a UUID or null." },
	{ "\"name\":\"Ada\",\"isFlag\":1", "isFlag", "isFlag must be true or false." },
	{ "\"name\":\"Ada\",\"isFlag\":\"true\"", "isFlag", "isFlag must be true or false." },
	{ "\"name\":\"Ada\",\"flag\":true", "flag", "flag is not a known field." },
	{ "\"name\":\"Ada\",\"count\":0", "count", "count must be from 1 to 10." },
	{ "\"name\":\"Ada\",\"count\":11", "count", "count must be from 1 to 10." },
	{ "\"name\":\"Ada\",\"count\":1.0", "count", "count must be a whole number." },
	{ "\"name\":\"Ada\",\"count\":1e0", "count", "count must be a whole number." },
	{ "\"name\":\"Ada\",\"count\":\"1\"", "count", "count must be a whole number." },
	{ "\"name\":\"Ada\",\"count\":null", "count", "count must be a whole number, not null." },
	{ "\"name\":\"Ada\",\"at\":\"yesterday\"", "at", "RFC 3339" },
	{ "\"name\":\"Ada\",\"at\":1795507302", "at", "at must be a time in a string." },
	{ "\"name\":\"Ada\",\"ratio\":2.000001", "ratio", "ratio must be from -1 to 2." },
	{ "\"name\":\"Ada\",\"ratio\":true", "ratio", "ratio must be a number." },
	{ "\"name\":\"Ada\",\"tags\":\"red\"", "tags", "tags must be a list of strings." },
	{ "\"name\":\"Ada\",\"tags\":[\"red\",1]", "tags[1]", "tags[1] must be a string." },
	{ "\"name\":\"Ada\",\"tags\":[\"red\",null]", "tags[1]", "tags[1] must be a string." },
	{ "\"name\":\"Ada\",\"tags\":[\"yellow\"]", "tags[0]",
	  "tags[0] must have at most 5 bytes." },
	{ "\"name\":\"Ada\",\"tags\":[\"blue\"]", "tags[0]",
	  "tags[0] must be one of: red, green." },
	{ "\"name\":\"Ada\",\"tags\":[\"red\",\"red\",\"red\",\"red\"]", "tags",
	  "tags must have at most 3 items." },
	{ "\"name\":\"Ada\",\"ids\":[]", "ids", "ids must have at least 1 items." },
	{ "\"name\":\"Ada\",\"ids\":[\"x\"]", "ids[0]", "ids[0] must be a UUID." },
	{ "\"name\":\"Ada\",\"ids\":[[]]", "ids[0]", "ids[0] must be a UUID." },
	{ "\"name\":\"Ada\",\"address\":[]", "address", "address must be an object or null." },
	{ "\"name\":\"Ada\",\"address\":{}", "address.city", "address.city is required." },
	{ "\"name\":\"Ada\",\"address\":{\"city\":\"Ulm\",\"street\":1}", "address.street",
	  "is not a known field." },
	{ "\"name\":\"Ada\",\"messages\":{}", "messages", "messages must be a list of objects." },
	{ "\"name\":\"Ada\",\"messages\":[{\"role\":\"user\",\"content\":\"\"},{\"role\":\"root\","
	  "\"content\":\"\"}]",
	  "messages[1].role", "messages[1].role must be one of: user, assistant." },
	{ "\"name\":\"Ada\",\"messages\":[{\"role\":\"user\",\"token\":\"t\"}]",
	  "messages[0].content", "is required." },
	{ "\"name\":\"Ada\",\"messages\":[{\"role\":\"user\",\"token\":\"t\",\"content\":1}]",
	  "messages[0].content", "must be a string." },
	{ "\"name\":\"Ada\",\"messages\":[[]]", "messages[0]", "messages[0] must be an object." },
	{ "\"name\":\"Ada\",\"messages\":[{},{},{},{},{}]", "messages",
	  "messages must have at most 4 items." },
};

static void a_wrong_shape_names_the_field_and_what_was_expected(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		AUTO(auto_free) char *json = xasprintf("{%s}", wrong[i].members);
		AUTO(decoded_clear) struct decoded d = decode(json);

		if (d.err != ERR_INVALID_REQUEST)
			fail_msg("%s gave %d", json, d.err);
		if (strcmp(d.problem.param, wrong[i].param) != 0 ||
		    !strstr(d.problem.message, wrong[i].message))
			fail_msg("%s gave [%s] %s", json, d.problem.param, d.problem.message);
	}
}

static void only_objects_decode_and_only_behind_the_gate(void **state)
{
	(void)state;
	static const char *const others[] = { "[]", "\"x\"", "1", "null", " true " };
	static const char *const refused[] = { "", "{", "{\"name\":\"Ada\",\"name\":\"Bob\"}",
					       "{\"name\":\"Ada\"}}" };

	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		AUTO(decoded_clear) struct decoded d = decode(others[i]);
		assert_int_equal(d.err, ERR_INVALID_REQUEST);
		assert_string_equal(d.problem.message, "The body must be a JSON object.");
	}
	for (size_t i = 0; i < ARRAY_SIZE(refused); i++) {
		AUTO(decoded_clear) struct decoded d = decode(refused[i]);
		assert_int_equal(d.err, ERR_INVALID_JSON);
		assert_true(d.problem.message[0] != '\0');
	}
}

static void a_table_may_ignore_unknown_fields(void **state)
{
	(void)state;
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct loose loose = { 0 };
	struct json_problem problem;

	assert_ok(json_decode(TEXT("{\"x\":[{\"a\":\"]}\"},\"\\\"}\"],\"y\":-1.5e3,\"z\":null "
				   ",\"a\":\"1\",\"w\":{}}"),
			      loose_fields, &loose, &arena, &problem));
	assert_string_equal(loose.a.ptr, "1");
	assert_int_equal(json_decode(TEXT("{\"b\":1}"), loose_fields, &loose, &arena, &problem),
			 ERR_INVALID_REQUEST);
	assert_string_equal(problem.param, "a");
	/* But not an ambiguous one. */
	assert_int_equal(json_decode(TEXT("{\"a\":\"1\",\"b\":1,\"b\":2}"), loose_fields, &loose,
				     &arena, NULL),
			 ERR_INVALID_JSON);
}

static void an_escaped_key_finds_its_field(void **state)
{
	(void)state;
	AUTO(decoded_clear) struct decoded d = decode("{\"n\\u0061me\":\"Ada\"}");

	assert_ok(d.err);
	assert_string_equal(d.form.name.ptr, "Ada");
}

static void limits_of_the_gate_can_be_chosen(void **state)
{
	(void)state;
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct loose loose = { 0 };
	struct json_limits shallow = { .max_depth = 1 };

	assert_int_equal(json_decode_limited(TEXT("{\"a\":\"1\",\"b\":[]}"), &shallow, loose_fields,
					     &loose, &arena, NULL),
			 ERR_INVALID_JSON);
	assert_ok(json_decode(TEXT("{\"a\":\"1\",\"b\":[]}"), loose_fields, &loose, &arena, NULL));
}

static void a_large_text_takes_no_more_memory_than_it_has_bytes(void **state)
{
	(void)state;
	AUTO(auto_free)
	char *json = repeat("{\"name\":\"Ada\",\"messages\":[{\"role\":\"user\",\"content\":\"",
			    "\\n", 400000, "\"}]}");
	AUTO(decoded_clear) struct decoded d = decode(json);

	assert_ok(d.err);
	const struct message *m = d.form.messages.items;
	assert_int_equal(m[0].content.len, 400000);
	assert_true(d.arena.used < 410000);
}

static int start(void **state)
{
	(void)state;
	secret_init_library(true);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_form_is_decoded),
		cmocka_unit_test(what_is_not_given_stays_absent),
		cmocka_unit_test(null_is_told_from_absent_where_the_kind_can),
		cmocka_unit_test(a_wrong_shape_names_the_field_and_what_was_expected),
		cmocka_unit_test(only_objects_decode_and_only_behind_the_gate),
		cmocka_unit_test(a_table_may_ignore_unknown_fields),
		cmocka_unit_test(an_escaped_key_finds_its_field),
		cmocka_unit_test(limits_of_the_gate_can_be_chosen),
		cmocka_unit_test(a_large_text_takes_no_more_memory_than_it_has_bytes),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
