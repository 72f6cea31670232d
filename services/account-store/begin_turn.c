/* SPDX-License-Identifier: MIT */
/*
 * POST /internal/turns: a question and the placeholder of its answer enter the tree, the leaf
 * moves, and the context comes back opened.
 *
 * Where the turn goes is decided from facts read first (tree.c), since a sealed text is bound to
 * its parent. The write then meets the leaf that was seen or does nothing; in the same unit of work
 * follows how things stand, so that one more trip tells apart: written, moved, or a repeat of a
 * turn that is there already.
 */
#include "app.h"
#include "context.h"
#include "flows.h"
#include "title.h"

#include "metrics/metrics.h"

#include "base/banned.h"

#define CONTENT_MAX (1 << 20)
#define CONTEXT_NODES 10000
#define CONTEXT_BYTES (3 << 20)

static struct metric turns = METRIC_COUNTER_INIT(
	"grove_account_turns_total", "Turns asked for, by what became of them.", "outcome");

const struct json_field begin_turn_form_fields[] = {
	JSON_FIELD_AS(JSON_UUID, begin_turn_form, run_id, "runId", .required = true),
	JSON_FIELD_AS(JSON_UUID, begin_turn_form, conversation_id, "conversationId",
		      .required = true),
	JSON_FIELD_AS(JSON_UUID, begin_turn_form, branch_id, "branchId", .nullable = true),
	JSON_FIELD_AS(JSON_UUID, begin_turn_form, parent_message_id, "parentMessageId",
		      .nullable = true),
	JSON_FIELD_AS(JSON_BOOL, begin_turn_form, parent_is_root, "parentIsRoot", .nullable = true),
	JSON_FIELD_AS(JSON_UUID, begin_turn_form, expected_leaf_id, "expectedLeafId",
		      .nullable = true),
	JSON_FIELD_AS(JSON_UUID, begin_turn_form, message_id, "messageId", .nullable = true),
	JSON_FIELD(JSON_UUID, begin_turn_form, regenerate, .nullable = true),
	JSON_FIELD(JSON_TEXT, begin_turn_form, content, .nullable = true, .max = CONTENT_MAX),
	JSON_FIELD(JSON_TEXT, begin_turn_form, model, .required = true, .min = 1, .max = 200),
	JSON_FIELD(JSON_TEXT, begin_turn_form, provider, .nullable = true, .max = 64),
	{ 0 },
};

/* Columns of sql/turn_place.sql behind has_title. */
static const struct db_column fact_columns[] = {
	{ .kind = DB_SKIP },
	DB_COLUMN(DB_OPT_UUID, tree_facts, wanted.id),
	DB_COLUMN(DB_OPT_UUID, tree_facts, wanted.anchor),
	DB_COLUMN(DB_OPT_UUID, tree_facts, wanted.leaf),
	DB_COLUMN(DB_OPT_UUID, tree_facts, named),
	DB_COLUMN(DB_OPT_UUID, tree_facts, named_parent),
	DB_COLUMN(DB_OPT_UUID, tree_facts, named_branch),
	DB_COLUMN(DB_TEXT, tree_facts, named_role),
	DB_COLUMN(DB_OPT_UUID, tree_facts, own.id),
	DB_COLUMN(DB_OPT_UUID, tree_facts, own.anchor),
	DB_COLUMN(DB_OPT_UUID, tree_facts, own.leaf),
	{ .kind = DB_SKIP },
	{ 0 },
};
enum { HAS_TITLE_COLUMN = 0, TAKEN_COLUMN = 11 };

