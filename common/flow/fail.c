/* SPDX-License-Identifier: MIT */
/* The ways a step refuses. All end in request.c, which sends the one error shape and logs once. */
#include <stdarg.h>

#include "flow/request_private.h"

#include "base/banned.h"

enum flow fail(struct request *req, enum err err)
{
	BUG_ON(!err);
	req->failed = err;
	return FLOW_FAIL;
}

__attribute__((format(printf, 2, 0))) static const char *format_message(struct request *req,
									const char *format,
									va_list args)
{
	char message[512];
	vsnprintf(message, sizeof(message), format, args);
	message[utf8_truncate(message, strlen(message), sizeof(message) - 1)] = '\0';
	return arena_strdup(&req->arena, message);
}

enum flow fail_because(struct request *req, enum err err, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	req->fail_detail.message = format_message(req, format, args);
	va_end(args);
	return fail(req, err);
}

enum flow fail_param(struct request *req, enum err err, const char *param, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	req->fail_detail.message = format_message(req, format, args);
	va_end(args);
	req->fail_detail.param = arena_strdup(&req->arena, param);
	return fail(req, err);
}

enum flow fail_details(struct request *req, enum err err, const char *message,
		       struct text details_json)
{
	req->fail_detail.message = message ? arena_strdup(&req->arena, message) : NULL;
	if (details_json.ptr)
		req->fail_detail.details =
			(struct text){ arena_memdup0(&req->arena, details_json.ptr,
						     details_json.len),
				       details_json.len };
	return fail(req, err);
}

enum flow fail_retry_after(struct request *req, enum err err, int seconds, struct text details_json)
{
	req->fail_detail.retry_after_s = seconds;
	return fail_details(req, err, NULL, details_json);
}

enum flow fail_from_peer(struct request *req)
{
	BUG_ON(req->response_status < 400);
	req->fail_passes_peer = true;
	return fail(req, ERR_INTERNAL);
}

enum flow flow_skip_to(struct request *req, const char *step)
{
	for (const struct flow_step *s = req->step + 1; s->name; s++) {
		if (!strcmp(s->name, step)) {
			req->skip_to = s;
			return FLOW_NEXT;
		}
	}
	BUG("flow_skip_to: no such later step");
}
