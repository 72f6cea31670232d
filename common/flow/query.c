/* SPDX-License-Identifier: MIT */
/* Path and query parameters as steps want them: typed, limited, refused by name. */
#include "flow/request_private.h"

#include "base/banned.h"

#define QUERY_MAX 1024

struct text req_param(const struct request *req, size_t index)
{
	BUG_ON(index >= ROUTE_MAX_PARAMS || !req->params[index].ptr);
	return req->params[index];
}

enum err req_param_uuid(const struct request *req, size_t index, struct uuid *ret)
{
	return uuid_parse(req_param(req, index), ret) ? ERR_NOT_FOUND : OK;
}

static enum err refuse(struct request *req, const char *name, const char *message)
{
	req->fail_detail.param = name;
	req->fail_detail.message = message;
	return ERR_INVALID_REQUEST;
}

enum err req_query_text(struct request *req, const char *name, size_t max, struct text *ret)
{
	char value[QUERY_MAX + 1];
	bool found;
	BUG_ON(max > QUERY_MAX);
	if (http_query(req->exchange, name, value, max + 1, &found))
		return refuse(req, name, "This query parameter is malformed or too long.");
	*ret = found ? text_of(arena_strdup(&req->arena, value)) : TEXT_NULL;
	return OK;
}

enum err req_query_int(struct request *req, const char *name, int64_t min, int64_t max,
		       int64_t fallback, int64_t *ret)
{
	struct text value;
	enum err err = req_query_text(req, name, 20, &value);
	if (err)
		return err;
	int64_t number = fallback;
	if (value.ptr && (text_to_i64(value, &number) || number < min || number > max))
		return refuse(req, name,
			      arena_printf(&req->arena, "Give a whole number from %lld to %lld.",
					   (long long)min, (long long)max));
	*ret = number;
	return OK;
}

enum err req_query_bool(struct request *req, const char *name, bool fallback, bool *ret)
{
	struct text value;
	enum err err = req_query_text(req, name, 8, &value);
	if (err)
		return err;
	if (!value.ptr)
		*ret = fallback;
	else if (text_is(value, "true") || text_is(value, "1"))
		*ret = true;
	else if (text_is(value, "false") || text_is(value, "0"))
		*ret = false;
	else
		return refuse(req, name, "Give true or false.");
	return OK;
}

enum err req_query_uuid(struct request *req, const char *name, bool *ret_given, struct uuid *ret)
{
	struct text value;
	enum err err = req_query_text(req, name, 64, &value);
	if (err)
		return err;
	if (value.ptr && uuid_parse(value, ret))
		return refuse(req, name, "This is not an id.");
	*ret_given = value.ptr != NULL;
	return OK;
}
