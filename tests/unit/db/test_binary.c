/* SPDX-License-Identifier: MIT */
/* Parameters to the wire, cells from it, SQLSTATEs: the parts of db that need no server. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/base.h"
#include "db/db_private.h"

#include "base/banned.h"

static void assert_param(const struct db_arg *arg, const char *want_hex)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct db_param param;
	char hex[512];

	assert_int_equal(db_encode_arg(&arena, arg, &param), OK);
	assert_int_equal(param.format, 1);
	assert_true(bytes_to_hex(param.value, (size_t)param.length, hex, sizeof(hex)));
	assert_string_equal(hex, want_hex);
}

static void arguments_have_postgresql_s_binary_form(void **state)
{
	struct uuid ids[2] = { { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 } },
			       { { 0xff } } };
	(void)state;

	assert_param(&db_int(1), "0000000000000001");
	assert_param(&db_int(-2), "fffffffffffffffe");
	assert_param(&db_int(INT64_MIN), "8000000000000000");
	assert_param(&db_double(1.0), "3ff0000000000000");
	assert_param(&db_bool(true), "01");
	assert_param(&db_bool(false), "00");
	assert_param(&db_time(((struct unix_ms){ 946684800000 })), "0000000000000000");
	assert_param(&db_time(((struct unix_ms){ 946684800001 })), "00000000000003e8");
	assert_param(&db_time(((struct unix_ms){ 0 })), "fffca2fec4c82000");
	struct db_arg id = db_uuid(&ids[0]), bytes = db_bytes(((struct text){ "\0\1\xff", 3 }));
	assert_param(&id, "0102030405060708090a0b0c0d0e0f10");
	assert_param(&bytes, "0001ff");
	assert_param(&db_uuid_list(ids, 0), "000000000000000000000b86");
	assert_param(&db_uuid_list(ids, 2), "000000010000000000000b860000000200000001"
					    "000000100102030405060708090a0b0c0d0e0f10"
					    "00000010ff000000000000000000000000000000");
}

static void texts_go_as_text_and_absent_ones_as_null(void **state)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct db_arg arg = db_text(TEXT("h\xc3\xa9"));
	struct db_param param;
	(void)state;

	assert_int_equal(db_encode_arg(&arena, &arg, &param), OK);
	assert_int_equal(param.format, 0);
	assert_string_equal(param.value, "h\xc3\xa9");
	arg = db_text(TEXT_NULL);
	assert_int_equal(db_encode_arg(&arena, &arg, &param), OK);
	assert_null(param.value);
	arg = db_text(TEXT(""));
	assert_int_equal(db_encode_arg(&arena, &arg, &param), OK);
	assert_string_equal(param.value, "");
	arg = db_uuid(NULL);
	assert_int_equal(db_encode_arg(&arena, &arg, &param), OK);
	assert_null(param.value);
}

static void what_cannot_be_stored_is_refused(void **state)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct db_arg arg = db_text(((struct text){ "a\0b", 3 }));
	struct db_param param;
	(void)state;

	assert_int_equal(db_encode_arg(&arena, &arg, &param), ERR_INVALID_REQUEST);
	assert_int_equal(db_encode_arg(&arena, &db_time(((struct unix_ms){ INT64_MAX })), &param),
			 ERR_INVALID_REQUEST);
	assert_int_equal(db_encode_arg(&arena, &db_time(((struct unix_ms){ INT64_MIN })), &param),
			 ERR_INVALID_REQUEST);
	arg = db_bytes(((struct text){ "", (size_t)1 << 40 }));
	assert_int_equal(db_encode_arg(&arena, &arg, &param), ERR_TOO_LARGE);
	assert_int_equal(db_encode_arg(&arena, &db_uuid_list(NULL, (size_t)1 << 40), &param),
			 ERR_TOO_LARGE);
}

struct cell_spec {
	Oid type;
	const char *bytes; /* NULL: NULL */
	int len;
};

/* A unit whose first statement returned these cells as one row. */
static void make_unit(struct db_unit *u, struct db_call *call, const struct cell_spec *cells,
		      int count)
{
	PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc columns[16] = { 0 };

	assert_true(count <= 16);
	for (int i = 0; i < count; i++)
		columns[i] =
			(PGresAttDesc){ .name = (char *)"c", .typid = cells[i].type, .format = 1 };
	assert_true(PQsetResultAttrs(result, count, columns));
	for (int i = 0; i < count; i++)
		assert_true(PQsetvalue(result, 0, i, (char *)(uintptr_t)cells[i].bytes,
				       cells[i].bytes ? cells[i].len : -1));
	*call = (struct db_call){ .result = result };
	*u = (struct db_unit){ .calls = call, .count = 1 };
}

