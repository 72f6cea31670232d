/* SPDX-License-Identifier: MIT */
/* GET /internal/status: may keys be stored here? */
#include "flows.h"

#include "app.h"

#include "base/banned.h"

static enum flow reply_with_status(struct request *req)
{
	const struct keyvault *kv = req->app;
	struct strbuf *body = req_buffer(req, 256);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "persistence");
	json_str(&w, keyvault_persists(kv) ? "encrypted" : "session-only");
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step show_status_flow[] = {
	{ "reply_with_status", reply_with_status },
	{ 0 },
};
