/* SPDX-License-Identifier: MIT */
/* The steps every route of the gateway begins with: the door's own rules, who it is, whether they
 * may. */
#include "app.h"

#include "http/server.h"

#include "base/banned.h"

struct identity_answer {
	struct json_uuid user;
	struct json_text email;
	struct text display_name, role, tier, amr, session;
	struct json_text_list scopes;
};

static const struct json_field identity_fields[] = {
	{ JSON_UUID, "userId", offsetof(struct identity_answer, user), .required = true },
	{ JSON_OPT_TEXT, "email", offsetof(struct identity_answer, email), .nullable = true,
	  .max = 254 },
	{ JSON_TEXT, "displayName", offsetof(struct identity_answer, display_name),
	  .required = true, .max = 128 },
	{ JSON_TEXT, "role", offsetof(struct identity_answer, role), .required = true },
	{ JSON_TEXT, "tier", offsetof(struct identity_answer, tier), .required = true },
	{ JSON_TEXT, "amr", offsetof(struct identity_answer, amr), .required = true },
	{ JSON_TEXT, "sessionId", offsetof(struct identity_answer, session), .required = true,
	  .max = 63 },
	{ JSON_TEXT_LIST, "scopes", offsetof(struct identity_answer, scopes), .nullable = true,
	  .max = 16, .item_max = 32 },
	{ 0 },
};

enum flow enter_door(struct request *req)
{
	struct gateway *g = req->app;
	struct passage *p = req->op;
	struct http_exchange *ex = req->exchange;
	p->door = (struct door_request){
		.is_mutation = !(http_method(ex) & (HTTP_GET | HTTP_HEAD)),
		.has_body = http_body(ex).len > 0,
		.host = http_header(ex, "Host"),
		.origin = http_header(ex, "Origin"),
		.fetch_site = http_header(ex, "Sec-Fetch-Site"),
		.content_type = http_header(ex, "Content-Type"),
		.authorization = http_header(ex, "Authorization"),
		.cookie = http_header(ex, "Cookie"),
		.csrf = http_header(ex, "X-Grove-CSRF"),
		.edge = http_header(ex, "Grove-Edge"),
		.access_email = http_header(ex, "Cf-Access-Authenticated-User-Email"),
		.access_assertion = http_header(ex, "Cf-Access-Jwt-Assertion"),
	};
	enum err err = door_enter(&g->door, &p->door, &p->view);
	return err ? fail(req, err) : FLOW_NEXT;
}

static void write_credential(struct json_writer *w, const char *key, struct text value)
{
	json_key(w, key);
	json_text(w, value);
}

enum flow identify(struct request *req)
{
	struct gateway *g = req->app;
	struct passage *p = req->op;
	const struct door_view *v = &p->view;
	p->credentials =
		credentials_hash(v->authorization, v->cookie, v->access_email, v->access_assertion);
	p->generation = identities_generation(g->identities);
	p->known = identities_find(g->identities, &p->credentials, clock_mono_ms(), &p->person);
	if (p->known)
		return FLOW_NEXT;
	struct strbuf *body = req_buffer(req, 64 * 1024);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	write_credential(&w, "authorization", v->authorization);
	write_credential(&w, "cookie", v->cookie);
	write_credential(&w, "accessEmail", v->access_email);
	write_credential(&w, "accessAssertion", v->access_assertion);
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_HEADERS_TOO_LARGE);
	return peer_run(req, DAEMON_AUTH_VERIFIER, "POST", "/internal/identify", strbuf_text(body));
}

static enum err read_scopes(const struct json_text_list *scopes, unsigned *ret)
{
	unsigned bits = 0;
	for (size_t i = 0; i < scopes->count; i++) {
		enum scope scope;
		enum err err = scope_from_name(scopes->items[i], &scope);
		if (err)
			return err;
		bits |= scope;
	}
	*ret = scopes->items ? bits : bits | SCOPE_PERSON;
	return OK;
}

/* What an envelope carries (token/envelope.h): anything else could not be handed on. */
static bool is_session(struct text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.ptr[i];
		bool alphanumeric =
			(c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (!alphanumeric && (c == '\0' || !strchr("-_.:", c)))
			return false;
	}
	return t.len > 0;
}

static enum err read_person(const struct identity_answer *a, struct person *ret)
{
	struct identity *id = &ret->identity;
	id->has_user = true;
	id->user = a->user.value;
	if (role_from_name(a->role, &id->role) || tier_from_name(a->tier, &id->tier) ||
	    amr_from_name(a->amr, &id->amr) || read_scopes(&a->scopes, &id->scopes) ||
	    !is_session(a->session))
		return ERR_INTERNAL;
	/* A token without scopes is a token, not a person. */
	if (id->amr == AMR_TOKEN)
		id->scopes &= ~(unsigned)SCOPE_PERSON;
	snprintf(id->session, sizeof(id->session), "%.*s", TEXT_FMT(a->session));
	snprintf(ret->email, sizeof(ret->email), "%.*s", TEXT_FMT(a->email.value));
	snprintf(ret->display_name, sizeof(ret->display_name), "%.*s", TEXT_FMT(a->display_name));
	return OK;
}

enum flow accept_identity(struct request *req)
{
	struct gateway *g = req->app;
	struct passage *p = req->op;
	if (!p->known) {
		struct identity_answer answer = { 0 };
		if (peer_reply(req, identity_fields, &answer) || read_person(&answer, &p->person))
			return fail(req, ERR_INTERNAL);
		identities_add(g->identities, p->generation, &p->credentials, clock_mono_ms(),
			       &p->person);
	}
	char request_id[sizeof(req->identity.request_id)];
	memcpy(request_id, req->identity.request_id, sizeof(request_id));
	req->identity = p->person.identity;
	memcpy(req->identity.request_id, request_id, sizeof(request_id));
	return FLOW_NEXT;
}

enum flow authorize(struct request *req)
{
	struct gateway *g = req->app;
	const struct passage *p = req->op;
	const struct policy *policy = req->route->policy;
	const char *problem;
	enum err err = door_check_change(&g->door, &p->door, &problem);
	if (err)
		return fail_because(req, err, "%s", problem);
	if (door_needs_csrf(&p->door) &&
	    !csrf_matches(&g->config->csrf_secret, &req->identity, p->door.csrf))
		return fail(req, ERR_CSRF_FAILED);
	if (req->identity.role < policy->role)
		return fail(req, ERR_FORBIDDEN);
	if (req->identity.scopes & (policy->scope | SCOPE_PERSON))
		return FLOW_NEXT;
	const char *scope = scope_name((enum scope)policy->scope);
	if (!scope)
		return fail_because(req, ERR_FORBIDDEN,
				    "Tokens may not do this; a signed-in person can.");
	return fail_because(
		req, ERR_FORBIDDEN,
		"This token lacks the scope \"%s\"; make one that has it under API tokens.", scope);
}
