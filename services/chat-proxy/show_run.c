/* SPDX-License-Identifier: MIT */
/* GET /v1/chat/runs/:id: how far a run is. Somebody else's, or one that is long over, is 404. */
#include "app.h"
#include "run.h"
#include "run_answer.h"

#include "base/banned.h"

struct run *find_run(struct request *req)
{
	const struct chat_proxy *app = req->app;
	struct uuid id;
	return req_param_uuid(req, 0, &id) ? NULL : runs_find(app->runs, &id, &req->identity.user);
}

enum flow reply_run(struct request *req, const struct run *run)
{
	struct strbuf *body = req_buffer(req, 4096);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "id");
	json_uuid(&w, &run->id);
	json_key(&w, "status");
	json_str(&w, run_status_name(run->status));
	json_key(&w, "lastSeq");
	json_int(&w, (int64_t)run->frame_count);
	json_key(&w, "conversationId");
	json_uuid(&w, run->ids.stored ? &run->ids.conversation : NULL);
	json_key(&w, "assistantMessageId");
	json_uuid(&w, run->ids.stored ? &run->ids.assistant_message : NULL);
	json_key(&w, "model");
	json_str(&w, run->model);
	json_key(&w, "createdAt");
	json_time(&w, run->created.value);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

static enum flow reply_with_run(struct request *req)
{
	const struct run *run = find_run(req);
	return run ? reply_run(req, run) : fail(req, ERR_NOT_FOUND);
}

const struct flow_step show_run_flow[] = {
	{ "reply_with_run", reply_with_run },
	{ 0 },
};
