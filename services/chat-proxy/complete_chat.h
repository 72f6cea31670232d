/* SPDX-License-Identifier: MIT */
/* The op of POST /v1/chat/completions; here because the route table needs its size. */
#pragma once

#include "app.h"
#include "chat_request.h"
#include "lease.h"
#include "run.h"

struct complete_chat {
	struct chat_proxy *app;
	struct identity identity;
	struct chat_request request;
	struct arena arena; /* outlives the request: the run takes it */
	struct text session_handle;
	struct lease lease;
	struct grove_ids ids;
	struct context_message *context;
	size_t context_count;
	bool replayed;
	struct run_memory memory; /* texts in the arena */
};
