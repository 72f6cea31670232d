/* SPDX-License-Identifier: MIT */
/*
 * The envelope opens for the daemon, the request and the half minute it was sealed for. What an
 * outsider could change is changed bit by bit; what only a holder of a key could forge is forged
 * here with that key.
 */
#include "support.h"

#include <stdlib.h>

#include "base/banned.h"

static const struct unix_ms now = { 1795507302123 };
static const struct uuid user = { { 0x01, 0x93, 0x5b, 0x2c, 0x77, 0x00, 0x70, 1, 0x80, 2, 3, 4, 5,
				    6, 7, 8 } };

struct world {
	struct envelope_keys *gateway, *keyvault, *store;
	struct identity id;
	struct envelope_request request;
};

static int build_world(void **state)
{
	struct world *w = xcalloc(1, sizeof(*w));

	secret_init_library(true);
	w->gateway = keys_of(DAEMON_GATEWAY,
			     "gateway keyvault " KEY_A "\ngateway account-store " KEY_B "\n");
	w->keyvault = keys_of(DAEMON_KEYVAULT,
			      "gateway keyvault " KEY_A "\naccount-store keyvault " KEY_C "\n");
	w->store = keys_of(DAEMON_ACCOUNT_STORE,
			   "gateway account-store " KEY_B "\naccount-store keyvault " KEY_C "\n");
	w->id = (struct identity){
		.has_user = true,
		.user = user,
		.role = ROLE_USER,
		.tier = TIER_PRO,
		.amr = AMR_TOKEN,
		.scopes = SCOPE_CHAT | SCOPE_KEYS,
		.session = "tok_0123456789ab",
		.request_id = "7f3c-9a",
	};
	w->request =
		(struct envelope_request){ "POST", TEXT("/v1/api-keys?x=1"), TEXT("{\"a\":1}") };
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;

	envelope_keys_free(w->gateway);
	envelope_keys_free(w->keyvault);
	envelope_keys_free(w->store);
	free(w);
	return 0;
}

static struct strbuf seal_for_keyvault(const struct world *w)
{
	struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);

	assert_ok(envelope_seal(w->gateway, DAEMON_KEYVAULT, &w->id, &w->request, now, &value));
	return value;
}

/* Refused, and the identity untouched. */
static void assert_refused(const struct envelope_keys *keys, struct text value,
			   const struct envelope_request *request, struct unix_ms at)
{
	struct identity id, before;

	memset(&id, 0x5a, sizeof(id));
	before = id;
	if (envelope_open(keys, value, request, at, &id) != ERR_UNAUTHENTICATED)
		fail_msg("opened: %.*s", TEXT_FMT(value));
	assert_memory_equal(&id, &before, sizeof(id));
}

static void an_envelope_tells_the_callee_who_asks(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	struct identity got;

	assert_true(text_starts_with(strbuf_text(&value), "v1."));
	assert_true(value.len < 800);
	assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, now, &got));
	assert_true(got.has_user);
	assert_true(uuid_equal(&got.user, &user));
	assert_int_equal(got.role, ROLE_USER);
	assert_int_equal(got.tier, TIER_PRO);
	assert_int_equal(got.amr, AMR_TOKEN);
	assert_int_equal(got.scopes, SCOPE_CHAT | SCOPE_KEYS);
	assert_string_equal(got.session, "tok_0123456789ab");
	assert_string_equal(got.request_id, "7f3c-9a");
	assert_int_equal(got.caller, DAEMON_GATEWAY);
}

static void every_role_tier_and_way_to_sign_in_travels(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 5; i++) {
		w->id.role = (enum role)(i % 4);
		w->id.tier = (enum tier)i;
		w->id.amr = (enum amr)i;
		w->id.scopes = i ? SCOPE_PERSON : 0;
		AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
		struct identity got;

		assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, now, &got));
		assert_int_equal(got.role, w->id.role);
		assert_int_equal(got.tier, w->id.tier);
		assert_int_equal(got.amr, w->id.amr);
		assert_int_equal(got.scopes, w->id.scopes);
	}
}

static void a_daemon_may_speak_for_itself(void **state)
{
	struct world *w = *state;
	struct identity got;

	/* What is said about a person who is not there does not travel. */
	w->id.has_user = false;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, now, &got));
	assert_false(got.has_user);
	assert_true(uuid_is_nil(&got.user));
	assert_int_equal(got.role, ROLE_NONE);
	assert_int_equal(got.scopes, 0);
	assert_string_equal(got.session, "");
	assert_string_equal(got.request_id, "7f3c-9a");
}

