/* SPDX-License-Identifier: MIT */
/* Answers that take time: streams, peers that leave at every moment, and servers that stop. */
#include "support.h"

#include "base/banned.h"

/* Opens a connection and has its first request held. */
static struct http_exchange *open_held(struct client *c, struct fixture *f, const char *request)
{
	size_t before = f->held_count;

	client_open(c, f);
	client_send(c, request);
	run_until(f, f->held_count == before + 1);
	return f->held[before];
}

/* Streams. */

static void test_a_stream_arrives_in_chunks_and_the_connection_lives_on(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	assert_false(http_stream_has_begun(ex));
	http_set_header(ex, "Content-Type", "text/event-stream");
	http_stream_begin(ex, 200);
	assert_true(http_stream_has_begun(ex));
	run_until(f, has_received(&c, "\r\n\r\n"));
	expect_text(&c, "\r\nTransfer-Encoding: chunked\r\n");
	expect_text(&c, "\r\nContent-Type: text/event-stream\r\n");
	expect_text(&c, "\r\nCache-Control: no-store\r\n");
	assert_true(http_stream_write(ex, TEXT("data: a\n\n")) >= 9);
	(void)http_stream_write(ex, TEXT(""));
	run_until(f, has_received(&c, "9\r\ndata: a\n\n\r\n"));
	(void)http_stream_write(ex, TEXT("b"));
	assert_int_equal(http_server_live(f->server), 1);
	http_stream_end(ex);
	run_until(f, has_received(&c, "1\r\nb\r\n0\r\n\r\n"));
	assert_int_equal(http_server_live(f->server), 0);
	client_send(&c, GET("/echo"));
	run_until(f, has_received(&c, "{\"GET\""));
	assert_int_equal(f->gone, 0);
	client_close(&c);
}

static void test_a_stream_may_end_in_the_turn_it_begins(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_stream_begin(ex, 200);
	(void)http_stream_write(ex, TEXT("all"));
	http_stream_end(ex);
	run_until(f, has_received(&c, "3\r\nall\r\n0\r\n\r\n"));
	client_close(&c);
}

static void test_an_aborted_stream_is_cut_without_its_last_chunk(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_stream_begin(ex, 200);
	(void)http_stream_write(ex, TEXT("half"));
	run_until(f, has_received(&c, "4\r\nhalf\r\n"));
	http_stream_abort(ex);
	run_until(f, c.ended);
	expect_no_text(&c, "0\r\n\r\n");
	assert_int_equal(f->gone, 0);
	assert_int_equal(http_server_live(f->server), 0);
	client_close(&c);
}

static void test_a_stream_may_be_aborted_before_it_begins(void **state)
{
	struct fixture *f = *state;
	struct client c;

	http_stream_abort(open_held(&c, f, GET("/hold")));
	run_until(f, c.ended);
	assert_int_equal(received_length(&c), 0);
	assert_int_equal(f->gone, 0);
	client_close(&c);
}

static void test_abort_and_the_peer_leaving_in_one_turn(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_stream_begin(ex, 200);
	(void)http_stream_write(ex, TEXT("half"));
	client_reset(&c);
	http_stream_abort(ex);
	run_until(f, http_server_live(f->server) == 0);
	assert_int_equal(f->gone, 0);
}

static void test_a_head_streams_nothing(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, "HEAD /hold HTTP/1.1\r\n" HOST "\r\n");

	http_stream_begin(ex, 200);
	(void)http_stream_write(ex, TEXT("body"));
	run_until(f, has_received(&c, "\r\n\r\n"));
	http_stream_end(ex); /* nothing is left to write: evhttp completes at once */
	client_send(&c, GET("/echo"));
	run_until(f, has_received(&c, "{\"GET\""));
	expect_no_text(&c, "body\r\n");
	client_close(&c);
}

#define PIECE 16384
#define PIECES 512 /* 8 MiB: more than the sockets' buffers hold */

struct producer {
	struct fixture *f;
	struct http_exchange *ex;
	unsigned written, drained, writes_at_drain;
	size_t most_waiting;
};

/* As a producer should: pauses when too much waits. */
static void produce(struct producer *p)
{
	char piece[PIECE];
	size_t waiting = 0;

	memset(piece, 'a' + p->written % 26, sizeof(piece));
	while (p->written < PIECES && waiting <= HTTP_STREAM_HIGH) {
		piece[0] = (char)('a' + p->written % 26);
		waiting = http_stream_write(p->ex, (struct text){ piece, sizeof(piece) });
		if (waiting > p->most_waiting)
			p->most_waiting = waiting;
		p->written++;
	}
	if (p->written == PIECES)
		http_stream_end(p->ex);
}