static void cells_are_read_back(void **state)
{
	static const struct cell_spec cells[] = {
		{ 21, "\xff\xfe", 2 },
		{ 23, "\x80\0\0\0", 4 },
		{ 20, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8 },
		{ 701, "\xbf\xf0\0\0\0\0\0\0", 8 },
		{ 700, "\x3f\x80\0\0", 4 },
		{ 16, "\1", 1 },
		{ 1184, "\xff\xfc\xa2\xfe\xc4\xc8\x20\0", 8 },
		{ 3802, "\1{}", 3 },
		{ 16999, "label", 5 },
		{ 2950, "\1\2\3\4\5\6\7\10\11\12\13\14\15\16\17\20", 16 },
		{ 1184, "\x7f\xff\xff\xff\xff\xff\xff\xff", 8 },
		{ 1184, "\x80\0\0\0\0\0\0\0", 8 },
	};
	struct db_unit u;
	struct db_call call;
	(void)state;

	make_unit(&u, &call, cells, ARRAY_SIZE(cells));
	assert_int_equal(db_rows(&u, 0), 1);
	assert_int_equal(db_get_int(&u, 0, 0, 0), -2);
	assert_int_equal(db_get_int(&u, 0, 0, 1), INT32_MIN);
	assert_true(db_get_int(&u, 0, 0, 2) == INT64_MAX);
	assert_true(db_get_double(&u, 0, 0, 3) == -1.0);
	assert_true(db_get_double(&u, 0, 0, 4) == 1.0);
	assert_true(db_get_bool(&u, 0, 0, 5));
	assert_int_equal(db_get_time(&u, 0, 0, 6).value, 0);
	assert_true(text_is(db_get_text(&u, 0, 0, 7), "{}"));
	assert_true(text_is(db_get_text(&u, 0, 0, 8), "label"));
	assert_int_equal(db_get_uuid(&u, 0, 0, 9).bytes[15], 16);
	assert_true(db_get_time(&u, 0, 0, 10).value > 9000000000000000LL);
	assert_true(db_get_time(&u, 0, 0, 11).value < -8000000000000000LL);
	db_unit_drop_results(&u);
}

static void a_row_is_read_by_its_table(void **state)
{
	struct row {
		struct text name, none;
		struct db_opt_uuid parent, no_parent;
		int64_t size;
		struct unix_ms at, never;
	};
	static const struct db_column columns[] = {
		DB_COLUMN(DB_TEXT, row, name),
		DB_COLUMN(DB_TEXT, row, none),
		DB_COLUMN(DB_OPT_UUID, row, parent),
		DB_COLUMN(DB_OPT_UUID, row, no_parent),
		{ .kind = DB_SKIP },
		DB_COLUMN(DB_INT, row, size),
		DB_COLUMN(DB_TIME, row, at),
		DB_COLUMN(DB_OPT_TIME, row, never),
		{ 0 },
	};
	static const struct cell_spec cells[] = {
		{ 25, "root", 4 },
		{ 25, NULL, 0 },
		{ 2950, "0123456789abcdef", 16 },
		{ 2950, NULL, 0 },
		{ 25, "skipped", 7 },
		{ 20, "\0\0\0\0\0\0\0\7", 8 },
		{ 1184, "\0\0\0\0\0\0\7\xd0", 8 },
		{ 1184, NULL, 0 },
	};
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct row row = { 0 };
	struct db_unit u;
	struct db_call call;
	(void)state;

	make_unit(&u, &call, cells, ARRAY_SIZE(cells));
	db_read_row(&u, 0, 0, columns, &row, &arena);
	db_unit_drop_results(&u); /* texts live on in the arena */
	assert_true(text_is(row.name, "root"));
	assert_null(row.none.ptr);
	assert_true(row.parent.set && row.parent.value.bytes[0] == '0');
	assert_false(row.no_parent.set);
	assert_int_equal(row.size, 7);
	assert_int_equal(row.at.value, 946684800002);
	assert_int_equal(row.never.value, 0);
}

static void sqlstates_become_errors(void **state)
{
	static const struct {
		const char *sqlstate;
		enum err err;
	} cases[] = {
		{ "23505", ERR_CONFLICT },
		{ "23503", ERR_NOT_FOUND },
		{ "23502", ERR_INVALID_REQUEST },
		{ "23514", ERR_INVALID_REQUEST },
		{ "22003", ERR_INVALID_REQUEST },
		{ "22021", ERR_INVALID_REQUEST },
		{ "08006", ERR_UNAVAILABLE },
		{ "40001", ERR_UNAVAILABLE },
		{ "40P01", ERR_UNAVAILABLE },
		{ "53300", ERR_UNAVAILABLE },
		{ "57014", ERR_UNAVAILABLE },
		{ "57P01", ERR_UNAVAILABLE },
		{ "42P01", ERR_INTERNAL },
		{ "42501", ERR_INTERNAL },
		{ "GR001", ERR_INTERNAL },
		{ "XX000", ERR_INTERNAL },
		{ "", ERR_INTERNAL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(db_err_of_sqlstate(cases[i].sqlstate), cases[i].err);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_have_postgresql_s_binary_form),
		cmocka_unit_test(texts_go_as_text_and_absent_ones_as_null),
		cmocka_unit_test(what_cannot_be_stored_is_refused),
		cmocka_unit_test(cells_are_read_back),
		cmocka_unit_test(a_row_is_read_by_its_table),
		cmocka_unit_test(sqlstates_become_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
