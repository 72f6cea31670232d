/* SPDX-License-Identifier: MIT */
/*
 * Envelopes from outside never open. Behind the authentication code stands only a daemon of our
 * own, but a broken one may sign anything: the same bytes are signed as claims, and what opens then
 * must be a consistent identity.
 */
#include "base/base.h"
#include "token/envelope.h"

#include "base/banned.h"

#define KEY "jxxtCl6Tt0INbPgeKpTDVzsOf9HEimJZ4LMXT9UsmuY="

static const struct unix_ms now = { 1795507302123 };
static const struct envelope_request request = { "GET", { "/", 1 }, { NULL, 0 } };

static struct envelope_keys *make_keys(void)
{
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(1024);
	struct envelope_keys *keys = NULL;

	secret_init_library(true);
	BUG_ON(envelope_keys_parse(TEXT("gateway keyvault " KEY "\n"), DAEMON_KEYVAULT, &keys,
				   &errors) != OK);
	return keys;
}

static struct strbuf sign(struct text claims)
{
	struct strbuf value = STRBUF_INIT(1 << 20);
	uint8_t key[32], mac[SHA256_BYTES];
	size_t len;

	BUG_ON(base64_decode(TEXT(KEY), key, sizeof(key), &len) != OK);
	BUG_ON(strbuf_append_str(&value, "v1.") != OK);
	BUG_ON(base64url_append(&value, claims.ptr, claims.len) != OK);
	hmac_sha256(key, sizeof(key), value.data, value.len, mac);
	BUG_ON(strbuf_append_char(&value, '.') != OK);
	BUG_ON(base64url_append(&value, mac, sizeof(mac)) != OK);
	return value;
}

static void check_identity(const struct identity *id)
{
	BUG_ON(id->caller != DAEMON_GATEWAY);
	BUG_ON(id->role > ROLE_OWNER || id->tier > TIER_ENTERPRISE || id->amr > AMR_PASSWORD);
	BUG_ON(memchr(id->session, 0, sizeof(id->session)) == NULL);
	BUG_ON(memchr(id->request_id, 0, sizeof(id->request_id)) == NULL);
	BUG_ON(!id->has_user && (id->role || id->tier || id->amr || id->scopes || id->session[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct envelope_keys *keys;
	struct text t = { (const char *)data, size };
	struct identity id;

	if (size > 65536)
		return 0;
	if (!keys)
		keys = make_keys();
	BUG_ON(envelope_open(keys, t, &request, now, &id) == OK);
	AUTO(strbuf_clear) struct strbuf value = sign(t);
	if (envelope_open(keys, strbuf_text(&value), &request, now, &id) == OK)
		check_identity(&id);
	return 0;
}
