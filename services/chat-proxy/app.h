/* SPDX-License-Identifier: MIT */
/* What chat-proxy owns. */
#pragma once

#include "daemon/daemon.h"
#include "fetch/guard.h"

#include "catalogue.h"
#include "config.h"
#include "runs.h"

struct chat_proxy {
	const struct chat_proxy_config *config;
	struct daemon *daemon;
	struct guard *guard;
	struct catalogue *catalogue;
	struct runs *runs;
	struct loop_timer drain_timer;
};

extern const struct route chat_proxy_routes[];
extern const struct flow_step complete_chat_flow[], show_run_flow[], follow_run_flow[],
	stop_run_flow[], list_models_flow[];
void complete_chat_clear(void *op);
void list_models_clear(void *op);

/* Where a provider lives: "https://api.openai.com/v1" for a vendor, the key's own base URL
 * otherwise. False when it has none. */
bool upstream_base(const struct chat_proxy_config *config, enum provider provider,
		   struct text key_base_url, char *out, size_t size);

enum err chat_proxy_open(struct daemon *d, struct strbuf *errors);
void chat_proxy_close(struct daemon *d);
void chat_proxy_drain(struct daemon *d);
bool chat_proxy_is_drained(const struct daemon *d);
