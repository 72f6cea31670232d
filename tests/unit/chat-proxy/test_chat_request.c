/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "chat_request.h"

#define ID "'0190b0a4-7f3c-7000-8000-000000000001'"
#define OTHER_ID "'0190b0a4-7f3c-7000-8000-000000000002'"
#define HELLO "'messages':[{'role':'user','content':'hello'}]"
#define IN_CONVERSATION "{'model':'gpt-4o','conversationId':" ID ","

struct fixture {
	struct arena arena;
	struct chat_request request;
	struct chat_problem problem;
};

static enum err read_json(struct fixture *f, const char *json)
{
	*f = (struct fixture){ 0 };
	return chat_request_read(quoted(&f->arena, json), &f->arena, &f->request, &f->problem);
}

static void clear(struct fixture *f)
{
	chat_request_clear(&f->request);
	arena_clear(&f->arena);
}

static void wrong_members_are_refused_by_name(void **state)
{
	(void)state;
	static const struct {
		const char *json, *param;
	} cases[] = {
		{ "{" HELLO "}", "model" },
		{ "{'model':'', " HELLO "}", "model" },
		{ "{'model':null, " HELLO "}", "model" },
		{ "{'model':7, " HELLO "}", "model" },
		{ "{'model':'openai/', " HELLO "}", "model" },
		{ "{'model':'anthropic/claude','provider':'openai', " HELLO "}", "model" },
		{ "{'model':'m','provider':'nobody', " HELLO "}", "provider" },
		{ "{'model':'m','provider':1, " HELLO "}", "provider" },
		{ "{'model':'m','provider':[], " HELLO "}", "provider" },
		{ "{'model':'m','stream':'yes', " HELLO "}", "stream" },
		{ "{'model':'m','stream':1, " HELLO "}", "stream" },
		{ "{'model':'m','stream_options':true, " HELLO "}", "stream_options" },
		{ "{'model':'m','stream_options':{'include_usage':1}, " HELLO "}",
		  "stream_options.include_usage" },
		{ "{'model':'m','ephemeral':'on', " HELLO "}", "ephemeral" },
		{ "{'model':'m'}", "messages" },
		{ "{'model':'m','messages':null}", "messages" },
		{ "{'model':'m','messages':[]}", "messages" },
		{ "{'model':'m','messages':{}}", "messages" },
		{ "{'model':'m','messages':'hi'}", "messages" },
		{ "{'model':'m','messages':['hi']}", "messages[0]" },
		{ "{'model':'m','messages':[{'role':'user'},{'content':'x'}]}", "messages[1]" },
		{ "{'model':'m','conversationId':'7', " HELLO "}", "conversationId" },
		{ "{'model':'m','conversationId':7, " HELLO "}", "conversationId" },
		{ "{'model':'m','sessionId':{}, " HELLO "}", "sessionId" },
		{ "{'model':'m','conversationId':" ID ",'sessionId':" OTHER_ID "," HELLO "}",
		  "sessionId" },
		{ IN_CONVERSATION "'branchId':'x'," HELLO "}", "branchId" },
		{ IN_CONVERSATION "'parentMessageId':false," HELLO "}", "parentMessageId" },
		{ IN_CONVERSATION "'expectedLeafId':'x'," HELLO "}", "expectedLeafId" },
		{ IN_CONVERSATION "'messageId':'x'," HELLO "}", "messageId" },
		{ IN_CONVERSATION "'regenerate':true}", "regenerate" },
		{ "{'model':'m','branchId':" ID "," HELLO "}", "conversationId" },
		{ "{'model':'m','parentMessageId':" ID "," HELLO "}", "conversationId" },
		{ "{'model':'m','expectedLeafId':" ID "," HELLO "}", "conversationId" },
		{ "{'model':'m','messageId':" ID "," HELLO "}", "conversationId" },
		{ "{'model':'m','regenerate':" ID "}", "conversationId" },
		{ IN_CONVERSATION "'regenerate':" ID "," HELLO "}", "messages" },
		{ IN_CONVERSATION "'ephemeral':true," HELLO "}", "ephemeral" },
		{ IN_CONVERSATION "'messages':[]}", "messages" },
		{ IN_CONVERSATION "'messages':[{'role':'assistant','content':'x'}]}", "messages" },
		{ IN_CONVERSATION "'messages':[{'role':'user','content':'x'},"
				  "{'role':'user','content':'y'}]}",
		  "messages" },
		{ IN_CONVERSATION "'messages':[{'role':'user','content':' \\n'}]}",
		  "messages[0].content" },
		{ IN_CONVERSATION "'messages':[{'role':'user'}]}", "messages[0].content" },
		{ IN_CONVERSATION "'messages':[{'role':'user','content':7}]}",
		  "messages[0].content" },
		{ IN_CONVERSATION "'messages':[{'role':'user','content':{'text':'x'}}]}",
		  "messages[0].content" },
		{ IN_CONVERSATION "'messages':[{'role':'user','content':[{'type':'image_url'}]}]}",
		  "messages[0].content" },
		{ "{'model':'m','models':['a','b'], " HELLO "}", "models" },
		{ "[1]", "" },
		{ "'text'", "" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		if (read_json(&f, cases[i].json) != ERR_INVALID_REQUEST ||
		    strcmp(f.problem.param, cases[i].param) || !f.problem.message[0])
			fail_msg("%s: %d %s %s", cases[i].json, f.problem.err, f.problem.param,
				 f.problem.message);
		clear(&f);
	}
}

static void what_is_no_json_is_told_so(void **state)
{
	(void)state;
	static const char *const cases[] = { "", "{", "{'model':'m',}", "{'model':'m'} x",
					     "{'model':'a','model':'b'}" };
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct fixture f;
		assert_int_equal(read_json(&f, cases[i]), ERR_INVALID_JSON);
		clear(&f);
	}
}

