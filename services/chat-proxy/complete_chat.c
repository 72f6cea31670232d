/* SPDX-License-Identifier: MIT */
/*
 * POST /v1/chat/completions. The key is leased first, so that a send without a usable key is
 * refused before anything is written; then the turn is begun (both nodes committed); then the run
 * starts and the exchange becomes its first viewer.
 */
#include "complete_chat.h"

#include "base/banned.h"

#define CONTEXT_MEMBERS 1000000

static enum flow read_request(struct request *req)
{
	struct complete_chat *op = req->op;
	struct chat_problem problem;
	op->app = req->app;
	op->identity = req->identity;
	enum err err =
		chat_request_read(http_body(req->exchange), &op->arena, &op->request, &problem);
	if (err)
		return problem.param[0] ? fail_param(req, err, problem.param, "%s", problem.message)
					: fail_because(req, err, "%s", problem.message);
	op->session_handle = http_header(req->exchange, "X-Session-Key");
	op->ids.run = uuid_new();
	op->ids.stored = op->request.has_conversation;
	return FLOW_NEXT;
}

static enum flow lease_key(struct request *req)
{
	struct complete_chat *op = req->op;
	struct strbuf *body = req_buffer(req, 4096);
	if (lease_write_request(op->request.choice.provider, op->request.choice.model,
				op->session_handle, NULL, 0, body))
		return fail(req, ERR_INTERNAL);
	return peer_run(req, DAEMON_KEYVAULT, "POST", "/internal/leases", strbuf_text(body));
}

static enum flow accept_lease(struct request *req)
{
	struct complete_chat *op = req->op;
	if (lease_read(peer_body(req), &op->lease))
		return fail(req, ERR_INTERNAL);
	if (!provider_is_spoken(op->lease.provider))
		return fail_because(req, ERR_PROVIDER_MISMATCH,
				    "This version of Grove does not speak to %s yet. Choose a "
				    "model of OpenAI, OpenRouter or an OpenAI-compatible server.",
				    provider_name(op->lease.provider));
	return op->ids.stored ? FLOW_NEXT : flow_skip_to(req, "start_run");
}

static void write_placement(struct json_writer *w, const struct chat_request *r)
{
	const struct {
		const char *key;
		bool given;
		const struct uuid *id;
	} ids[] = {
		{ "branchId", r->has_branch, &r->branch },
		{ "parentMessageId", r->has_parent, &r->parent },
		{ "expectedLeafId", r->has_expected_leaf, &r->expected_leaf },
		{ "messageId", r->has_message_id, &r->message_id },
		{ "regenerate", r->has_regenerate, &r->regenerate },
	};
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		if (!ids[i].given)
			continue;
		json_key(w, ids[i].key);
		json_uuid(w, ids[i].id);
	}
	if (r->parent_is_root) {
		json_key(w, "parentIsRoot");
		json_bool(w, true);
	}
}

static enum flow begin_turn(struct request *req)
{
	struct complete_chat *op = req->op;
	struct strbuf *body = req_buffer(req, 2 * CHAT_REQUEST_MAX);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "runId");
	json_uuid(&w, &op->ids.run);
	json_key(&w, "conversationId");
	json_uuid(&w, &op->request.conversation);
	write_placement(&w, &op->request);
	if (!op->request.has_regenerate) {
		json_key(&w, "content");
		json_text(&w, op->request.content);
	}
	json_key(&w, "model");
	json_text(&w, op->request.choice.model);
	json_key(&w, "provider");
	json_str(&w, provider_name(op->lease.provider));
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_TOO_LARGE);
	return peer_run(req, DAEMON_ACCOUNT_STORE, "POST", "/internal/turns", strbuf_text(body));
}

struct turn_message {
	bool given;
	struct text role, content;
};

struct turn {
	struct json_uuid conversation, branch, user_message, assistant_message, run;
	struct json_list context;
	struct json_bool replayed;
	struct text status, usage;
	struct json_text answer;
};

static const struct json_field turn_message_fields[] = {
	{ JSON_TEXT, "role", offsetof(struct turn_message, role), .required = true },
	{ JSON_TEXT, "content", offsetof(struct turn_message, content), .required = true,
	  .max = 64 << 20 },
	{ .kind = JSON_IGNORE_UNKNOWN },
};

static const struct json_field turn_fields[] = {
	{ JSON_UUID, "conversationId", offsetof(struct turn, conversation), .required = true },
	{ JSON_UUID, "branchId", offsetof(struct turn, branch), .required = true },
	{ JSON_UUID, "userMessageId", offsetof(struct turn, user_message), .nullable = true },
	{ JSON_UUID, "assistantMessageId", offsetof(struct turn, assistant_message),
	  .required = true, .nullable = true },
	{ JSON_UUID, "runId", offsetof(struct turn, run), .nullable = true },
	{ JSON_BOOL, "replayed", offsetof(struct turn, replayed), .required = false },
	{ JSON_TEXT, "status", offsetof(struct turn, status), .max = 32 },
	{ JSON_RAW, "usage", offsetof(struct turn, usage), .max = 4096 },
	{ JSON_OPT_TEXT, "answer", offsetof(struct turn, answer), .nullable = true,
	  .max = 64 << 20 },
	{ JSON_OBJECT_LIST, "context", offsetof(struct turn, context), .max = CONTEXT_MEMBERS,
	  .fields = turn_message_fields, .size = sizeof(struct turn_message) },
	{ .kind = JSON_IGNORE_UNKNOWN },
};