static void no_flipped_bit_goes_unnoticed(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);

	for (size_t bit = 0; bit < value.len * 8; bit++) {
		value.data[bit / 8] ^= (char)(1 << bit % 8);
		assert_refused(w->keyvault, strbuf_text(&value), &w->request, now);
		value.data[bit / 8] ^= (char)(1 << bit % 8);
	}
}

static void no_other_length_or_form_opens(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	static const char *const tails[] = { ".", "A", "=", " ", "\n", ".AAAA", "\0" };
	static const char *const heads[] = { " ", "v1.", "." };
	static const char *const others[] = { "",  "v1",     "v1.",	"v1..",	   "v1...",
					      ".", "v2.a.b", "v1.e30.", "Bearer x" };

	for (size_t len = 0; len < value.len; len++) {
		AUTO(auto_free) char *cut = xmemdup0(value.data, len);
		assert_refused(w->keyvault, (struct text){ cut, len }, &w->request, now);
	}
	for (size_t i = 0; i < ARRAY_SIZE(tails); i++) {
		size_t tail = strlen(tails[i]) ? strlen(tails[i]) : 1;
		AUTO(auto_free) char *longer = xmalloc(value.len + tail);
		memcpy(longer, value.data, value.len);
		memcpy(longer + value.len, tails[i], tail);
		assert_refused(w->keyvault, (struct text){ longer, value.len + tail }, &w->request,
			       now);
	}
	for (size_t i = 0; i < ARRAY_SIZE(heads); i++) {
		AUTO(auto_free) char *longer = xasprintf("%s%s", heads[i], value.data);
		assert_refused(w->keyvault, text_of(longer), &w->request, now);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_refused(w->keyvault, text_of(others[i]), &w->request, now);
	assert_refused(w->keyvault, TEXT_NULL, &w->request, now);
}

static void only_the_audience_with_the_key_of_the_pair_opens_it(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	struct envelope_keys *other_key = keys_of(DAEMON_KEYVAULT, "gateway keyvault " KEY_C "\n");
	/* Somebody else was given the same key by mistake: the names inside still bind it. */
	struct envelope_keys *other_audience =
		keys_of(DAEMON_ACCOUNT_STORE, "gateway account-store " KEY_A "\n");
	struct envelope_keys *other_caller =
		keys_of(DAEMON_KEYVAULT, "chat-proxy keyvault " KEY_A "\n");
	struct envelope_keys *reversed = keys_of(DAEMON_KEYVAULT, "keyvault gateway " KEY_A "\n");
	struct envelope_keys *none = keys_of(DAEMON_KEYVAULT, "");

	assert_refused(w->store, strbuf_text(&value), &w->request, now);
	assert_refused(other_key, strbuf_text(&value), &w->request, now);
	assert_refused(other_audience, strbuf_text(&value), &w->request, now);
	assert_refused(other_caller, strbuf_text(&value), &w->request, now);
	assert_refused(reversed, strbuf_text(&value), &w->request, now);
	assert_refused(none, strbuf_text(&value), &w->request, now);
	envelope_keys_free(other_key);
	envelope_keys_free(other_audience);
	envelope_keys_free(other_caller);
	envelope_keys_free(reversed);
	envelope_keys_free(none);
}

static void the_key_that_fits_names_the_caller(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	struct identity got;

	w->id.caller = DAEMON_GATEWAY; /* what the sealer claims counts for nothing */
	assert_ok(envelope_seal(w->store, DAEMON_KEYVAULT, &w->id, &w->request, now, &value));
	assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, now, &got));
	assert_int_equal(got.caller, DAEMON_ACCOUNT_STORE);
}

static void it_is_good_for_one_request_only(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	const struct envelope_request others[] = {
		{ "PUT", w->request.path, w->request.body },
		{ "post", w->request.path, w->request.body },
		{ "", w->request.path, w->request.body },
		{ "POST", TEXT("/v1/api-keys"), w->request.body },
		{ "POST", TEXT("/v1/api-keys?x=2"), w->request.body },
		{ "POST", TEXT("/v1/api-keys?x=1&"), w->request.body },
		{ "POST", TEXT_NULL, w->request.body },
		{ "POST", w->request.path, TEXT("{\"a\":2}") },
		{ "POST", w->request.path, TEXT("{\"a\":1} ") },
		{ "POST", w->request.path, TEXT("") },
		{ "POST", w->request.path, TEXT_NULL },
		{ "POST", w->request.body, w->request.path },
	};

	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_refused(w->keyvault, strbuf_text(&value), &others[i], now);
}

