/* SPDX-License-Identifier: MIT */
/* Identifiers (RFC 9562) and the kernel's random bytes. */
#include "base/uuid.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"

#include "base/banned.h"

void random_bytes(void *out, size_t len)
{
	uint8_t *at = out;

	while (len) {
		ssize_t n = getrandom(at, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		BUG_ON(n <= 0);
		at += n;
		len -= (size_t)n;
	}
}

struct uuid uuid_new(void)
{
	struct uuid id;
	uint64_t ms = (uint64_t)clock_now().value;

	random_bytes(id.bytes + 6, sizeof(id.bytes) - 6);
	for (int i = 0; i < 6; i++)
		id.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
	id.bytes[6] = (uint8_t)(0x70 | (id.bytes[6] & 0x0F)); /* version 7 */
	id.bytes[8] = (uint8_t)(0x80 | (id.bytes[8] & 0x3F)); /* variant 10 */
	return id;
}

bool uuid_is_nil(const struct uuid *id)
{
	static const struct uuid nil;

	return uuid_equal(id, &nil);
}

bool uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

/* Where the dashes stand in "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx". */
static bool is_dash_position(size_t i)
{
	return i == 8 || i == 13 || i == 18 || i == 23;
}

void uuid_format(const struct uuid *id, char out[static UUID_TEXT_SIZE])
{
	char hex[33];
	size_t from = 0;

	BUG_ON(!bytes_to_hex(id->bytes, sizeof(id->bytes), hex, sizeof(hex)));
	for (size_t i = 0; i < UUID_TEXT_SIZE - 1; i++)
		out[i] = is_dash_position(i) ? '-' : hex[from++];
	out[UUID_TEXT_SIZE - 1] = '\0';
}

enum err uuid_parse(struct text t, struct uuid *ret)
{
	char hex[32];
	size_t to = 0;

	if (t.len != UUID_TEXT_SIZE - 1)
		return ERR_INVALID_REQUEST;
	for (size_t i = 0; i < t.len; i++) {
		if (!is_dash_position(i))
			hex[to++] = t.ptr[i];
		else if (t.ptr[i] != '-')
			return ERR_INVALID_REQUEST;
	}
	return hex_to_bytes((struct text){ hex, sizeof(hex) }, ret->bytes, sizeof(ret->bytes))
		       ? OK
		       : ERR_INVALID_REQUEST;
}
