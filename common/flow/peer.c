/* SPDX-License-Identifier: MIT */
/* Calls between daemons: seals the envelope, sends through fetch, gathers the answer. */
#include "flow/peer.h"

#include "base/base.h"
#include "crypto/secret.h"
#include "json/json.h"

#include "base/banned.h"

#define DEFAULT_TIMEOUT_MS 10000
#define DEFAULT_MAX_BODY (4u << 20)
#define MAX_EXTRA_HEADERS 6

struct peers {
	struct fetch *fetch;
	const struct envelope_keys *keys;
	struct config_address address[DAEMON_COUNT];
	bool known[DAEMON_COUNT];
	struct peer_call *live;
};

struct peer_call {
	struct peers *peers;
	struct peer_call *next, **link;
	struct fetch_call *fetch;
	struct strbuf body;
	int status;
	char retry_after[16];
	void (*done)(struct peer_call *call, enum err err, int status, struct text body, void *arg);
	void *arg;
};

struct peers *peers_new(struct fetch *fetch, const struct envelope_keys *keys)
{
	struct peers *p = xcalloc(1, sizeof(*p));
	p->fetch = fetch;
	p->keys = keys;
	return p;
}

void peers_free(struct peers *p)
{
	if (!p)
		return;
	for (struct peer_call *call = p->live, *next; call; call = next) {
		next = call->next;
		peer_call_cancel(call);
	}
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		config_address_clear(&p->address[i]);
	free(p);
}

void peers_set(struct peers *p, enum daemon_id daemon, const struct config_address *address)
{
	config_address_clear(&p->address[daemon]);
	p->address[daemon] = *address;
	p->address[daemon].unix_path = address->unix_path ? xstrdup(address->unix_path) : NULL;
	p->known[daemon] = true;
}

/* Fills a fetch request: envelope first, then what the caller adds. `value` must live until
 * fetch_start has copied it. */
static enum err prepare(struct peers *p, const struct peer_request *r, struct strbuf *value,
			struct fetch_header *headers, struct fetch_request *ret)
{
	BUG_ON(!p->known[r->daemon] || r->header_count > MAX_EXTRA_HEADERS);
	struct envelope_request sealed_for = { r->method, text_of(r->path),
					       r->body.ptr ? r->body : TEXT("") };
	enum err err =
		envelope_seal(p->keys, r->daemon, r->identity, &sealed_for, clock_now(), value);
	if (err)
		return err;
	size_t n = 0;
	headers[n++] = (struct fetch_header){ ENVELOPE_HEADER, strbuf_text(value) };
	if (r->body.ptr)
		headers[n++] = (struct fetch_header){ "Content-Type", TEXT("application/json") };
	for (size_t i = 0; i < r->header_count; i++)
		headers[n++] = r->headers[i];
	*ret = (struct fetch_request){
		.kind = FETCH_PEER,
		.method = r->method,
		.peer = &p->address[r->daemon],
		.url = r->path,
		.headers = headers,
		.header_count = n,
		.body = r->body,
		.connect_ms = 2000,
		.first_byte_ms = r->first_byte_ms,
		.total_ms = r->timeout_ms < 0 ? 0
			    : r->timeout_ms   ? r->timeout_ms
					      : DEFAULT_TIMEOUT_MS,
		.max_body = r->max_body ? r->max_body : DEFAULT_MAX_BODY,
		.read_size = r->read_size,
	};
	return OK;
}

static void link_call(struct peers *p, struct peer_call *call)
{
	call->peers = p;
	call->link = &p->live;
	call->next = p->live;
	if (call->next)
		call->next->link = &call->next;
	p->live = call;
}

static void free_call(struct peer_call *call)
{
	*call->link = call->next;
	if (call->next)
		call->next->link = call->link;
	/* It may hold a key (keyvault's leases) or what people wrote. */
	wipe(call->body.data, call->body.len);
	strbuf_clear(&call->body);
	free(call);
}

static void on_head(struct fetch_call *fetch, int status, void *arg)
{
	struct peer_call *call = arg;
	struct text retry_after;
	call->status = status;
	if (fetch_response_header(fetch, "Retry-After", &retry_after))
		snprintf(call->retry_after, sizeof(call->retry_after), "%.*s",
			 TEXT_FMT(text_slice(retry_after, 0, 15)));
}

static bool on_data(struct fetch_call *fetch, struct text data, void *arg)
{
	(void)fetch;
	struct peer_call *call = arg;
	/* fetch has the same limit, so that this cannot fail. */
	BUG_ON(strbuf_append_text(&call->body, data));
	return true;
}

static void on_done(struct fetch_call *fetch, enum err err, int status, void *arg)
{
	(void)fetch;
	struct peer_call *call = arg;
	call->fetch = NULL;
	call->done(call, err, status, strbuf_text(&call->body), call->arg);
	free_call(call);
}

static const struct fetch_events call_events = { on_head, on_data, on_done };

struct peer_call *peer_call_start(struct peers *p, const struct peer_request *request,
				  void (*done)(struct peer_call *call, enum err err, int status,
					       struct text body, void *arg),
				  void *arg)
{
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	struct fetch_header headers[MAX_EXTRA_HEADERS + 2];
	struct fetch_request fetch_request;
	/* No key for a pair is a fault of set-up that the daemon's start has already refused. */
	BUG_ON(prepare(p, request, &value, headers, &fetch_request));
	struct peer_call *call = xcalloc(1, sizeof(*call));
	call->done = done;
	call->arg = arg;
	strbuf_init(&call->body, fetch_request.max_body);
	link_call(p, call);
	call->fetch = fetch_start(p->fetch, &fetch_request, &call_events, call);
	return call;
}

const char *peer_call_retry_after(const struct peer_call *call)
{
	return call->retry_after;
}

void peer_call_cancel(struct peer_call *call)
{
	if (call->fetch)
		fetch_cancel(call->fetch);
	free_call(call);
}

enum err peer_stream_start(struct peers *p, const struct peer_request *request,
			   const struct fetch_events *events, void *arg, struct fetch_call **ret)
{
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	struct fetch_header headers[MAX_EXTRA_HEADERS + 2];
	struct fetch_request fetch_request;
	enum err err = prepare(p, request, &value, headers, &fetch_request);
	if (err)
		return err;
	*ret = fetch_start(p->fetch, &fetch_request, events, arg);
	return OK;
}
