/* SPDX-License-Identifier: MIT */
/*
 * Forwarding: one exchange with the client, one call to a daemon, bytes in between. A short answer of known length is passed on whole; anything else streams
 * with back-pressure. When either side goes, the other is let go of at once.
 */
#include "app.h"

#include "http/server.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define WHOLE_MAX (256 * 1024)
#define STREAM_READ_SIZE 4096
#define ANSWER_MAX ((size_t)1 << 40)	/* exports stream; each daemon has its own limits */
#define TARGET_MAX 4096

struct forward {
	struct gateway *gateway;
	const struct policy *policy;
	struct http_exchange *ex;
	struct fetch_call *call;
	int status;
	bool streams;
	struct strbuf whole;
};

static struct metric live_forwards = METRIC_GAUGE_INIT("grove_forwards_live", "Requests being passed on.");

/* The only headers of a daemon's answer that reach a client. */
static const char *const passed_headers[] = { "Content-Type", "Content-Disposition", "Retry-After", "Allow", "X-Run-Id", "X-Ephemeral-Mode",
					      "X-BYOK-Enabled", "X-Should-Retry", "Location" };

static void free_forward(struct forward *f)
{
	if (f->policy->drops_identities)
		identities_drop(f->gateway->identities);
	metric_add(&live_forwards, -1);
	strbuf_clear(&f->whole);
	free(f);
}

static void client_gone(struct http_exchange *ex, void *arg)
{
	(void)ex;
	struct forward *f = arg;
	fetch_cancel(f->call);
	free_forward(f);
}

static void client_drained(struct http_exchange *ex, void *arg)
{
	(void)ex;
	struct forward *f = arg;
	fetch_resume(f->call);
}

static void pass_headers(struct forward *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(passed_headers); i++) {
		struct text value;
		if (!fetch_response_header(f->call, passed_headers[i], &value) || value.len > 512)
			continue;
		char copy[513];
		memcpy(copy, value.ptr, value.len);
		copy[value.len] = '\0';
		http_set_header(f->ex, passed_headers[i], copy);
	}
}

static bool is_short(struct forward *f)
{
	struct text length;
	uint64_t bytes;
	return f->status == 204 || f->status == 304 ||
	       (fetch_response_header(f->call, "Content-Length", &length) && !text_to_u64(length, WHOLE_MAX, &bytes));
}

static void on_head(struct fetch_call *call, int status, void *arg)
{
	(void)call;
	struct forward *f = arg;
	f->status = status;
	f->streams = !is_short(f);
	pass_headers(f);
	if (!f->streams)
		return;
	/* Tells an outer proxy not to gather what is meant to trickle. */
	http_set_header(f->ex, "X-Accel-Buffering", "no");
	http_set_drain(f->ex, client_drained, f);
	http_stream_begin(f->ex, status);
}

static bool on_data(struct fetch_call *call, struct text data, void *arg)
{
	struct forward *f = arg;
	if (!f->streams) {
		/* Longer than it said: libcurl cuts it there, so that this cannot be. */
		BUG_ON(strbuf_append_text(&f->whole, data));
		return true;
	}
	if (http_stream_write(f->ex, data) > HTTP_STREAM_HIGH)
		fetch_pause(call);
	return true;
}

static void on_done(struct fetch_call *call, enum err err, int status, void *arg)
{
	(void)call;
	(void)status;
	struct forward *f = arg;
	struct http_exchange *ex = f->ex;
	http_set_gone(ex, NULL, NULL);
	if (f->streams && err) {
		log_warn("forward.cut", LOG_STR("target", daemon_name(f->policy->target)), LOG_STR("code", err_info(err)->code));
		http_stream_abort(ex);
	} else if (f->streams) {
		http_stream_end(ex);
	} else if (err) {
		log_warn("forward.failed", LOG_STR("target", daemon_name(f->policy->target)), LOG_STR("code", err_info(err)->code));
		http_reply_error(ex, ERR_UNAVAILABLE, NULL);
	} else {
		http_reply(ex, f->status, strbuf_text(&f->whole));
	}
	free_forward(f);
}

static const struct fetch_events events = { on_head, on_data, on_done };

/* "/api/x?y" → "/v1/x?y". */
static bool inner_target(struct text target, char out[TARGET_MAX])
{
	BUG_ON(!text_starts_with(target, "/api/"));
	struct text rest = text_slice(target, 4, target.len);
	return snprintf(out, TARGET_MAX, "/v1%.*s", TEXT_FMT(rest)) < TARGET_MAX;
}

/* A header worth handing inwards: short and of visible ASCII. */
static void pass_inwards(const struct http_exchange *ex, const char *name, struct fetch_header *headers, size_t *count)
{
	struct text value = http_header(ex, name);
	if (!value.ptr || !value.len || value.len > 256)
		return;
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e)
			return;
	headers[(*count)++] = (struct fetch_header){ name, value };
}

void forward_start(struct gateway *gateway, struct http_exchange *ex, const struct identity *identity, const struct policy *policy)
{
	char target[TARGET_MAX];
	struct fetch_header headers[3];
	size_t count = 0;
	if (!inner_target(http_target(ex), target)) {
		http_reply_error(ex, ERR_URI_TOO_LONG, NULL);
		return;
	}
	pass_inwards(ex, "Accept", headers, &count);
	pass_inwards(ex, "Last-Event-ID", headers, &count);
	pass_inwards(ex, "X-Session-Key", headers, &count);
	struct text body = http_body(ex);
	struct peer_request request = {
		.daemon = policy->target,
		.identity = identity,
		.method = http_method(ex) == HTTP_HEAD ? "GET" : http_method_name(http_method(ex)),
		.path = target,
		.body = body.len ? body : http_method(ex) & (HTTP_POST | HTTP_PUT | HTTP_PATCH) ? TEXT("") : TEXT_NULL,
		.headers = headers,
		.header_count = count,
		.timeout_ms = -1,
		.max_body = ANSWER_MAX,
		.read_size = STREAM_READ_SIZE,
	};
	struct forward *f = xcalloc(1, sizeof(*f));
	f->gateway = gateway;
	f->policy = policy;
	f->ex = ex;
	strbuf_init(&f->whole, WHOLE_MAX + 1);
	metric_add(&live_forwards, 1);
	http_set_gone(ex, client_gone, f);
	enum err err = peer_stream_start(gateway->daemon->peers, &request, &events, f, &f->call);
	if (err) {
		http_set_gone(ex, NULL, NULL);
		http_reply_error(ex, ERR_UNAVAILABLE, NULL);
		free_forward(f);
	}
}