static void long_model_name_is_refused(void **state)
{
	(void)state;
	for (int extra = 0; extra < 2; extra++) {
		struct arena arena = ARENA_INIT;
		struct fixture f;
		char *json = arena_printf(&arena, "{'model':'%0*d', " HELLO "}",
					  MODEL_NAME_MAX + extra, 0);
		assert_int_equal(read_json(&f, json), extra ? ERR_INVALID_REQUEST : OK);
		clear(&f);
		arena_clear(&arena);
	}
}

static void placement_is_read(void **state)
{
	(void)state;
	struct fixture f;
	assert_ok(read_json(&f, IN_CONVERSATION "'branchId':" OTHER_ID ",'parentMessageId':" ID
						",'expectedLeafId':" OTHER_ID ",'messageId':" ID
						",'stream':true,'stream_options':{'include_usage':"
						"true}," HELLO "}"));
	const struct chat_request *r = &f.request;
	assert_true(r->has_conversation && r->has_branch && r->has_parent && r->has_expected_leaf &&
		    r->has_message_id && !r->has_regenerate && !r->parent_is_root);
	assert_true(r->stream && r->include_usage && !r->ephemeral);
	assert_true(uuid_equal(&r->parent, &r->conversation) &&
		    uuid_equal(&r->branch, &r->expected_leaf));
	assert_text(r->content, "hello");
	assert_int_equal(r->prompt_bytes, 5);
	clear(&f);
}

static void session_id_is_an_alias_and_null_parent_is_a_root(void **state)
{
	(void)state;
	struct fixture f;
	assert_ok(read_json(&f, "{'model':'gpt-4o','sessionId':" ID ",'conversationId':" ID
				",'parentMessageId':null," HELLO "}"));
	assert_true(f.request.has_conversation && f.request.parent_is_root &&
		    !f.request.has_parent);
	clear(&f);
	assert_ok(read_json(&f, "{'model':'gpt-4o','sessionId':" ID "," HELLO "}"));
	assert_true(f.request.has_conversation && !f.request.parent_is_root);
	clear(&f);
}

static void regenerate_needs_no_messages(void **state)
{
	(void)state;
	static const char *const ends[] = { "}", ",'messages':[]}", ",'messages':null}" };
	for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
		struct arena arena = ARENA_INIT;
		struct fixture f;
		assert_ok(
			read_json(&f, arena_printf(&arena, IN_CONVERSATION "'regenerate':" ID "%s",
						   ends[i])));
		assert_true(f.request.has_regenerate);
		clear(&f);
		arena_clear(&arena);
	}
}

