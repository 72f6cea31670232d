/* SPDX-License-Identifier: MIT */
/* DELETE /v1/api-keys/session/:handle */
#include "flows.h"

#include "app.h"

#include "base/banned.h"

static enum flow forget_key(struct request *req)
{
	struct keyvault *kv = req->app;
	return session_keys_remove(kv->session_keys, &req->identity, req_param(req, 0))
		       ? reply_empty(req, 204)
		       : fail(req, ERR_NOT_FOUND);
}

const struct flow_step delete_session_key_flow[] = {
	{ "forget_key", forget_key },
	{ 0 },
};
