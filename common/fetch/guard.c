/* SPDX-License-Identifier: MIT */
/*
 * The base-URL guard: which form of URL is accepted, and which resolved addresses may be connected
 * to. URLs are split strictly by hand first and then read by libcurl's own parser, whose result is
 * what counts: the same code will read them again when the connection is made, so there is no
 * second opinion to exploit. Addresses are judged by tables of prefixes.
 *
 * Sources: RFC 6890 and IANA's special-purpose registries for the ranges; RFC 4291 §2.5.5, RFC
 * 6052, RFC 3056 and RFC 4380 for the IPv6 forms that carry an IPv4 address.
 */
#include "fetch/guard.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/base.h"

#include "base/banned.h"

#define MAX_URL 2048
#define MAX_ENTRIES 64
#define MAX_OWN_ADDRESSES 64

/* An address in one form for both families: IPv4 stands in bytes 12–15 behind ::ffff. */
struct address {
	uint8_t bytes[16];
};

enum entry_kind { ENTRY_NAME, ENTRY_LOCALHOST, ENTRY_ADDRESS };

struct entry {
	enum entry_kind kind;
	char host[256];
	uint16_t port;
	struct address address;
};

struct guard {
	struct entry allow[MAX_ENTRIES];
	size_t allow_count;
	char trusted[MAX_ENTRIES][GUARD_ORIGIN_SIZE];
	size_t trusted_count;
	struct address own[MAX_OWN_ADDRESSES]; /* of this machine's interfaces */
	size_t own_count;
};

enum verdict {
	PUBLIC,
	LOCAL, /* only by an entry of the operator */
	LOOPBACK, /* only by an entry that says so itself */
	NEVER, /* metadata services, and forms nobody needs */
};

struct prefix {
	uint8_t bytes[16];
	uint8_t bits;
	uint8_t verdict;
};

#define V4(a, b, c, d, length, verdict_)                                                 \
	{                                                                                \
		{ 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }, 96 + (length), \
			(verdict_)                                                       \
	}
#define V6(b0, b1, b2, b3, b4, b5, b6, b7, length, verdict_)             \
	{                                                                \
		{ b0, b1, b2, b3, b4, b5, b6, b7 }, (length), (verdict_) \
	}

/* The first match decides, so exceptions stand before their range. */
static const struct prefix prefixes[] = {
	/* Metadata services of clouds: credentials for the asking, so no entry opens them. */
	V4(169, 254, 0, 0, 16, NEVER), /* link-local: AWS, GCP, Azure, OpenStack */
	V4(100, 100, 100, 200, 32, NEVER), /* Alibaba */
	V4(168, 63, 129, 16, 32, NEVER), /* Azure's host agent, on a public address */
	V4(192, 0, 0, 192, 32, NEVER), /* Oracle */
	V6(0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 32, NEVER), /* AWS */
	V6(0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 32, NEVER), /* GCP */

	V4(0, 0, 0, 0, 8, NEVER), /* "this host": Linux connects to itself */
	V4(127, 0, 0, 0, 8, LOOPBACK),
	V4(10, 0, 0, 0, 8, LOCAL),
	V4(100, 64, 0, 0, 10, LOCAL),
	V4(172, 16, 0, 0, 12, LOCAL),
	V4(192, 168, 0, 0, 16, LOCAL),
	V4(192, 0, 0, 0, 24, LOCAL),
	V4(192, 0, 2, 0, 24, LOCAL),
	V4(192, 88, 99, 0, 24, LOCAL),
	V4(198, 18, 0, 0, 15, LOCAL),
	V4(198, 51, 100, 0, 24, LOCAL),
	V4(203, 0, 113, 0, 24, LOCAL),
	V4(224, 0, 0, 0, 4, NEVER), /* multicast */
	V4(240, 0, 0, 0, 4, NEVER), /* reserved and broadcast */
	V4(0, 0, 0, 0, 0, PUBLIC),

	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128, LOOPBACK },
	V6(0, 0, 0, 0, 0, 0, 0, 0, 96, NEVER), /* :: and IPv4-compatible */
	V6(0x00, 0x64, 0xff, 0x9b, 0, 1, 0, 0, 48, NEVER), /* NAT64, local use */
	V6(0x20, 0x02, 0, 0, 0, 0, 0, 0, 16, NEVER), /* 6to4 */
	V6(0x20, 0x01, 0, 0, 0, 0, 0, 0, 32, NEVER), /* Teredo */
	V6(0x20, 0x01, 0, 0, 0, 0, 0, 0, 23, LOCAL), /* protocol assignments */
	V6(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 32, LOCAL), /* documentation */
	V6(0x3f, 0xff, 0, 0, 0, 0, 0, 0, 20, LOCAL), /* documentation */
	V6(0x20, 0, 0, 0, 0, 0, 0, 0, 3, PUBLIC), /* global unicast */
	V6(0xfc, 0, 0, 0, 0, 0, 0, 0, 7, LOCAL), /* unique local */
	V6(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 9, LOCAL), /* link-local, site-local */
	V6(0, 0, 0, 0, 0, 0, 0, 0, 0, NEVER), /* all the rest, multicast too */
};

