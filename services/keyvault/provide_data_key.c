/* SPDX-License-Identifier: MIT */
/* POST /internal/data-keys: a person's content key, for account-store. Made at first use. */
#include "flows.h"

#include "app.h"

#include "base/banned.h"

const struct json_field data_key_form_fields[] = {
	JSON_FIELD(JSON_INT, data_key_form, version, .nullable = true, .min = 1, .max = INT32_MAX),
	{ 0 },
};

static enum flow choose_key(struct request *req)
{
	struct provide_data_key *op = req->op;
	op->data_key.family = KEK_DATA;
	op->data_key.has_version = op->form.version.given && !op->form.version.null;
	op->data_key.wanted_version = op->form.version.value;
	return FLOW_NEXT;
}

static enum flow reply_with_key(struct request *req)
{
	struct provide_data_key *op = req->op;
	const struct data_key *k = &op->data_key;
	char kek_id[9];
	struct strbuf *body = req_buffer(req, 1024);
	AUTO(strbuf_clear) struct strbuf key = STRBUF_INIT(64);
	bytes_to_hex(k->kek_id, sizeof(k->kek_id), kek_id, sizeof(kek_id));
	if (base64_append(&key, k->bytes.bytes, k->bytes.len))
		return fail(req, ERR_INTERNAL);
	struct json_writer w = JSON_WRITER_INIT(body);
	json_object_begin(&w);
	json_key(&w, "kekId");
	json_str(&w, kek_id);
	json_key(&w, "version");
	json_int(&w, k->version);
	json_key(&w, "key");
	json_text(&w, strbuf_text(&key));
	json_object_end(&w);
	return json_writer_end(&w) ? fail(req, ERR_INTERNAL) : reply_body(req, 200, body);
}

void provide_data_key_clear(void *op_)
{
	struct provide_data_key *op = op_;
	secret_clear(&op->data_key.bytes);
}

const struct flow_step provide_data_key_flow[] = {
	{ "choose_key", choose_key },	      { "load_data_key", load_data_key },
	{ "make_data_key", make_data_key },   { "unwrap_data_key", unwrap_data_key },
	{ "reply_with_key", reply_with_key }, { 0 },
};