static void text_parts_are_joined(void **state)
{
	(void)state;
	struct fixture f;
	assert_ok(read_json(&f, IN_CONVERSATION
			    "'messages':[{'role':'user','content':[{'type':'text','text':'one '},"
			    "{'type':'text','text':''},{'type':'text','text':'two'}]}]}"));
	assert_text(f.request.content, "one two");
	clear(&f);
}

static void absent_and_null_mean_the_same(void **state)
{
	(void)state;
	struct fixture f;
	assert_ok(read_json(&f, "{'model':'m','provider':null,'stream':null,'stream_options':null,"
				"'conversationId':null,'branchId':null,'ephemeral':null,"
				"'models':null," HELLO "}"));
	assert_true(!f.request.stream && !f.request.has_conversation && !f.request.has_branch &&
		    !f.request.ephemeral_given);
	clear(&f);
}

struct written_case {
	const char *json;
	struct upstream_options options;
	const char *wanted;
};

static void assert_written(const struct written_case *c)
{
	struct fixture f;
	struct strbuf out = STRBUF_INIT(65536);
	assert_ok(read_json(&f, c->json));
	assert_ok(chat_request_write(&f.request, &c->options, &out));
	assert_text(strbuf_text(&out), quoted(&f.arena, c->wanted).ptr);
	strbuf_clear(&out);
	clear(&f);
}

#define TO(provider_)                                        \
	{                                                    \
		.model = TEXT("up"), .provider = (provider_) \
	}
#define TO_EPHEMERAL(provider_)                                                 \
	{                                                                       \
		.model = TEXT("up"), .provider = (provider_), .ephemeral = true \
	}

static void upstream_gets_what_is_its_own_and_nothing_of_ours(void **state)
{
	(void)state;
	static const struct written_case cases[] = {
		/* ours are taken out, everything else stays, in order, with its value */
		{ "{'model':'m','conversationId':null,'sessionId':null,'ephemeral':false,'provider'"
		  ":"
		  "'openai-compatible','temperature':0.7,'seed':9007199254740991,'stop':['a'],"
		  "'tools':[{'type':'function','function':{'name':'f','parameters':{'type':"
		  "'object'}}}],'x_vendor':{'deep':[1,2.5,-3e-7,null,true,'\\u00e9\\n']}," HELLO
		  "}",
		  TO(PROVIDER_COMPATIBLE),
		  "{'model':'up'," HELLO
		  ",'temperature':0.7,'seed':9007199254740991,'stop':['a'],'tools':[{'type':"
		  "'function','function':{'name':'f','parameters':{'type':'object'}}}],'x_vendor':{"
		  "'deep':[1,2.5,-3e-07,null,true,'é\\n']}}" },
		/* usage is always asked for, other wishes stay */
		{ "{'model':'m','stream':true,'stream_options':{'include_usage':false,'x':1}," HELLO
		  "}",
		  TO(PROVIDER_COMPATIBLE),
		  "{'model':'up'," HELLO
		  ",'stream_options':{'x':1,'include_usage':true},'stream':true}" },
		{ "{'model':'m','stream':true," HELLO "}", TO(PROVIDER_OPENAI),
		  "{'model':'up'," HELLO ",'stream_options':{'include_usage':true,"
		  "'include_obfuscation':false},'stream':true}" },
		{ "{'model':'m','stream':true,'stream_options':{'include_obfuscation':true}," HELLO
		  "}",
		  TO(PROVIDER_OPENAI),
		  "{'model':'up'," HELLO ",'stream_options':{'include_usage':true,"
		  "'include_obfuscation':false},'stream':true}" },
		{ "{'model':'m','stream':true,'stream_options':{'x':1}," HELLO "}",
		  { .model = TEXT("up"), .provider = PROVIDER_COMPATIBLE, .plain_stream = true },
		  "{'model':'up'," HELLO ",'stream':true}" },
		{ "{'model':'m','stream_options':{'include_usage':true}," HELLO "}",
		  TO(PROVIDER_COMPATIBLE), "{'model':'up'," HELLO "}" },
		/* OpenRouter's own members */
		{ "{'model':'a/b','provider':{'order':['x']}," HELLO "}", TO(PROVIDER_OPENROUTER),
		  "{'model':'up'," HELLO ",'provider':{'order':['x']}}" },
		{ "{'model':'a/b','provider':'openrouter','models':['c/d']," HELLO "}",
		  TO(PROVIDER_OPENROUTER), "{'model':'up'," HELLO ",'models':['c/d']}" },
		{ "{'model':'m','provider':{'order':['x']}," HELLO "}", TO(PROVIDER_OPENAI),
		  "{'model':'up'," HELLO "}" },
		/* do not store */
		{ "{'model':'m','ephemeral':true,'store':true," HELLO "}",
		  TO_EPHEMERAL(PROVIDER_OPENAI), "{'model':'up'," HELLO ",'store':false}" },
		{ "{'model':'m','store':true," HELLO "}", TO(PROVIDER_OPENAI),
		  "{'model':'up'," HELLO ",'store':true}" },
		{ "{'model':'a/b','ephemeral':true," HELLO "}", TO_EPHEMERAL(PROVIDER_OPENROUTER),
		  "{'model':'up'," HELLO ",'provider':{'data_collection':'deny'}}" },
		{ "{'model':'a/b','ephemeral':true,'provider':{'order':['x'],'data_collection':"
		  "'allow'}," HELLO "}",
		  TO_EPHEMERAL(PROVIDER_OPENROUTER),
		  "{'model':'up'," HELLO ",'provider':{'order':['x'],'data_collection':'deny'}}" },
		{ "{'model':'m','ephemeral':true," HELLO "}", TO_EPHEMERAL(PROVIDER_COMPATIBLE),
		  "{'model':'up'," HELLO "}" },
	};
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_written(&cases[i]);
}

