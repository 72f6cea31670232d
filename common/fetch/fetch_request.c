/* SPDX-License-Identifier: MIT */
/*
 * A request into libcurl's options. Nothing comes from outside the request: no proxy, no .netrc, no
 * cookies, no redirects, no default agent name.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/base.h"
#include "crypto/secret.h"
#include "fetch/fetch_private.h"

#include "base/banned.h"

#define MAX_HEADERS 64
#define MAX_HEADER_VALUE (64 * 1024)
#define DEFAULT_CONNECT_MS 10000
#define DEFAULT_FIRST_BYTE_MS 120000
#define DEFAULT_SILENCE_MS 120000
#define DEFAULT_MAX_BODY ((size_t)16 << 20)
#define DEFAULT_READ_SIZE (16 * 1024)
/* Shorter than our servers and the usual proxies keep an idle connection, so that it is not closed
 * under a request. */
#define MAX_CONNECTION_AGE_S 45

#define SET(call, option, value)                                                  \
	do {                                                                      \
		CURLcode rc_ = curl_easy_setopt((call)->easy, (option), (value)); \
		BUG_ON(rc_ != CURLE_OK);                                          \
	} while (0)

/* Headers. */

static bool name_is_token(const char *name)
{
	size_t len = strspn(
		name,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~");

	return len > 0 && len <= 128 && name[len] == 0;
}

static bool value_is_clean(struct text value)
{
	for (size_t i = 0; i < value.len; i++) {
		unsigned char c = (unsigned char)value.ptr[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return value.len <= MAX_HEADER_VALUE;
}

/* The nodes are ours, not curl_slist_append()'s, so that the one with the secret can be wiped. */
static void push_line(struct fetch_call *call, char *line)
{
	struct curl_slist *node = arena_alloc(&call->arena, sizeof(*node));

	*node = (struct curl_slist){ line, call->headers };
	call->headers = node;
}

static enum err push_header(struct fetch_call *call, const struct fetch_header *header)
{
	if (!name_is_token(header->name) || !value_is_clean(header->value))
		return ERR_INVALID_REQUEST;
	/* "Name:" would take the header out, "Name;" sends it empty. */
	push_line(call, header->value.len ? arena_printf(&call->arena, "%s: %.*s", header->name,
							 TEXT_FMT(header->value))
					  : arena_printf(&call->arena, "%s;", header->name));
	return OK;
}

/*
 * The line is wiped as soon as the final head has come, when it can no longer be needed for a retry
 * on a fresh connection. libcurl builds the request from it in memory of its own: see
 * fetch_memory.c.
 */
static enum err push_secret(struct fetch_call *call, const struct fetch_request *r)
{
	const char *prefix = r->secret_prefix ? r->secret_prefix : "";
	struct text value = { (const char *)r->secret->bytes, r->secret->len };

	if (!name_is_token(r->secret_header) || !value_is_clean(value) ||
	    !value_is_clean(text_of(prefix)))
		return ERR_INVALID_REQUEST;
	size_t size = strlen(r->secret_header) + 2 + strlen(prefix) + value.len + 1;
	call->secret_line = xmalloc(size);
	call->secret_len = size;
	snprintf(call->secret_line, size, "%s: %s%.*s", r->secret_header, prefix, TEXT_FMT(value));
	push_line(call, call->secret_line);
	return OK;
}

static bool has_header(const struct fetch_request *r, const char *name)
{
	for (size_t i = 0; i < r->header_count; i++)
		if (text_is_ignoring_case(text_of(r->headers[i].name), name))
			return true;
	return false;
}

static enum err apply_headers(struct fetch_call *call, const struct fetch_request *r)
{
	enum err err = OK;

	if (r->header_count > MAX_HEADERS)
		return ERR_INVALID_REQUEST;
	push_line(call, arena_strdup(&call->arena, "Expect:"));
	push_line(call, arena_strdup(&call->arena, "Accept-Encoding: identity"));
	if (!has_header(r, "Content-Type"))
		push_line(call, arena_strdup(&call->arena, "Content-Type:"));
	for (size_t i = 0; err == OK && i < r->header_count; i++)
		err = push_header(call, &r->headers[i]);
	if (err == OK && r->secret_header)
		err = r->secret && secret_is_set(r->secret) ? push_secret(call, r)
							    : ERR_INVALID_REQUEST;
	SET(call, CURLOPT_HTTPHEADER, call->headers);
	return err;
}

static void apply_method(struct fetch_call *call, const struct fetch_request *r)
{
	bool post = strcmp(r->method, "POST") == 0;
	bool takes_body = post || strcmp(r->method, "PUT") == 0 || strcmp(r->method, "PATCH") == 0;

	if (strcmp(r->method, "HEAD") == 0) {
		SET(call, CURLOPT_NOBODY, 1L);
		return;
	}
	if (r->body.ptr || takes_body) {
		SET(call, CURLOPT_POST, 1L);
		SET(call, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.len);
		if (r->body.len == 0)
			SET(call, CURLOPT_POSTFIELDS, "");
		else if (r->body_borrowed)
			SET(call, CURLOPT_POSTFIELDS, r->body.ptr);
		else
			SET(call, CURLOPT_COPYPOSTFIELDS, r->body.ptr);
	}
	if (!post && strcmp(r->method, "GET") != 0)
		SET(call, CURLOPT_CUSTOMREQUEST, r->method);
	else if (!post && r->body.ptr)
		SET(call, CURLOPT_CUSTOMREQUEST, "GET");
}

/* Where to. */

static bool address_is_loopback(const struct sockaddr *sa)
{
	if (sa->sa_family == AF_UNIX)
		return true;
	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;
		memcpy(&in, sa, sizeof(in));
		return ntohl(in.sin_addr.s_addr) >> 24 == 127;
	}
	if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, sa, sizeof(in6));
		return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
	}
	return false;
}

