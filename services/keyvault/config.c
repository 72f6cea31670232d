/* SPDX-License-Identifier: MIT */
/* keyvault's settings. What they have to do with each other is checked before anything is opened.
 */
#include "config.h"

#include "base/text.h"
#include "fetch/guard.h"

#include "base/banned.h"

const struct config_field keyvault_config_fields[] = {
	{ "DATA_ENCRYPTION_SECRET", CONFIG_KEY32, CONFIG_FIELD(keyvault_config, data_secret),
	  .required = true, .text = "Seals all content at rest. Lose it and the content is gone." },
	{ "DATA_ENCRYPTION_SECRET_PREVIOUS", CONFIG_KEY32_LIST,
	  CONFIG_FIELD(keyvault_config, data_previous),
	  .text = "Older secrets that still open what they sealed." },
	{ "BYOK_ENCRYPTION_SECRET", CONFIG_KEY32, CONFIG_FIELD(keyvault_config, byok_secret),
	  .text = "Turns on stored provider keys. Without it keys live in memory for a session "
		  "only." },
	{ "BYOK_ENCRYPTION_SECRET_PREVIOUS", CONFIG_KEY32_LIST,
	  CONFIG_FIELD(keyvault_config, byok_previous),
	  .text = "Older secrets that still open what they sealed." },
	UPSTREAM_FIELDS(keyvault_config, upstreams),
	{ 0 },
};

enum err keyvault_config_check(const void *config, struct strbuf *errors)
{
	const struct keyvault_config *c = config;
	enum err err = guard_check_allow(&c->upstreams.local_allow, errors);
	/* Session-only mode by leaving the secret out is fine; half of a rotation is not. */
	if (c->byok_previous.count && !secret_is_set(&c->byok_secret)) {
		strbuf_note(errors,
			    "BYOK_ENCRYPTION_SECRET_PREVIOUS: is set without "
			    "BYOK_ENCRYPTION_SECRET; set that too, or leave both out to store no "
			    "keys\n");
		err = ERR_INVALID_REQUEST;
	}
	return err;
}
