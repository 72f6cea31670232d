/* SPDX-License-Identifier: MIT */
/* The door's own rules as tables: which host, which origin, which kind of body, and which
 * credentials count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "crypto/crypto.h"
#include "door.h"

#include "base/banned.h"

#define SECRET_HEX "7d1f0a9c3be84466a2d50f7719c8e3b1504c6e92fd38ab07c16d5e8834f0927b"
#define SECRET_BASE64 "fR8KnDvoRGai1Q93GcjjsVBMbpL9OKsHwW1eiDTwkns="

struct world {
	struct secret edge;
	struct door_rules open, closed; /* auth off, auth required */
};

static int set_up(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));
	uint8_t bytes[32];

	secret_init_library(true);
	assert_true(hex_to_bytes(TEXT(SECRET_HEX), bytes, sizeof(bytes)));
	secret_set(&w->edge, bytes, sizeof(bytes));
	w->open = (struct door_rules){
		.public_origin = TEXT("http://localhost:8080"),
		.loopback_names = true,
		.edge_secret = &w->edge,
	};
	w->closed = (struct door_rules){
		.public_origin = TEXT("https://chat.example.org"),
		.trust_identity_headers = true,
		.edge_secret = &w->edge,
	};
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	secret_clear(&w->edge);
	free(w);
	return 0;
}

static void hosts_are_ours_or_nobodys(void **state)
{
	static const struct {
		const char *host;
		bool open, closed;
	} cases[] = {
		{ "localhost:8080", true, false },
		{ "localhost", true, false },
		{ "LocalHost:1", true, false },
		{ "127.0.0.1:7400", true, false },
		{ "[::1]:8443", true, false },
		{ "[::1]", true, false },
		{ "chat.example.org", false, true },
		{ "CHAT.example.ORG", false, true },
		{ "chat.example.org:443", false, false },
		{ "chat.example.org.", false, false },
		{ "chat.example.org.evil.example", false, false },
		{ "evil.example", false, false },
		{ "localhost.evil.example", false, false },
		{ "localhost:80:80", false, false },
		{ "localhost:", false, false },
		{ "localhost:99999", false, false },
		{ "localhost:8o80", false, false },
		{ "localhost:080", false, false },
		{ "localhost.", false, false },
		{ "127.0.0.1.nip.io", false, false },
		{ "127.1", false, false },
		{ "127.0.0.2", false, false },
		{ "[::1", false, false },
		{ "[::1]x", false, false },
		{ "[::1]:x", false, false },
		{ "[::ffff:127.0.0.1]", false, false },
		{ "::1", false, false },
		{ ":8080", false, false },
		{ "[", false, false },
		{ "", false, false },
	};
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (door_host_is_ours(&w->open, text_of(cases[i].host)) != cases[i].open)
			fail_msg("auth off: %s", cases[i].host);
		if (door_host_is_ours(&w->closed, text_of(cases[i].host)) != cases[i].closed)
			fail_msg("auth required: %s", cases[i].host);
	}
	assert_false(door_host_is_ours(&w->open, TEXT_NULL));
}

