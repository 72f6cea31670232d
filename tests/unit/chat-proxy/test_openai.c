/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "openai.h"

static const struct answer_head head = { .id = "chatcmpl-x", .created_s = 7, .model = TEXT("m") };

#define HEAD(object) "{'id':'chatcmpl-x','object':'" object "','created':7,'model':'m',"

/* One chunk read and, where it has choices, written again. */
static void assert_chunk(const char *json, const char *wanted, struct tool_numbers *numbers)
{
	struct arena arena = ARENA_INIT;
	struct strbuf out = STRBUF_INIT(65536);
	struct usage usage = { 0 };
	struct chunk_facts facts;
	struct json_doc *doc = parsed(&arena, json);
	openai_read_chunk(json_doc_root(doc), &usage, &facts);
	assert_false(facts.is_error);
	if (!wanted) {
		assert_null(facts.choices);
	} else {
		assert_non_null(facts.choices);
		assert_ok(openai_write_chunk(&head, facts.choices, numbers, &out));
		assert_text(strbuf_text(&out),
			    quoted(&arena,
				   arena_printf(&arena, HEAD("chat.completion.chunk") "%s", wanted))
				    .ptr);
	}
	json_doc_free(doc);
	strbuf_clear(&out);
	arena_clear(&arena);
}

