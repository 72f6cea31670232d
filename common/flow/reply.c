/* SPDX-License-Identifier: MIT */
/* The ways a step answers. */
#include "flow/request_private.h"

#include "base/banned.h"

#define REPLY_LIMIT (32u << 20)

static struct http_exchange *take_for_reply(struct request *req, int status)
{
	BUG_ON(!req->exchange);
	struct http_exchange *ex = req->exchange;
	req->exchange = NULL;
	req->replied_status = status;
	return ex;
}

struct strbuf *req_buffer(struct request *req, size_t limit)
{
	BUG_ON(req->buffer_count == ARRAY_SIZE(req->buffers));
	struct strbuf *b = arena_alloc(&req->arena, sizeof(*b));
	strbuf_init(b, limit);
	req->buffers[req->buffer_count++] = b;
	return b;
}

enum flow reply_body(struct request *req, int status, const struct strbuf *json)
{
	http_reply(take_for_reply(req, status), status, strbuf_text(json));
	return FLOW_DONE;
}

enum flow reply_json(struct request *req, int status, const struct json_field *fields,
		     const void *source)
{
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(REPLY_LIMIT);
	struct json_writer w = JSON_WRITER_INIT(&body);
	json_write_fields(&w, fields, source);
	if (json_writer_end(&w))
		return fail(req, ERR_INTERNAL);
	return reply_body(req, status, &body);
}

enum flow reply_empty(struct request *req, int status)
{
	http_reply(take_for_reply(req, status), status, TEXT_NULL);
	return FLOW_DONE;
}

void reply_header(struct request *req, const char *name, const char *value)
{
	http_set_header(req->exchange, name, value);
}