static const struct db_column state_columns[] = {
	DB_COLUMN(DB_OPT_UUID, turn_state, leaf),
	DB_COLUMN(DB_BYTES, turn_state, system_prompt_sealed),
	DB_COLUMN(DB_OPT_UUID, turn_state, taken_in),
	DB_COLUMN(DB_OPT_UUID, turn_state, question_parent),
	DB_COLUMN(DB_OPT_UUID, turn_state, question_branch),
	DB_COLUMN(DB_TEXT, turn_state, question_role),
	DB_COLUMN(DB_BYTES, turn_state, question_sealed),
	DB_COLUMN(DB_OPT_UUID, turn_state, answer),
	DB_COLUMN(DB_TEXT, turn_state, answer_status),
	DB_COLUMN(DB_BYTES, turn_state, answer_sealed),
	DB_COLUMN(DB_OPT_UUID, turn_state, answer_run),
	DB_COLUMN(DB_TEXT, turn_state, answer_usage),
	{ 0 },
};

static const struct db_column context_columns[] = {
	DB_COLUMN(DB_UUID, context_row, id),
	DB_COLUMN(DB_OPT_UUID, context_row, parent_id),
	DB_COLUMN(DB_OPT_UUID, context_row, branch_id),
	DB_COLUMN(DB_TEXT, context_row, role),
	DB_COLUMN(DB_BYTES, context_row, content_sealed),
	DB_COLUMN(DB_BYTES, context_row, quote_sealed),
	DB_COLUMN(DB_INT, context_row, depth),
	{ 0 },
};

static bool is_given(const struct json_uuid *id)
{
	return id->given && !id->null;
}

static const struct uuid *given(const struct json_uuid *id)
{
	return is_given(id) ? &id->value : NULL;
}

static bool is_again(const struct begin_turn *op)
{
	return is_given(&op->form.regenerate);
}

/* A new answer to an old question takes no new words; a new question needs some. */
static enum flow lease_data_key(struct request *req)
{
	struct begin_turn *op = req->op;
	bool has_content = op->form.content.len > 0;
	if (is_again(op) && has_content)
		return fail_param(req, ERR_INVALID_REQUEST, "content",
				  "A regenerated answer takes no new message.");
	if (!is_again(op) && !has_content)
		return fail_param(req, ERR_INVALID_REQUEST, "content",
				  "A message must not be empty.");
	return lease_current_key(req);
}

static enum flow load_place(struct request *req)
{
	struct begin_turn *op = req->op;
	const struct begin_turn_form *form = &op->form;
	const struct uuid *named =
		is_again(op) ? &form->regenerate.value : given(&form->parent_message_id);
	return db_run(req, SQL_TURN_PLACE,
		      DB_ARGS(db_uuid(&req->identity.user), db_uuid(&form->conversation_id.value),
			      db_uuid(given(&form->branch_id)), db_uuid(named),
			      db_uuid(is_again(op) ? NULL : given(&form->message_id))));
}

static struct tree_request tree_request_of(const struct begin_turn *op)
{
	const struct begin_turn_form *form = &op->form;
	return (struct tree_request){
		.branch_given = is_given(&form->branch_id),
		.branch = form->branch_id.value,
		.parent_given = is_given(&form->parent_message_id),
		.parent = form->parent_message_id.value,
		.as_root = form->parent_is_root.given && form->parent_is_root.value,
		.again = is_again(op),
		.leaf_given = is_given(&form->expected_leaf_id),
		.leaf = form->expected_leaf_id.value,
	};
}

static enum flow fail_leaf_moved(struct request *req, const struct db_opt_uuid *leaf)
{
	struct strbuf *details = req_buffer(req, 256);
	struct json_writer w = JSON_WRITER_INIT(details);
	json_object_begin(&w);
	json_key(&w, "leaf");
	json_opt_uuid(&w, leaf);
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	metric_inc(&turns, "leaf_moved");
	return fail_details(req, ERR_LEAF_MOVED, NULL, strbuf_text(details));
}

static enum flow fail_place(struct request *req, enum err err, const char *param)
{
	if (err == ERR_NOT_FOUND)
		return fail_param(req, err, param,
				  "There is no such branch or message in this conversation.");
	return fail_param(req, err, param,
			  "A message cannot go there: it continues a message of its own branch, or "
			  "the branch's anchor.");
}