static void chunks_are_written_again_with_our_head(void **state)
{
	(void)state;
	static const struct {
		const char *chunk, *wanted;
	} cases[] = {
		{ "{'id':'u','object':'x','created':1,'model':'u','obfuscation':'zzz','usage':null,"
		  "'choices':[{'index':0,'delta':{'role':'assistant','content':'a'},"
		  "'logprobs':null,'finish_reason':null}]}",
		  "'choices':[{'index':0,'delta':{'role':'assistant','content':'a'},"
		  "'logprobs':null,'finish_reason':null}]}" },
		{ "{'choices':[{'delta':{'role':null,'content':'a','reasoning_content':'r',"
		  "'x':[1]},'finish_reason':''}]}",
		  "'choices':[{'index':0,'delta':{'content':'a','reasoning_content':'r','x':[1]},"
		  "'finish_reason':null}]}" },
		{ "{'choices':[{'index':0,'delta':{},'finish_reason':'stop'}]}",
		  "'choices':[{'index':0,'delta':{},'finish_reason':'stop'}]}" },
		{ "{'choices':[{'index':1,'delta':null}]}",
		  "'choices':[{'index':1,'delta':{},'finish_reason':null}]}" },
		{ "{'choices':[{'index':0}]}",
		  "'choices':[{'index':0,'delta':{},'finish_reason':null}]}" },
		{ "{'choices':['x',{'index':0}]}",
		  "'choices':[{'index':0,'delta':{},'finish_reason':null}]}" },
		{ "{'choices':[]}", NULL },
		{ "{'choices':null}", NULL },
		{ "{'choices':{'index':0}}", NULL },
		{ "{}", NULL },
		{ "[]", NULL },
		{ "null", NULL },
		{ "'x'", NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct tool_numbers numbers = { 0 };
		assert_chunk(cases[i].chunk, cases[i].wanted, &numbers);
	}
}

#define TOOLS(list) "'choices':[{'index':0,'delta':{'tool_calls':" list "},'finish_reason':null}]}"

static void tool_calls_without_numbers_get_them(void **state)
{
	(void)state;
	struct tool_numbers numbers = { 0 };
	assert_chunk("{'choices':[{'delta':{'tool_calls':[{'id':'a','function':{}},{'id':'b'}]}}]}",
		     TOOLS("[{'index':0,'id':'a','function':{}},{'index':1,'id':'b'}]"), &numbers);
	assert_chunk("{'choices':[{'delta':{'tool_calls':[{'function':{'arguments':'{'}}]}}]}",
		     TOOLS("[{'index':1,'function':{'arguments':'{'}}]"), &numbers);
	assert_chunk("{'choices':[{'delta':{'tool_calls':[{'id':'c'}]}}]}",
		     TOOLS("[{'index':2,'id':'c'}]"), &numbers);
	assert_chunk("{'choices':[{'delta':{'tool_calls':null}}]}",
		     "'choices':[{'index':0,'delta':{'tool_calls':null},'finish_reason':null}]}",
		     &numbers);
}

static void numbered_tool_calls_keep_their_numbers(void **state)
{
	(void)state;
	struct tool_numbers numbers = { 0 };
	assert_chunk("{'choices':[{'delta':{'tool_calls':[{'index':1,'id':'a'}]}}]}",
		     TOOLS("[{'index':1,'id':'a'}]"), &numbers);
	assert_chunk("{'choices':[{'delta':{'tool_calls':[{'index':0},'x']}}]}",
		     TOOLS("[{'index':0},'x']"), &numbers);
}

static void facts_are_those_of_the_first_answer(void **state)
{
	(void)state;
	static const struct {
		const char *chunk, *content, *finish;
	} cases[] = {
		{ "{'choices':[{'index':0,'delta':{'content':'a'}}]}", "a", NULL },
		{ "{'choices':[{'index':0,'delta':{'content':''},'finish_reason':'length'}]}", "",
		  "length" },
		{ "{'choices':[{'index':1,'delta':{'content':'b'},'finish_reason':'stop'}]}", NULL,
		  NULL },
		{ "{'choices':[{'index':1,'delta':{'content':'b'}},{'index':0,'delta':{'content':"
		  "'a'}}]}",
		  "a", NULL },
		{ "{'choices':[{'delta':{'content':null},'finish_reason':''}]}", NULL, NULL },
		{ "{'choices':[{'delta':{'content':[1]},'finish_reason':5}]}", NULL, NULL },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct arena arena = ARENA_INIT;
		struct usage usage = { 0 };
		struct chunk_facts facts;
		struct json_doc *doc = parsed(&arena, cases[i].chunk);
		openai_read_chunk(json_doc_root(doc), &usage, &facts);
		assert_true(!cases[i].content == !facts.content.ptr);
		assert_true(!cases[i].finish == !facts.finish_reason.ptr);
		if (cases[i].content)
			assert_text(facts.content, cases[i].content);
		if (cases[i].finish)
			assert_text(facts.finish_reason, cases[i].finish);
		json_doc_free(doc);
		arena_clear(&arena);
	}
}

static void errors_are_seen_in_every_form(void **state)
{
	(void)state;
	static const char *const chunks[] = { "{'error':{'message':'x'}}", "{'error':'x'}",
					      "{'error':true,'choices':[{'index':0}]}" };
	for (size_t i = 0; i < ARRAY_SIZE(chunks); i++) {
		struct arena arena = ARENA_INIT;
		struct usage usage = { 0 };
		struct chunk_facts facts;
		struct json_doc *doc = parsed(&arena, chunks[i]);
		openai_read_chunk(json_doc_root(doc), &usage, &facts);
		assert_true(facts.is_error && facts.error && !facts.choices);
		json_doc_free(doc);
		arena_clear(&arena);
	}
	struct tool_numbers numbers = { 0 };
	assert_chunk("{'error':null,'choices':[{'index':0}]}",
		     "'choices':[{'index':0,'delta':{},'finish_reason':null}]}", &numbers);
}

static void usage_is_taken_from_any_chunk(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct usage usage = { 0 };
	struct chunk_facts facts;
	struct json_doc *doc = parsed(&arena, "{'choices':[],'usage':{'prompt_tokens':2,"
					      "'completion_tokens':3}}");
	openai_read_chunk(json_doc_root(doc), &usage, &facts);
	assert_true(usage.prompt == 2 && usage.completion == 3 && !facts.choices);
	json_doc_free(doc);
	arena_clear(&arena);
}

static struct grove_ids stored_ids(void)
{
	struct grove_ids ids = { .stored = true, .has_user_message = true };
	ids.run.bytes[15] = 1;
	ids.conversation.bytes[15] = 2;
	ids.branch.bytes[15] = 3;
	ids.user_message.bytes[15] = 4;
	ids.assistant_message.bytes[15] = 5;
	return ids;
}

#define NIL(n) "'00000000-0000-0000-0000-00000000000" n "'"
#define IDS                                                                            \
	"'grove':{'runId':" NIL("1") ",'conversationId':" NIL("2") ",'branchId':" NIL( \
		"3") ",'userMessageId':" NIL("4") ",'assistantMessageId':" NIL("5") "}"

static void assert_out(struct strbuf *out, const char *wanted)
{
	struct arena arena = ARENA_INIT;
	assert_text(strbuf_text(out), quoted(&arena, wanted).ptr);
	strbuf_clear(out);
	arena_clear(&arena);
}

static void our_own_chunks_are_complete(void **state)
{
	(void)state;
	struct strbuf out = STRBUF_INIT(8192);
	struct grove_ids ids = stored_ids();
	assert_ok(openai_write_first_chunk(&head, &ids, &out));
	assert_out(&out, HEAD("chat.completion.chunk") "'choices':[{'index':0,'delta':{'role':"
						       "'assistant','content':''},"
						       "'finish_reason':null}]," IDS "}");
	assert_ok(openai_write_text_chunk(&head, TEXT("a\"b"), NULL, &out));
	assert_out(&out, HEAD("chat.completion.chunk") "'choices':[{'index':0,'delta':{'content':"
						       "'a\\'b'},'finish_reason':null}]}");
	assert_ok(openai_write_text_chunk(&head, TEXT_NULL, "stop", &out));
	assert_out(&out, HEAD("chat.completion.chunk") "'choices':[{'index':0,'delta':{},"
						       "'finish_reason':'stop'}]}");
	assert_ok(openai_write_usage_chunk(
		&head, &(struct usage){ .prompt = 1, .completion = 2, .estimated = true }, &out));
	assert_out(&out, HEAD("chat.completion.chunk") "'choices':[],'usage':{'prompt_tokens':1,"
						       "'completion_tokens':2,'total_tokens':3,"
						       "'prompt_tokens_details':{'cached_tokens':0}"
						       ",'completion_tokens_details':{"
						       "'reasoning_tokens':0},'cost':null,"
						       "'estimated':true}}");
}

static void stateless_and_remembered_answers_say_so(void **state)
{
	(void)state;
	struct strbuf out = STRBUF_INIT(8192);
	struct grove_ids ids = { .status = "interrupted" };
	struct json_writer w = JSON_WRITER_INIT(&out);
	ids.run.bytes[15] = 1;
	json_object_begin(&w);
	openai_write_ids(&w, &ids);
	json_object_end(&w);
	assert_ok(json_writer_end(&w));
	assert_out(&out, "{'grove':{'runId':" NIL("1") ",'status':'interrupted'}}");
}

static void whole_answers_are_read_and_written_again(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct strbuf out = STRBUF_INIT(8192);
	struct grove_ids ids = { 0 };
	struct usage usage = { 0 };
	struct text content, reason;
	struct json_doc *doc =
		parsed(&arena, "{'id':'u','system_fingerprint':'f','choices':[{'index':0,'message':"
			       "{'role':'assistant','content':'hi','tool_calls':[{'id':'t'}]},"
			       "'finish_reason':'stop'}],'usage':{'prompt_tokens':1,"
			       "'completion_tokens':2}}");
	assert_ok(openai_read_completion(json_doc_root(doc), &usage, &content, &reason));
	assert_text(content, "hi");
	assert_text(reason, "stop");
	assert_ok(openai_write_completion(&head, &ids, json_doc_root(doc), &usage, &out));
	assert_out(&out, HEAD("chat.completion") "'choices':[{'index':0,'message':{'role':"
						 "'assistant','content':'hi','tool_calls':[{'id':"
						 "'t'}]},'finish_reason':'stop'}],'usage':{"
						 "'prompt_tokens':1,'completion_tokens':2,"
						 "'total_tokens':3,'prompt_tokens_details':{"
						 "'cached_tokens':0},'completion_tokens_details':{"
						 "'reasoning_tokens':0},'cost':null,'estimated':"
						 "false},'grove':{'runId':" NIL("0") "}}");
	json_doc_free(doc);
	arena_clear(&arena);
}

static void what_is_no_completion_is_a_provider_error(void **state)
{
	(void)state;
	static const char *const docs[] = { "{}",
					    "[]",
					    "null",
					    "{'choices':[]}",
					    "{'choices':{'message':{}}}",
					    "{'choices':[{'text':'old'}]}",
					    "{'choices':[{'message':'x'}]}" };
	for (size_t i = 0; i < ARRAY_SIZE(docs); i++) {
		struct arena arena = ARENA_INIT;
		struct usage usage = { 0 };
		struct text content, reason;
		struct json_doc *doc = parsed(&arena, docs[i]);
		assert_int_equal(
			openai_read_completion(json_doc_root(doc), &usage, &content, &reason),
			ERR_PROVIDER_ERROR);
		json_doc_free(doc);
		arena_clear(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(chunks_are_written_again_with_our_head),
		cmocka_unit_test(tool_calls_without_numbers_get_them),
		cmocka_unit_test(numbered_tool_calls_keep_their_numbers),
		cmocka_unit_test(facts_are_those_of_the_first_answer),
		cmocka_unit_test(errors_are_seen_in_every_form),
		cmocka_unit_test(usage_is_taken_from_any_chunk),
		cmocka_unit_test(our_own_chunks_are_complete),
		cmocka_unit_test(stateless_and_remembered_answers_say_so),
		cmocka_unit_test(whole_answers_are_read_and_written_again),
		cmocka_unit_test(what_is_no_completion_is_a_provider_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
