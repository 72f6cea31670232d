/* SPDX-License-Identifier: MIT */
/* POST /v1/api-keys/session: keeps a key in memory and hands out its handle. Works with and without
 * BYOK_ENCRYPTION_SECRET. */
#include "flows.h"

#include "app.h"

#include "base/banned.h"

const struct json_field create_session_key_form_fields[] = {
	JSON_FIELD(JSON_TEXT, key_form, provider, .required = true, .max = 32),
	JSON_FIELD(JSON_SECRET_TEXT, key_form, key, .required = true, .max = KEY_MAX),
	JSON_FIELD_AS(JSON_OPT_TEXT, key_form, base_url, "baseUrl", .nullable = true,
		      .max = BASE_URL_MAX),
	{ 0 },
};

static enum flow reply_with_handle(struct request *req, const struct session_key *key)
{
	struct strbuf *body = req_buffer(req, 4096);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "handle");
	json_str(&w, key->handle);
	json_key(&w, "provider");
	json_str(&w, key->provider);
	json_key(&w, "baseUrl");
	json_str(&w, key->base_url);
	json_key(&w, "keyPreview");
	json_str(&w, key->preview);
	json_key(&w, "expiresAt");
	json_time(&w, req->now.value + SESSION_KEY_LIFE_MS);
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 201, body);
}

static enum flow keep_key(struct request *req)
{
	struct create_session_key *op = req->op;
	struct keyvault *kv = req->app;
	struct key_address address;
	const struct session_key *key;
	const char *problem = NULL;
	char preview[KEY_PREVIEW_CHARS + 1];
	if (!provider_is_known(op->form.provider))
		return fail_param(req, ERR_INVALID_REQUEST, "provider",
				  "provider is one of openai, anthropic, google, openrouter, "
				  "openai-compatible.");
	if (!api_key_clean(&op->form.key))
		return fail_param(req, ERR_INVALID_REQUEST, "key",
				  "The key is empty or has characters that no key has.");
	enum err err = key_address_read(kv->config, kv->guard, op->form.provider,
					op->form.base_url.value, &address, &problem);
	if (err)
		return fail_param(req, err, "baseUrl", "%s", problem);
	api_key_preview(&op->form.key, preview);
	err = session_keys_add(
		kv->session_keys, &req->identity,
		arena_memdup0(&req->arena, op->form.provider.ptr, op->form.provider.len),
		address.base_url, preview, &op->form.key, clock_mono_ms(), &key);
	return err ? fail(req, err) : reply_with_handle(req, key);
}

void create_session_key_clear(void *op_)
{
	struct create_session_key *op = op_;
	secret_clear(&op->form.key);
}

const struct flow_step create_session_key_flow[] = {
	{ "keep_key", keep_key },
	{ 0 },
};