static void origins_are_ours_or_those_of_the_host_shown(void **state)
{
	static const struct {
		const char *origin, *host;
		bool open, closed;
	} cases[] = {
		{ "http://localhost:8080", "localhost:8080", true, false },
		{ "http://localhost:8080", "127.0.0.1:8080", true, false },
		{ "http://127.0.0.1:8080", "127.0.0.1:8080", true, false },
		{ "https://localhost:8443", "localhost:8443", true, false },
		{ "http://[::1]:8080", "[::1]:8080", true, false },
		{ "http://127.0.0.1:8080", "localhost:8080", false, false },
		{ "http://localhost:3000", "localhost:8080", false, false },
		{ "http://localhost:8080/", "localhost:8080", false, false },
		{ "ftp://localhost:8081", "localhost:8081", false, false },
		{ "file://localhost:8081", "localhost:8081", false, false },
		{ "null", "localhost:8080", false, false },
		{ "", "localhost:8080", false, false },
		{ "://localhost:8080", "localhost:8080", false, false },
		{ "localhost:8080", "localhost:8080", false, false },
		{ "http://evil.example", "evil.example", false, false },
		{ "http://localhost.evil.example", "localhost.evil.example", false, false },
		{ "https://chat.example.org", "chat.example.org", false, true },
		{ "https://chat.example.org", "evil.example", false, true },
		{ "http://chat.example.org", "chat.example.org", false, false },
		{ "https://chat.example.org:443", "chat.example.org", false, false },
		{ "https://chat.example.org.evil.example", "chat.example.org", false, false },
		{ "https://evil.example/https://chat.example.org", "chat.example.org", false,
		  false },
	};
	const struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct text origin = text_of(cases[i].origin), host = text_of(cases[i].host);
		if (door_origin_is_ours(&w->open, origin, host) != cases[i].open)
			fail_msg("auth off: %s at %s", cases[i].origin, cases[i].host);
		if (door_origin_is_ours(&w->closed, origin, host) != cases[i].closed)
			fail_msg("auth required: %s at %s", cases[i].origin, cases[i].host);
	}
	assert_false(door_origin_is_ours(&w->open, TEXT_NULL, TEXT("localhost:8080")));
}

/* A browser's good change, to be spoilt. */
static struct door_request change(void)
{
	return (struct door_request){
		.is_mutation = true,
		.has_body = true,
		.host = TEXT("localhost:8080"),
		.origin = TEXT("http://localhost:8080"),
		.fetch_site = TEXT("same-origin"),
		.content_type = TEXT("application/json"),
	};
}

static enum err judge(const struct world *w, const struct door_request *r)
{
	const char *problem = NULL;
	enum err err = door_check_change(&w->open, r, &problem);

	assert_int_equal(err != OK, problem != NULL);
	return err;
}