static void keep_context(struct complete_chat *op, const struct turn *turn)
{
	const struct turn_message *messages = turn->context.items;
	op->context_count = turn->context.count;
	op->context = arena_alloc(&op->arena, sizeof(*op->context) * (op->context_count + 1));
	for (size_t i = 0; i < op->context_count; i++)
		op->context[i] = (struct context_message){ messages[i].role, messages[i].content };
}

static void remember(struct complete_chat *op, const struct turn *turn)
{
	AUTO(auto_json_doc) struct json_doc *usage = NULL;
	struct run_memory *m = &op->memory;
	*m = (struct run_memory){ .answer = turn->answer.value.ptr ? turn->answer.value : TEXT(""),
				  .status = RUN_STATUS_INTERRUPTED,
				  .usage.estimated = true };
	/* "running", though no such run is here: it was interrupted, and will soon be marked so. */
	for (int s = RUN_STATUS_COMPLETED; s <= RUN_STATUS_FAILED; s++)
		if (text_is(turn->status, run_status_name((enum run_status)s)))
			m->status = (enum run_status)s;
	if (turn->usage.ptr && !json_doc_parse(turn->usage, NULL, &usage))
		usage_read_stored(&m->usage, json_doc_root(usage));
	op->replayed = true;
	if (turn->run.given && !turn->run.null)
		op->ids.run = turn->run.value;
}

static enum flow accept_turn(struct request *req)
{
	struct complete_chat *op = req->op;
	struct turn turn = { 0 };
	struct json_problem problem;
	const struct json_limits limits = { .max_members = CONTEXT_MEMBERS };
	if (json_decode_limited(peer_body(req), &limits, turn_fields, &turn, &op->arena, &problem))
		return fail(req, ERR_INTERNAL);
	if (turn.assistant_message.null)
		return fail_because(req, ERR_CONFLICT,
				    "This message was sent before and its answer was deleted. "
				    "Send it under a new messageId.");
	op->ids.conversation = turn.conversation.value;
	op->ids.branch = turn.branch.value;
	op->ids.assistant_message = turn.assistant_message.value;
	op->ids.has_user_message = turn.user_message.given && !turn.user_message.null;
	op->ids.user_message = turn.user_message.value;
	if (turn.replayed.value)
		remember(op, &turn);
	keep_context(op, &turn);
	return FLOW_NEXT;
}

static struct run *make_run(struct complete_chat *op)
{
	struct run_question question = {
		.identity = &op->identity,
		.request = &op->request,
		.arena = &op->arena,
		.context = op->context,
		.context_count = op->context_count,
		.lease = &op->lease,
		.session_handle = op->session_handle,
		.ids = op->ids,
	};
	return run_start(op->app, &question);
}

/* The same send again: its first result, whether that run still goes on or is long over. */
static enum flow repeat_answer(struct request *req, struct complete_chat *op)
{
	enum viewer_kind kind = op->request.stream ? VIEWER_ASKER : VIEWER_WHOLE;
	struct run *run = runs_find(op->app->runs, &op->ids.run, &op->identity.user);
	lease_give_back(op->app, &op->identity, &op->lease);
	if (!run) {
		struct run_memory memory = op->memory;
		run = make_run(op);
		run_replay(run, &memory);
	}
	run_attach(run, flow_take_exchange(req), kind, 0);
	return FLOW_DONE;
}

static enum flow start_run(struct request *req)
{
	struct complete_chat *op = req->op;
	if (op->replayed)
		return repeat_answer(req, op);
	enum viewer_kind kind = op->request.stream ? VIEWER_ASKER : VIEWER_WHOLE;
	struct run *run = make_run(op);
	run_begin(run);
	run_attach(run, flow_take_exchange(req), kind, 0);
	return FLOW_DONE;
}

void complete_chat_clear(void *op_)
{
	struct complete_chat *op = op_;
	if (op->app && op->lease.held)
		lease_give_back(op->app, &op->identity, &op->lease);
	lease_clear(&op->lease);
	chat_request_clear(&op->request);
	arena_clear(&op->arena);
}

const struct flow_step complete_chat_flow[] = {
	{ "read_request", read_request },
	{ "lease_key", lease_key },
	{ "accept_lease", accept_lease },
	{ "begin_turn", begin_turn },
	{ "accept_turn", accept_turn },
	{ "start_run", start_run },
	{ 0 },
};
