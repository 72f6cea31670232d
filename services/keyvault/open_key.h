/* SPDX-License-Identifier: MIT */
/* Opening a stored key, for where it would be sent now. */
#pragma once

#include "app.h"
#include "usable_key.h"

/* Sets each key's place. A key that is not at home is not opened. */
void usable_keys_place(const struct keyvault *kv, struct usable_keys *keys);
/* ERR_INTERNAL: the record does not open where it stands. */
MUST_CHECK enum err usable_key_open(const struct keyvault *kv, const struct uuid *user,
				    const struct usable_key *k, struct secret *ret);
