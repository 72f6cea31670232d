/* SPDX-License-Identifier: MIT */
/*
 * POST /internal/leases: one key for one call, for chat-proxy only. A usable session key wins; then
 * the person's stored keys in their order. Refusals tell the way on.
 */
#include "flows.h"

#include "app.h"
#include "open_key.h"
#include "sql.h"

#include "metrics/metrics.h"

#include "base/banned.h"

static struct metric leases = METRIC_COUNTER_INIT(
	"grove_vault_leases_total", "Keys asked for a call, by where one was found.", "source");

const struct json_field lease_form_fields[] = {
	JSON_FIELD(JSON_OPT_TEXT, lease_form, provider, .nullable = true, .max = 32),
	JSON_FIELD_AS(JSON_OPT_TEXT, lease_form, session_handle, "sessionHandle", .nullable = true,
		      .max = 256),
	JSON_FIELD(JSON_TEXT, lease_form, model, .required = true, .max = 1024),
	JSON_FIELD_AS(JSON_UUID_LIST, lease_form, exclude_key_ids, "excludeKeyIds", .max = 16),
	{ 0 },
};

struct lease_answer {
	const struct uuid *key_id;
	struct text provider, base_url, preview;
	const char *source;
	const struct secret *key;
};

static enum flow reply_with_lease(struct request *req, const struct lease_answer *a)
{
	struct uuid lease = uuid_new();
	struct strbuf *body = req_buffer(req, 16384);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "leaseId");
	json_uuid(&w, &lease);
	json_key(&w, "keyId");
	json_uuid(&w, a->key_id);
	json_key(&w, "provider");
	json_text(&w, a->provider);
	json_key(&w, "baseUrl");
	json_text(&w, a->base_url);
	json_key(&w, "key");
	json_text(&w, (struct text){ (const char *)a->key->bytes, a->key->len });
	json_key(&w, "keyPreview");
	json_text(&w, a->preview);
	json_key(&w, "source");
	json_str(&w, a->source);
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	metric_inc(&leases, a->source);
	return reply_body(req, 201, body);
}

static enum flow try_session_key(struct request *req)
{
	struct lease_key *op = req->op;
	struct keyvault *kv = req->app;
	const struct session_key *key = session_keys_use(
		kv->session_keys, &req->identity, op->form.session_handle.value, clock_mono_ms());
	struct text wanted = op->form.provider.value;
	/* It has no id to be excluded by: a second try means that it failed. */
	bool first_try = !op->form.exclude_key_ids.count;
	if (!key || !first_try || (wanted.ptr && !text_is(wanted, key->provider)))
		return FLOW_NEXT;
	struct lease_answer answer = { NULL,
				       text_of(key->provider),
				       text_of(key->base_url),
				       text_of(key->preview),
				       "session",
				       &key->key };
	return reply_with_lease(req, &answer);
}

static void write_choices(struct json_writer *w, const struct usable_keys *keys,
			  const struct session_key *session_key)
{
	json_key(w, "choices");
	json_array_begin(w);
	if (session_key)
		json_str(w, session_key->provider);
	for (size_t i = 0; i < keys->count; i++) {
		bool seen = session_key && text_is(keys->items[i].provider, session_key->provider);
		for (size_t j = 0; j < i; j++)
			seen |= text_equal(keys->items[j].provider, keys->items[i].provider);
		if (!seen)
			json_text(w, keys->items[i].provider);
	}
	json_array_end(w);
}

static enum flow refuse_mismatch(struct request *req, const struct session_key *session_key)
{
	struct lease_key *op = req->op;
	struct strbuf *details = req_buffer(req, 2048);
	struct json_writer w = JSON_WRITER_INIT(details);
	json_object_begin(&w);
	json_key(&w, "provider");
	json_text(&w, op->form.provider.value);
	write_choices(&w, &op->keys, session_key);
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	return fail_details(req, ERR_PROVIDER_MISMATCH,
			    arena_printf(&req->arena,
					 "You have no key for %.*s. Choose a model of a provider "
					 "you have a key for, or add a key for this one.",
					 TEXT_FMT(op->form.provider.value)),
			    strbuf_text(details));
}

