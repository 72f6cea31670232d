/* SPDX-License-Identifier: MIT */
/* Listening sockets: TCP by numeric address, or a Unix socket only our own user may connect to. */
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/base.h"
#include "http/http_private.h"

#include "base/banned.h"

#define BACKLOG 512

static int failed(struct strbuf *errors, const struct config_address *a, const char *what)
{
	const char *why = strerrordesc_np(errno);
	char where[300];

	config_address_format(a, where, sizeof(where));
	strbuf_note(errors, "%s: %s: %s\n", where, what, why ? why : "unknown error");
	return -1;
}

static int resolve(const struct config_address *a, struct sockaddr_storage *ret, socklen_t *ret_len)
{
	const struct addrinfo hints = {
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM,
	};
	struct addrinfo *found;
	char port[8];

	snprintf(port, sizeof(port), "%" PRIu16, a->port);
	if (getaddrinfo(a->host, port, &hints, &found) != 0) {
		errno = EADDRNOTAVAIL;
		return -1;
	}
	memcpy(ret, found->ai_addr, found->ai_addrlen);
	*ret_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

static uint16_t bound_port(int fd)
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} bound = { 0 };
	socklen_t len = sizeof(bound);

	BUG_ON(getsockname(fd, &bound.any, &len) != 0);
	return ntohs(bound.any.sa_family == AF_INET6 ? bound.in6.sin6_port : bound.in.sin_port);
}

static int listen_tcp(struct http_server *s, struct strbuf *errors)
{
	struct config_address *a = &s->config.listen;
	struct sockaddr_storage address = { 0 };
	socklen_t len = 0;
	AUTO(auto_close) int fd = -1;

	if (resolve(a, &address, &len) < 0)
		return failed(errors, a, "cannot read the address");
	fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(errors, a, "cannot make a socket");
	/* Accepted sockets inherit TCP_NODELAY from this one (Linux). */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)) < 0 ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int)) < 0)
		return failed(errors, a, "cannot set the socket's options");
	if (address.ss_family == AF_INET6 &&
	    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &(int){ 1 }, sizeof(int)) < 0)
		return failed(errors, a, "cannot set the socket's options");
	if (bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, BACKLOG) < 0)
		return failed(errors, a, "cannot listen here");
	a->port = bound_port(fd);
	return take_fd(&fd);
}

/* A socket nobody answers at is left over from a process that was killed. */
static bool is_stale(const struct sockaddr_un *address)
{
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct stat st;

	if (fd < 0 || lstat(address->sun_path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	return connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 &&
	       errno == ECONNREFUSED;
}

static int listen_unix(struct http_server *s, struct strbuf *errors)
{
	const struct config_address *a = &s->config.listen;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO(auto_close) int fd = -1;
	struct stat st;

	if (strlen(a->unix_path) >= sizeof(address.sun_path)) {
		errno = ENAMETOOLONG;
		return failed(errors, a, "cannot listen here");
	}
	memcpy(address.sun_path, a->unix_path, strlen(a->unix_path) + 1);
	if (is_stale(&address))
		unlink(a->unix_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return failed(errors, a, "cannot make a socket");
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return failed(errors, a, "cannot listen here");
	/* Nobody can connect before listen(), so the mode is right from the first connection on. */
	if (chmod(a->unix_path, 0600) < 0 || listen(fd, BACKLOG) < 0 ||
	    lstat(a->unix_path, &st) < 0) {
		unlink(a->unix_path);
		return failed(errors, a, "cannot listen here");
	}
	s->unix_dev = st.st_dev;
	s->unix_ino = st.st_ino;
	return take_fd(&fd);
}

int http_listen(struct http_server *s, struct strbuf *errors)
{
	return s->config.listen.unix_path ? listen_unix(s, errors) : listen_tcp(s, errors);
}

/* Only our own: another process may have taken the path over. */
void http_unlink_socket(struct http_server *s)
{
	const char *path = s->config.listen.unix_path;
	struct stat st;

	if (path && s->unix_ino != 0 && lstat(path, &st) == 0 && st.st_dev == s->unix_dev &&
	    st.st_ino == s->unix_ino)
		unlink(path);
	s->unix_ino = 0;
}