/* Services that are never a model provider and that a stray HTTP request can hurt or open. */
static const uint16_t refused_ports[] = {
	1433, 1434, 1521, 1719, 1720, 1723, 2049, 2181,	 2375,	2376,  2377,  2379,  2380,  3306,
	3389, 3659, 4045, 4190, 4369, 5060, 5061, 5432,	 5433,	5672,  5900,  5901,  5902,  5903,
	5984, 5985, 5986, 6000, 6001, 6379, 6443, 6566,	 6665,	6666,  6667,  6668,  6669,  6679,
	6697, 7000, 7001, 9042, 9092, 9200, 9300, 10080, 10250, 10255, 11211, 26379, 27017, 27018,
};

/* Names that no public resolver answers: refused when saved, so that people learn it there and not
 * at the first chat. */
static const char *const local_suffixes[] = {
	".localhost", ".local", ".internal", ".localdomain", ".home.arpa", ".lan", ".intranet",
};

static bool prefix_matches(const struct prefix *p, const struct address *a)
{
	size_t whole = p->bits / 8u;
	unsigned rest = p->bits % 8u;

	if (memcmp(p->bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || ((p->bytes[whole] ^ a->bytes[whole]) >> (8 - rest)) == 0;
}

static enum verdict judge(const struct address *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (prefix_matches(&prefixes[i], a))
			return (enum verdict)prefixes[i].verdict;
	return NEVER;
}

static struct address address_of_v4(const void *bytes)
{
	struct address a = { { [10] = 0xff, [11] = 0xff } };

	memcpy(a.bytes + 12, bytes, 4);
	return a;
}

static struct address address_of_v6(const uint8_t *bytes)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	struct address a;

	/* NAT64 reaches the IPv4 address inside; mapped addresses have our form already. */
	if (memcmp(bytes, nat64, sizeof(nat64)) == 0)
		return address_of_v4(bytes + 12);
	memcpy(a.bytes, bytes, sizeof(a.bytes));
	return a;
}

static bool address_of_sockaddr(const struct sockaddr *sa, struct address *ret, uint16_t *ret_port)
{
	/* Copies: the caller's bytes need not be aligned. */
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		*ret = address_of_v4(&in.sin_addr);
		*ret_port = ntohs(in.sin_port);
		return true;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		*ret = address_of_v6(in6.sin6_addr.s6_addr);
		*ret_port = ntohs(in6.sin6_port);
		return true;
	}
	return false;
}

static bool address_of_host(const char *host, struct address *ret)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, host, bytes) == 1)
		*ret = address_of_v4(bytes);
	else if (inet_pton(AF_INET6, host, bytes) == 1)
		*ret = address_of_v6(bytes);
	else
		return false;
	return true;
}