/* Every connect passes here, with the address that was resolved. */
static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct fetch_call *call = arg;
	bool permitted =
		call->kind == FETCH_PEER
			? address_is_loopback(&address->addr)
			: guard_permits_address(call->guard, &call->target, &address->addr);

	if (!permitted || purpose != CURLSOCKTYPE_IPCXN) {
		call->guard_refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static bool path_is_sendable(const char *path)
{
	if (path[0] != '/' || strlen(path) > 8192)
		return false;
	for (; *path; path++)
		if (*path <= ' ' || *path > '~' || *path == '#')
			return false;
	return true;
}

static enum err apply_peer(struct fetch_call *call, const struct fetch_request *r)
{
	AUTO(auto_free) char *url = NULL;
	const struct config_address *peer = r->peer;

	BUG_ON(!peer);
	if (!path_is_sendable(r->url))
		return ERR_INVALID_REQUEST;
	if (peer->unix_path) {
		if (strlen(peer->unix_path) >= sizeof(((struct sockaddr_un *)0)->sun_path))
			return ERR_INVALID_REQUEST;
		SET(call, CURLOPT_UNIX_SOCKET_PATH, peer->unix_path);
		url = xasprintf("http://localhost%s", r->url);
	} else {
		url = strchr(peer->host, ':')
			      ? xasprintf("http://[%s]:%u%s", peer->host, peer->port, r->url)
			      : xasprintf("http://%s:%u%s", peer->host, peer->port, r->url);
	}
	SET(call, CURLOPT_URL, url);
	SET(call, CURLOPT_PROTOCOLS_STR, "http");
	SET(call, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	return OK;
}

static enum err apply_guarded(struct fetch_call *call, const struct fetch_request *r)
{
	enum err err = guard_check_target(r->guard, text_of(r->url), &call->target);

	if (err != OK)
		return err;
	/* The origin as the guard read it; the rest as it came. */
	const char *rest = strstr(r->url, "://") + 3;
	rest += strcspn(rest, "/?");
	AUTO(auto_free) char *url = xasprintf("%s%s", call->target.origin, rest);
	SET(call, CURLOPT_URL, url);
	SET(call, CURLOPT_PROTOCOLS_STR, call->target.scheme);
	SET(call, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
	SET(call, CURLOPT_TCP_KEEPALIVE, 1L);
	return OK;
}

static void apply_rules(struct fetch_call *call, const struct fetch_request *r)
{
	SET(call, CURLOPT_NOSIGNAL, 1L);
	SET(call, CURLOPT_PATH_AS_IS, 1L);
	SET(call, CURLOPT_FOLLOWLOCATION, 0L);
	SET(call, CURLOPT_PROXY, "");
	SET(call, CURLOPT_NOPROXY, "*");
	SET(call, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	SET(call, CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);
	SET(call, CURLOPT_TCP_NODELAY, 1L);
	SET(call, CURLOPT_USERAGENT, "grove");
	SET(call, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(call, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(call, CURLOPT_SSL_VERIFYHOST, 2L);
	if (r->ca_file) {
		SET(call, CURLOPT_CAINFO, r->ca_file);
		SET(call, CURLOPT_CAPATH, NULL);
	}
	SET(call, CURLOPT_BUFFERSIZE, (long)(r->read_size ? r->read_size : DEFAULT_READ_SIZE));
	SET(call, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)call->max_body);
	SET(call, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(r->connect_ms ? r->connect_ms : DEFAULT_CONNECT_MS));
	SET(call, CURLOPT_MAXAGE_CONN, (long)MAX_CONNECTION_AGE_S);
	/* A cancelled call must not wait for the thread that resolves its name. */
	SET(call, CURLOPT_QUICK_EXIT, 1L);
	SET(call, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	SET(call, CURLOPT_OPENSOCKETDATA, call);
}

enum err fetch_request_apply(struct fetch_call *call, const struct fetch_request *r)
{
	call->kind = r->kind;
	call->guard = r->guard;
	call->max_body = r->max_body ? r->max_body : DEFAULT_MAX_BODY;
	call->first_byte_ms = r->first_byte_ms ? r->first_byte_ms : DEFAULT_FIRST_BYTE_MS;
	call->silence_ms = r->silence_ms ? r->silence_ms : DEFAULT_SILENCE_MS;
	apply_rules(call, r);
	apply_method(call, r);
	enum err err = apply_headers(call, r);
	if (err != OK)
		return err;
	return r->kind == FETCH_PEER ? apply_peer(call, r) : apply_guarded(call, r);
}

char *fetch_request_pool_name(const struct fetch_call *call, const struct fetch_request *r)
{
	/* The two kinds never share: a peer's socket path must not be found under an origin's name.
	 */
	if (r->kind == FETCH_GUARDED)
		return xasprintf("guarded %s %s", r->pool ? r->pool : "",
				 r->pool ? "" : call->target.origin);
	if (r->pool)
		return xasprintf("peer %s", r->pool);
	if (r->peer->unix_path)
		return xasprintf("peer unix:%s", r->peer->unix_path);
	return xasprintf("peer [%s]:%u", r->peer->host, r->peer->port);
}
