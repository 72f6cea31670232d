/* SPDX-License-Identifier: MIT */
/*
 * streams PORT CONCURRENT TOTAL REQUEST-FILE: sends the bytes of a file as one request each,
 * CONCURRENT at a time, TOTAL in all, each on its own connection, and reads the streamed answers to
 * "[DONE]". Prints JSON: milliseconds to the first "data:" and to the end, as percentiles. With
 * TOTAL 0 it opens CONCURRENT streams, prints a line when all have begun, and holds them until
 * stdin closes.
 */
#include <arpa/inet.h>
#include <errno.h>
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
#define KEEP                                                                                      \
	16 /* bytes kept from the end of what was read, to find marks that fall between two reads \
	    */

struct stream {
	bool begun;
	double sent_ms;
	char tail[KEEP + 1];
};

struct run {
	int epoll, port;
	const char *request;
	size_t request_len;
	int started, done, failed, begun, total;
	double *first_ms, *end_ms;
	struct stream streams[MAX_CONNECTIONS];
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

static void start_one(struct run *r)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_port = htons((uint16_t)r->port) };
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || fd >= MAX_CONNECTIONS ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		perror("streams");
		exit(1);
	}
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	r->streams[fd] = (struct stream){ .sent_ms = now_ms() };
	r->started++;
	if (write(fd, r->request, r->request_len) != (ssize_t)r->request_len)
		exit(1);
	epoll_ctl(r->epoll, EPOLL_CTL_ADD, fd, &(struct epoll_event){ EPOLLIN, { .fd = fd } });
}

static void end_one(struct run *r, int fd, bool good)
{
	close(fd);
	if (good)
		r->end_ms[r->done++] = now_ms() - r->streams[fd].sent_ms;
	else
		r->failed++;
	if (r->started < r->total)
		start_one(r);
}

static void read_one(struct run *r, int fd)
{
	struct stream *s = &r->streams[fd];
	char buffer[KEEP + 65536 + 1];
	size_t kept = strlen(s->tail);
	ssize_t got = read(fd, buffer + kept, 65536);

	if (got <= 0) {
		end_one(r, fd, false);
		return;
	}
	memcpy(buffer, s->tail, kept);
	size_t len = kept + (size_t)got;
	buffer[len] = '\0';
	if (!s->begun && strstr(buffer, "data:")) {
		s->begun = true;
		r->first_ms[r->begun++] = now_ms() - s->sent_ms;
	}
	if (strstr(buffer, "[DONE]")) {
		end_one(r, fd, true);
		return;
	}
	size_t keep = len < KEEP ? len : KEEP;
	memcpy(s->tail, buffer + len - keep, keep);
	s->tail[keep] = '\0';
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double percentile(double *values, int count, double p)
{
	qsort(values, (size_t)count, sizeof(*values), compare);
	return count ? values[(int)(p * (count - 1))] : -1;
}

static void wait_for_some(struct run *r)
{
	struct epoll_event events[256];
	int count = epoll_wait(r->epoll, events, 256, 30000);

	if (count == 0) {
		fprintf(stderr, "streams: nothing for 30 s (%d done of %d)\n", r->done, r->total);
		exit(1);
	}
	for (int i = 0; i < count; i++)
		read_one(r, events[i].data.fd);
}

static void load_request(struct run *r, const char *path)
{
	static char request[65536];
	FILE *f = fopen(path, "rb");

	if (!f)
		exit(1);
	r->request_len = fread(request, 1, sizeof(request), f);
	r->request = request;
	fclose(f);
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
	if (argc != 5)
		return 64;
	static struct run run;
	int concurrent = number(argv[2], 100000), total = number(argv[3], 10000000);
	size_t room = (size_t)(total + concurrent) + 1;
	run = (struct run){ .epoll = epoll_create1(0),
			    .port = number(argv[1], 65535),
			    .total = total ? total : concurrent };
	run.first_ms = calloc(room, sizeof(double));
	run.end_ms = calloc(room, sizeof(double));
	load_request(&run, argv[4]);
	double start = now_ms();
	for (int i = 0; i < concurrent && i < run.total; i++)
		start_one(&run);
	if (!total) {
		while (run.begun + run.failed < concurrent)
			wait_for_some(&run);
		printf("{\"open\": %d, \"failed\": %d}\n", run.begun, run.failed);
		fflush(stdout);
		return getchar() == EOF ? 0 : 0;
	}
	while (run.done + run.failed < run.total)
		wait_for_some(&run);
	double seconds = (now_ms() - start) / 1000;
	printf("{\"done\": %d, \"failed\": %d, \"per_second\": %.1f, \"first_p50\": %.3f, "
	       "\"first_p99\": %.3f, \"end_p50\": %.3f}\n",
	       run.done, run.failed, run.done / seconds, percentile(run.first_ms, run.begun, 0.5),
	       percentile(run.first_ms, run.begun, 0.99), percentile(run.end_ms, run.done, 0.5));
	return run.failed ? 1 : 0;
}
