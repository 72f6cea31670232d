/* SPDX-License-Identifier: MIT */
/*
 * The whole server over a socket. Two parsers must agree: evhttp gives the handler exactly the
 * requests that the gate let through (fewer only after "Connection: close"), and never answers by
 * itself, which would be HTML.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/base.h"
#include "http/server.h"
#include "http/wire.h"

#include "base/banned.h"

#define MAX_BODY 4096
#define MAX_INPUT 16384 /* fits into the socket's buffer */

static struct {
	struct loop *loop;
	struct http_server *server;
	struct loop_task task;
	unsigned handled;
} f;

static void do_nothing(struct loop_task *task)
{
	(void)task;
}

static void handle(struct http_exchange *ex, void *arg)
{
	char value[64];
	bool found;

	(void)arg;
	f.handled++;
	BUG_ON(http_method(ex) == HTTP_OTHER || !text_starts_with(http_path(ex), "/"));
	BUG_ON(!http_header(ex, "Host").ptr || http_body(ex).len > MAX_BODY);
	if (http_query(ex, "a", value, sizeof(value), &found) == OK)
		http_reply(ex, 200, TEXT("{}"));
	else
		http_reply_error(ex, ERR_INVALID_REQUEST, NULL);
}

static void stop(void)
{
	http_server_free(f.server);
	loop_free(f.loop);
}

static void start(void)
{
	const struct http_server_config config = { .listen = { .host = "127.0.0.1" },
						   .max_body = MAX_BODY };
	struct strbuf errors = STRBUF_INIT(1000);

	f.loop = loop_new();
	f.task.run = do_nothing;
	BUG_ON(http_server_new(f.loop, &config, handle, NULL, &f.server, &errors) != OK);
	atexit(stop);
}

static int dial(void)
{
	const struct linger reset = { .l_onoff = 1, .l_linger = 0 }; /* no ports left waiting */
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct config_address a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	http_server_address(f.server, &a);
	in.sin_port = htons(a.port);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	BUG_ON(fd < 0 || connect(fd, (struct sockaddr *)&in, sizeof(in)) != 0);
	BUG_ON(setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) != 0);
	BUG_ON(fcntl(fd, F_SETFL, O_NONBLOCK) != 0);
	return fd;
}

static void turn(unsigned times)
{
	while (times-- > 0) {
		loop_defer(f.loop, &f.task);
		loop_turn(f.loop);
	}
}

/* Reads what is there until a turn brings nothing new. */
static void exchange(int fd, const char *bytes, size_t len, struct strbuf *answer)
{
	char part[4096];
	unsigned quiet = 0;

	BUG_ON(send(fd, bytes, len, MSG_NOSIGNAL) != (ssize_t)len);
	while (quiet < 4) {
		ssize_t n;

		turn(1);
		n = recv(fd, part, sizeof(part), 0);
		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		quiet = n > 0 ? 0 : quiet + 1;
		if (n > 0)
			BUG_ON(strbuf_append(answer, part, (size_t)n) != OK);
	}
}

static bool mentions(const char *bytes, size_t len, const char *word)
{
	for (size_t i = 0; i + strlen(word) <= len; i++)
		if (strncasecmp(bytes + i, word, strlen(word)) == 0)
			return true;
	return false;
}

static unsigned count(const char *text, const char *word)
{
	unsigned n = 0;

	for (; (text = strstr(text, word)) != NULL; text += strlen(word))
		n++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(strbuf_clear) struct strbuf answer = STRBUF_INIT(8 << 20);
	const char *bytes = (const char *)data;
	struct wire_limits limits;
	struct wire_gate gate;
	size_t bad_at;
	enum err err;
	int fd;

	if (size == 0 || size > MAX_INPUT)
		return 0;
	if (!f.server)
		start();
	wire_gate_init(&gate, NULL);
	limits = gate.limits;
	limits.max_body = MAX_BODY;
	wire_gate_init(&gate, &limits);
	err = wire_gate_feed(&gate, bytes, size, &bad_at);

	f.handled = 0;
	fd = dial();
	exchange(fd, bytes, size, &answer);
	close(fd);
	turn(4);

	BUG_ON(mentions(answer.data, answer.len, "text/html") ||
	       mentions(answer.data, answer.len, "<html"));
	BUG_ON(f.handled > gate.requests);
	BUG_ON(http_server_live(f.server) != 0);
	if (!mentions(bytes, size, "connection")) {
		BUG_ON(f.handled != gate.requests);
		BUG_ON(count(answer.data, "HTTP/1.1 ") - count(answer.data, "HTTP/1.1 100 ") !=
		       f.handled + (err != OK));
	}
	return 0;
}
