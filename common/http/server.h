/* SPDX-License-Identifier: MIT */
/*
 * HTTP server on evhttp, for daemons behind nginx or the gateway: HTTP/1.1, keep-alive, TCP with TCP_NODELAY on loopback or a Unix socket. Every connection's
 * bytes pass the gate of wire.h first; what it refuses is answered in the house's error shape, then the connection is closed, and nothing behind the bad
 * byte is interpreted. evhttp never answers by itself. An exchange is one request and its answer, whole or streamed; it exists from on_request until it has been
 * answered or its client is gone.
 *
 * Client gone: the server reads on while an answer is pending, so that an end or a reset is noticed (a half-close counts as gone), and calls on_gone once. After
 * on_gone the exchange must not be used: it is freed when the callback returns. on_gone is never called after http_reply(), http_stream_end() or
 * http_stream_abort().
 *
 * Every answer carries X-Request-Id (when set), and, unless the handler set its own, Cache-Control: no-store and X-Content-Type-Options: nosniff.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "config/config.h"
#include "loop/loop.h"

struct http_server;
struct http_exchange;

enum http_method { HTTP_GET = 1 << 0, HTTP_HEAD = 1 << 1, HTTP_POST = 1 << 2, HTTP_PUT = 1 << 3, HTTP_PATCH = 1 << 4, HTTP_DELETE = 1 << 5, HTTP_OPTIONS = 1 << 6, HTTP_OTHER = 1 << 7 };
const char *http_method_name(enum http_method m);

struct http_server_config {
	struct config_address listen;
	size_t max_body;		/* bytes, the largest route's; default 1 MiB */
	size_t max_connections;		/* further ones wait in the backlog; default 1024 */
	int idle_timeout_ms;		/* between requests, and for a peer that takes nothing of its answer; default 75 s */
	int read_timeout_ms;		/* for a body; the header before it has a third of that; default 30 s */
};

/* Called from the loop with a complete, gated request. The handler answers now or later. */
typedef void http_handler(struct http_exchange *ex, void *arg);

/* ERR_UNAVAILABLE when it cannot listen there; `errors` gets a line with the address and the reason. */
MUST_CHECK enum err http_server_new(struct loop *loop, const struct http_server_config *config, http_handler *handler, void *arg,
				    struct http_server **ret, struct strbuf *errors);
void http_server_address(const struct http_server *s, struct config_address *ret);	/* with the port really bound */
void http_server_stop_accepting(struct http_server *s);		/* draining: idle connections end now, others with their answer */
size_t http_server_live(const struct http_server *s);			/* exchanges whose answer is not yet written to the socket */
void http_server_free(struct http_server *s);				/* live exchanges get on_gone */

/* The request. Texts are valid as long as the exchange. */
enum http_method http_method(const struct http_exchange *ex);
const char *http_method_text(const struct http_exchange *ex);	/* as sent; never HTTP_OTHER: the gate refuses those */
struct text http_target(const struct http_exchange *ex);		/* path and query, as on the request line */
struct text http_path(const struct http_exchange *ex);			/* path, still encoded */
/* First value of a query parameter, decoded into `out`; false when absent; ERR when malformed or longer than size - 1. */
MUST_CHECK enum err http_query(const struct http_exchange *ex, const char *name, char *out, size_t size, bool *ret_found);
/* Header value, trimmed; absent when missing, or when one that is not in the gate's list (wire.c) came twice. Name in any case. */
struct text http_header(const struct http_exchange *ex, const char *name);
struct text http_body(const struct http_exchange *ex);
struct text http_peer_address(const struct http_exchange *ex);

void http_set_gone(struct http_exchange *ex, void (*on_gone)(struct http_exchange *ex, void *arg), void *arg);
void http_set_request_id(struct http_exchange *ex, const char *request_id);

/* The answer. Names and values must be clean (BUG on CR, LF, NUL). Content-Type is application/json unless set. */
void http_set_header(struct http_exchange *ex, const char *name, const char *value);
void http_reply(struct http_exchange *ex, int status, struct text body);	/* copies body; frees ex */

/*
 * Streaming: begin, write many, end. write never blocks: bytes go to the connection's buffer. It returns the bytes now waiting there;
 * when that passes HTTP_STREAM_HIGH the producer should pause, and on_drain is called once the buffer is below HTTP_STREAM_LOW.
 */
#define HTTP_STREAM_HIGH (256 * 1024)
#define HTTP_STREAM_LOW (64 * 1024)
void http_stream_begin(struct http_exchange *ex, int status);		/* set Content-Type before */
size_t http_stream_write(struct http_exchange *ex, struct text data);
void http_set_drain(struct http_exchange *ex, void (*on_drain)(struct http_exchange *ex, void *arg), void *arg);
void http_stream_end(struct http_exchange *ex);				/* orderly end; frees ex */
void http_stream_abort(struct http_exchange *ex);			/* cuts the connection so that the client sees a broken answer; frees ex */
bool http_stream_has_begun(const struct http_exchange *ex);

/* The error shape of the house: {"error":{"type","code","message","param"?,"details"?}}. NULL/absent parts take the table's text. */
struct error_detail {
	const char *message;	/* NULL: err_info()->message */
	const char *param;	/* NULL: none */
	struct text details;	/* JSON value; absent: none */
	int retry_after_s;	/* > 0: Retry-After */
};
MUST_CHECK enum err http_error_body(enum err err, const struct error_detail *detail, struct strbuf *out);
void http_reply_error(struct http_exchange *ex, enum err err, const struct error_detail *detail);	/* frees ex */
