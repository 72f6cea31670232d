/* SPDX-License-Identifier: MIT */
/*
 * What a URL must look like. It is split strictly by hand first and its host is then read by
 * libcurl's own parser, whose result is what counts: the same code will read it again when the
 * connection is made, so there is no second opinion to exploit.
 */
#include "fetch/guard_private.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

#include "base/banned.h"

/* Names that no public resolver answers: refused when saved, so that people learn it there and not
 * at the first chat. */
static const char *const local_suffixes[] = {
	".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".lan", ".intranet",
};

/* Letters, digits, inner hyphens, labels of 1–63: what a public name can be (RFC 1123 §2.1). */
static bool host_is_ldh(const char *host)
{
	size_t label = 0, len = strlen(host);

	if (len == 0 || len > 253)
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = host[i];
		bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		bool edge = label == 0 || i + 1 == len || host[i + 1] == '.';
		if (c == '.') {
			if (label == 0 || i + 1 == len)
				return false;
			label = 0;
			continue;
		}
		if (!alnum && (c != '-' || edge))
			return false;
		if (++label > 63)
			return false;
	}
	return true;
}

/*
 * A last label of digits or 0x… makes resolvers read the whole as an IPv4 address. libcurl has
 * turned the well-formed ones into four decimal parts; what still looks like a number now is one
 * that parsers disagree about.
 */
static bool host_ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.');
	const char *last = dot ? dot + 1 : host;

	if (last[0] == '0' && last[1] == 'x')
		return true;
	return strspn(last, "0123456789") == strlen(last);
}

bool guard_host_is_local_name(const char *host)
{
	size_t len = strlen(host);

	if (!strchr(host, '.') && !strchr(host, ':'))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(local_suffixes); i++) {
		size_t suffix = strlen(local_suffixes[i]);
		if (len > suffix && strcmp(host + len - suffix, local_suffixes[i]) == 0)
			return true;
	}
	return false;
}

bool guard_host_is_localhost(const char *host)
{
	size_t len = strlen(host);

	return strcmp(host, "localhost") == 0 ||
	       (len > 10 && strcmp(host + len - 10, ".localhost") == 0);
}

/* The raw bytes, before any parser: printable ASCII without the characters parsers differ about. */
static bool text_is_plain(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.ptr[i];
		if (c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>' ||
		    c == '^' || c == '`' || c == '{' || c == '|' || c == '}')
			return false;
	}
	return t.ptr && t.len > 0;
}

static bool split_scheme(struct text url, struct guard_split *ret)
{
	if (url.len > 8 && text_is_ignoring_case(text_slice(url, 0, 8), "https://")) {
		ret->scheme = TEXT("https");
		ret->authority = text_slice(url, 8, url.len);
	} else if (url.len > 7 && text_is_ignoring_case(text_slice(url, 0, 7), "http://")) {
		ret->scheme = TEXT("http");
		ret->authority = text_slice(url, 7, url.len);
	} else {
		return false;
	}
	return true;
}

static bool split_port(struct text authority, struct text *ret_port)
{
	size_t i = authority.len;

	while (i > 0 && authority.ptr[i - 1] != ':' && authority.ptr[i - 1] != ']')
		i--;
	*ret_port = TEXT_NULL;
	if (i == 0 || authority.ptr[i - 1] == ']')
		return i == authority.len || i == 0;
	*ret_port = text_slice(authority, i, authority.len);
	return ret_port->len > 0;
}

bool guard_split(struct text url, struct guard_split *ret)
{
	size_t end = 0;

	if (url.len > GUARD_MAX_URL || !text_is_plain(url) || !split_scheme(url, ret))
		return false;
	struct text after = ret->authority;
	while (end < after.len && !strchr("/?#", after.ptr[end]))
		end++;
	ret->authority = text_slice(after, 0, end);
	ret->rest = text_slice(after, end, after.len);
	for (size_t i = 0; i < end; i++)
		if (strchr("@%,;!$&'()*+=~", ret->authority.ptr[i]))
			return false;
	return end > 0 && split_port(ret->authority, &ret->port);
}

static enum err copy_host(const char *curl_host, char ret[static 256])
{
	size_t len = strlen(curl_host);
	struct in6_addr in6;

	if (len >= 256)
		return ERR_INVALID_REQUEST;
	if (curl_host[0] == '[') {
		char inner[256];
		memcpy(inner, curl_host + 1, len);
		inner[strcspn(inner, "]")] = 0;
		if (inet_pton(AF_INET6, inner, &in6) != 1)
			return ERR_INVALID_REQUEST;
		inet_ntop(AF_INET6, &in6, ret, 256);
		return OK;
	}
	for (size_t i = 0; i <= len; i++)
		ret[i] = (char)(curl_host[i] >= 'A' && curl_host[i] <= 'Z' ? curl_host[i] + 32
									   : curl_host[i]);
	struct in_addr in;
	if (!host_is_ldh(ret))
		return ERR_INVALID_REQUEST;
	return inet_pton(AF_INET, ret, &in) == 1 || !host_ends_in_number(ret) ? OK
									      : ERR_INVALID_REQUEST;
}

static void auto_curl_url(CURLU **u)
{
	curl_url_cleanup(*u);
}

static void auto_curl_free(char **s)
{
	curl_free(*s);
}

/* The host as libcurl will understand it when it connects. */
static enum err host_from_curl(const struct guard_split *parts, char ret[static 256])
{
	AUTO(auto_curl_url) CURLU *u = curl_url();
	AUTO(auto_curl_free) char *host = NULL;
	char bare[GUARD_MAX_URL + 16];

	BUG_ON(!u);
	snprintf(bare, sizeof(bare), "%.*s://%.*s/", TEXT_FMT(parts->scheme),
		 TEXT_FMT(parts->authority));
	if (curl_url_set(u, CURLUPART_URL, bare, CURLU_DISALLOW_USER) != CURLUE_OK)
		return ERR_INVALID_REQUEST;
	if (curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return ERR_INVALID_REQUEST;
	return copy_host(host, ret);
}

static void write_origin(struct guard_url *url)
{
	snprintf(url->origin, sizeof(url->origin),
		 strchr(url->host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", url->scheme, url->host,
		 url->port);
}

enum err guard_parse_origin(const struct guard_split *parts, struct guard_url *ret)
{
	struct guard_url url = { 0 };
	uint64_t port = parts->scheme.len == 5 ? 443 : 80;

	memcpy(url.scheme, parts->scheme.ptr, parts->scheme.len);
	if (parts->port.ptr && (text_to_u64(parts->port, 65535, &port) != OK || port == 0))
		return ERR_INVALID_REQUEST;
	url.port = (uint16_t)port;
	enum err err = host_from_curl(parts, url.host);
	if (err != OK)
		return err;
	write_origin(&url);
	*ret = url;
	return OK;
}

bool guard_path_is_plain(struct text path)
{
	struct text rest = text_slice(path, 1, path.len), segment;

	for (size_t i = 0; i < path.len; i++)
		if (strchr("%?#", path.ptr[i]))
			return false;
	if (path.len == 0)
		return true;
	while (text_next(&rest, '/', &segment)) {
		if (segment.len == 0 && rest.ptr)
			return false;
		if (text_is(segment, ".") || text_is(segment, ".."))
			return false;
	}
	return true;
}