static void no_body_and_an_empty_body_are_the_same(void **state)
{
	struct world *w = *state;
	struct envelope_request request = { "GET", TEXT("/v1/models"), TEXT_NULL };
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	struct identity got;

	assert_ok(envelope_seal(w->gateway, DAEMON_KEYVAULT, &w->id, &request, now, &value));
	request.body = TEXT("");
	assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &request, now, &got));
}

static void it_lives_half_a_minute_with_five_seconds_leeway(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	static const struct {
		int64_t offset_ms;
		bool opens;
	} cases[] = {
		{ -86400000, false }, { -5001, false }, { -5000, true },  { 0, true },
		{ 30000, true },      { 34999, true },	{ 35000, false }, { 86400000, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct unix_ms at = { now.value + cases[i].offset_ms };
		struct identity got;

		if (cases[i].opens)
			assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, at,
						&got));
		else
			assert_refused(w->keyvault, strbuf_text(&value), &w->request, at);
	}
}

/* Signs any bytes as claims with the key between gateway and keyvault. */
static struct strbuf forge(struct text claims)
{
	struct strbuf value = STRBUF_INIT(8192);
	uint8_t key[32], mac[SHA256_BYTES];
	size_t len;

	assert_ok(base64_decode(TEXT(KEY_A), key, sizeof(key), &len));
	assert_ok(strbuf_append_str(&value, "v1."));
	assert_ok(base64url_append(&value, claims.ptr, claims.len));
	hmac_sha256(key, sizeof(key), value.data, value.len, mac);
	assert_ok(strbuf_append_char(&value, '.'));
	assert_ok(base64url_append(&value, mac, sizeof(mac)));
	return value;
}

/* The claims of a good envelope, with `from` replaced by `to`; with NULL, as they are. */
static struct strbuf claims_with(const struct world *w, const char *from, const char *to)
{
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	struct text rest = strbuf_text(&value), version, claims;
	struct strbuf out = STRBUF_INIT(4096);
	char json[ENVELOPE_MAX_BYTES + 1];
	size_t len;

	assert_true(text_next(&rest, '.', &version) && text_next(&rest, '.', &claims));
	assert_ok(base64url_decode(claims, (uint8_t *)json, ENVELOPE_MAX_BYTES, &len));
	json[len] = '\0';
	if (!from) {
		assert_ok(strbuf_append(&out, json, len));
		return out;
	}
	const char *at = strstr(json, from);
	if (!at)
		fail_msg("%s is not in %s", from, json);
	assert_ok(strbuf_append(&out, json, (size_t)(at - json)));
	assert_ok(strbuf_append_str(&out, to));
	assert_ok(strbuf_append_str(&out, at + strlen(from)));
	return out;
}

static void the_forger_of_these_tests_makes_envelopes_that_open(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf claims = claims_with(w, NULL, NULL);
	AUTO(strbuf_clear) struct strbuf value = forge(strbuf_text(&claims));
	struct identity got;

	assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, now, &got));
}

