/* SPDX-License-Identifier: MIT */
/*
 * A call's life. libcurl's callbacks only hand bytes on and note what to do; the end of a call is
 * told when libcurl has been left, always from a turn of the loop.
 */
#include "base/base.h"
#include "crypto/secret.h"
#include "fetch/fetch_private.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

static struct metric calls_total =
	METRIC_COUNTER_INIT("grove_fetch_calls_total", "HTTP calls made, by result", "result");
static struct metric live_gauge = METRIC_GAUGE_INIT("grove_fetch_live", "HTTP calls under way");

static const char *result_label(enum err err)
{
	switch (err) {
	case OK:
		return "ok";
	case ERR_UNAVAILABLE:
		return "unavailable";
	case ERR_PROVIDER_TIMEOUT:
		return "timeout";
	case ERR_TOO_LARGE:
		return "too_large";
	case ERR_PROVIDER_ADDRESS_FORBIDDEN:
		return "forbidden";
	case ERR_PROVIDER_ERROR:
		return "broken";
	case ERR_CANCELLED:
		return "cancelled";
	default:
		return "refused";
	}
}

/* Time limits. */

static int phase_limit_ms(const struct fetch_call *call)
{
	if (call->paused)
		return 0; /* we do not listen: its silence is ours */
	switch (call->phase) {
	case PHASE_CONNECTING:
		return 0; /* libcurl's own limit */
	case PHASE_WAITING:
		return call->first_byte_ms;
	case PHASE_READING:
		return call->silence_ms;
	}
	return 0;
}

static int64_t due_ms(const struct fetch_call *call)
{
	int64_t limit = phase_limit_ms(call);
	int64_t due = limit > 0 ? call->phase_since_ms + limit : INT64_MAX;

	return call->total_due_ms > 0 && call->total_due_ms < due ? call->total_due_ms : due;
}

static void arm_timer(struct fetch_call *call)
{
	int64_t due = due_ms(call), left = due - clock_mono_ms();

	if (due == INT64_MAX)
		loop_timer_stop(&call->timer);
	else
		loop_timer_set(&call->timer, left > 0 ? left : 0);
}

static void enter_phase(struct fetch_call *call, enum fetch_phase phase)
{
	call->phase = phase;
	call->phase_since_ms = clock_mono_ms();
	arm_timer(call);
}

/* A byte came. The timer is left alone: when it goes off it sees how long the silence really was.
 */
static void touch(struct fetch_call *call)
{
	call->phase_since_ms = clock_mono_ms();
}

static void wipe_secret(struct fetch_call *call)
{
	if (call->secret_line)
		wipe(call->secret_line, call->secret_len);
}

/* The end. */

void fetch_call_destroy(struct fetch_call *call)
{
	struct fetch *f = call->fetch;

	fetch_pool_remove(call);
	metric_set(&live_gauge, (double)--f->live);
	loop_timer_clear(&call->timer);
	loop_task_cancel(&call->task);
	curl_easy_cleanup(call->easy);
	wipe_secret(call);
	free(call->secret_line);
	strbuf_clear(&call->head);
	arena_clear(&call->arena);
	TAILQ_REMOVE(&f->calls, call, link);
	free(call);
}

static void end_with(struct fetch_call *call, enum err err)
{
	call->ending = true;
	loop_timer_stop(&call->timer);
	loop_task_cancel(&call->task);
	fetch_pool_remove(call);
	metric_inc(&calls_total, result_label(err));
	log_debug("fetch.done", LOG_STR("result", result_label(err)),
		  LOG_INT("status", call->status), LOG_INT("bytes", call->received));
	if (call->events.on_done)
		call->events.on_done(call, err, call->status, call->arg);
	fetch_call_destroy(call);
}

void fetch_call_ended(struct fetch_call *call, CURLcode code)
{
	end_with(call, fetch_err_of_curl(call, code));
}