static void a_change_has_a_body_of_json(void **state)
{
	static const struct {
		const char *type;
		bool fits;
	} cases[] = {
		{ "application/json", true },
		{ "Application/JSON", true },
		{ "application/json; charset=utf-8", true },
		{ "application/json;charset=UTF-8", true },
		{ "application/json ; charset=\"utf-8\"", true },
		{ "application/json; charset=latin1", false },
		{ "application/json; boundary=x", false },
		{ "application/json;", false },
		{ "application/json, text/plain", false },
		{ "application/jsonp", false },
		{ "application/x-www-form-urlencoded", false },
		{ "multipart/form-data; boundary=x", false },
		{ "text/plain", false },
		{ "text/plain; application/json", false },
		{ "", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct door_request r = change();
		r.content_type = text_of(cases[i].type);
		if (judge(*state, &r) != (cases[i].fits ? OK : ERR_UNSUPPORTED_MEDIA_TYPE))
			fail_msg("%s", cases[i].type);
		/* A token does not change that. */
		r.authorization = TEXT("Bearer x");
		assert_int_equal(judge(*state, &r),
				 cases[i].fits ? OK : ERR_UNSUPPORTED_MEDIA_TYPE);
		r.has_body = false;
		assert_int_equal(judge(*state, &r), OK);
	}
}

static void a_browsers_change_comes_from_a_page_of_ours(void **state)
{
	static const char *const sites[] = {
		"cross-site", "same-site", "none", "", "Same-Origin", "same-origin, cross-site"
	};
	struct door_request r = change();

	assert_int_equal(judge(*state, &r), OK);
	assert_true(door_needs_csrf(&r));
	for (size_t i = 0; i < ARRAY_SIZE(sites); i++) {
		r.fetch_site = text_of(sites[i]);
		assert_int_equal(judge(*state, &r), ERR_CSRF_FAILED);
	}
	r.fetch_site = TEXT_NULL; /* an older browser: Origin and token remain */
	assert_int_equal(judge(*state, &r), OK);
	r.origin = TEXT_NULL;
	assert_int_equal(judge(*state, &r), ERR_CSRF_FAILED);
	r.origin = TEXT("https://evil.example");
	assert_int_equal(judge(*state, &r), ERR_CSRF_FAILED);
	/* Who comes from elsewhere hears of nothing else. */
	r.content_type = TEXT("text/plain");
	assert_int_equal(judge(*state, &r), ERR_CSRF_FAILED);
}

static void a_bearer_needs_neither_origin_nor_token(void **state)
{
	struct door_request r = change();

	r.origin = r.fetch_site = TEXT_NULL;
	r.authorization = TEXT("Bearer x");
	assert_int_equal(judge(*state, &r), OK);
	assert_false(door_needs_csrf(&r));
	r.authorization = TEXT(""); /* shown, though empty: it will be nobody's */
	assert_false(door_needs_csrf(&r));
}

static void reading_is_not_a_change(void **state)
{
	struct door_request r = { .host = TEXT("localhost"),
				  .origin = TEXT("https://evil.example"),
				  .has_body = true };

	assert_int_equal(judge(*state, &r), OK);
	assert_false(door_needs_csrf(&r));
}

static void a_foreign_host_is_sent_away(void **state)
{
	const struct world *w = *state;
	struct door_view view;
	struct door_request r = { .host = TEXT("rebound.example") };

	assert_int_equal(door_enter(&w->open, &r, &view), ERR_MISDIRECTED);
	r.host = TEXT("localhost");
	assert_int_equal(door_enter(&w->open, &r, &view), OK);
}

static void identity_headers_count_only_from_nginx_and_when_trusted(void **state)
{
	static const struct {
		const char *edge;
		bool proven;
	} cases[] = {
		{ SECRET_HEX, true },
		{ SECRET_BASE64, true },
		{ "fR8KnDvoRGai1Q93GcjjsVBMbpL9OKsHwW1eiDTwkns", true },
		{ "8d1f0a9c3be84466a2d50f7719c8e3b1504c6e92fd38ab07c16d5e8834f0927b", false },
		{ "7d1f0a9c3be84466a2d50f7719c8e3b1504c6e92fd38ab07c16d5e8834f092", false },
		{ SECRET_HEX "00", false },
		{ "", false },
		{ NULL, false },
	};
	struct world *w = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct door_request r = {
			.host = TEXT("chat.example.org"),
			.edge = text_of(cases[i].edge),
			.cookie = TEXT("a=b"),
			.authorization = TEXT("Bearer x"),
			.access_email = TEXT("ann@example.org"),
			.access_assertion = TEXT("a.b.c"),
		};
		struct door_view view;

		w->closed.trust_identity_headers = true;
		assert_int_equal(door_enter(&w->closed, &r, &view), OK);
		assert_int_equal(view.via_nginx, cases[i].proven);
		assert_int_equal(view.access_email.ptr != NULL, cases[i].proven);
		assert_int_equal(view.access_assertion.ptr != NULL, cases[i].proven);
		assert_true(text_is(view.cookie, "a=b") && text_is(view.authorization, "Bearer x"));
		w->closed.trust_identity_headers = false;
		assert_int_equal(door_enter(&w->closed, &r, &view), OK);
		assert_null(view.access_email.ptr);
		assert_null(view.access_assertion.ptr);
	}
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(hosts_are_ours_or_nobodys),
		TEST(origins_are_ours_or_those_of_the_host_shown),
		TEST(a_change_has_a_body_of_json),
		TEST(a_browsers_change_comes_from_a_page_of_ours),
		TEST(a_bearer_needs_neither_origin_nor_token),
		TEST(reading_is_not_a_change),
		TEST(a_foreign_host_is_sent_away),
		TEST(identity_headers_count_only_from_nginx_and_when_trusted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
