/* SPDX-License-Identifier: MIT */
#include "lease.h"

#include "base/banned.h"

struct answer {
	struct json_uuid lease, key_id;
	struct text provider, preview, source;
	struct json_text base_url;
	struct secret key;
};

static const struct json_field answer_fields[] = {
	{ JSON_UUID, "leaseId", offsetof(struct answer, lease), .required = true },
	{ JSON_UUID, "keyId", offsetof(struct answer, key_id), .nullable = true },
	{ JSON_TEXT, "provider", offsetof(struct answer, provider), .required = true, .max = 32 },
	{ JSON_OPT_TEXT, "baseUrl", offsetof(struct answer, base_url), .nullable = true,
	  .max = 1024 },
	{ JSON_SECRET_TEXT, "key", offsetof(struct answer, key), .required = true, .max = 4096 },
	{ JSON_TEXT, "keyPreview", offsetof(struct answer, preview), .max = 15 },
	{ JSON_TEXT, "source", offsetof(struct answer, source), .required = true, .max = 15 },
	{ 0 },
};

enum err lease_write_request(enum provider provider, struct text model, struct text session_handle,
			     const struct uuid *excluded, size_t excluded_count, struct strbuf *out)
{
	struct json_writer w = JSON_WRITER_INIT(out);
	json_object_begin(&w);
	json_key(&w, "provider");
	json_str(&w, provider_name(provider));
	json_key(&w, "model");
	json_text(&w, model);
	json_key(&w, "sessionHandle");
	json_text(&w, session_handle);
	json_key(&w, "excludeKeyIds");
	json_array_begin(&w);
	for (size_t i = 0; i < excluded_count; i++)
		json_uuid(&w, &excluded[i]);
	json_array_end(&w);
	json_object_end(&w);
	return json_writer_end(&w);
}

void wipe_text(struct text t)
{
	if (t.len)
		wipe((void *)(uintptr_t)t.ptr, t.len);
}

enum err lease_read(struct text body, struct lease *ret)
{
	AUTO(arena_clear) struct arena arena = ARENA_INIT;
	struct answer a = { 0 };
	struct json_problem problem;
	enum provider provider;
	enum err err = json_decode(body, answer_fields, &a, &arena, &problem);
	wipe_text(body);
	if (err || provider_from_name(a.provider, &provider)) {
		secret_clear(&a.key);
		return ERR_INTERNAL;
	}
	*ret = (struct lease){
		.held = true,
		.id = a.lease.value,
		.has_key_id = a.key_id.given && !a.key_id.null,
		.key_id = a.key_id.value,
		.provider = provider,
		.base_url = a.base_url.value.ptr
				    ? xmemdup0(a.base_url.value.ptr, a.base_url.value.len)
				    : NULL,
		.key = secret_take(&a.key),
	};
	snprintf(ret->preview, sizeof(ret->preview), "%.*s", TEXT_FMT(a.preview));
	snprintf(ret->source, sizeof(ret->source), "%.*s", TEXT_FMT(a.source));
	return OK;
}

void lease_clear(struct lease *lease)
{
	secret_clear(&lease->key);
	free(lease->base_url);
	*lease = (struct lease){ 0 };
}