static void claims_that_do_not_hold_are_refused_even_when_signed(void **state)
{
	struct world *w = *state;
	static const struct {
		const char *from, *to;
	} cases[] = {
		{ "\"aud\":\"keyvault\"", "\"aud\":\"gateway\"" },
		{ "\"aud\":\"keyvault\",", "" },
		{ "\"aud\":\"keyvault\"", "\"aud\":null" },
		{ "\"aud\":\"keyvault\"", "\"aud\":[\"keyvault\"]" },
		{ "\"iss\":\"gateway\"", "\"iss\":\"chat-proxy\"" },
		{ "\"iss\":\"gateway\"", "\"iss\":\"keyvault\"" },
		{ "\"iss\":\"gateway\",", "" },
		{ "\"sub\":\"01935b2c", "\"sub\":\"x1935b2c" },
		{ "\"sub\":\"01935b2c-7700-7001-8002-030405060708\",",
		  "" }, /* a role without a person */
		{ "\"role\":\"user\"", "\"role\":\"root\"" },
		{ "\"role\":\"user\"", "\"role\":\"none\"" },
		{ "\"role\":\"user\"", "\"role\":\"user\",\"role\":\"owner\"" },
		{ "\"role\":\"user\"", "\"role\":\"user\",\"r\\u006fle\":\"owner\"" },
		{ "\"tier\":\"pro\"", "\"tier\":\"Pro\"" },
		{ "\"amr\":\"token\"", "\"amr\":\"none\"" },
		{ "\"scp\":5", "\"scp\":-1" },
		{ "\"scp\":5", "\"scp\":32" }, /* no such scope */
		{ "\"scp\":5", "\"scp\":5.0" },
		{ "\"scp\":5", "\"scp\":\"5\"" },
		{ "\"scp\":5,", "" },
		{ "\"sid\":\"tok_", "\"sid\":\"tok\\n" },
		{ "\"sid\":\"tok_",
		  "\"sid\":\""
		  "0123456789012345678901234567890123456789012345678901234567890123" },
		{ "\"sid\":\"tok_0123456789ab\"", "\"sid\":\"\"" },
		{ "\"rid\":\"7f3c-9a\"", "\"rid\":\"a b\"" },
		{ "\"rid\":\"7f3c-9a\"", "\"rid\":\"a\\u0000b\"" },
		{ "\"iat\":1795507302123", "\"iat\":1795507307124" },
		{ "\"iat\":1795507302123",
		  "\"iat\":1795507302122" }, /* longer than half a minute */
		{ "\"iat\":1795507302123", "\"iat\":-9007199254740992" },
		{ "\"iat\":1795507302123", "\"iat\":1795507332123" }, /* not before its end */
		{ "\"iat\":1795507302123,", "" },
		{ "\"exp\":1795507332123", "\"exp\":1795507297123" },
		{ "\"exp\":1795507332123", "\"exp\":1795507302123" }, /* not behind its start */
		{ "\"exp\":1795507332123", "\"exp\":1795507332124" },
		{ "\"exp\":1795507332123", "\"exp\":9007199254740992" },
		{ "\"exp\":1795507332123", "\"exp\":1.795507332123e12" },
		{ "\"exp\":1795507332123,", "" },
		{ "\"mth\":\"POST\"", "\"mth\":\"GET\"" },
		{ "\"mth\":\"POST\",", "" },
		{ "\"pth\":\"", "\"pth\":\"A" },
		{ "\"pth\":\"", "\"pth\":\"\",\"pthx\":\"" },
		{ "\"bod\":\"", "\"bod\":\"A" },
		{ "\"aud\"", "\"AUD\"" },
		{ "{", "{\"admin\":true," },
		{ "{", "{ \"x\":1,\"x\":2," },
		{ "}", "},{}" },
		{ "}", "" },
		{ "{", "[{" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(strbuf_clear)
		struct strbuf claims = claims_with(w, cases[i].from, cases[i].to);
		AUTO(strbuf_clear) struct strbuf value = forge(strbuf_text(&claims));

		assert_refused(w->keyvault, strbuf_text(&value), &w->request, now);
	}
}

static void signed_nonsense_is_refused(void **state)
{
	struct world *w = *state;
	static const char *const claims[] = { "",      "{}", "null", "[]",
					      "\"x\"", "1",  "\xff", "{\"aud\":\"keyvault\"}" };

	for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
		AUTO(strbuf_clear) struct strbuf value = forge(text_of(claims[i]));
		assert_refused(w->keyvault, strbuf_text(&value), &w->request, now);
	}
}

static void an_oversized_envelope_is_refused_though_signed(void **state)
{
	struct world *w = *state;
	enum { PADDING = 1400 };
	AUTO(auto_free) char *padding = xcalloc(1, PADDING + 1);
	struct identity got;

	/* White space in front is harmless JSON: only the size can be what is refused. */
	memset(padding, ' ', PADDING);
	AUTO(strbuf_clear) struct strbuf large = claims_with(w, "{", padding);
	AUTO(auto_free)
	char *large_json = xasprintf("%.*s{%s", PADDING, large.data, large.data + PADDING);
	AUTO(strbuf_clear) struct strbuf value = forge(text_of(large_json));
	assert_true(value.len > ENVELOPE_MAX_BYTES);
	assert_refused(w->keyvault, strbuf_text(&value), &w->request, now);

	AUTO(auto_free)
	char *small_json = xasprintf("%.*s{%s", 200, large.data, large.data + PADDING);
	AUTO(strbuf_clear) struct strbuf small = forge(text_of(small_json));
	assert_ok(envelope_open(w->keyvault, strbuf_text(&small), &w->request, now, &got));
}

