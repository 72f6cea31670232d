/* SPDX-License-Identifier: MIT */
/*
 * The door as one table: every route under /api, the scope a token needs for it, and the daemon it
 * leads to. What is not here is 404, and where auth is required 401 for strangers, who need not
 * learn what is here. A route's path behind the door is the same with /api replaced by /v1
 * (docs/api/internal.md).
 */
#include "app.h"

#include "base/banned.h"

static enum flow forward(struct request *req)
{
	struct gateway *g = req->app;
	struct identity identity = req->identity;
	forward_start(g, flow_take_exchange(req), &identity, req->route->policy);
	return FLOW_DONE;
}

static const struct flow_step forward_flow[] = {
	{ "enter_door", enter_door },
	{ "identify", identify },
	{ "accept_identity", accept_identity },
	{ "authorize", authorize },
	{ "forward", forward },
	{ 0 },
};

/* Without AUTH_REQUIRED everybody is somebody, and nobody has to be asked. */
static enum flow answer_at_once(struct request *req)
{
	const struct gateway *g = req->app;
	return g->config->auth_required ? FLOW_NEXT : fail_unmatched(req);
}

static const struct flow_step unmatched_flow[] = {
	{ "enter_door", enter_door },
	{ "answer_at_once", answer_at_once },
	{ "identify", identify },
	{ "accept_identity", accept_identity },
	{ "fail_unmatched", fail_unmatched },
	{ 0 },
};

const struct route gateway_unmatched = { .method = HTTP_OTHER,
					 .path = "unmatched",
					 .open = true,
					 .raw_body = true,
					 .max_body = GATEWAY_MAX_BODY,
					 .op_size = sizeof(struct passage),
					 .steps = unmatched_flow };

#define POLICY(...) (&(const struct policy){ __VA_ARGS__ })
#define FORWARD(method_, path_, target_, scope_, ...)                                      \
	{                                                                                  \
		.method = HTTP_##method_, .path = (path_), .open = true, .raw_body = true, \
		.op_size = sizeof(struct passage), .steps = forward_flow,                  \
		.policy = POLICY(.target = DAEMON_##target_,                               \
				 .scope = SCOPE_##scope_ __VA_OPT__(, ) __VA_ARGS__)       \
	}

#define CHAT_BODY .max_body = GATEWAY_MAX_BODY

const struct route gateway_routes[] = {
	{ .method = HTTP_GET,
	  .path = "/api/session",
	  .open = true,
	  .op_size = sizeof(struct passage),
	  .steps = session_flow,
	  .policy = POLICY(.target = DAEMON_KEYVAULT, .scope = SCOPE_CONVERSATIONS) },
	FORWARD(GET, "/api/preferences", ACCOUNT_STORE, CONVERSATIONS),
	FORWARD(PATCH, "/api/preferences", ACCOUNT_STORE, CONVERSATIONS),

	FORWARD(GET, "/api/tokens", AUTH_VERIFIER, PERSON),
	FORWARD(POST, "/api/tokens", AUTH_VERIFIER, PERSON),
	FORWARD(DELETE, "/api/tokens/:id", AUTH_VERIFIER, PERSON, .drops_identities = true),

	FORWARD(GET, "/api/api-keys", KEYVAULT, KEYS),
	FORWARD(POST, "/api/api-keys", KEYVAULT, KEYS),
	FORWARD(POST, "/api/api-keys/session", KEYVAULT, PERSON),
	FORWARD(DELETE, "/api/api-keys/session/:handle", KEYVAULT, PERSON),
	FORWARD(PATCH, "/api/api-keys/:id", KEYVAULT, KEYS),
	FORWARD(DELETE, "/api/api-keys/:id", KEYVAULT, KEYS),

	FORWARD(GET, "/api/models", CHAT_PROXY, CHAT),
	{ .method = HTTP_POST,
	  .path = "/api/chat/completions",
	  .open = true,
	  .raw_body = true,
	  .op_size = sizeof(struct passage),
	  .steps = forward_flow,
	  .policy = POLICY(.target = DAEMON_CHAT_PROXY, .scope = SCOPE_CHAT),
	  CHAT_BODY },
	FORWARD(GET, "/api/chat/runs/:id", CHAT_PROXY, CHAT),
	FORWARD(GET, "/api/chat/runs/:id/events", CHAT_PROXY, CHAT),
	FORWARD(POST, "/api/chat/runs/:id/stop", CHAT_PROXY, CHAT),

	FORWARD(GET, "/api/conversations", ACCOUNT_STORE, CONVERSATIONS),
	FORWARD(POST, "/api/conversations", ACCOUNT_STORE, CONVERSATIONS),
	FORWARD(GET, "/api/conversations/:id", ACCOUNT_STORE, CONVERSATIONS),
	FORWARD(PATCH, "/api/conversations/:id", ACCOUNT_STORE, CONVERSATIONS),
	FORWARD(DELETE, "/api/conversations/:id", ACCOUNT_STORE, CONVERSATIONS),
	FORWARD(GET, "/api/conversations/:id/tree", ACCOUNT_STORE, CONVERSATIONS),
	FORWARD(GET, "/api/conversations/:id/branches/:branchId/messages", ACCOUNT_STORE,
		CONVERSATIONS),
	FORWARD(GET, "/api/conversations/:id/messages/:messageId", ACCOUNT_STORE, CONVERSATIONS),

	FORWARD(GET, "/api/vms", VM_CONTROLLER, PERSON),
	FORWARD(POST, "/api/vms", VM_CONTROLLER, PERSON),
	FORWARD(GET, "/api/vms/:id", VM_CONTROLLER, PERSON),
	FORWARD(POST, "/api/vms/:id/start", VM_CONTROLLER, PERSON),
	FORWARD(POST, "/api/vms/:id/stop", VM_CONTROLLER, PERSON),
	FORWARD(POST, "/api/vms/:id/pause", VM_CONTROLLER, PERSON),
	FORWARD(POST, "/api/vms/:id/resume", VM_CONTROLLER, PERSON),
	FORWARD(DELETE, "/api/vms/:id", VM_CONTROLLER, PERSON),
	FORWARD(POST, "/api/auth/session", VM_CONTROLLER, PERSON),
	FORWARD(GET, "/api/auth/session/:id", VM_CONTROLLER, PERSON),
	FORWARD(POST, "/api/auth/session/:id/credentials", VM_CONTROLLER, PERSON),
	FORWARD(DELETE, "/api/auth/session/:id", VM_CONTROLLER, PERSON),
	FORWARD(GET, "/api/auth/session/:id/novnc", VM_CONTROLLER, PERSON),
	{ 0 },
};
