/* SPDX-License-Identifier: MIT */
/* A lease: the right to use one key for one call, as keyvault gave it. Holds the key itself, in
 * locked memory, until it is cleared. */
#pragma once

#include "base/base.h"
#include "crypto/secret.h"
#include "json/json.h"

#include "provider.h"

struct lease {
	bool held; /* must be settled */
	struct uuid id;
	bool has_key_id;
	struct uuid key_id;
	enum provider provider;
	char *base_url; /* NULL: the vendor's own */
	struct secret key;
	char preview[16], source[16];
};

/* Body of POST /internal/leases. `excluded` are keys that failed for this call already. */
MUST_CHECK enum err lease_write_request(enum provider provider, struct text model,
					struct text session_handle, const struct uuid *excluded,
					size_t excluded_count, struct strbuf *out);
/* Reads the answer, and wipes it: it holds the key. `ret` must hold no lease; untouched on failure. */
MUST_CHECK enum err lease_read(struct text body, struct lease *ret);
void wipe_text(struct text t);	/* of memory that is ours to change */
void lease_clear(struct lease *lease); /* wipes the key; does not settle */