static void conversation_is_told_from_its_context(void **state)
{
	(void)state;
	static const struct context_message context[] = { { TEXT("system"), TEXT("be \"good\"") },
							  { TEXT("user"), TEXT("hello") } };
	struct written_case c = {
		IN_CONVERSATION "'parentMessageId':null,'messageId':" ID ",'max_tokens':5," HELLO
				"}",
		{ .model = TEXT("up"),
		  .provider = PROVIDER_OPENAI,
		  .context = context,
		  .context_count = 2 },
		"{'model':'up','messages':[{'role':'system','content':'be \\'good\\''},"
		"{'role':'user','content':'hello'}],'max_tokens':5}"
	};
	assert_written(&c);
}

static void prompt_is_measured_by_its_words(void **state)
{
	(void)state;
	struct fixture f;
	assert_ok(read_json(&f, "{'model':'m','messages':[{'role':'system','content':'1234'},"
				"{'role':'user','content':[{'type':'text','text':'567'},{'type':"
				"'image_url','image_url':{'url':'data:image/png;base64,AAAA'}}]},"
				"{'role':'assistant','content':null}]}"));
	assert_int_equal(f.request.prompt_bytes, 7);
	clear(&f);
}

static void body_that_passes_its_limit_is_not_cut(void **state)
{
	(void)state;
	struct fixture f;
	struct strbuf out = STRBUF_INIT(20);
	struct upstream_options options = { .model = TEXT("up") };
	assert_ok(read_json(&f, "{'model':'m'," HELLO "}"));
	assert_int_equal(chat_request_write(&f.request, &options, &out), ERR_TOO_LARGE);
	strbuf_clear(&out);
	clear(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_members_are_refused_by_name),
		cmocka_unit_test(what_is_no_json_is_told_so),
		cmocka_unit_test(long_model_name_is_refused),
		cmocka_unit_test(placement_is_read),
		cmocka_unit_test(session_id_is_an_alias_and_null_parent_is_a_root),
		cmocka_unit_test(regenerate_needs_no_messages),
		cmocka_unit_test(text_parts_are_joined),
		cmocka_unit_test(absent_and_null_mean_the_same),
		cmocka_unit_test(upstream_gets_what_is_its_own_and_nothing_of_ours),
		cmocka_unit_test(conversation_is_told_from_its_context),
		cmocka_unit_test(prompt_is_measured_by_its_words),
		cmocka_unit_test(body_that_passes_its_limit_is_not_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