static void drained(struct http_exchange *ex, void *arg)
{
	struct producer *p = arg;

	assert_ptr_equal(ex, p->ex);
	p->drained++;
	produce(p);
}

static size_t body_bytes(struct client *c)
{
	const char *body = strstr(received(c), "\r\n\r\n");
	size_t count = 0;

	for (body += 4; *body; body++)
		count += *body >= 'a' && *body <= 'z';
	return count;
}

static void test_a_peer_that_does_not_read_pauses_the_producer_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct producer p = { .f = f, .ex = open_held(&c, f, GET("/hold")) };
	unsigned written;

	bufferevent_disable(c.bev, EV_READ);
	http_set_drain(p.ex, drained, &p);
	http_stream_begin(p.ex, 200);
	produce(&p);
	assert_true(p.written < PIECES);
	/* The sockets' buffers fill; then nothing moves any more. */
	do {
		written = p.written;
		settle(f);
	} while (p.written != written);
	assert_true(p.written < PIECES);
	assert_true(p.most_waiting <= HTTP_STREAM_HIGH + PIECE + 64);
	bufferevent_enable(c.bev, EV_READ);
	run_until(f, http_server_live(f->server) == 0 &&
			     received_length(&c) > (size_t)PIECE * PIECES &&
			     has_received(&c, "\r\n0\r\n\r\n"));
	assert_int_equal(p.written, PIECES);
	assert_true(p.drained > 1);
	assert_true(p.most_waiting <= HTTP_STREAM_HIGH + PIECE + 64);
	/* "c" of a chunk's size 4000 is none: the sizes are digits. */
	assert_int_equal(body_bytes(&c), (size_t)PIECE * PIECES);
	client_close(&c);
}

static void count_drain(struct http_exchange *ex, void *arg)
{
	struct fixture *f = arg;

	(void)ex;
	f->drained++;
}

static void test_drain_is_told_only_to_who_passed_the_mark(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *bytes = xcalloc(1, HTTP_STREAM_HIGH + 1);
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_set_drain(ex, count_drain, f);
	http_stream_begin(ex, 200);
	assert_true(http_stream_write(ex, TEXT("little")) < HTTP_STREAM_LOW);
	run_until(f, has_received(&c, "little"));
	settle(f);
	assert_int_equal(f->drained, 0);
	assert_true(http_stream_write(ex, (struct text){ bytes, HTTP_STREAM_HIGH + 1 }) >
		    HTTP_STREAM_HIGH);
	run_until(f, f->drained == 1);
	run_until(f, received_length(&c) > HTTP_STREAM_HIGH);
	settle(f);
	assert_int_equal(f->drained, 1);
	http_stream_end(ex);
	client_close(&c);
}

static void test_a_peer_that_leaves_while_the_producer_is_paused_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct producer p = { .f = f, .ex = open_held(&c, f, GET("/hold")) };

	bufferevent_disable(c.bev, EV_READ);
	http_set_drain(p.ex, drained, &p);
	http_stream_begin(p.ex, 200);
	produce(&p);
	client_close(&c); /* unread bytes make it a reset */
	run_until(f, f->gone == 1);
	assert_int_equal(http_server_live(f->server), 0);
}

static void test_a_peer_that_never_reads_is_dropped(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct producer p = { .f = f };

	f->config.idle_timeout_ms = 50;
	start_server(f);
	p.ex = open_held(&c, f, GET("/hold"));
	bufferevent_disable(c.bev, EV_READ);
	http_set_drain(p.ex, drained, &p);
	http_stream_begin(p.ex, 200);
	produce(&p);
	run_until(f, f->gone == 1);
	client_close(&c);
}

static void test_a_slow_stream_is_not_idle(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex;
	int64_t until = clock_mono_ms() + 120;

	f->config.idle_timeout_ms = f->config.read_timeout_ms = 20;
	start_server(f);
	ex = open_held(&c, f, GET("/hold"));
	http_stream_begin(ex, 200);
	while (clock_mono_ms() < until)
		settle(f);
	assert_int_equal(f->gone, 0);
	http_stream_end(ex);
	run_until(f, has_received(&c, "0\r\n\r\n"));
	client_close(&c);
}

/* Peers that leave. */

static void send_many(struct client *c, unsigned requests)
{
	AUTO(strbuf_clear) struct strbuf b = STRBUF_INIT(2 << 20);

	while (requests-- > 0)
		assert_int_equal(strbuf_append_str(&b, GET("/echo")), OK);
	client_send(c, b.data);
}

