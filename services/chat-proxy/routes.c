/* SPDX-License-Identifier: MIT */
#include "app.h"
#include "complete_chat.h"
#include "model_lists.h"

#include "base/banned.h"

#define FROM_GATEWAY .callers = CALLER(DAEMON_GATEWAY), .needs_user = true

const struct route chat_proxy_routes[] = {
	{ HTTP_POST, "/v1/chat/completions", FROM_GATEWAY, .raw_body = true,
	  .max_body = CHAT_REQUEST_MAX, .op_size = sizeof(struct complete_chat),
	  .steps = complete_chat_flow, .clear = complete_chat_clear, .timeout_ms = 30000 },
	{ HTTP_GET, "/v1/chat/runs/:id", FROM_GATEWAY, .steps = show_run_flow },
	{ HTTP_GET, "/v1/chat/runs/:id/events", FROM_GATEWAY, .steps = follow_run_flow },
	{ HTTP_POST, "/v1/chat/runs/:id/stop", FROM_GATEWAY, .steps = stop_run_flow },
	{ HTTP_GET, "/v1/models", FROM_GATEWAY, .op_size = sizeof(struct list_models),
	  .steps = list_models_flow, .clear = list_models_clear, .timeout_ms = 20000 },
	{ 0 },
};
