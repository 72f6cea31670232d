/* SPDX-License-Identifier: MIT */
/* What every answer has in common: fixed headers, reason phrases and the error shape of the house.
 */
#include "base/base.h"
#include "http/http_private.h"
#include "json/json.h"

#include "base/banned.h"

#define MAX_ERROR_BODY 65536

const char *const http_fixed_headers[][2] = {
	{ "Cache-Control", "no-store" },
	{ "X-Content-Type-Options", "nosniff" },
	{ NULL, NULL },
};

static const struct {
	int status;
	const char *reason;
} reasons[] = {
	{ 200, "OK" },
	{ 201, "Created" },
	{ 202, "Accepted" },
	{ 204, "No Content" },
	{ 206, "Partial Content" },
	{ 302, "Found" },
	{ 303, "See Other" },
	{ 304, "Not Modified" },
	{ 307, "Temporary Redirect" },
	{ 308, "Permanent Redirect" },
	{ 400, "Bad Request" },
	{ 401, "Unauthorized" },
	{ 402, "Payment Required" },
	{ 403, "Forbidden" },
	{ 404, "Not Found" },
	{ 405, "Method Not Allowed" },
	{ 409, "Conflict" },
	{ 410, "Gone" },
	{ 411, "Length Required" },
	{ 412, "Precondition Failed" },
	{ 413, "Content Too Large" },
	{ 414, "URI Too Long" },
	{ 415, "Unsupported Media Type" },
	{ 421, "Misdirected Request" },
	{ 422, "Unprocessable Content" },
	{ 429, "Too Many Requests" },
	{ 431, "Request Header Fields Too Large" },
	{ 500, "Internal Server Error" },
	{ 502, "Bad Gateway" },
	{ 503, "Service Unavailable" },
	{ 504, "Gateway Timeout" },
};

const char *http_reason(int status)
{
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		if (reasons[i].status == status)
			return reasons[i].reason;
	return "Other";
}

enum err http_error_body(enum err err, const struct error_detail *detail, struct strbuf *out)
{
	static const struct error_detail none = { 0 };
	const struct error_detail *d = detail ? detail : &none;
	const struct err_info *info = err_info(err);
	struct json_writer w = JSON_WRITER_INIT(out);

	json_object_begin(&w);
	json_key(&w, "error");
	json_object_begin(&w);
	json_key(&w, "type");
	json_str(&w, info->type);
	json_key(&w, "code");
	json_str(&w, info->code);
	json_key(&w, "message");
	json_str(&w, d->message ? d->message : info->message);
	if (d->param) {
		json_key(&w, "param");
		json_str(&w, d->param);
	}
	if (d->details.ptr) {
		json_key(&w, "details");
		json_raw(&w, d->details);
	}
	json_object_end(&w);
	json_object_end(&w);
	return json_writer_end(&w);
}

void http_reply_error(struct http_exchange *ex, enum err err, const struct error_detail *detail)
{
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(MAX_ERROR_BODY);

	if (http_error_body(err, detail, &body) !=
	    OK) { /* details too large: the error itself still fits */
		strbuf_reset(&body);
		BUG_ON(http_error_body(err, NULL, &body) != OK);
	}
	if (detail && detail->retry_after_s > 0) {
		char seconds[16];

		snprintf(seconds, sizeof(seconds), "%d", detail->retry_after_s);
		http_set_header(ex, "Retry-After", seconds);
	}
	http_set_header(ex, "Content-Type", "application/json");
	http_reply(ex, err_info(err)->status, strbuf_text(&body));
}
