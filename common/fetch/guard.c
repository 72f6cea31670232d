/* SPDX-License-Identifier: MIT */
/*
 * The base-URL guard: who may connect where. The operator's entries and origins come first;
 * everything else must be https towards a public address that is not this machine's own.
 */
#include "fetch/guard_private.h"

#include <ifaddrs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"

#include "base/banned.h"

#define MAX_ENTRIES 64
#define MAX_OWN_ADDRESSES 64

enum entry_kind { ENTRY_NAME, ENTRY_LOCALHOST, ENTRY_ADDRESS };

struct entry {
	enum entry_kind kind;
	char host[256];
	uint16_t port;
	struct guard_address address;
};

struct guard {
	struct entry allow[MAX_ENTRIES];
	size_t allow_count;
	char trusted[MAX_ENTRIES][GUARD_ORIGIN_SIZE];
	size_t trusted_count;
	struct guard_address own[MAX_OWN_ADDRESSES]; /* of this machine's interfaces */
	size_t own_count;
};

/* Services that are never a model provider and that a stray HTTP request can hurt or open. */
static const uint16_t refused_ports[] = {
	1433, 1434, 1521, 1719, 1720, 1723, 2049, 2181,	 2375,	2376,  2377,  2379,  2380,  3306,
	3389, 3659, 4045, 4190, 4369, 5060, 5061, 5432,	 5433,	5672,  5900,  5901,  5902,  5903,
	5984, 5985, 5986, 6000, 6001, 6379, 6443, 6566,	 6665,	6666,  6667,  6668,  6669,  6679,
	6697, 7000, 7001, 9042, 9092, 9200, 9300, 10080, 10250, 10255, 11211, 26379, 27017, 27018,
};

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

static bool is_own_address(const struct guard *g, const struct guard_address *a)
{
	for (size_t i = 0; g && i < g->own_count; i++)
		if (guard_address_equal(&g->own[i], a))
			return true;
	return false;
}

static bool entry_permits(const struct entry *entry, const struct guard_address *a)
{
	switch (entry->kind) {
	case ENTRY_ADDRESS:
		return guard_address_equal(&entry->address, a);
	case ENTRY_LOCALHOST:
		return guard_judge(a) == GUARD_LOOPBACK;
	case ENTRY_NAME:
		return guard_judge(a) == GUARD_LOCAL || guard_judge(a) == GUARD_PUBLIC;
	}
	return false;
}

static bool permits(const struct guard *g, const struct guard_url *url,
		    const struct guard_address *a)
{
	const struct entry *entry = find_entry(g, url);

	if (guard_judge(a) == GUARD_NEVER)
		return false;
	if (is_trusted(g, url))
		return true;
	if (entry)
		return entry_permits(entry, a);
	return strcmp(url->scheme, "https") == 0 && guard_judge(a) == GUARD_PUBLIC &&
	       !is_own_address(g, a);
}

bool guard_permits_address(const struct guard *g, const struct guard_url *url,
			   const struct sockaddr *address)
{
	struct guard_address a;
	uint16_t port;

	return guard_address_of_sockaddr(address, &a, &port) && port == url->port &&
	       permits(g, url, &a);
}

static enum err check_origin(const struct guard *g, const struct guard_url *url)
{
	struct guard_address literal;

	if (guard_address_of_host(url->host, &literal)) {
		if (!permits(g, url, &literal))
			return ERR_PROVIDER_ADDRESS_FORBIDDEN;
	} else if (is_trusted(g, url) || find_entry(g, url)) {
		return OK;
	} else if (strcmp(url->scheme, "http") == 0 || guard_host_is_local_name(url->host)) {
		return ERR_PROVIDER_ADDRESS_FORBIDDEN;
	}
	if (is_trusted(g, url) || find_entry(g, url) || port_is_usual(url->port))
		return OK;
	return ERR_INVALID_REQUEST;
}

enum err guard_check_target(const struct guard *g, struct text url, struct guard_url *ret)
{
	struct guard_split parts;
	struct guard_url parsed;

	if (!guard_split(url, &parts))
		return ERR_INVALID_REQUEST;
	for (size_t i = 0; i < parts.rest.len; i++)
		if (parts.rest.ptr[i] == '#')
			return ERR_INVALID_REQUEST;
	enum err err = guard_parse_origin(&parts, &parsed);
	if (err == OK)
		err = check_origin(g, &parsed);
	if (err == OK)
		*ret = parsed;
	return err;
}

enum err guard_check_url(const struct guard *g, struct text url, struct guard_url *ret)
{
	struct guard_split parts;
	struct guard_url parsed;

	if (!guard_split(url, &parts) || !guard_path_is_plain(parts.rest))
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
	struct guard_split parts;
	struct guard_url url;
	struct entry entry = { .kind = ENTRY_NAME };

	if (!guard_split(text_of(as_url), &parts) || parts.rest.len || !parts.port.ptr ||
	    guard_parse_origin(&parts, &url) != OK)
		return "is not host:port; write a name or an address and a port, [::1]:11434 for "
		       "IPv6";
	if (guard_host_is_localhost(url.host))
		entry.kind = ENTRY_LOCALHOST;
	if (guard_address_of_host(url.host, &entry.address)) {
		entry.kind = ENTRY_ADDRESS;
		if (guard_judge(&entry.address) == GUARD_NEVER)
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
	struct guard_split parts;
	struct guard_url url;
	struct guard_address literal;

	if (!guard_split(text_of(text), &parts) || (parts.rest.len && !text_is(parts.rest, "/")) ||
	    guard_parse_origin(&parts, &url) != OK)
		return "is not scheme://host:port";
	if (guard_address_of_host(url.host, &literal) && guard_judge(&literal) == GUARD_NEVER)
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
		if (i->ifa_addr &&
		    guard_address_of_sockaddr(i->ifa_addr, &g->own[g->own_count], &port))
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

static void auto_guard(struct guard **g)
{
	guard_free(*g);
}

enum err guard_check_allow(const struct config_list *allow, struct strbuf *errors)
{
	AUTO(auto_guard) struct guard *g = NULL;
	AUTO(strbuf_clear) struct strbuf problems = STRBUF_INIT((size_t)16 * 1024);
	struct text rest, line;
	enum err err = guard_new(allow, NULL, 0, &g, &problems);

	rest = strbuf_text(&problems);
	while (text_next(&rest, '\n', &line))
		if (line.len)
			strbuf_note(errors, "UPSTREAM_LOCAL_ALLOW: %.*s\n", TEXT_FMT(line));
	return err;
}
