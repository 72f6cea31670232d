/* SPDX-License-Identifier: MIT */
#include "door.h"

#include "base/mem.h"
#include "crypto/crypto.h"

#include "base/banned.h"

static bool is_port(struct text t)
{
	uint64_t port;

	return !text_to_u64(t, 65535, &port);
}

/* Host without its port, IPv6 with its brackets; absent when it is neither a name nor a name and a
 * port. */
static struct text host_name(struct text host)
{
	const char *closing =
		host.len && host.ptr[0] == '[' ? memchr(host.ptr, ']', host.len) : host.ptr;
	if (!closing)
		return TEXT_NULL;
	size_t searched = (size_t)(closing - host.ptr);
	const char *colon = memchr(closing, ':', host.len - searched);
	size_t end = colon ? (size_t)(colon - host.ptr) : host.len;
	if (colon && !is_port(text_slice(host, end + 1, host.len)))
		return TEXT_NULL;
	return text_slice(host, 0, end);
}

static bool is_loopback_name(struct text host)
{
	struct text name = host_name(host);
	return name.ptr && (text_is_ignoring_case(name, "localhost") ||
			    text_is(name, "127.0.0.1") || text_is(name, "[::1]"));
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
	return same_ignoring_case(host, after_scheme(rules->public_origin)) ||
	       (rules->loopback_names && is_loopback_name(host));
}

bool door_origin_is_ours(const struct door_rules *rules, struct text origin, struct text host)
{
	if (!origin.ptr)
		return false;
	if (text_equal(origin, rules->public_origin))
		return true;
	/* On loopback the page may have been opened under any of its names; its own Host is then
	 * the measure. */
	bool http = text_starts_with(origin, "http://") || text_starts_with(origin, "https://");
	return rules->loopback_names && http && is_loopback_name(host) &&
	       same_ignoring_case(after_scheme(origin), host);
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
	if (!text_next(&rest, ';', &first) ||
	    !text_is_ignoring_case(text_trim(first), "application/json"))
		return false;
	rest = text_trim(rest);
	return !rest.ptr || text_is_ignoring_case(rest, "charset=utf-8") ||
	       text_is_ignoring_case(rest, "charset=\"utf-8\"");
}

static enum err refuse(const char **ret_problem, enum err err, const char *problem)
{
	*ret_problem = problem;
	return err;
}

bool door_needs_csrf(const struct door_request *r)
{
	return r->is_mutation && !r->authorization.ptr;
}

enum err door_enter(const struct door_rules *rules, const struct door_request *r,
		    struct door_view *ret)
{
	if (!door_host_is_ours(rules, r->host))
		return ERR_MISDIRECTED;
	*ret = (struct door_view){
		.via_nginx = edge_is_proven(rules, r->edge),
		.authorization = r->authorization,
		.cookie = r->cookie,
	};
	if (ret->via_nginx && rules->trust_identity_headers) {
		ret->access_email = r->access_email;
		ret->access_assertion = r->access_assertion;
	}
	return OK;
}

enum err door_check_change(const struct door_rules *rules, const struct door_request *r,
			   const char **ret_problem)
{
	if (!r->is_mutation)
		return OK;
	if (door_needs_csrf(r) && !door_origin_is_ours(rules, r->origin, r->host))
		return refuse(ret_problem, ERR_CSRF_FAILED,
			      "This change did not come from a page of this Grove: its Origin is "
			      "missing or another one. "
			      "Programs send a personal token as Authorization: Bearer instead.");
	if (door_needs_csrf(r) && r->fetch_site.ptr && !text_is(r->fetch_site, "same-origin"))
		return refuse(ret_problem, ERR_CSRF_FAILED,
			      "This change was started by another site and is refused.");
	if (r->has_body && !is_json_type(r->content_type))
		return refuse(ret_problem, ERR_UNSUPPORTED_MEDIA_TYPE,
			      "Send the body as application/json.");
	return OK;
}
