/* SPDX-License-Identifier: MIT */
/*
 * Results from the wire's binary form. Types are part of the statement, so a cell read as something
 * it is not is a bug of ours and aborts; the numbers below are the fixed OIDs of pg_type.dat.
 */
#include <endian.h>

#include "base/base.h"
#include "db/db_private.h"

#include "base/banned.h"

enum {
	BOOL_OID = 16,
	BYTEA_OID = 17,
	NAME_OID = 19,
	INT8_OID = 20,
	INT2_OID = 21,
	INT4_OID = 23,
	TEXT_OID = 25,
	JSON_OID = 114,
	FLOAT4_OID = 700,
	FLOAT8_OID = 701,
	UNKNOWN_OID = 705,
	BPCHAR_OID = 1042,
	VARCHAR_OID = 1043,
	TIMESTAMPTZ_OID = 1184,
	UUID_OID = 2950,
	JSONB_OID = 3802,
	FIRST_OWN_OID = 16384, /* types made by the schema: enums; their binary form is the label */
};

#define US_2000 946684800000000LL

static const PGresult *result_of(const struct db_unit *u, size_t index)
{
	size_t at = index + (u->as_user ? 1 : 0);

	BUG_ON(at >= u->count);
	return u->calls[at].result;
}

size_t db_rows(const struct db_unit *u, size_t index)
{
	const PGresult *result = result_of(u, index);

	return result ? (size_t)PQntuples(result) : 0;
}

uint64_t db_affected(const struct db_unit *u, size_t index)
{
	const PGresult *result = result_of(u, index);
	uint64_t count = 0;

	/* libpq takes a non-const result but only reads it. */
	if (result && text_to_u64(text_of(PQcmdTuples((PGresult *)(uintptr_t)result)), UINT64_MAX,
				  &count) != OK)
		return 0;
	return count;
}

struct cell {
	const char *data; /* NULL for NULL */
	size_t len;
	Oid type;
};

static struct cell cell_at(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	const PGresult *result = result_of(u, index);

	BUG_ON(!result || row >= (size_t)PQntuples(result) || column >= (size_t)PQnfields(result));
	int r = (int)row, c = (int)column;
	struct cell cell = { NULL, 0, PQftype(result, c) };
	BUG_ON(PQfformat(result, c) != 1);
	if (!PQgetisnull(result, r, c)) {
		cell.data = PQgetvalue(result, r, c);
		cell.len = (size_t)PQgetlength(result, r, c);
	}
	return cell;
}

static uint64_t big_endian(const struct cell *cell, size_t len)
{
	uint64_t value = 0;

	BUG_ON(cell->len != len);
	for (size_t i = 0; i < len; i++)
		value = value << 8 | (uint8_t)cell->data[i];
	return value;
}

bool db_is_null(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	return !cell_at(u, index, row, column).data;
}

struct text db_get_text(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	struct cell cell = cell_at(u, index, row, column);

	switch (cell.type) {
	case TEXT_OID:
	case BYTEA_OID:
	case JSON_OID:
	case VARCHAR_OID:
	case BPCHAR_OID:
	case NAME_OID:
	case UNKNOWN_OID:
		break;
	case JSONB_OID:
		/* jsonb_send(): a version byte, then the text. */
		if (cell.data) {
			BUG_ON(cell.len < 1 || cell.data[0] != 1);
			return (struct text){ cell.data + 1, cell.len - 1 };
		}
		break;
	default:
		BUG_ON(cell.type < FIRST_OWN_OID);
	}
	return (struct text){ cell.data, cell.len };
}

int64_t db_get_int(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	struct cell cell = cell_at(u, index, row, column);

	BUG_ON(cell.type != INT8_OID && cell.type != INT4_OID && cell.type != INT2_OID);
	if (!cell.data)
		return 0;
	if (cell.type == INT2_OID)
		return (int16_t)big_endian(&cell, 2);
	if (cell.type == INT4_OID)
		return (int32_t)big_endian(&cell, 4);
	return (int64_t)big_endian(&cell, 8);
}

