/* SPDX-License-Identifier: MIT */
/* The ops listener: /healthz, /readyz, /metrics. Loopback only, no envelope: nothing here is about
 * a person. */
#include "daemon/daemon_private.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define METRICS_LIMIT (4u << 20)

static void reply_text(struct http_exchange *ex, int status, struct text body, const char *type)
{
	http_set_header(ex, "Content-Type", type);
	http_reply(ex, status, body);
}

bool daemon_is_ready(const struct daemon *d, struct strbuf *why)
{
	bool ready = true;
	if (d->draining) {
		ready = false;
		strbuf_note(why, "draining\n");
	}
	if (d->db) {
		AUTO(strbuf_clear) struct strbuf reason = STRBUF_INIT(1024);
		if (db_state(d->db, &reason)) {
			ready = false;
			strbuf_note(why, "database: %s\n", reason.data);
		}
	}
	const struct daemon_private *p = d->private;
	for (size_t i = 0; i < p->condition_count; i++) {
		if (!p->conditions[i].reason)
			continue;
		ready = false;
		strbuf_note(why, "%s: %s\n", p->conditions[i].what, p->conditions[i].reason);
	}
	return ready;
}

static void reply_metrics(struct http_exchange *ex)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(METRICS_LIMIT);
	if (metrics_write(&out))
		http_reply_error(ex, ERR_INTERNAL, NULL);
	else
		reply_text(ex, 200, strbuf_text(&out), "text/plain; version=0.0.4; charset=utf-8");
}

void ops_handle(struct http_exchange *ex, void *arg)
{
	struct daemon *d = arg;
	struct text path = http_path(ex);
	if (!(http_method(ex) & (HTTP_GET | HTTP_HEAD))) {
		http_set_header(ex, "Allow", "GET, HEAD");
		http_reply_error(ex, ERR_METHOD_NOT_ALLOWED, NULL);
	} else if (text_is(path, "/healthz")) {
		reply_text(ex, 200, TEXT("ok\n"), "text/plain; charset=utf-8");
	} else if (text_is(path, "/readyz")) {
		AUTO(strbuf_clear) struct strbuf why = STRBUF_INIT(4096);
		bool ready = daemon_is_ready(d, &why);
		reply_text(ex, ready ? 200 : 503, ready ? TEXT("ready\n") : strbuf_text(&why),
			   "text/plain; charset=utf-8");
	} else if (text_is(path, "/metrics")) {
		reply_metrics(ex);
	} else {
		http_reply_error(ex, ERR_NOT_FOUND, NULL);
	}
}
