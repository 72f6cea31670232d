/* SPDX-License-Identifier: MIT */
/*
 * upstream PORT: a provider for measurements, fast enough never to be what is measured. The model's
 * name says what to do: "whole" answers one JSON completion; "stream-COUNT-GAP" streams COUNT
 * chunks, GAP milliseconds apart. One thread, epoll, keep-alive, chunked streams.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_CONNECTIONS 8192
#define REQUEST_BYTES 65536

struct connection {
	bool open;
	char request[REQUEST_BYTES];
	size_t len;
	int chunks_left, gap_ms;
	int64_t due_ms;
};

static struct connection *connections[MAX_CONNECTIONS]; /* by descriptor */

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void hang_up(int fd)
{
	close(fd);
	connections[fd]->open = false;
}

/* What is sent is small: a full socket buffer means that nobody reads, and then it may be dropped.
 */
static void send_text(int fd, const char *text, size_t len)
{
	if (write(fd, text, len) != (ssize_t)len)
		hang_up(fd);
}

static void send_chunk(int fd, const char *data)
{
	char out[1024];
	int len = snprintf(out, sizeof(out), "%zx\r\n%s\r\n", strlen(data), data);

	send_text(fd, out, (size_t)len);
}

static void send_whole(int fd)
{
	static const char body[] =
		"{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1700000000,"
		"\"model\":\"whole\",\"choices\":[{\"index\":0,"
		"\"message\":{\"role\":\"assistant\",\"content\":\"The quick brown fox jumps over "
		"the lazy dog.\"},\"finish_reason\":\"stop\"}],"
		"\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":9,\"total_tokens\":16}}";
	char out[1024];
	int len = snprintf(out, sizeof(out),
			   "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
			   "%zu\r\n\r\n%s",
			   sizeof(body) - 1, body);

	send_text(fd, out, (size_t)len);
}

static void send_next(int fd)
{
	static const char head[] = "data: "
				   "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\","
				   "\"created\":1700000000,\"model\":\"m\",\"choices\":[";
	struct connection *c = connections[fd];
	char out[512];

	c->chunks_left--;
	c->due_ms += c->gap_ms;
	if (c->chunks_left > 0) {
		snprintf(out, sizeof(out),
			 "%s{\"index\":0,\"delta\":{\"content\":\"word "
			 "\"},\"finish_reason\":null}]}\n\n",
			 head);
		send_chunk(fd, out);
		return;
	}
	snprintf(out, sizeof(out),
		 "%s{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n",
		 head);
	send_chunk(fd, out);
	if (c->open)
		send_text(fd, "0\r\n\r\n", 5);
}

static void start_answer(int fd, const char *body)
{
	struct connection *c = connections[fd];
	const char *model = strstr(body, "\"model\":\"stream-");

	if (!model) {
		send_whole(fd);
		return;
	}
	c->chunks_left = 1;
	c->gap_ms = 0;
	sscanf(model, "\"model\":\"stream-%d-%d", &c->chunks_left, &c->gap_ms);
	c->due_ms = now_ms();
	static const char head[] = "HTTP/1.1 200 OK\r\nContent-Type: "
				   "text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
	send_text(fd, head, sizeof(head) - 1);
	while (c->open && c->chunks_left > 0 && c->due_ms <= now_ms())
		send_next(fd);
}

/* Answers the request when it is complete. */
static void look_at(int fd)
{
	struct connection *c = connections[fd];
	const char *body, *length;

	c->request[c->len] = '\0';
	body = strstr(c->request, "\r\n\r\n");
	if (!body)
		return;
	body += 4;
	length = strcasestr(c->request, "content-length:");
	if (c->len < (size_t)(body - c->request) + (length ? strtoul(length + 15, NULL, 10) : 0))
		return;
	c->len = 0;
	start_answer(fd, body);
}

static void receive(int fd)
{
	struct connection *c = connections[fd];
	ssize_t got = read(fd, c->request + c->len, REQUEST_BYTES - 1 - c->len);

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			hang_up(fd);
		return;
	}
	c->len += (size_t)got;
	look_at(fd);
}

static void take_connection(int epoll, int listener)
{
	int one = 1, fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (fd >= MAX_CONNECTIONS) {
		close(fd);
		return;
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (!connections[fd])
		connections[fd] = calloc(1, sizeof(*connections[fd]));
	connections[fd]->open = true;
	connections[fd]->len = 0;
	connections[fd]->chunks_left = 0;
	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ EPOLLIN, { .fd = fd } });
}

/* Sends what is due; returns how long the next may wait. */
static int send_due(void)
{
	int64_t now = now_ms(), next = 1000;

	for (int fd = 0; fd < MAX_CONNECTIONS; fd++) {
		struct connection *c = connections[fd];

		while (c && c->open && c->chunks_left > 0 && c->due_ms <= now)
			send_next(fd);
		if (c && c->open && c->chunks_left > 0 && c->due_ms - now < next)
			next = c->due_ms - now;
	}
	return (int)next;
}

/* A whole number of the command line; anything else ends the program. */
static int number(const char *text, long most)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end || n < 0 || n > most) {
		fprintf(stderr, "%s is not a number up to %ld\n", text, most);
		exit(64);
	}
	return (int)n;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons(
					       (uint16_t)number(argc > 1 ? argv[1] : "0", 65535)) };
	int one = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0),
	    epoll = epoll_create1(0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 1024)) {
		perror("upstream");
		return 1;
	}
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener,
		  &(struct epoll_event){ EPOLLIN, { .fd = listener } });
	for (;;) {
		struct epoll_event events[256];
		int count = epoll_wait(epoll, events, 256, send_due());

		for (int i = 0; i < count; i++) {
			if (events[i].data.fd == listener)
				take_connection(epoll, listener);
			else if (connections[events[i].data.fd]->open)
				receive(events[i].data.fd);
		}
	}
}