static void timer_expired(struct loop_timer *timer)
{
	struct fetch_call *call = container_of(timer, struct fetch_call, timer);

	if (due_ms(call) > clock_mono_ms())
		arm_timer(call);
	else
		end_with(call, ERR_PROVIDER_TIMEOUT);
}

void fetch_cancel(struct fetch_call *call)
{
	if (!call || call->cancelled || call->ending)
		return;
	call->cancelled = true;
	call->events = (struct fetch_events){ 0 };
	loop_timer_stop(&call->timer);
	loop_task_cancel(&call->task);
	metric_inc(&calls_total, result_label(ERR_CANCELLED));
	if (call->pool && call->pool->depth > 0)
		fetch_pool_reap_later(call, CURLE_OK);
	else
		fetch_call_destroy(call);
}

/* libcurl's callbacks. */

static int on_request(void *arg, char *to, char *from, int to_port, int from_port)
{
	struct fetch_call *call = arg;
	(void)to;
	(void)from;
	(void)to_port;
	(void)from_port;

	if (call->cancelled)
		return CURL_PREREQFUNC_ABORT;
	enter_phase(call, PHASE_WAITING);
	return CURL_PREREQFUNC_OK;
}

static size_t stop(struct fetch_call *call, enum err why)
{
	call->forced = why;
	return 0;
}

static size_t on_header_line(char *data, size_t size, size_t count, void *arg)
{
	struct fetch_call *call = arg;
	size_t len = size * count;
	bool complete;

	if (call->cancelled || call->ending)
		return 0;
	enum err err = fetch_head_line(call, (struct text){ data, len }, &complete);
	if (err != OK)
		return stop(call, err);
	/* 1xx heads do not count as the first byte, or they could hold a call for ever. */
	if (call->status >= 200 && call->phase != PHASE_READING)
		enter_phase(call, PHASE_READING);
	touch(call);
	if (!complete)
		return len;
	wipe_secret(call);
	if (call->events.on_head)
		call->events.on_head(call, call->status, call->arg);
	return call->cancelled ? 0 : len;
}

static size_t on_body(char *data, size_t size, size_t count, void *arg)
{
	struct fetch_call *call = arg;
	size_t len = size * count;

	if (call->cancelled || call->ending)
		return 0;
	touch(call);
	if (len > call->max_body - call->received)
		return stop(call, ERR_TOO_LARGE);
	if (!call->paused) {
		bool taken = !call->events.on_data ||
			     call->events.on_data(call, (struct text){ data, len }, call->arg);
		if (call->cancelled)
			return 0;
		if (taken) {
			call->received += len;
			return len;
		}
		fetch_pause(call);
	}
	call->curl_paused = true;
	return CURL_WRITEFUNC_PAUSE;
}

/* Pause and resume. */

void fetch_pause(struct fetch_call *call)
{
	if (call->cancelled || call->ending || call->paused)
		return;
	call->paused = true;
	arm_timer(call);
}

void fetch_resume(struct fetch_call *call)
{
	if (call->cancelled || call->ending || !call->paused)
		return;
	call->paused = false;
	touch(call);
	arm_timer(call);
	/* libcurl hands over what it kept inside curl_easy_pause(), so that has to wait for the
	 * loop. */
	loop_defer(call->fetch->loop, &call->task);
}

static void unpause(struct fetch_call *call)
{
	struct fetch_pool *pool = call->pool;

	call->curl_paused = false;
	fetch_pool_enter(pool);
	CURLcode code = curl_easy_pause(call->easy, CURLPAUSE_CONT);
	/* A callback's "stop" comes out here only and is not noted in the transfer. */
	if (code != CURLE_OK && !call->cancelled)
		fetch_pool_reap_later(call, code);
	fetch_pool_leave(pool);
}

/* Start. */

static void task_run(struct loop_task *task)
{
	struct fetch_call *call = container_of(task, struct fetch_call, task);

	if (call->forced != OK)
		end_with(call, call->forced);
	else if (!call->attached)
		fetch_pool_add(call->pool, call);
	else if (call->curl_paused && !call->paused)
		unpause(call);
}