/* Adds the write itself: a question with its answer, or another answer. */
static enum err add_write(struct request *req, bool has_title)
{
	struct begin_turn *op = req->op;
	const struct begin_turn_form *form = &op->form;
	const struct uuid *user = &req->identity.user, *conversation = &form->conversation_id.value;
	const struct uuid *leaf = op->place.leaf.set ? &op->place.leaf.value : NULL;
	const struct uuid *parent = op->place.parent.set ? &op->place.parent.value : NULL;
	struct text content, title = TEXT_NULL;
	struct content_place p;
	if (is_again(op)) {
		db_add(req, SQL_BEGIN_AGAIN,
		       DB_ARGS(db_uuid(user), db_uuid(conversation), db_uuid(&op->place.branch),
			       db_uuid(leaf), db_uuid(parent), db_uuid(&op->answer),
			       db_uuid(&form->run_id.value), db_text(form->model),
			       db_text(form->provider)));
		return OK;
	}
	place_of_message(&p, user, conversation, &op->question, &op->place.parent, TEXT("user"));
	enum err err = content_seal(&op->lease, &p, form->content, &req->arena, &content);
	if (!err && !has_title) {
		AUTO(strbuf_clear) struct strbuf words = STRBUF_INIT(TITLE_MAX_BYTES);
		title_from_text(form->content, &words);
		err = conversation_seal_title(req, conversation, strbuf_text(&words), &title);
	}
	if (err)
		return err;
	db_add(req, SQL_BEGIN_TURN,
	       DB_ARGS(db_uuid(user), db_uuid(conversation), db_uuid(&op->place.branch),
		       db_uuid(leaf), db_uuid(parent), db_uuid(&op->question), db_bytes(content),
		       db_uuid(&op->answer), db_uuid(&form->run_id.value), db_text(form->model),
		       db_text(form->provider), db_bytes(title)));
	return OK;
}

enum { LOCKED_AT, WRITTEN_AT, STATE_AT, PARTS_AT, CONTEXT_AT };

/* What was there before, or is there now. Its place in the unit is the same whether something is
 * written or not. */
static enum flow run_turn(struct request *req, bool write, bool has_title)
{
	struct begin_turn *op = req->op;
	const struct uuid *user = &req->identity.user,
			  *conversation = &op->form.conversation_id.value;
	db_begin(req);
	db_add(req, SQL_LOCK_CONVERSATION, DB_ARGS(db_uuid(user), db_uuid(conversation)));
	if (!write)
		db_add(req, SQL_LOCK_CONVERSATION, DB_ARGS(db_uuid(user), db_uuid(conversation)));
	else if (add_write(req, has_title))
		return fail(req, ERR_INTERNAL);
	db_add(req, SQL_TURN_STATE,
	       DB_ARGS(db_uuid(user), db_uuid(conversation), db_uuid(&op->place.branch),
		       db_uuid(is_again(op) ? NULL : &op->question)));
	db_add(req, SQL_OPEN_PARTS, DB_ARGS(db_uuid(user), db_uuid(conversation)));
	db_add(req, SQL_CONTEXT_PATH,
	       DB_ARGS(db_uuid(user), db_uuid(conversation), db_uuid(&op->question),
		       db_int(CONTEXT_NODES), db_int(CONTEXT_BYTES)));
	op->wrote = write;
	db_accept_errors(req);
	return db_go(req);
}