double db_get_double(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	struct cell cell = cell_at(u, index, row, column);
	double wide = 0;
	float narrow;

	BUG_ON(cell.type != FLOAT8_OID && cell.type != FLOAT4_OID);
	if (!cell.data)
		return 0;
	if (cell.type == FLOAT4_OID) {
		uint32_t bits = (uint32_t)big_endian(&cell, 4);
		memcpy(&narrow, &bits, sizeof(narrow));
		return (double)narrow;
	}
	uint64_t bits = big_endian(&cell, 8);
	memcpy(&wide, &bits, sizeof(wide));
	return wide;
}

bool db_get_bool(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	struct cell cell = cell_at(u, index, row, column);

	BUG_ON(cell.type != BOOL_OID);
	return cell.data && big_endian(&cell, 1) != 0;
}

struct uuid db_get_uuid(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	struct cell cell = cell_at(u, index, row, column);
	struct uuid id = { { 0 } };

	BUG_ON(cell.type != UUID_OID);
	if (cell.data) {
		BUG_ON(cell.len != sizeof(id.bytes));
		memcpy(id.bytes, cell.data, sizeof(id.bytes));
	}
	return id;
}

struct unix_ms db_get_time(const struct db_unit *u, size_t index, size_t row, size_t column)
{
	struct cell cell = cell_at(u, index, row, column);
	int64_t us;

	BUG_ON(cell.type != TIMESTAMPTZ_OID);
	if (!cell.data)
		return (struct unix_ms){ 0 };
	us = (int64_t)big_endian(&cell, 8);
	/* ±infinity are the two ends of the range and stay there. */
	if (__builtin_add_overflow(us, US_2000, &us))
		us = INT64_MAX;
	/* Rounds down before 1970 too, so that order is kept. */
	return (struct unix_ms){ us / 1000 - (us % 1000 < 0) };
}

static void read_column(const struct db_unit *u, size_t index, size_t row, size_t column,
			const struct db_column *c, void *target, struct arena *arena)
{
	void *out = (char *)target + c->offset;
	struct text t;

	switch (c->kind) {
	case DB_TEXT:
	case DB_BYTES:
		t = db_get_text(u, index, row, column);
		*(struct text *)out =
			t.ptr ? (struct text){ arena_memdup0(arena, t.ptr, t.len), t.len }
			      : TEXT_NULL;
		break;
	case DB_UUID:
		BUG_ON(db_is_null(u, index, row, column));
		*(struct uuid *)out = db_get_uuid(u, index, row, column);
		break;
	case DB_OPT_UUID:
		*(struct db_opt_uuid *)out =
			(struct db_opt_uuid){ !db_is_null(u, index, row, column),
					      db_get_uuid(u, index, row, column) };
		break;
	case DB_INT:
		*(int64_t *)out = db_get_int(u, index, row, column);
		break;
	case DB_DOUBLE:
		*(double *)out = db_get_double(u, index, row, column);
		break;
	case DB_BOOL:
		*(bool *)out = db_get_bool(u, index, row, column);
		break;
	case DB_TIME:
		BUG_ON(db_is_null(u, index, row, column));
		*(struct unix_ms *)out = db_get_time(u, index, row, column);
		break;
	case DB_OPT_TIME:
		*(struct unix_ms *)out = db_get_time(u, index, row, column);
		break;
	case DB_SKIP:
		break;
	case DB_KIND_END:
		BUG("the end is not a column");
	}
}

void db_read_row(const struct db_unit *u, size_t index, size_t row, const struct db_column *columns,
		 void *target, struct arena *arena)
{
	const PGresult *result = result_of(u, index);
	size_t count = 0;

	for (; columns[count].kind != DB_KIND_END; count++)
		read_column(u, index, row, count, &columns[count], target, arena);
	BUG_ON(!result || count != (size_t)PQnfields(result));
}
