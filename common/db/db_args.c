/* SPDX-License-Identifier: MIT */
/*
 * Parameters on the wire. Everything goes in PostgreSQL's binary form but text: sent as text it
 * fits whatever type the statement casts it to (text, json, an enum), where the binary forms of
 * those differ.
 */
#include <endian.h>

#include "base/base.h"
#include "db/db_private.h"

#include "base/banned.h"

#define MAX_PARAM ((size_t)256 << 20)
#define UUID_OID 2950
#define MS_2000 946684800000LL /* PostgreSQL counts microseconds from 2000-01-01 */

static void put(struct arena *arena, struct db_param *ret, const void *bytes, size_t len)
{
	*ret = (struct db_param){ arena_memdup0(arena, bytes, len), (int)len, 1 };
}

static void put_u64(struct arena *arena, struct db_param *ret, uint64_t value)
{
	uint64_t wire = htobe64(value);

	put(arena, ret, &wire, sizeof(wire));
}

static enum err put_text(struct arena *arena, struct db_param *ret, struct text t)
{
	/* The text form ends at a NUL: cutting silently would store something else than was asked.
	 */
	if (memchr(t.ptr, 0, t.len))
		return ERR_INVALID_REQUEST;
	put(arena, ret, t.ptr, t.len);
	ret->format = 0;
	return OK;
}

static enum err put_time(struct arena *arena, struct db_param *ret, int64_t unix_ms)
{
	int64_t us;

	if (__builtin_sub_overflow(unix_ms, MS_2000, &us) || __builtin_mul_overflow(us, 1000, &us))
		return ERR_INVALID_REQUEST;
	put_u64(arena, ret, (uint64_t)us);
	return OK;
}

static char *put_u32(char *out, uint32_t value)
{
	uint32_t wire = htobe32(value);

	memcpy(out, &wire, sizeof(wire));
	return out + sizeof(wire);
}

/* array_recv(): dimensions, has-nulls, element type, then length and lower bound of each dimension,
 * then the elements. */
static void put_uuid_list(struct arena *arena, struct db_param *ret, const struct uuid *ids,
			  size_t count)
{
	size_t len = count ? 20 + count * 20 : 12;
	char *data = arena_alloc(arena, len), *out = data;

	out = put_u32(out, count ? 1 : 0);
	out = put_u32(out, 0);
	out = put_u32(out, UUID_OID);
	if (count) {
		out = put_u32(out, (uint32_t)count);
		out = put_u32(out, 1);
	}
	for (size_t i = 0; i < count; i++) {
		out = put_u32(out, sizeof(ids[i].bytes));
		memcpy(out, ids[i].bytes, sizeof(ids[i].bytes));
		out += sizeof(ids[i].bytes);
	}
	*ret = (struct db_param){ data, (int)len, 1 };
}

enum err db_encode_arg(struct arena *arena, const struct db_arg *arg, struct db_param *ret)
{
	uint64_t bits;

	if (arg->text.len > MAX_PARAM || arg->count > MAX_PARAM / 20 - 1)
		return ERR_TOO_LARGE;
	switch (arg->kind) {
	case DB_ARG_NULL:
		*ret = (struct db_param){ NULL, 0, 1 };
		return OK;
	case DB_ARG_TEXT:
		return put_text(arena, ret, arg->text);
	case DB_ARG_BYTES:
		put(arena, ret, arg->text.ptr, arg->text.len);
		return OK;
	case DB_ARG_UUID:
		put(arena, ret, arg->uuid.bytes, sizeof(arg->uuid.bytes));
		return OK;
	case DB_ARG_INT:
		put_u64(arena, ret, (uint64_t)arg->number);
		return OK;
	case DB_ARG_DOUBLE:
		memcpy(&bits, &arg->real, sizeof(bits));
		put_u64(arena, ret, bits);
		return OK;
	case DB_ARG_BOOL:
		put(arena, ret, arg->number ? "\1" : "\0", 1);
		return OK;
	case DB_ARG_TIME:
		return put_time(arena, ret, arg->number);
	case DB_ARG_UUID_LIST:
		put_uuid_list(arena, ret, arg->uuids, arg->count);
		return OK;
	}
	BUG("unknown kind of argument");
}
