/* SPDX-License-Identifier: MIT */
/*
 * Sealing and opening of envelopes. Opening tries the key of every caller before it reads a byte of
 * the claims: the key that fits says who is asking, the claims only have to agree. All keys are
 * tried whatever fits, so the time tells nothing.
 */
#include "base/mem.h"

#include "json/json.h"
#include "token/keys.h"

#include "base/banned.h"

#define VERSION "v1"
#define HASH_TEXT_BYTES 43 /* 32 bytes in base64url */
#define CLAIMS_MAX_BYTES 1440
#define ALL_SCOPES \
	(SCOPE_CHAT | SCOPE_CONVERSATIONS | SCOPE_KEYS | SCOPE_MCP | SCOPE_CLI | SCOPE_PERSON)

struct claims {
	struct text aud, iss;
	struct json_uuid sub;
	struct text role, tier, amr, sid, rid;
	struct json_int scp, iat, exp;
	struct text mth, pth, bod;
};

static const struct json_field claims_fields[] = {
	JSON_FIELD(JSON_TEXT, claims, aud, .max = 32, .required = true),
	JSON_FIELD(JSON_TEXT, claims, iss, .max = 32, .required = true),
	JSON_FIELD(JSON_UUID, claims, sub),
	JSON_FIELD(JSON_TEXT, claims, role, .max = 16),
	JSON_FIELD(JSON_TEXT, claims, tier, .max = 16),
	JSON_FIELD(JSON_TEXT, claims, amr, .max = 16),
	JSON_FIELD(JSON_INT, claims, scp, .min = 0, .max = ALL_SCOPES),
	JSON_FIELD(JSON_TEXT, claims, sid, .min = 1, .max = 63),
	JSON_FIELD(JSON_TEXT, claims, rid, .min = 1, .max = 63),
	JSON_FIELD(JSON_INT, claims, iat, .required = true),
	JSON_FIELD(JSON_INT, claims, exp, .required = true),
	JSON_FIELD(JSON_TEXT, claims, mth, .max = 16, .required = true),
	JSON_FIELD(JSON_TEXT, claims, pth, .max = HASH_TEXT_BYTES, .required = true),
	JSON_FIELD(JSON_TEXT, claims, bod, .max = HASH_TEXT_BYTES, .required = true),
	{ 0 },
};

/* Names of sessions and requests go into logs and rows: plain characters only. */
static bool is_plain_name(struct text name, const char *also)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];
		bool alphanumeric =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alphanumeric && (c == '\0' || !strchr(also, c)))
			return false;
	}
	return true;
}

static bool names_are_plain(struct text session, struct text request_id)
{
	return is_plain_name(session, "-_.:") && is_plain_name(request_id, "-");
}

struct hash_text {
	char text[HASH_TEXT_BYTES + 1];
};

static struct hash_text hash_text(struct text t)
{
	AUTO(strbuf_clear) struct strbuf encoded = STRBUF_INIT(HASH_TEXT_BYTES);
	struct hash_text ret;
	uint8_t hash[SHA256_BYTES];

	sha256(t.ptr, t.len, hash);
	BUG_ON(base64url_append(&encoded, hash, sizeof(hash)) != OK);
	memcpy(ret.text, encoded.data, sizeof(ret.text));
	return ret;
}

static struct text absent_if_empty(const char *s)
{
	return s[0] ? text_of(s) : TEXT_NULL;
}

static void describe_person(struct claims *c, const struct identity *id)
{
	if (!id->has_user)
		return;
	c->sub = (struct json_uuid){ .given = true, .value = id->user };
	c->role = id->role != ROLE_NONE ? text_of(role_name(id->role)) : TEXT_NULL;
	c->tier = id->tier != TIER_NONE ? text_of(tier_name(id->tier)) : TEXT_NULL;
	c->amr = id->amr != AMR_NONE ? text_of(amr_name(id->amr)) : TEXT_NULL;
	c->scp = (struct json_int){ .given = true, .value = id->scopes };
	c->sid = absent_if_empty(id->session);
}

static enum err append_mac(struct strbuf *b, const struct secret *key)
{
	uint8_t mac[SHA256_BYTES];

	hmac_sha256(key->bytes, key->len, b->data, b->len, mac);
	enum err err = strbuf_append_char(b, '.');
	return err != OK ? err : base64url_append(b, mac, sizeof(mac));
}

static enum err seal_claims(const struct claims *c, const struct secret *key, struct strbuf *value)
{
	AUTO(strbuf_clear) struct strbuf json = STRBUF_INIT(CLAIMS_MAX_BYTES);
	struct json_writer w = JSON_WRITER_INIT(&json);

	json_write_fields(&w, claims_fields, c);
	enum err err = json_writer_end(&w);
	if (err == OK)
		err = strbuf_append_str(value, VERSION ".");
	if (err == OK)
		err = base64url_append(value, json.data, json.len);
	return err != OK ? err : append_mac(value, key);
}

enum err envelope_seal(const struct envelope_keys *keys, enum daemon_id audience,
		       const struct identity *id, const struct envelope_request *request,
		       struct unix_ms now, struct strbuf *ret_value)
{
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	struct hash_text path = hash_text(request->path), body = hash_text(request->body);
	struct claims claims = {
		.aud = text_of(daemon_name(audience)),
		.iss = text_of(daemon_name(keys->self)),
		.rid = absent_if_empty(id->request_id),
		.iat = { .given = true, .value = now.value },
		.exp = { .given = true, .value = now.value + ENVELOPE_LIFE_MS },
		.mth = text_of(request->method),
		.pth = text_of(path.text),
		.bod = text_of(body.text),
	};

