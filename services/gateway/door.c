/* SPDX-License-Identifier: MIT */
#include "door.h"

#include "base/mem.h"
#include "crypto/crypto.h"

#include "base/banned.h"

/* Host without its port; IPv6 keeps its brackets. */
static struct text host_name(struct text host)
{
	size_t from = host.len && host.ptr[0] == '[' ? 1 : 0;
	const char *closing = from ? memchr(host.ptr, ']', host.len) : NULL;
	if (from)
		return closing ? text_slice(host, 0, (size_t)(closing - host.ptr) + 1) : TEXT_NULL;
	const char *colon = memchr(host.ptr, ':', host.len);
	return colon ? text_slice(host, 0, (size_t)(colon - host.ptr)) : host;
}

static bool is_loopback_name(struct text host)
{
	struct text name = host_name(host);
	return name.ptr && (text_is_ignoring_case(name, "localhost") || text_is(name, "127.0.0.1") || text_is(name, "[::1]"));
}

static struct text after_scheme(struct text origin)
{
	for (size_t i = 0; i + 3 <= origin.len; i++)
		if (!memcmp(origin.ptr + i, "://", 3))
			return text_slice(origin, i + 3, origin.len);
	return TEXT_NULL;
}

static bool same_ignoring_case(struct text a, struct text b)
{
	return a.ptr && b.ptr && a.len == b.len && !strncasecmp(a.ptr, b.ptr, a.len);
}

bool door_host_is_ours(const struct door_rules *rules, struct text host)
{
	if (!host.ptr || !host.len)
		return false;
	return same_ignoring_case(host, after_scheme(rules->public_origin)) || (rules->loopback_names && is_loopback_name(host));
}

bool door_origin_is_ours(const struct door_rules *rules, struct text origin, struct text host)
{
	if (!origin.ptr)
		return false;
	if (text_equal(origin, rules->public_origin))
		return true;
	/* On loopback the page may have been opened under any of its names; its own Host is then the measure. */
	bool http = text_starts_with(origin, "http://") || text_starts_with(origin, "https://");
	return rules->loopback_names && http && is_loopback_name(host) && same_ignoring_case(after_scheme(origin), host);
}

static bool edge_is_proven(const struct door_rules *rules, struct text given)
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	if (!given.ptr || key32_parse(given, &key))
		return false;
	return secret_equal(key.bytes, rules->edge_secret->bytes, key.len);
}

static bool is_json_type(struct text type)
{
	struct text rest = type, first;
	if (!text_next(&rest, ';', &first) || !text_is_ignoring_case(text_trim(first), "application/json"))
		return false;
	return !rest.ptr || text_is_ignoring_case(text_trim(rest), "charset=utf-8");
}

static enum err refuse(struct door_view *view, enum err err, const char *problem)
{
	view->problem = problem;
	return err;
}

static enum err check_browser_mutation(const struct door_rules *rules, const struct door_request *r, struct door_view *view)
{
	if (!door_origin_is_ours(rules, r->origin, r->host))
		return refuse(view, ERR_CSRF_FAILED, "This change did not come from a page of this Grove: its Origin is missing or another one. "
						     "Programs send a personal token as Authorization: Bearer instead.");
	if (r->fetch_site.ptr && !text_is(r->fetch_site, "same-origin"))
		return refuse(view, ERR_CSRF_FAILED, "This change was started by another site and is refused.");
	view->needs_csrf = true;
	return OK;
}

enum err door_check(const struct door_rules *rules, const struct door_request *r, struct door_view *ret)
{
	*ret = (struct door_view){ .csrf = r->csrf };
	if (!door_host_is_ours(rules, r->host))
		return refuse(ret, ERR_MISDIRECTED, "This Grove does not answer under that host name; add it as GROVE_PUBLIC_ORIGIN if it should.");
	if (r->is_mutation && r->has_body && !is_json_type(r->content_type))
		return refuse(ret, ERR_UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.");
	ret->via_nginx = edge_is_proven(rules, r->edge);
	ret->authorization = r->authorization;
	ret->cookie = r->cookie;
	if (ret->via_nginx && rules->trust_identity_headers) {
		ret->access_email = r->access_email;
		ret->access_assertion = r->access_assertion;
	}
	if (r->is_mutation && !r->authorization.ptr)
		return check_browser_mutation(rules, r, ret);
	return OK;
}
