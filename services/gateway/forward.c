/* SPDX-License-Identifier: MIT */
/*
 * Forwarding: one exchange with the client, one call to a daemon, bytes in between. A short answer
 * of known length is passed on whole; anything else streams with back-pressure. When either side
 * goes, the other is let go of at once.
 */
#include "app.h"

#include "http/server.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define WHOLE_MAX (256 * 1024)
#define STREAM_READ_SIZE 4096
#define ANSWER_MAX ((size_t)1 << 40) /* exports stream; each daemon has its own limits */
#define TARGET_MAX 4096
#define HEADER_MAX 512
#define CLIENT_GONE_STATUS 499 /* nginx's number for it, in metrics only */
/* The daemons have their own limits; this only ends what one of them has forgotten. nginx waits as
 * long. */
#define FIRST_BYTE_MS (3600 * 1000)

struct forward {
	struct gateway *gateway;
	const struct policy *policy;
	struct http_exchange *ex;
	struct fetch_call *call;
	int status;
	bool is_head, streams;
	int64_t started_us;
	struct strbuf whole;
};

static struct metric answers_total = METRIC_COUNTER_INIT(
	"grove_forward_answers_total", "Answers of daemons handed to clients.", "target", "status");
static struct metric answer_seconds =
	METRIC_SECONDS_INIT("grove_forward_seconds",
			    "Time from passing a request on to the end of its answer.", "target");
static struct metric live_forwards =
	METRIC_GAUGE_INIT("grove_forwards_live", "Requests being passed on.");

/* The only headers of a daemon's answer that reach a client. */
static const char *const passed_headers[] = {
	"Content-Type",	    "Content-Disposition", "Retry-After",    "Allow",	"X-Run-Id",
	"X-Ephemeral-Mode", "X-BYOK-Enabled",	   "X-Should-Retry", "Location"
};

/* `status` is what the client has got; 499 when it has left. */
static void end_forward(struct forward *f, int status)
{
	const char *target = daemon_name(f->policy->target);
	char text[8];

	snprintf(text, sizeof(text), "%d", status);
	metric_inc(&answers_total, target, text);
	metric_observe(&answer_seconds, (double)(clock_mono_us() - f->started_us) / 1e6, target);
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
	end_forward(f, CLIENT_GONE_STATUS);
}

static void client_drained(struct http_exchange *ex, void *arg)
{
	(void)ex;
	struct forward *f = arg;
	fetch_resume(f->call);
}

/* Visible ASCII and blanks: nothing that could begin a line of its own. */
static bool is_plain_value(struct text value, size_t max)
{
	for (size_t i = 0; i < value.len; i++)
		if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e)
			return false;
	return value.len > 0 && value.len <= max;
}

static void pass_headers(struct forward *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(passed_headers); i++) {
		struct text value;
		if (!fetch_response_header(f->call, passed_headers[i], &value) ||
		    !is_plain_value(value, HEADER_MAX))
			continue;
		char copy[HEADER_MAX + 1];
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
	       (fetch_response_header(f->call, "Content-Length", &length) &&
		!text_to_u64(length, WHOLE_MAX, &bytes));
}

/* The client is answered before the daemon has ended: nothing more is wanted of it. */
static void answer_early(struct forward *f, int status, enum err err)
{
	http_set_gone(f->ex, NULL, NULL);
	fetch_cancel(f->call);
	if (err)
		http_reply_error(f->ex, err, NULL);
	else
		http_reply(f->ex, status, TEXT_NULL);
	end_forward(f, status);
}

static void on_head(struct fetch_call *call, int status, void *arg)
{
	(void)call;
	struct forward *f = arg;
	f->status = status;
	f->streams = !is_short(f);
	if (!f->streams)
		return;
	pass_headers(f);
	if (f->is_head) {
		answer_early(f, status, OK);
		return;
	}
	/* Tells an outer proxy not to gather what is meant to trickle. */
	http_set_header(f->ex, "X-Accel-Buffering", "no");
	http_set_drain(f->ex, client_drained, f);
	http_stream_begin(f->ex, status);
}

