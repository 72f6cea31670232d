/* SPDX-License-Identifier: MIT */
/*
 * Which addresses are public, local, loopback or never to be touched: a table of prefixes, after
 * unwrapping the IPv6 forms that carry an IPv4 address.
 *
 * Sources: RFC 6890 and IANA's special-purpose registries for the ranges; RFC 4291 §2.5.5, RFC
 * 6052, RFC 3056 and RFC 4380 for the IPv6 forms.
 */
#include "fetch/guard_private.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "base/mem.h"

#include "base/banned.h"

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
	V4(169, 254, 0, 0, 16, GUARD_NEVER), /* link-local: AWS, GCP, Azure, OpenStack */
	V4(100, 100, 100, 200, 32, GUARD_NEVER), /* Alibaba */
	V4(168, 63, 129, 16, 32, GUARD_NEVER), /* Azure's host agent, on a public address */
	V4(192, 0, 0, 192, 32, GUARD_NEVER), /* Oracle */
	V6(0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 32, GUARD_NEVER), /* AWS */
	V6(0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 32, GUARD_NEVER), /* GCP */

	V4(0, 0, 0, 0, 8, GUARD_NEVER), /* "this host": Linux connects to itself */
	V4(127, 0, 0, 0, 8, GUARD_LOOPBACK),
	V4(10, 0, 0, 0, 8, GUARD_LOCAL),
	V4(100, 64, 0, 0, 10, GUARD_LOCAL),
	V4(172, 16, 0, 0, 12, GUARD_LOCAL),
	V4(192, 168, 0, 0, 16, GUARD_LOCAL),
	V4(192, 0, 0, 0, 24, GUARD_LOCAL),
	V4(192, 0, 2, 0, 24, GUARD_LOCAL),
	V4(192, 88, 99, 0, 24, GUARD_LOCAL),
	V4(198, 18, 0, 0, 15, GUARD_LOCAL),
	V4(198, 51, 100, 0, 24, GUARD_LOCAL),
	V4(203, 0, 113, 0, 24, GUARD_LOCAL),
	V4(224, 0, 0, 0, 4, GUARD_NEVER), /* multicast */
	V4(240, 0, 0, 0, 4, GUARD_NEVER), /* reserved and broadcast */
	V4(0, 0, 0, 0, 0, GUARD_PUBLIC),

	{ { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 }, 128, GUARD_LOOPBACK },
	V6(0, 0, 0, 0, 0, 0, 0, 0, 96, GUARD_NEVER), /* :: and IPv4-compatible */
	V6(0x00, 0x64, 0xff, 0x9b, 0, 1, 0, 0, 48, GUARD_NEVER), /* NAT64, local use */
	V6(0x20, 0x02, 0, 0, 0, 0, 0, 0, 16, GUARD_NEVER), /* 6to4 */
	V6(0x20, 0x01, 0, 0, 0, 0, 0, 0, 32, GUARD_NEVER), /* Teredo */
	V6(0x20, 0x01, 0, 0, 0, 0, 0, 0, 23, GUARD_LOCAL), /* protocol assignments */
	V6(0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 32, GUARD_LOCAL), /* documentation */
	V6(0x3f, 0xff, 0, 0, 0, 0, 0, 0, 20, GUARD_LOCAL), /* documentation */
	V6(0x20, 0, 0, 0, 0, 0, 0, 0, 3, GUARD_PUBLIC), /* global unicast */
	V6(0xfc, 0, 0, 0, 0, 0, 0, 0, 7, GUARD_LOCAL), /* unique local */
	V6(0xfe, 0x80, 0, 0, 0, 0, 0, 0, 9, GUARD_LOCAL), /* link-local, site-local */
	V6(0, 0, 0, 0, 0, 0, 0, 0, 0, GUARD_NEVER), /* all the rest, multicast too */
};

static bool prefix_matches(const struct prefix *p, const struct guard_address *a)
{
	size_t whole = p->bits / 8u;
	unsigned rest = p->bits % 8u;

	if (memcmp(p->bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 || ((p->bytes[whole] ^ a->bytes[whole]) >> (8 - rest)) == 0;
}

enum guard_verdict guard_judge(const struct guard_address *a)
{
	for (size_t i = 0; i < ARRAY_SIZE(prefixes); i++)
		if (prefix_matches(&prefixes[i], a))
			return (enum guard_verdict)prefixes[i].verdict;
	return GUARD_NEVER;
}

static struct guard_address address_of_v4(const void *bytes)
{
	struct guard_address a = { { [10] = 0xff, [11] = 0xff } };

	memcpy(a.bytes + 12, bytes, 4);
	return a;
}

static struct guard_address address_of_v6(const uint8_t *bytes)
{
	static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
	struct guard_address a;

	/* NAT64 reaches the IPv4 address inside; mapped addresses have our form already. */
	if (memcmp(bytes, nat64, sizeof(nat64)) == 0)
		return address_of_v4(bytes + 12);
	memcpy(a.bytes, bytes, sizeof(a.bytes));
	return a;
}

bool guard_address_of_sockaddr(const struct sockaddr *sa, struct guard_address *ret,
			       uint16_t *ret_port)
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

bool guard_address_of_host(const char *host, struct guard_address *ret)
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

bool guard_address_equal(const struct guard_address *a, const struct guard_address *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

bool guard_address_is_public(const struct sockaddr *address)
{
	struct guard_address a;
	uint16_t port;

	return guard_address_of_sockaddr(address, &a, &port) && guard_judge(&a) == GUARD_PUBLIC;
}