static enum flow store_turn(struct request *req)
{
	struct begin_turn *op = req->op;
	struct tree_facts facts = { 0 };
	const char *param = NULL;
	if (!db_row(req, fact_columns, &facts))
		return fail_param(req, ERR_NOT_FOUND, "conversationId",
				  "There is no such conversation.");
	const struct db_unit *unit = db_unit_of(req);
	bool has_title = db_get_bool(unit, 0, 0, HAS_TITLE_COLUMN);
	bool repeat = !db_is_null(unit, 0, 0, TAKEN_COLUMN);
	struct tree_request wish = tree_request_of(op);
	op->answer = uuid_new();
	if (repeat) {
		/* The first sending moved the leaf by itself: it is no reason to refuse the second.
		 */
		op->question = op->form.message_id.value;
		op->place.branch = facts.wanted.id.value;
		return run_turn(req, false, has_title);
	}
	enum err err = tree_place_turn(&wish, &facts, &op->place, &param);
	if (err == ERR_LEAF_MOVED)
		return fail_leaf_moved(req, &op->place.leaf);
	if (err)
		return fail_place(req, err, param);
	op->question = is_again(op)			? op->place.parent.value
		       : is_given(&op->form.message_id) ? op->form.message_id.value
							: uuid_new();
	return run_turn(req, true, has_title);
}

static void read_context(struct request *req)
{
	struct begin_turn *op = req->op;
	op->context_count = db_rows(db_unit_of(req), CONTEXT_AT);
	op->context = arena_alloc(&req->arena, (op->context_count + 1) * sizeof(*op->context));
	for (size_t i = 0; i < op->context_count; i++) {
		db_row_at(req, CONTEXT_AT, i, context_columns, &op->context[i]);
		key_lease_want(&op->lease, op->context[i].content_sealed);
		key_lease_want(&op->lease, op->context[i].quote_sealed);
	}
}

static enum flow lease_data_keys(struct request *req)
{
	struct begin_turn *op = req->op;
	/* Two turns below one message at the same moment, in two branches: the second one's order
	 * was taken. Nothing was written. */
	if (db_result(req))
		return fail(req, db_result(req) == ERR_CONFLICT ? ERR_UNAVAILABLE : db_result(req));
	if (!db_row_at(req, STATE_AT, 0, state_columns, &op->state))
		return fail_param(req, ERR_NOT_FOUND, "conversationId",
				  "There is no such conversation.");
	op->wrote = op->wrote && db_rows(db_unit_of(req), WRITTEN_AT) > 0;
	if (!op->wrote && !op->state.taken_in.set)
		return fail_leaf_moved(req, &op->state.leaf);
	op->parts = parts_read(req, PARTS_AT);
	read_context(req);
	key_lease_want(&op->lease, op->state.system_prompt_sealed);
	key_lease_want(&op->lease, op->state.question_sealed);
	key_lease_want(&op->lease, op->state.answer_sealed);
	parts_want_keys(&op->lease, &op->parts);
	return lease_wanted_keys(req);
}

static enum err open_context(struct request *req, struct text *ret_prompt,
			     struct context_node **ret_nodes)
{
	struct begin_turn *op = req->op;
	const struct uuid *conversation = &op->form.conversation_id.value;
	struct content_place p;
	place_of_conversation(&p, &req->identity.user, conversation, "system_prompt_sealed");
	enum err err = content_open(&op->lease, &p, op->state.system_prompt_sealed, &req->arena,
				    ret_prompt);
	struct context_node *nodes =
		arena_alloc(&req->arena, (op->context_count + 1) * sizeof(*nodes));
	for (size_t i = 0; !err && i < op->context_count; i++) {
		const struct context_row *row = &op->context[i];
		nodes[i] = (struct context_node){ .id = row->id, .role = row->role };
		err = message_open_text(req, conversation, &row->id, &row->parent_id, row->role,
					row->content_sealed, &op->parts, &nodes[i].content);
		place_of_branch(&p, &req->identity.user, conversation, &row->branch_id.value,
				"quote_sealed");
		if (!err)
			err = content_open(&op->lease, &p, row->quote_sealed, &req->arena,
					   &nodes[i].quote);
	}
	*ret_nodes = nodes;
	return err;
}

