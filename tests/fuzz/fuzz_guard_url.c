/* SPDX-License-Identifier: MIT */
/*
 * A base URL as a user pastes it. Whatever is accepted must be stable (accepted again in its normal
 * form, with the same result), and an accepted literal address must be one that may be connected
 * to.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/base.h"
#include "fetch/guard.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_literal(const struct guard_url *url)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(url->port) };
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6, .sin6_port = htons(url->port) };
	const struct sockaddr *at = NULL;

	if (inet_pton(AF_INET, url->host, &in.sin_addr) == 1)
		at = (const struct sockaddr *)&in;
	else if (inet_pton(AF_INET6, url->host, &in6.sin6_addr) == 1)
		at = (const struct sockaddr *)&in6;
	if (at) {
		BUG_ON(!guard_address_is_public(at));
		BUG_ON(!guard_permits_address(NULL, url, at));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text input = { (const char *)data, size };
	struct guard_url url, target;

	if (guard_check_target(NULL, input, &target) == OK)
		check_literal(&target);
	if (guard_check_url(NULL, input, &url) != OK)
		return 0;
	BUG_ON(strcmp(url.origin, target.origin) != 0);
	BUG_ON(strcmp(url.scheme, "https") != 0 || url.port == 0);

	char normal[GUARD_ORIGIN_SIZE + sizeof(url.path)];
	struct guard_url again;
	snprintf(normal, sizeof(normal), "%s%s", url.origin, url.path);
	BUG_ON(guard_check_url(NULL, text_of(normal), &again) != OK);
	BUG_ON(strcmp(again.origin, url.origin) != 0 || strcmp(again.path, url.path) != 0);
	return 0;
}