static void test_a_peer_that_closes_before_the_answer_is_noticed_once(void **state)
{
	struct fixture *f = *state;
	struct client c;

	open_held(&c, f, GET("/hold"));
	client_close(&c);
	run_until(f, f->gone == 1);
	assert_int_equal(http_server_live(f->server), 0);
}

static void test_a_peer_that_resets_before_the_answer_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct client c;

	open_held(&c, f, GET("/hold"));
	client_reset(&c);
	run_until(f, f->gone == 1);
}

static void test_a_half_close_counts_as_gone(void **state)
{
	struct fixture *f = *state;
	struct client c;

	open_held(&c, f, GET("/hold"));
	shutdown(bufferevent_getfd(c.bev), SHUT_WR);
	run_until(f, f->gone == 1 && c.ended);
	assert_int_equal(received_length(&c), 0);
	client_close(&c);
}

static void test_pipelined_data_does_not_hide_a_peer_that_leaves(void **state)
{
	struct fixture *f = *state;
	struct client c;

	open_held(&c, f, GET("/hold") GET("/echo") "GET /ec");
	settle(f);
	assert_int_equal(f->gone, 0);
	client_close(&c);
	run_until(f, f->gone == 1);
	assert_int_equal(f->handled, 1);
}

static void test_a_peer_that_leaves_behind_more_than_we_read_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct client c;

	f->config.max_body = 1000;
	start_server(f);
	open_held(&c, f, GET("/hold"));
	for (int i = 0; i < 16; i++)
		send_many(&c, 30000); /* 16 MiB in all */
	/* We stop reading at the watermark and the socket's buffer fills. */
	settle(f);
	assert_false(all_sent(&c));
	assert_int_equal(f->gone, 0);
	client_reset(&c);
	run_until(f, f->gone == 1);
	assert_int_equal(f->handled, 1);
}

static void test_more_pipelined_requests_than_we_buffer_are_all_served(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex;

	f->config.max_body = 1000;
	start_server(f);
	ex = open_held(&c, f, GET("/hold"));
	send_many(&c, 1500);
	settle(f);
	http_reply(ex, 200, TEXT("held"));
	run_until(f, f->handled == 1501 && http_server_live(f->server) == 0);
	run_until(f, count_received(&c, "{\"GET\"") == 1500);
	client_close(&c);
}

static void test_a_peer_that_leaves_during_a_stream_is_noticed(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_stream_begin(ex, 200);
	(void)http_stream_write(ex, TEXT("a"));
	run_until(f, has_received(&c, "1\r\na\r\n"));
	client_close(&c);
	run_until(f, f->gone == 1);
	assert_int_equal(http_server_live(f->server), 0);
}

static void test_writing_to_a_peer_that_has_left_is_harmless(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_stream_begin(ex, 200);
	client_reset(&c);
	(void)http_stream_write(ex, TEXT("into the void"));
	run_until(f, f->gone == 1);
}

static void test_a_peer_that_leaves_after_the_answer_is_not_reported(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_reply(ex, 200, TEXT("x"));
	client_close(&c);
	run_until(f, http_server_live(f->server) == 0);
	ex = open_held(&c, f, GET("/hold"));
	http_stream_begin(ex, 200);
	http_stream_end(ex);
	client_reset(&c);
	run_until(f, http_server_live(f->server) == 0);
	assert_int_equal(f->gone, 0);
}

static void test_a_bad_byte_during_a_stream_ends_it_after_its_end(void **state)
{
	struct fixture *f = *state;
	struct client c;
	struct http_exchange *ex = open_held(&c, f, GET("/hold"));

	http_stream_begin(ex, 200);
	client_send(&c, "\n");
	settle(f);
	(void)http_stream_write(ex, TEXT("whole"));
	http_stream_end(ex);
	run_until(f, c.ended);
	expect_text(&c, "5\r\nwhole\r\n0\r\n\r\nHTTP/1.1 400 Bad Request\r\n");
	assert_int_equal(f->gone, 0);
	client_close(&c);
}

/* Stopping. */

static void test_freeing_the_server_tells_live_exchanges(void **state)
{
	struct fixture *f = *state;
	struct client idle, half, held, streaming, refused;

	open_held(&held, f, GET("/hold"));
	http_stream_begin(open_held(&streaming, f, GET("/hold")), 200);
	client_open(&half, f);
	client_send(&half, "GET /ec");
	client_open(&refused, f);
	bufferevent_disable(refused.bev, EV_READ);
	client_send(&refused, "\n");
	client_open(&idle, f);
	settle(f);
	http_server_free(f->server);
	f->server = NULL;
	assert_int_equal(f->gone, 2);
	run_until(f, held.ended && streaming.ended && idle.ended && half.ended);
	client_close(&idle);
	client_close(&half);
	client_close(&held);
	client_close(&streaming);
	client_close(&refused);
}

