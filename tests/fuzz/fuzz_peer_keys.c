/* SPDX-License-Identifier: MIT */
/* The file of pair keys, written by an operator: read or refused with a reason, for every daemon.
 */
#include "base/base.h"
#include "token/envelope.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;

	if (!ready)
		secret_init_library(true);
	ready = true;
	for (int self = 0; self < DAEMON_COUNT; self++) {
		AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(512);
		struct envelope_keys *keys = NULL;
		enum err err = envelope_keys_parse((struct text){ (const char *)data, size },
						   (enum daemon_id)self, &keys, &errors);

		BUG_ON((err == OK) != (keys != NULL));
		BUG_ON((err == OK) != (errors.len == 0));
		envelope_keys_free(keys);
	}
	return 0;
}
