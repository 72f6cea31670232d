/* SPDX-License-Identifier: MIT */
/* Routing: compares a path's segments with the templates of a daemon's table. */
#include "flow/request_private.h"

#include "base/banned.h"

/* Next segment of "/a/b": false at the end. A trailing slash leaves one empty segment, which
 * matches nothing. */
static bool next_segment(struct text *rest, struct text *ret)
{
	if (!rest->len || rest->ptr[0] != '/')
		return false;
	const char *from = rest->ptr + 1, *end = rest->ptr + rest->len;
	const char *slash = memchr(from, '/', (size_t)(end - from));
	const char *to = slash ? slash : end;
	*ret = (struct text){ from, (size_t)(to - from) };
	*rest = (struct text){ to, (size_t)(end - to) };
	return true;
}

static bool matches(const char *template, struct text path, struct text params[ROUTE_MAX_PARAMS])
{
	struct text want = text_of(template), want_part, part;
	size_t count = 0;
	while (next_segment(&want, &want_part)) {
		if (!next_segment(&path, &part) || !part.len)
			return false;
		if (want_part.len && want_part.ptr[0] == ':') {
			BUG_ON(count == ROUTE_MAX_PARAMS);
			params[count++] = part;
		} else if (!text_equal(want_part, part)) {
			return false;
		}
	}
	return !path.len;
}

const struct route *route_find(const struct route *routes, const struct http_exchange *ex,
			       struct text params[ROUTE_MAX_PARAMS], enum err *ret_err,
			       unsigned *ret_allowed)
{
	enum http_method method = http_method(ex);
	/* A HEAD is a GET whose body the server leaves out. */
	unsigned wanted = method == HTTP_HEAD ? HTTP_GET : method;
	*ret_allowed = 0;
	for (const struct route *r = routes; r->path; r++) {
		struct text found[ROUTE_MAX_PARAMS] = { 0 };
		if (!matches(r->path, http_path(ex), found))
			continue;
		*ret_allowed |= r->method;
		if (r->method == wanted) {
			memcpy(params, found, sizeof(found));
			return r;
		}
	}
	*ret_err = *ret_allowed ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_FOUND;
	return NULL;
}