static enum flow refuse_until(struct request *req, enum err err, struct unix_ms resets)
{
	struct strbuf *details = req_buffer(req, 256);
	struct json_writer w = JSON_WRITER_INIT(details);
	json_object_begin(&w);
	json_key(&w, "resetsAt");
	json_time(&w, resets.value);
	json_object_end(&w);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	return fail_retry_after(req, err, (int)((resets.value - req->now.value + 999) / 1000),
				strbuf_text(details));
}

static enum flow refuse(struct request *req, const struct key_choice *choice)
{
	struct lease_key *op = req->op;
	struct keyvault *kv = req->app;
	const struct usable_key *key = choice->key;
	const struct session_key *session_key = session_keys_use(
		kv->session_keys, &req->identity, op->form.session_handle.value, clock_mono_ms());
	metric_inc(&leases, "none");
	switch (choice->refusal) {
	case KEY_IS_OTHER_PROVIDERS:
		return refuse_mismatch(req, session_key);
	case KEY_IS_MOVED:
		return fail_because(req, ERR_BYOK_REQUIRED,
				    "Your key for %.*s was saved for another address (%.*s) than "
				    "it would be sent to now, so it is not used. Save it again.",
				    TEXT_FMT(key->provider), TEXT_FMT(key->origin));
	case KEY_IS_SHUT_OUT:
		return fail_because(req, ERR_PROVIDER_ADDRESS_FORBIDDEN,
				    "The address of your key (%.*s) is private, or plain http, and "
				    "not allowed any more. The operator can allow it with "
				    "UPSTREAM_LOCAL_ALLOW (host:port).",
				    TEXT_FMT(key->origin));
	case KEY_IS_OVER_BUDGET:
		return refuse_until(req, ERR_BUDGET_EXHAUSTED, choice->resets);
	case KEY_IS_OVER_LIMIT:
		return refuse_until(req, ERR_KEYS_EXHAUSTED, choice->resets);
	case KEY_IS_EXCLUDED:
		return fail(req, ERR_KEYS_EXHAUSTED);
	default:
		return session_key ? refuse_mismatch(req, session_key)
				   : fail(req, ERR_BYOK_REQUIRED);
	}
}

static enum flow load_keys(struct request *req)
{
	const struct keyvault *kv = req->app;
	/* Stored keys rest while no secret opens them. */
	if (!keyvault_persists(kv))
		return refuse(req, &(struct key_choice){ .refusal = KEY_NONE });
	if (!keks_ring(kv->keks))
		return keyvault_keys_are_away(req);
	return db_run(req, SQL_USABLE_KEYS, DB_ARGS(db_uuid(&req->identity.user)));
}

static enum flow reply_with_stored(struct request *req, const struct usable_key *k)
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;
	/* Not the next one instead: somebody has been at the table, or it is damaged. */
	if (usable_key_open(req->app, &req->identity.user, k, &key)) {
		keyvault_could_not_open(req, "provider key", &k->id);
		return fail_because(
			req, ERR_INTERNAL,
			"Your stored key for %.*s ending in \"%.*s\" does not open where "
			"it is stored, so it was not used. Delete it and save it again, "
			"and tell the operator.",
			TEXT_FMT(k->provider), TEXT_FMT(k->preview));
	}
	struct lease_answer answer = { &k->id, k->provider, k->base_url, k->preview, "own", &key };
	return reply_with_lease(req, &answer);
}

static enum flow choose_key(struct request *req)
{
	struct lease_key *op = req->op;
	usable_keys_read(db_unit_of(req), 0, &req->arena, &op->keys);
	usable_keys_place(req->app, &op->keys);
	struct key_question question = { op->form.provider.value, op->form.exclude_key_ids.items,
					 op->form.exclude_key_ids.count, req->now };
	struct key_choice choice = usable_keys_choose(&op->keys, &question);
	return choice.refusal == KEY_CHOSEN ? reply_with_stored(req, choice.key)
					    : refuse(req, &choice);
}

const struct flow_step lease_key_flow[] = {
	{ "try_session_key", try_session_key },
	{ "load_keys", load_keys },
	{ "choose_key", choose_key },
	{ 0 },
};
