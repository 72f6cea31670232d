/* SPDX-License-Identifier: MIT */
/* GET /api/session: who am I, how is this house set up, and the CSRF token for changes. */
#include "app.h"

#include "base/banned.h"

struct session {
	struct passage passage; /* first: the shared steps use it */
};

struct keyvault_status {
	struct text persistence;
};

static const struct json_field keyvault_status_fields[] = {
	{ JSON_TEXT, "persistence", offsetof(struct keyvault_status, persistence),
	  .required = true },
	{ .kind = JSON_IGNORE_UNKNOWN },
};

static enum flow ask_keyvault(struct request *req)
{
	return peer_run(req, DAEMON_KEYVAULT, "GET", "/internal/status", TEXT_NULL);
}

static void write_user(struct json_writer *w, const struct person *person)
{
	const struct identity *id = &person->identity;
	json_key(w, "user");
	json_object_begin(w);
	json_key(w, "id");
	json_uuid(w, &id->user);
	json_key(w, "email");
	json_str(w, person->email[0] ? person->email : NULL);
	json_key(w, "displayName");
	json_str(w, person->display_name);
	json_key(w, "role");
	json_str(w, role_name(id->role));
	json_key(w, "tier");
	json_str(w, tier_name(id->tier));
	json_object_end(w);
}

static void write_auth(struct json_writer *w, const struct gateway *g,
		       const struct identity *identity)
{
	char csrf[CSRF_TOKEN_SIZE];
	csrf_token(&g->config->csrf_secret, identity, csrf);
	json_key(w, "auth");
	json_object_begin(w);
	json_key(w, "mode");
	json_str(w, auth_mode(g->config));
	json_key(w, "required");
	json_bool(w, g->config->auth_required);
	json_object_end(w);
	json_key(w, "csrfToken");
	json_str(w, csrf);
}

/* What the pages may offer. Only what works today stands here. */
static void write_features(struct json_writer *w)
{
	static const char *const providers[] = { "openai", "openrouter", "openai-compatible" };
	json_key(w, "features");
	json_object_begin(w);
	json_key(w, "providers");
	json_array_begin(w);
	for (size_t i = 0; i < ARRAY_SIZE(providers); i++)
		json_str(w, providers[i]);
	json_array_end(w);
	json_key(w, "vms");
	json_bool(w, false);
	json_object_end(w);
}

static enum flow reply_with_session(struct request *req)
{
	struct gateway *g = req->app;
	struct session *s = req->op;
	struct keyvault_status status = { 0 };
	if (peer_reply(req, keyvault_status_fields, &status))
		return fail(req, ERR_INTERNAL);
	struct strbuf *body = req_buffer(req, 8192);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	write_user(&w, &s->passage.person);
	write_auth(&w, g, &req->identity);
	json_key(&w, "byok");
	json_object_begin(&w);
	json_key(&w, "persistence");
	json_text(&w, status.persistence);
	json_object_end(&w);
	write_features(&w);
	json_key(&w, "version");
	json_str(&w, GROVE_VERSION);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

const struct flow_step session_flow[] = {
	{ "enter_door", enter_door },
	{ "identify", identify },
	{ "accept_identity", accept_identity },
	{ "authorize", authorize },
	{ "ask_keyvault", ask_keyvault },
	{ "reply_with_session", reply_with_session },
	{ 0 },
};
