/* SPDX-License-Identifier: MIT */
/*
 * The door's readers of Host, Origin, Content-Type and Grove-Edge: four lines of the input.
 * Whatever is let in must be one of the few forms that are ours.
 */
#include <strings.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "door.h"

static struct text line(struct text *rest)
{
	struct text found;
	return text_next(rest, '\n', &found) ? found : TEXT_NULL;
}

static bool begins_with(struct text t, const char *prefix)
{
	size_t len = strlen(prefix);
	return t.len >= len && !strncasecmp(t.ptr, prefix, len);
}

static void check_admitted_host(struct text host)
{
	BUG_ON(!begins_with(host, "localhost") && !begins_with(host, "127.0.0.1") &&
	       !begins_with(host, "[::1]"));
	BUG_ON(host.len > sizeof("localhost:65535") - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct secret edge;
	struct text rest = { (const char *)data, size };
	struct door_request r = { .is_mutation = true, .has_body = true };
	struct door_view view;
	const char *problem = NULL;
	if (!edge.bytes) {
		secret_init_library(true);
		secret_set(&edge, "0123456789abcdef0123456789abcdef", 32);
	}
	const struct door_rules rules = { TEXT("http://localhost:8080"), true, true, &edge };
	r.host = line(&rest);
	r.origin = line(&rest);
	r.content_type = line(&rest);
	r.edge = line(&rest);
	if (door_enter(&rules, &r, &view) == OK)
		check_admitted_host(r.host);
	enum err err = door_check_change(&rules, &r, &problem);
	BUG_ON((err != OK) != (problem != NULL));
	if (err == OK)
		BUG_ON(!begins_with(r.origin, "http") ||
		       !begins_with(text_trim(r.content_type), "application/json"));
	return 0;
}
