/* SPDX-License-Identifier: MIT */
#pragma once

#include "config/config.h"
#include "fetch/upstreams.h"

struct chat_proxy_config {
	struct upstream_settings upstreams;
	int64_t connect_ms, first_byte_ms, silence_ms, keep_alive_ms;
	int64_t event_bytes, answer_bytes, run_buffer_bytes, user_buffer_bytes;
	char *upstream_ca_file;
};

extern const struct config_field chat_proxy_config_fields[];
MUST_CHECK enum err chat_proxy_config_check(const void *config, struct strbuf *errors);