static void base64_that_is_not_canonical_is_refused_though_signed(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf claims = claims_with(w, NULL, NULL);
	uint8_t key[32], mac[SHA256_BYTES];
	size_t len;

	/* Pad the JSON until its base64 has unused bits, set one, and sign that text. */
	while (claims.len % 3 != 1)
		assert_ok(strbuf_append_char(&claims, ' '));
	AUTO(strbuf_clear) struct strbuf value = forge(strbuf_text(&claims));
	struct identity got;
	assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, now, &got));
	value.len -= 44;
	value.data[value.len - 1]++;
	value.data[value.len] = '\0';
	assert_ok(base64_decode(TEXT(KEY_A), key, sizeof(key), &len));
	hmac_sha256(key, sizeof(key), value.data, value.len, mac);
	assert_ok(strbuf_append_char(&value, '.'));
	assert_ok(base64url_append(&value, mac, sizeof(mac)));
	assert_refused(w->keyvault, strbuf_text(&value), &w->request, now);
}

static void sealing_refuses_what_could_not_be_opened(void **state)
{
	struct world *w = *state;
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	struct identity bad = w->id;

	assert_int_equal(
		envelope_seal(w->gateway, DAEMON_CHAT_PROXY, &w->id, &w->request, now, &value),
		ERR_FORBIDDEN);
	/* The key of the other direction does not help. */
	assert_int_equal(
		envelope_seal(w->keyvault, DAEMON_GATEWAY, &w->id, &w->request, now, &value),
		ERR_FORBIDDEN);
	bad.session[3] = '"';
	assert_int_equal(envelope_seal(w->gateway, DAEMON_KEYVAULT, &bad, &w->request, now, &value),
			 ERR_INTERNAL);
	bad = w->id;
	bad.request_id[0] = '\n';
	assert_int_equal(envelope_seal(w->gateway, DAEMON_KEYVAULT, &bad, &w->request, now, &value),
			 ERR_INTERNAL);
	bad = w->id;
	bad.scopes = 1 << 20;
	assert_int_equal(envelope_seal(w->gateway, DAEMON_KEYVAULT, &bad, &w->request, now, &value),
			 ERR_INTERNAL);
	AUTO(strbuf_clear) struct strbuf tiny = STRBUF_INIT(20);
	assert_int_equal(
		envelope_seal(w->gateway, DAEMON_KEYVAULT, &w->id, &w->request, now, &tiny),
		ERR_TOO_LARGE);
	assert_int_equal(value.len + tiny.len, 0);
}

static void the_longest_identity_fits(void **state)
{
	struct world *w = *state;
	struct identity got;

	memset(w->id.session, 's', 63);
	memset(w->id.request_id, 'r', 63);
	w->id.tier = TIER_ENTERPRISE;
	w->id.amr = AMR_PASSWORD;
	w->id.scopes = SCOPE_PERSON | 31;
	AUTO(strbuf_clear) struct strbuf value = seal_for_keyvault(w);
	assert_ok(envelope_open(w->keyvault, strbuf_text(&value), &w->request, now, &got));
	assert_int_equal(strlen(got.session), 63);
	assert_int_equal(strlen(got.request_id), 63);
}

#define world_test(f) cmocka_unit_test_setup_teardown(f, build_world, end_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(an_envelope_tells_the_callee_who_asks),
		world_test(every_role_tier_and_way_to_sign_in_travels),
		world_test(a_daemon_may_speak_for_itself),
		world_test(no_flipped_bit_goes_unnoticed),
		world_test(no_other_length_or_form_opens),
		world_test(only_the_audience_with_the_key_of_the_pair_opens_it),
		world_test(the_key_that_fits_names_the_caller),
		world_test(it_is_good_for_one_request_only),
		world_test(no_body_and_an_empty_body_are_the_same),
		world_test(it_lives_half_a_minute_with_five_seconds_leeway),
		world_test(the_forger_of_these_tests_makes_envelopes_that_open),
		world_test(claims_that_do_not_hold_are_refused_even_when_signed),
		world_test(signed_nonsense_is_refused),
		world_test(an_oversized_envelope_is_refused_though_signed),
		world_test(base64_that_is_not_canonical_is_refused_though_signed),
		world_test(sealing_refuses_what_could_not_be_opened),
		world_test(the_longest_identity_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