static bool on_data(struct fetch_call *call, struct text data, void *arg)
{
	struct forward *f = arg;
	if (f->streams) {
		if (http_stream_write(f->ex, data) > HTTP_STREAM_HIGH)
			fetch_pause(call);
	} else if (strbuf_append_text(&f->whole, data)) {
		/* More than its Content-Length: a daemon that breaks HTTP. */
		log_error("forward.overlong", LOG_STR("target", daemon_name(f->policy->target)));
		answer_early(f, err_info(ERR_INTERNAL)->status, ERR_INTERNAL);
	}
	return true;
}

static void log_trouble(const struct forward *f, const char *event, enum err err)
{
	log_warn(event, LOG_STR("target", daemon_name(f->policy->target)),
		 LOG_STR("code", err_info(err)->code));
}

static int end_stream(struct forward *f, enum err err)
{
	if (!err) {
		http_stream_end(f->ex);
		return f->status;
	}
	log_trouble(f, "forward.cut", err);
	http_stream_abort(f->ex);
	return f->status;
}

static int reply_whole(struct forward *f, enum err err)
{
	if (!err && f->status == 401 && f->policy->target != DAEMON_AUTH_VERIFIER) {
		/* We know who it is; a daemon that does not refuses our envelope. It must not read
		 * as "sign in". */
		log_error("forward.envelope_refused",
			  LOG_STR("target", daemon_name(f->policy->target)));
		err = ERR_INTERNAL;
	} else if (err) {
		log_trouble(f, "forward.failed", err);
		err = ERR_UNAVAILABLE;
	}
	if (err) {
		http_reply_error(f->ex, err, NULL);
		return err_info(err)->status;
	}
	pass_headers(f);
	http_reply(f->ex, f->status, strbuf_text(&f->whole));
	return f->status;
}

static void on_done(struct fetch_call *call, enum err err, int status, void *arg)
{
	(void)call;
	(void)status;
	struct forward *f = arg;
	http_set_gone(f->ex, NULL, NULL);
	end_forward(f, f->streams ? end_stream(f, err) : reply_whole(f, err));
}

static const struct fetch_events events = { on_head, on_data, on_done };

/* "/api/x?y" → "/v1/x?y". */
static bool inner_target(struct text target, char out[TARGET_MAX])
{
	BUG_ON(!text_starts_with(target, "/api/"));
	struct text rest = text_slice(target, 4, target.len);
	return snprintf(out, TARGET_MAX, "/v1%.*s", TEXT_FMT(rest)) < TARGET_MAX;
}

static void pass_inwards(const struct http_exchange *ex, const char *name,
			 struct fetch_header *headers, size_t *count)
{
	struct text value = http_header(ex, name);
	if (value.ptr && is_plain_value(value, 256))
		headers[(*count)++] = (struct fetch_header){ name, value };
}

static struct forward *new_forward(struct gateway *gateway, struct http_exchange *ex,
				   const struct policy *policy)
{
	struct forward *f = xcalloc(1, sizeof(*f));
	f->gateway = gateway;
	f->policy = policy;
	f->ex = ex;
	f->is_head = http_method(ex) == HTTP_HEAD;
	f->started_us = clock_mono_us();
	strbuf_init(&f->whole, WHOLE_MAX + 1);
	metric_add(&live_forwards, 1);
	http_set_gone(ex, client_gone, f);
	return f;
}

/* Absent: none is sent. A change without a body is sent with a length of 0. */
static struct text body_to_pass(const struct http_exchange *ex)
{
	struct text body = http_body(ex);
	if (body.len)
		return body;
	return http_method(ex) & (HTTP_POST | HTTP_PUT | HTTP_PATCH) ? TEXT("") : TEXT_NULL;
}

void forward_start(struct gateway *gateway, struct http_exchange *ex,
		   const struct identity *identity, const struct policy *policy)
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
	struct forward *f = new_forward(gateway, ex, policy);
	struct peer_request request = {
		.daemon = policy->target,
		.identity = identity,
		.method = f->is_head ? "GET" : http_method_name(http_method(ex)),
		.path = target,
		.body = body_to_pass(ex),
		.headers = headers,
		.header_count = count,
		.timeout_ms = -1,
		.first_byte_ms = FIRST_BYTE_MS,
		.max_body = ANSWER_MAX,
		.read_size = STREAM_READ_SIZE,
	};
	enum err err = peer_stream_start(gateway->daemon->peers, &request, &events, f, &f->call);
	if (err) {
		http_set_gone(ex, NULL, NULL);
		http_reply_error(ex, err, NULL);
		end_forward(f, err_info(err)->status);
	}
}
