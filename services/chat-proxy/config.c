/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "fetch/guard.h"

#include "base/banned.h"

#define MIB (1 << 20)

const struct config_field chat_proxy_config_fields[] = {
	UPSTREAM_FIELDS(chat_proxy_config, upstreams),
	{ "UPSTREAM_CONNECT_MS", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, connect_ms),
	  .fallback = "10000", .min = 100, .max = 120000, .unit = "ms",
	  .text = "Time to reach a provider." },
	{ "UPSTREAM_FIRST_BYTE_MS", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, first_byte_ms),
	  .fallback = "120000", .min = 100, .max = 3600000, .unit = "ms",
	  .text = "Time until a provider's answer begins." },
	{ "UPSTREAM_SILENCE_MS", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, silence_ms),
	  .fallback = "120000", .min = 100, .max = 3600000, .unit = "ms",
	  .text = "Longest time without an event inside an answer; there is no limit on its whole "
		  "length." },
	{ "STREAM_KEEP_ALIVE_MS", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, keep_alive_ms),
	  .fallback = "15000", .min = 50, .max = 600000, .unit = "ms",
	  .text = "Silence after which a stream's reader gets a comment line, and the head if it "
		  "still waits for it." },
	{ "UPSTREAM_EVENT_BYTES", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, event_bytes),
	  .fallback = "1048576", .min = 4096, .max = 64 * MIB, .unit = "bytes",
	  .text = "Largest single event of a streamed answer." },
	{ "UPSTREAM_ANSWER_BYTES", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, answer_bytes),
	  .fallback = "16777216", .min = 65536, .max = 256 * MIB, .unit = "bytes",
	  .text = "Largest whole answer." },
	{ "RUN_BUFFER_BYTES", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, run_buffer_bytes),
	  .fallback = "16777216", .min = 65536, .max = 256 * MIB, .unit = "bytes",
	  .text = "What one run keeps for viewers that come back." },
	{ "USER_BUFFER_BYTES", CONFIG_INT, CONFIG_FIELD(chat_proxy_config, user_buffer_bytes),
	  .fallback = "67108864", .min = 65536, .max = 1024 * MIB, .unit = "bytes",
	  .text = "The same for all runs of one person." },
	{ "UPSTREAM_CA_FILE", CONFIG_FILE, CONFIG_FIELD(chat_proxy_config, upstream_ca_file),
	  .text = "Certificates trusted for upstreams instead of the system's: for a private "
		  "certificate authority." },
	{ 0 },
};

enum err chat_proxy_config_check(const void *config, struct strbuf *errors)
{
	const struct chat_proxy_config *c = config;
	return guard_check_allow(&c->upstreams.local_allow, errors);
}