static void abort_the_other(struct http_exchange *ex, void *arg)
{
	struct fixture *f = arg;

	f->gone++;
	for (size_t i = 0; i < f->held_count; i++) {
		if (f->held[i] && f->held[i] != ex)
			http_stream_abort(f->held[i]);
		f->held[i] = NULL;
	}
}

static void test_an_exchange_may_be_aborted_while_another_is_told(void **state)
{
	struct fixture *f = *state;
	struct client a, b;

	http_set_gone(open_held(&a, f, GET("/hold")), abort_the_other, f);
	http_set_gone(open_held(&b, f, GET("/hold")), abort_the_other, f);
	http_server_free(f->server);
	f->server = NULL;
	assert_int_equal(f->gone, 1);
	client_close(&a);
	client_close(&b);
}

static void test_a_stopping_server_ends_idle_connections_and_finishes_the_others(void **state)
{
	struct fixture *f = *state;
	struct config_address a;
	struct client idle, used, held, streaming, half;
	struct http_exchange *stream, *ex;

	client_open(&idle, f);
	client_open(&used, f);
	client_send(&used, GET("/echo"));
	run_until(f, has_received(&used, "}"));
	client_open(&half, f);
	client_send(&half, "GET /ec");
	ex = open_held(&held, f, GET("/hold"));
	stream = open_held(&streaming, f, GET("/hold"));
	http_stream_begin(stream, 200);
	http_server_address(f->server, &a);
	http_server_stop_accepting(f->server);
	http_server_stop_accepting(f->server);
	assert_int_equal(dial(&a), -1);
	run_until(f, idle.ended && used.ended);
	assert_int_equal(http_server_live(f->server), 2);
	client_send(&half, "ho HTTP/1.1\r\n" HOST "\r\n");
	run_until(f, half.ended);
	expect_text(&half, "\r\nConnection: close\r\n");
	expect_text(&half, "{\"GET\"");
	http_reply(ex, 200, TEXT("late"));
	run_until(f, held.ended);
	expect_text(&held, "\r\nConnection: close\r\n");
	expect_text(&held, "\r\n\r\nlate");
	http_stream_end(stream);
	run_until(f, streaming.ended);
	expect_text(&streaming, "\r\n\r\n0\r\n\r\n");
	assert_int_equal(http_server_live(f->server), 0);
	assert_int_equal(f->gone, 0);
	client_close(&idle);
	client_close(&used);
	client_close(&half);
	client_close(&held);
	client_close(&streaming);
}

#define BARE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up_loop, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_a_stream_arrives_in_chunks_and_the_connection_lives_on),
		TEST(test_a_stream_may_end_in_the_turn_it_begins),
		TEST(test_an_aborted_stream_is_cut_without_its_last_chunk),
		TEST(test_a_stream_may_be_aborted_before_it_begins),
		TEST(test_abort_and_the_peer_leaving_in_one_turn),
		TEST(test_a_head_streams_nothing),
		TEST(test_a_peer_that_does_not_read_pauses_the_producer_and_loses_nothing),
		TEST(test_drain_is_told_only_to_who_passed_the_mark),
		TEST(test_a_peer_that_leaves_while_the_producer_is_paused_is_noticed),
		BARE_TEST(test_a_peer_that_never_reads_is_dropped),
		BARE_TEST(test_a_slow_stream_is_not_idle),
		TEST(test_a_peer_that_closes_before_the_answer_is_noticed_once),
		TEST(test_a_peer_that_resets_before_the_answer_is_noticed),
		TEST(test_a_half_close_counts_as_gone),
		TEST(test_pipelined_data_does_not_hide_a_peer_that_leaves),
		BARE_TEST(test_a_peer_that_leaves_behind_more_than_we_read_is_noticed),
		BARE_TEST(test_more_pipelined_requests_than_we_buffer_are_all_served),
		TEST(test_a_peer_that_leaves_during_a_stream_is_noticed),
		TEST(test_writing_to_a_peer_that_has_left_is_harmless),
		TEST(test_a_peer_that_leaves_after_the_answer_is_not_reported),
		TEST(test_a_bad_byte_during_a_stream_ends_it_after_its_end),
		TEST(test_freeing_the_server_tells_live_exchanges),
		TEST(test_an_exchange_may_be_aborted_while_another_is_told),
		TEST(test_a_stopping_server_ends_idle_connections_and_finishes_the_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