	if (!secret_is_set(&keys->to[audience]))
		return ERR_FORBIDDEN;
	if (!names_are_plain(text_of(id->session), text_of(id->request_id)) ||
	    id->scopes & ~ALL_SCOPES)
		return ERR_INTERNAL;
	describe_person(&claims, id);
	enum err err = seal_claims(&claims, &keys->to[audience], &value);
	return err != OK ? err : strbuf_append_text(ret_value, strbuf_text(&value));
}

struct envelope_parts {
	struct text signed_text; /* "v1.<claims>" */
	struct text claims; /* base64url */
	uint8_t mac[SHA256_BYTES];
};

static enum err split(struct text value, struct envelope_parts *ret)
{
	struct text version, claims, mac, rest = value;
	size_t mac_len = 0;

	if (!value.ptr || value.len > ENVELOPE_MAX_BYTES)
		return ERR_UNAUTHENTICATED;
	if (!text_next(&rest, '.', &version) || !text_is(version, VERSION) ||
	    !text_next(&rest, '.', &claims) || !text_next(&rest, '.', &mac) || rest.ptr)
		return ERR_UNAUTHENTICATED;
	if (base64url_decode(mac, ret->mac, sizeof(ret->mac), &mac_len) != OK ||
	    mac_len != sizeof(ret->mac))
		return ERR_UNAUTHENTICATED;
	ret->claims = claims;
	ret->signed_text = text_slice(value, 0, value.len - mac.len - 1);
	return OK;
}

static enum err find_caller(const struct envelope_keys *keys, const struct envelope_parts *parts,
			    enum daemon_id *ret)
{
	size_t found = DAEMON_COUNT;

	for (size_t i = 0; i < DAEMON_COUNT; i++) {
		uint8_t mac[SHA256_BYTES];

		if (!secret_is_set(&keys->from[i]))
			continue;
		hmac_sha256(keys->from[i].bytes, keys->from[i].len, parts->signed_text.ptr,
			    parts->signed_text.len, mac);
		if (secret_equal(mac, parts->mac, sizeof(mac)))
			found = i;
	}
	if (found == DAEMON_COUNT)
		return ERR_UNAUTHENTICATED;
	*ret = (enum daemon_id)found;
	return OK;
}

static bool hash_matches(struct text claimed, struct text actual)
{
	struct hash_text expected = hash_text(actual);

	return claimed.len == HASH_TEXT_BYTES &&
	       secret_equal(claimed.ptr, expected.text, HASH_TEXT_BYTES);
}

static bool time_holds(const struct claims *c, struct unix_ms now)
{
	int64_t iat = c->iat.value, exp = c->exp.value;

	return iat < exp && exp - iat <= ENVELOPE_LIFE_MS &&
	       iat <= now.value + ENVELOPE_LEEWAY_MS && now.value < exp + ENVELOPE_LEEWAY_MS;
}

static bool claims_hold(const struct claims *c, const struct envelope_keys *keys,
			enum daemon_id caller, const struct envelope_request *request,
			struct unix_ms now)
{
	return text_is(c->aud, daemon_name(keys->self)) && text_is(c->iss, daemon_name(caller)) &&
	       time_holds(c, now) && text_is(c->mth, request->method) &&
	       hash_matches(c->pth, request->path) && hash_matches(c->bod, request->body);
}

/* An envelope without a person says nothing about one. */
static bool person_is_consistent(const struct claims *c)
{
	if (c->sub.given)
		return c->scp.given;
	return !c->role.ptr && !c->tier.ptr && !c->amr.ptr && !c->scp.given && !c->sid.ptr;
}

static enum err read_identity(const struct claims *c, enum daemon_id caller, struct identity *id)
{
	*id = (struct identity){
		.has_user = c->sub.given,
		.user = c->sub.value,
		.scopes = (unsigned)c->scp.value,
		.caller = caller,
	};
	if (!person_is_consistent(c) || !names_are_plain(c->sid, c->rid))
		return ERR_UNAUTHENTICATED;
	if ((c->role.ptr && role_from_name(c->role, &id->role) != OK) ||
	    (c->tier.ptr && tier_from_name(c->tier, &id->tier) != OK) ||
	    (c->amr.ptr && amr_from_name(c->amr, &id->amr) != OK) || id->scopes & ~ALL_SCOPES)
		return ERR_UNAUTHENTICATED;
	/* The table limits both to what fits with the NUL. */
	if (c->sid.ptr)
		memcpy(id->session, c->sid.ptr, c->sid.len);
	if (c->rid.ptr)
		memcpy(id->request_id, c->rid.ptr, c->rid.len);
	return OK;
}

enum err envelope_open(const struct envelope_keys *keys, struct text value,
		       const struct envelope_request *request, struct unix_ms now,
		       struct identity *ret)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct envelope_parts parts;
	struct claims claims = { 0 };
	struct identity id;
	enum daemon_id caller;
	uint8_t json[ENVELOPE_MAX_BYTES];
	size_t json_len = 0;

	if (split(value, &parts) != OK || find_caller(keys, &parts, &caller) != OK)
		return ERR_UNAUTHENTICATED;
	if (base64url_decode(parts.claims, json, sizeof(json), &json_len) != OK ||
	    json_decode((struct text){ (const char *)json, json_len }, claims_fields, &claims,
			&arena, NULL) != OK)
		return ERR_UNAUTHENTICATED;
	if (!claims_hold(&claims, keys, caller, request, now) ||
	    read_identity(&claims, caller, &id) != OK)
		return ERR_UNAUTHENTICATED;
	*ret = id;
	return OK;
}