/* Whether the stored question is this one: same conversation, a person's, same words. */
static enum err same_question(struct request *req, bool *ret_same)
{
	struct begin_turn *op = req->op;
	const struct turn_state *state = &op->state;
	const struct uuid *conversation = &op->form.conversation_id.value;
	struct text words;
	*ret_same = uuid_equal(&state->taken_in.value, conversation) &&
		    text_is(state->question_role, "user");
	if (!*ret_same)
		return OK;
	enum err err =
		message_open_text(req, conversation, &op->question, &state->question_parent,
				  state->question_role, state->question_sealed, &op->parts, &words);
	if (!err)
		*ret_same = text_equal(words, op->form.content);
	return err;
}

static enum err write_repeat(struct request *req, struct json_writer *w)
{
	const struct begin_turn *op = req->op;
	const struct turn_state *state = &op->state;
	const struct db_opt_uuid question = { .set = true, .value = op->question };
	struct text answer = TEXT("");
	if (state->answer.set) {
		enum err err = message_open_text(req, &op->form.conversation_id.value,
						 &state->answer.value, &question, TEXT("assistant"),
						 state->answer_sealed, &op->parts, &answer);
		if (err)
			return err;
	}
	json_key(w, "status");
	json_text(w, state->answer_status);
	json_key(w, "answer");
	json_text(w, answer);
	json_key(w, "runId");
	json_opt_uuid(w, &state->answer_run);
	json_key(w, "usage");
	json_raw(w, state->answer_usage);
	return OK;
}

/* A path that passed the limits comes without its oldest messages; what is told then begins with a
 * question. */
static size_t first_to_tell(const struct begin_turn *op)
{
	size_t from = 0;
	if (!op->context_count || !op->context[0].parent_id.set)
		return 0;
	while (from + 1 < op->context_count && !text_is(op->context[from].role, "user"))
		from++;
	return from;
}

/* How many messages of the path the model is not told. */
static int64_t left_out(const struct begin_turn *op, size_t from)
{
	return op->context_count ? op->context[from].depth : 0;
}

static enum err write_turn(struct request *req, struct json_writer *w)
{
	const struct begin_turn *op = req->op;
	struct text prompt = TEXT_NULL;
	struct context_node *nodes = NULL;
	size_t from = first_to_tell(op);
	enum err err = open_context(req, &prompt, &nodes);
	if (err)
		return err;
	json_object_begin(w);
	json_key(w, "conversationId");
	json_uuid(w, &op->form.conversation_id.value);
	json_key(w, "branchId");
	json_uuid(w, op->wrote ? &op->place.branch : &op->state.question_branch.value);
	json_key(w, "userMessageId");
	json_uuid(w, &op->question);
	json_key(w, "assistantMessageId");
	if (op->wrote)
		json_uuid(w, &op->answer);
	else
		json_opt_uuid(w, &op->state.answer);
	json_key(w, "context");
	err = context_write(prompt, nodes + from, op->context_count - from, w);
	if (left_out(op, from)) {
		json_key(w, "leftOut");
		json_int(w, left_out(op, from));
	}
	json_key(w, "replayed");
	json_bool(w, !op->wrote);
	if (!err && !op->wrote)
		err = write_repeat(req, w);
	json_object_end(w);
	return err;
}

static enum flow reply_with_turn(struct request *req)
{
	struct begin_turn *op = req->op;
	bool same = true;
	if (!op->wrote && same_question(req, &same))
		return fail(req, ERR_INTERNAL);
	if (!same)
		return fail_param(req, ERR_CONFLICT, "messageId",
				  "This id belongs to another message. Send the new one with an id "
				  "of its own.");
	struct strbuf *body = req_buffer(req, 32 << 20);
	struct json_writer w = JSON_WRITER_INIT(body);
	enum err err = write_turn(req, &w);
	if (err || json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	metric_inc(&turns, op->wrote ? "begun" : "repeated");
	return reply_body(req, op->wrote ? 201 : 200, body);
}

const struct flow_step begin_turn_flow[] = {
	{ "lease_data_key", lease_data_key },	{ "load_place", load_place },
	{ "store_turn", store_turn },		{ "lease_data_keys", lease_data_keys },
	{ "reply_with_turn", reply_with_turn }, { 0 },
};
