/* SPDX-License-Identifier: MIT */
/* Addresses to listen on and to call, and web origins. Hosts to bind or connect to are numeric: no
 * resolver runs at start. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/mem.h"
#include "config/config_private.h"

#include "base/banned.h"

enum { LONGEST_ORIGIN = 300 };

static bool is_graphic(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (t.ptr[i] <= ' ' || t.ptr[i] > '~')
			return false;
	}
	return true;
}

static enum err parse_unix(struct text path, struct config_address *ret)
{
	struct sockaddr_un longest;

	if (path.len < 2 || path.ptr[0] != '/' || path.len >= sizeof(longest.sun_path) ||
	    !is_graphic(path))
		return ERR_INVALID_REQUEST;
	*ret = (struct config_address){ .unix_path = xmemdup0(path.ptr, path.len) };
	return OK;
}

/* Splits "host:port" or "[v6]:port". */
static bool split_host(struct text t, bool *ret_is_v6, struct text *ret_host, struct text *ret_port)
{
	*ret_is_v6 = text_starts_with(t, "[");
	if (*ret_is_v6)
		t = text_slice(t, 1, t.len);
	const char *end = t.len ? memchr(t.ptr, *ret_is_v6 ? ']' : ':', t.len) : NULL;
	if (!end)
		return false;
	*ret_host = (struct text){ t.ptr, (size_t)(end - t.ptr) };
	*ret_port = text_slice(t, ret_host->len + 1, t.len);
	if (!*ret_is_v6)
		return true;
	if (!text_starts_with(*ret_port, ":"))
		return false;
	*ret_port = text_slice(*ret_port, 1, ret_port->len);
	return true;
}

enum err config_address_parse(struct text t, struct config_address *ret)
{
	struct config_address a = { 0 };
	struct text host, port_text;
	uint8_t binary[16];
	uint64_t port;
	bool is_v6;

	if (text_starts_with(t, "unix:"))
		return parse_unix(text_slice(t, strlen("unix:"), t.len), ret);
	if (!split_host(t, &is_v6, &host, &port_text) || host.len >= sizeof(a.host) ||
	    !is_graphic(host))
		return ERR_INVALID_REQUEST;
	enum err err = text_to_u64(port_text, UINT16_MAX, &port);
	if (err)
		return err;
	memcpy(a.host, host.ptr, host.len);
	a.port = (uint16_t)port;
	if (inet_pton(is_v6 ? AF_INET6 : AF_INET, a.host, binary) != 1)
		return ERR_INVALID_REQUEST;
	*ret = a;
	return OK;
}

void config_address_format(const struct config_address *a, char *out, size_t size)
{
	if (a->unix_path)
		snprintf(out, size, "unix:%s", a->unix_path);
	else if (strchr(a->host, ':'))
		snprintf(out, size, "[%s]:%u", a->host, a->port);
	else
		snprintf(out, size, "%s:%u", a->host, a->port);
}

void config_address_clear(struct config_address *a)
{
	free(a->unix_path);
	*a = (struct config_address){ 0 };
}

static bool is_v4(struct text host)
{
	char literal[INET_ADDRSTRLEN] = "";
	uint8_t binary[4];

	if (host.len >= sizeof(literal))
		return false;
	memcpy(literal, host.ptr, host.len);
	return inet_pton(AF_INET, literal, binary) == 1;
}

/* "0x7f" counts as a number too. No top-level domain begins with a digit. */
static bool begins_with_digit(struct text label)
{
	return label.len && label.ptr[0] >= '0' && label.ptr[0] <= '9';
}

/* Letters, digits, '-' and '_' (container names have it), in labels of 1 to 63; lower case by now.
 */
static bool is_host_name(struct text host)
{
	struct text rest = host, label, last = TEXT_NULL;

	if (!host.len || host.len > 253)
		return false;
	while (text_next(&rest, '.', &label)) {
		if (!label.len || label.len > 63 || label.ptr[0] == '-' ||
		    label.ptr[label.len - 1] == '-')
			return false;
		for (size_t i = 0; i < label.len; i++) {
			char c = label.ptr[i];
			if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			      c == '_'))
				return false;
		}
		last = label;
	}
	/* As in browsers: a last label of digits makes it an IPv4 address, and then a whole one. */
	return !begins_with_digit(last) || is_v4(host);
}

static bool is_v6_literal(struct text host)
{
	char literal[INET6_ADDRSTRLEN];
	uint8_t binary[16];

	if (host.len < 4 || host.len - 2 >= sizeof(literal) || host.ptr[host.len - 1] != ']')
		return false;
	memcpy(literal, host.ptr + 1, host.len - 2);
	literal[host.len - 2] = '\0';
	return strlen(literal) == host.len - 2 && inet_pton(AF_INET6, literal, binary) == 1;
}

/* "host", "host:port", "[v6]" or "[v6]:port"; brackets stay with the host; port 0 = none given. */
static bool split_authority(struct text t, struct text *ret_host, uint64_t *ret_port)
{
	size_t skip = 0;

	if (text_starts_with(t, "[")) {
		const char *end = memchr(t.ptr, ']', t.len);
		if (!end)
			return false;
		skip = (size_t)(end - t.ptr);
	}
	struct text rest = text_slice(t, skip, t.len);
	const char *colon = rest.len ? memchr(rest.ptr, ':', rest.len) : NULL;
	*ret_port = 0;
	*ret_host = t;
	if (!colon)
		return true;
	size_t host_len = (size_t)(colon - t.ptr);
	*ret_host = text_slice(t, 0, host_len);
	return text_to_u64(text_slice(t, host_len + 1, t.len), UINT16_MAX, ret_port) == OK &&
	       *ret_port > 0;
}

char *config_origin_normalise(struct text t, bool http_allowed)
{
	struct text host;
	uint64_t port;

	if (!t.len || t.len > LONGEST_ORIGIN)
		return NULL;
	AUTO(auto_free) char *lower = xmemdup0(t.ptr, t.len);
	for (size_t i = 0; i < t.len; i++) {
		if (lower[i] >= 'A' && lower[i] <= 'Z')
			lower[i] = (char)(lower[i] + ('a' - 'A'));
	}
	struct text origin = { lower, t.len };
	bool is_https = text_starts_with(origin, "https://");
	if (!is_https && !(http_allowed && text_starts_with(origin, "http://")))
		return NULL;
	const char *scheme = is_https ? "https" : "http";
	origin = text_slice(origin, strlen(scheme) + strlen("://"), origin.len);
	if (!split_authority(origin, &host, &port))
		return NULL;
	if (text_starts_with(host, "[") ? !is_v6_literal(host) : !is_host_name(host))
		return NULL;
	if (!port || port == (is_https ? 443 : 80))
		return xasprintf("%s://%.*s", scheme, TEXT_FMT(host));
	return xasprintf("%s://%.*s:%u", scheme, TEXT_FMT(host), (unsigned)port);
}
