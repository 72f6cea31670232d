/* SPDX-License-Identifier: MIT */
#include "resolve.h"

#include "base/banned.h"

static const struct json_field person_fields[] = {
	{ JSON_UUID, "userId", offsetof(struct resolved_person, id), .required = true },
	{ JSON_OPT_TEXT, "email", offsetof(struct resolved_person, email), .nullable = true,
	  .max = 254 },
	{ JSON_OPT_TEXT, "displayName", offsetof(struct resolved_person, display_name),
	  .nullable = true, .max = 400 },
	{ JSON_TEXT, "role", offsetof(struct resolved_person, role), .required = true },
	{ JSON_TEXT, "tier", offsetof(struct resolved_person, tier), .required = true },
	{ JSON_BOOL, "disabled", offsetof(struct resolved_person, disabled), .required = true },
	{ .kind = JSON_IGNORE_UNKNOWN },
};

enum flow resolve_person(struct request *req, const struct uuid *user)
{
	struct strbuf *body = req_buffer(req, 256);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "kind");
	json_str(&w, user ? "id" : "local");
	if (user) {
		json_key(&w, "userId");
		json_uuid(&w, user);
	}
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	peer_accept_errors(req);
	return peer_run(req, DAEMON_ACCOUNT_STORE, "POST", "/internal/people/resolve",
			strbuf_text(body));
}

enum err resolved(struct request *req, struct resolved_person *ret)
{
	if (peer_status(req) == 404)
		return ERR_UNAUTHENTICATED;
	if (peer_status(req) != 200)
		return ERR_UNAVAILABLE;
	enum err err = peer_reply(req, person_fields, ret);
	if (err)
		return err;
	return ret->disabled.value ? ERR_UNAUTHENTICATED : OK;
}