static bool address_equal(const struct address *a, const struct address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool guard_address_is_public(const struct sockaddr *address)
{
	struct address a;
	uint16_t port;

	return address_of_sockaddr(address, &a, &port) && judge(&a) == PUBLIC;
}

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

static bool host_is_local_name(const char *host)
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

static bool host_is_localhost(const char *host)
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

struct split_url {
	struct text scheme, authority, rest; /* rest begins with '/', '?' or '#', or is empty */
	struct text port; /* absent when not written */
};

static bool split_scheme(struct text url, struct split_url *ret)
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

/* Exactly scheme://host[:port] and a rest; no user information, no escapes in the host. */
static bool split(struct text url, struct split_url *ret)
{
	size_t end = 0;

	if (url.len > MAX_URL || !text_is_plain(url) || !split_scheme(url, ret))
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
static enum err host_from_curl(const struct split_url *parts, char ret[static 256])
{
	AUTO(auto_curl_url) CURLU *u = curl_url();
	AUTO(auto_curl_free) char *host = NULL;
	char bare[MAX_URL + 16];

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

/* Fills everything but the path. */
static enum err parse_origin(const struct split_url *parts, struct guard_url *ret)
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

static const struct entry *find_entry(const struct guard *g, const struct guard_url *url)
{
	for (size_t i = 0; g && i < g->allow_count; i++)
		if (g->allow[i].port == url->port && strcmp(g->allow[i].host, url->host) == 0)
			return &g->allow[i];
	return NULL;
}

static bool is_trusted(const struct guard *g, const struct guard_url *url)
{
	for (size_t i = 0; g && i < g->trusted_count; i++)
		if (strcmp(g->trusted[i], url->origin) == 0)
			return true;
	return false;
}

static bool port_is_usual(uint16_t port)
{
	if (port != 443 && port < 1024)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(refused_ports); i++)
		if (refused_ports[i] == port)
			return false;
	return true;
}

static bool is_own_address(const struct guard *g, const struct address *a)
{
	for (size_t i = 0; g && i < g->own_count; i++)
		if (address_equal(&g->own[i], a))
			return true;
	return false;
}

static bool entry_permits(const struct entry *entry, const struct address *a)
{
	switch (entry->kind) {
	case ENTRY_ADDRESS:
		return address_equal(&entry->address, a);
	case ENTRY_LOCALHOST:
		return judge(a) == LOOPBACK;
	case ENTRY_NAME:
		return judge(a) == LOCAL || judge(a) == PUBLIC;
	}
	return false;
}

static bool permits(const struct guard *g, const struct guard_url *url, const struct address *a)
{
	const struct entry *entry = find_entry(g, url);

	if (judge(a) == NEVER)
		return false;
	if (is_trusted(g, url))
		return true;
	if (entry)
		return entry_permits(entry, a);
	return strcmp(url->scheme, "https") == 0 && judge(a) == PUBLIC && !is_own_address(g, a);
}

bool guard_permits_address(const struct guard *g, const struct guard_url *url,
			   const struct sockaddr *address)
{
	struct address a;
	uint16_t port;

	return address_of_sockaddr(address, &a, &port) && port == url->port && permits(g, url, &a);
}

static enum err check_origin(const struct guard *g, const struct guard_url *url)
{
	struct address literal;

	if (address_of_host(url->host, &literal)) {
		if (!permits(g, url, &literal))
			return ERR_PROVIDER_ADDRESS_FORBIDDEN;
	} else if (is_trusted(g, url) || find_entry(g, url)) {
		return OK;
	} else if (strcmp(url->scheme, "http") == 0 || host_is_local_name(url->host)) {
		return ERR_PROVIDER_ADDRESS_FORBIDDEN;
	}
	if (is_trusted(g, url) || find_entry(g, url) || port_is_usual(url->port))
		return OK;
	return ERR_INVALID_REQUEST;
}

/* A base path: plain segments, nothing that a server or proxy could read in two ways. */
static bool path_is_plain(struct text path)
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

enum err guard_check_target(const struct guard *g, struct text url, struct guard_url *ret)
{
	struct split_url parts;
	struct guard_url parsed;

	if (!split(url, &parts))
		return ERR_INVALID_REQUEST;
	for (size_t i = 0; i < parts.rest.len; i++)
		if (parts.rest.ptr[i] == '#')
			return ERR_INVALID_REQUEST;
	enum err err = parse_origin(&parts, &parsed);
	if (err == OK)
		err = check_origin(g, &parsed);
	if (err == OK)
		*ret = parsed;
	return err;
}

enum err guard_check_url(const struct guard *g, struct text url, struct guard_url *ret)
{
	struct split_url parts;
	struct guard_url parsed;

	if (!split(url, &parts) || !path_is_plain(parts.rest))
		return ERR_INVALID_REQUEST;
	struct text path = parts.rest;
	if (path.len > 0 && path.ptr[path.len - 1] == '/')
		path = text_slice(path, 0, path.len - 1);
	if (path.len >= sizeof(parsed.path))
		return ERR_INVALID_REQUEST;
	enum err err = guard_check_target(g, url, &parsed);
	if (err != OK)
		return err;
	memcpy(parsed.path, path.ptr, path.len);
	parsed.path[path.len] = 0;
	*ret = parsed;
	return OK;
}

static void complain(struct strbuf *errors, const char *entry, const char *what)
{
	/* The list of errors may be full: the first ones are in it then. */
	enum err ignored = strbuf_printf(errors, "%.300s: %s\n", entry, what);
	(void)ignored;
}

/* "host:port" → an entry, or what is wrong with it. */
static const char *parse_entry(const char *text, struct entry *ret)
{
	AUTO(auto_free) char *as_url = xasprintf("http://%.300s", text);
	struct split_url parts;
	struct guard_url url;
	struct entry entry = { .kind = ENTRY_NAME };

	if (!split(text_of(as_url), &parts) || parts.rest.len || !parts.port.ptr ||
	    parse_origin(&parts, &url) != OK)
		return "is not host:port; write a name or an address and a port, [::1]:11434 for "
		       "IPv6";
	if (host_is_localhost(url.host))
		entry.kind = ENTRY_LOCALHOST;
	if (address_of_host(url.host, &entry.address)) {
		entry.kind = ENTRY_ADDRESS;
		if (judge(&entry.address) == NEVER)
			return "is an address that is never allowed (metadata, multicast, "
			       "reserved)";
	}
	memcpy(entry.host, url.host, sizeof(entry.host));
	entry.port = url.port;
	*ret = entry;
	return NULL;
}

static const char *parse_trusted(const char *text, char ret[static GUARD_ORIGIN_SIZE])
{
	struct split_url parts;
	struct guard_url url;
	struct address literal;

	if (!split(text_of(text), &parts) || (parts.rest.len && !text_is(parts.rest, "/")) ||
	    parse_origin(&parts, &url) != OK)
		return "is not scheme://host:port";
	if (address_of_host(url.host, &literal) && judge(&literal) == NEVER)
		return "is an address that is never allowed (metadata, multicast, reserved)";
	memcpy(ret, url.origin, GUARD_ORIGIN_SIZE);
	return NULL;
}

/* A public address of this machine is still this machine: what listens there may trust its
 * neighbours. */
static void remember_own_addresses(struct guard *g)
{
	struct ifaddrs *list = NULL;
	uint16_t port;

	if (getifaddrs(&list) < 0)
		return;
	for (struct ifaddrs *i = list; i && g->own_count < MAX_OWN_ADDRESSES; i = i->ifa_next)
		if (i->ifa_addr && address_of_sockaddr(i->ifa_addr, &g->own[g->own_count], &port))
			g->own_count++;
	freeifaddrs(list);
}

enum err guard_new(const struct config_list *allow, const char *const *trusted_origins,
		   size_t trusted_count, struct guard **ret, struct strbuf *errors)
{
	AUTO(auto_free) struct guard *g = xcalloc(1, sizeof(*g));
	size_t allow_count = allow ? allow->count : 0;
	bool good = true;

	if (allow_count > MAX_ENTRIES || trusted_count > MAX_ENTRIES) {
		complain(errors, "list", "has more than 64 entries");
		return ERR_INVALID_REQUEST;
	}
	for (size_t i = 0; i < allow_count; i++) {
		const char *wrong = parse_entry(allow->items[i], &g->allow[g->allow_count++]);
		if (wrong)
			complain(errors, allow->items[i], wrong);
		good = good && !wrong;
	}
	for (size_t i = 0; i < trusted_count; i++) {
		const char *wrong =
			parse_trusted(trusted_origins[i], g->trusted[g->trusted_count++]);
		if (wrong)
			complain(errors, trusted_origins[i], wrong);
		good = good && !wrong;
	}
	if (!good)
		return ERR_INVALID_REQUEST;
	remember_own_addresses(g);
	*ret = take_ptr(g);
	return OK;
}

void guard_free(struct guard *g)
{
	free(g);
}