static void join_pool(struct fetch_call *call, const struct fetch_request *request)
{
	AUTO(auto_free) char *name = fetch_request_pool_name(call, request);

	call->pool = fetch_pool_get(call->fetch, name);
	call->pool->calls++;
	loop_timer_stop(&call->pool->idle);
	if (call->pool->depth > 0)
		loop_defer(call->fetch->loop, &call->task);
	else
		fetch_pool_add(call->pool, call);
}

static void set_callbacks(struct fetch_call *call)
{
	curl_easy_setopt(call->easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(call->easy, CURLOPT_HEADERFUNCTION, on_header_line);
	curl_easy_setopt(call->easy, CURLOPT_HEADERDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(call->easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(call->easy, CURLOPT_PREREQFUNCTION, on_request);
	curl_easy_setopt(call->easy, CURLOPT_PREREQDATA, call);
}

struct fetch_call *fetch_start(struct fetch *f, const struct fetch_request *request,
			       const struct fetch_events *events, void *arg)
{
	struct fetch_call *call = xcalloc(1, sizeof(*call));

	call->fetch = f;
	call->events = *events;
	call->arg = arg;
	call->easy = curl_easy_init();
	BUG_ON(!call->easy);
	call->task.run = task_run;
	strbuf_init(&call->head, FETCH_MAX_HEAD_BYTES);
	loop_timer_init(&call->timer, f->loop, timer_expired);
	TAILQ_INSERT_TAIL(&f->calls, call, link);
	metric_set(&live_gauge, (double)++f->live);
	set_callbacks(call);
	call->forced = fetch_request_apply(call, request);
	if (call->forced != OK) {
		loop_defer(f->loop, &call->task);
		return call;
	}
	if (request->total_ms > 0) {
		call->total_due_ms = clock_mono_ms() + request->total_ms;
		arm_timer(call);
	}
	join_pool(call, request);
	return call;
}

void fetch_times(const struct fetch_call *call, struct fetch_times *ret)
{
	curl_off_t connect = 0, tls = 0, first = 0, total = 0;
	long connects = 0;

	curl_easy_getinfo(call->easy, CURLINFO_CONNECT_TIME_T, &connect);
	curl_easy_getinfo(call->easy, CURLINFO_APPCONNECT_TIME_T, &tls);
	curl_easy_getinfo(call->easy, CURLINFO_STARTTRANSFER_TIME_T, &first);
	curl_easy_getinfo(call->easy, CURLINFO_TOTAL_TIME_T, &total);
	curl_easy_getinfo(call->easy, CURLINFO_NUM_CONNECTS, &connects);
	*ret = (struct fetch_times){ .connect_us = tls > connect ? tls : connect,
				     .first_byte_us = first,
				     .total_us = total,
				     .reused = connects == 0 && call->head_bytes > 0 };
}

struct fetch *fetch_new(struct loop *loop)
{
	struct fetch *f = xcalloc(1, sizeof(*f));

	fetch_memory_init();
	f->loop = loop;
	TAILQ_INIT(&f->pools);
	TAILQ_INIT(&f->calls);
	return f;
}

void fetch_free(struct fetch *f)
{
	struct fetch_call *call;
	struct fetch_pool *pool;

	if (!f)
		return;
	while ((call = TAILQ_FIRST(&f->calls))) {
		/* Not from inside a callback: libcurl would still be on the stack. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): blind to TAILQ_REMOVE */
		BUG_ON(call->ending || (call->pool && call->pool->depth > 0));
		metric_inc(&calls_total, result_label(ERR_CANCELLED));
		fetch_call_destroy(call);
	}
	while ((pool = TAILQ_FIRST(&f->pools)))
		fetch_pool_free(pool);
	curl_global_cleanup();
	free(f);
}

size_t fetch_live(const struct fetch *f)
{
	return f->live;
}
