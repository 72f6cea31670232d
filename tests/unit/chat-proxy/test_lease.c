/* SPDX-License-Identifier: MIT */
#include "support.h"

#include "lease.h"

#define LEASE "0190b0a4-7f3c-7000-8000-000000000001"
#define KEY "0190b0a4-7f3c-7000-8000-000000000002"
#define STORED                                                                               \
	"{'leaseId':'" LEASE "','keyId':'" KEY "','provider':'openai-compatible','baseUrl':" \
	"'http://h/v1','key':'sk-secret','keyPreview':'sk-…cret','source':'own'}"
#define SESSION                                                                             \
	"{'leaseId':'" LEASE "','keyId':null,'provider':'openai','baseUrl':null,'key':'k'," \
	"'keyPreview':'k','source':'session'}"

static void question_names_provider_model_handle_and_excluded_keys(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct strbuf out = STRBUF_INIT(4096);
	struct uuid excluded;
	assert_ok(uuid_parse(TEXT(KEY), &excluded));
	assert_ok(lease_write_request(PROVIDER_OPENAI, TEXT("m"), TEXT("h"), &excluded, 1, &out));
	assert_text(strbuf_text(&out),
		    quoted(&arena, "{'provider':'openai','model':'m','sessionHandle':'h',"
				   "'excludeKeyIds':['" KEY "']}")
			    .ptr);
	strbuf_reset(&out);
	assert_ok(lease_write_request(PROVIDER_NONE, TEXT("m"), TEXT_NULL, NULL, 0, &out));
	assert_text(strbuf_text(&out), quoted(&arena, "{'provider':null,'model':'m','sessionHandle'"
						      ":null,'excludeKeyIds':[]}")
					       .ptr);
	strbuf_clear(&out);
	arena_clear(&arena);
}

static void stored_keys_lease_is_read_and_its_body_wiped(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct lease lease = { 0 };
	struct text body = quoted(&arena, STORED);
	assert_ok(lease_read(body, &lease));
	assert_true(lease.held && lease.has_key_id && lease.provider == PROVIDER_COMPATIBLE);
	assert_string_equal(lease.base_url, "http://h/v1");
	assert_string_equal((const char *)lease.key.bytes, "sk-secret");
	assert_string_equal(lease.preview, "sk-…cret");
	assert_string_equal(lease.source, "own");
	for (size_t i = 0; i < body.len; i++)
		assert_int_equal(body.ptr[i], 0);
	lease_clear(&lease);
	assert_true(!lease.held && !lease.key.bytes && !lease.base_url);
	lease_clear(&lease);
	arena_clear(&arena);
}

static void session_keys_lease_has_no_id_and_no_address(void **state)
{
	(void)state;
	struct arena arena = ARENA_INIT;
	struct lease lease = { 0 };
	assert_ok(lease_read(quoted(&arena, SESSION), &lease));
	assert_true(lease.held && !lease.has_key_id && !lease.base_url);
	lease_clear(&lease);
	arena_clear(&arena);
}

static void answer_that_breaks_the_contract_leaves_nothing(void **state)
{
	(void)state;
	static const char *const bodies[] = {
		"",
		"{}",
		"{'leaseId':'" LEASE "','provider':'openai','source':'own'}",
		"{'leaseId':'x','provider':'openai','key':'k','source':'own'}",
		"{'leaseId':'" LEASE "','provider':'nobody','key':'k','source':'own'}",
		"{'leaseId':'" LEASE "','provider':'openai','key':7,'source':'own'}",
		"{'leaseId':'" LEASE "','provider':'openai','key':'k','source':'own','more':1}",
	};
	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		struct arena arena = ARENA_INIT;
		struct lease lease = { 0 };
		assert_int_equal(lease_read(quoted(&arena, bodies[i]), &lease), ERR_INTERNAL);
		assert_true(!lease.held && !lease.key.bytes && !lease.base_url);
		arena_clear(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(question_names_provider_model_handle_and_excluded_keys),
		cmocka_unit_test(stored_keys_lease_is_read_and_its_body_wiped),
		cmocka_unit_test(session_keys_lease_has_no_id_and_no_address),
		cmocka_unit_test(answer_that_breaks_the_contract_leaves_nothing),
	};
	secret_init_library(true);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
