/* SPDX-License-Identifier: MIT */
/*
 * Pools: a name, a CURLM, and its descriptors and timer on the loop. libcurl never shares a
 * connection, a TLS session or a resolved name between two CURLMs, which is how two keys never meet
 * on a connection.
 */
#include <event2/event.h>

#include "base/base.h"
#include "fetch/fetch_private.h"

#include "base/banned.h"

#define MAX_POOLS 256
#define IDLE_MS 60000
#define MAX_IDLE_CONNECTIONS 32

struct fetch_watch {
	struct fetch_pool *pool;
	struct event *event;
	TAILQ_ENTRY(fetch_watch) link;
};

static void free_watch(struct fetch_watch *w)
{
	event_free(w->event);
	TAILQ_REMOVE(&w->pool->watches, w, link);
	free(w);
}

static void end_complete_calls(struct fetch_pool *p)
{
	CURLMsg *message;
	int left;

	/* Asked anew each time: an on_done may remove other calls and with them their messages. */
	while ((message = curl_multi_info_read(p->multi, &left))) {
		struct fetch_call *call = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &call);
		fetch_call_ended(call, code);
	}
}

void fetch_pool_enter(struct fetch_pool *p)
{
	p->depth++;
}

void fetch_pool_leave(struct fetch_pool *p)
{
	struct fetch_call *call;

	if (--p->depth > 0)
		return;
	while ((call = TAILQ_FIRST(&p->reap))) {
		if (call->cancelled)
			fetch_call_destroy(call);
		else
			fetch_call_ended(call, call->reap_code);
	}
	end_complete_calls(p);
}

void fetch_pool_reap_later(struct fetch_call *call, CURLcode code)
{
	call->reap_code = code;
	if (!call->to_reap)
		TAILQ_INSERT_TAIL(&call->pool->reap, call, reap_link);
	call->to_reap = true;
}

static void act(struct fetch_pool *p, curl_socket_t fd, int what)
{
	int running;

	loop_mark_turn(p->fetch->loop);
	fetch_pool_enter(p);
	curl_multi_socket_action(p->multi, fd, what, &running);
	fetch_pool_leave(p);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct fetch_watch *w = arg; /* may be freed by libcurl's REMOVE while we are inside */

	act(w->pool, fd,
	    (what & EV_READ ? CURL_CSELECT_IN : 0) | (what & EV_WRITE ? CURL_CSELECT_OUT : 0));
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *pool, void *watch)
{
	struct fetch_pool *p = pool;
	struct fetch_watch *w = watch;
	short events = EV_PERSIST;
	(void)easy;

	if (what == CURL_POLL_REMOVE) {
		if (w)
			free_watch(w);
		return 0;
	}
	events |= what & CURL_POLL_IN ? EV_READ : 0;
	events |= what & CURL_POLL_OUT ? EV_WRITE : 0;
	if (!w) {
		w = xcalloc(1, sizeof(*w));
		w->pool = p;
		w->event = event_new(loop_base(p->fetch->loop), fd, events, on_event, w);
		BUG_ON(!w->event);
		TAILQ_INSERT_TAIL(&p->watches, w, link);
		curl_multi_assign(p->multi, fd, w);
	} else {
		event_del(w->event);
		event_assign(w->event, loop_base(p->fetch->loop), fd, events, on_event, w);
	}
	event_add(w->event, NULL);
	return 0;
}

static int on_timer(CURLM *multi, long after_ms, void *pool)
{
	struct fetch_pool *p = pool;
	(void)multi;

	if (after_ms < 0)
		loop_timer_stop(&p->timer);
	else
		loop_timer_set(&p->timer, after_ms);
	return 0;
}

static void timer_expired(struct loop_timer *timer)
{
	act(container_of(timer, struct fetch_pool, timer), CURL_SOCKET_TIMEOUT, 0);
}

static void idle_expired(struct loop_timer *timer)
{
	fetch_pool_free(container_of(timer, struct fetch_pool, idle));
}

static struct fetch_pool *pool_new(struct fetch *f, const char *name)
{
	struct fetch_pool *p = xcalloc(1, sizeof(*p));

	p->fetch = f;
	p->name = xstrdup(name);
	p->multi = curl_multi_init();
	BUG_ON(!p->multi);
	TAILQ_INIT(&p->watches);
	TAILQ_INIT(&p->reap);
	loop_timer_init(&p->timer, f->loop, timer_expired);
	loop_timer_init(&p->idle, f->loop, idle_expired);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(p->multi, CURLMOPT_SOCKETDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(p->multi, CURLMOPT_TIMERDATA, p);
	curl_multi_setopt(p->multi, CURLMOPT_MAXCONNECTS, (long)MAX_IDLE_CONNECTIONS);
	TAILQ_INSERT_TAIL(&f->pools, p, link);
	f->pool_count++;
	return p;
}

void fetch_pool_free(struct fetch_pool *p)
{
	struct fetch_watch *w;

	BUG_ON(p->calls > 0 || p->depth > 0);
	curl_multi_cleanup(p->multi);
	while ((w = TAILQ_FIRST(&p->watches)))
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): blind to TAILQ_REMOVE */
		free_watch(w);
	loop_timer_clear(&p->timer);
	loop_timer_clear(&p->idle);
	TAILQ_REMOVE(&p->fetch->pools, p, link);
	p->fetch->pool_count--;
	free(p->name);
	free(p);
}

static struct fetch_pool *longest_idle(struct fetch *f)
{
	struct fetch_pool *p, *best = NULL;

	TAILQ_FOREACH(p, &f->pools, link)
	if (p->calls == 0 && p->depth == 0 && (!best || p->idle_since_ms < best->idle_since_ms))
		best = p;
	return best;
}

struct fetch_pool *fetch_pool_get(struct fetch *f, const char *name)
{
	struct fetch_pool *p;

	TAILQ_FOREACH(p, &f->pools, link)
	if (!p->throwaway && strcmp(p->name, name) == 0)
		return p;
	if (f->pool_count >= MAX_POOLS && (p = longest_idle(f)))
		fetch_pool_free(p);
	p = pool_new(f, name);
	p->throwaway = f->pool_count > MAX_POOLS;
	return p;
}

void fetch_pool_add(struct fetch_pool *p, struct fetch_call *call)
{
	/* Only arms the timer: nothing of the call runs before the next turn. */
	CURLMcode rc = curl_multi_add_handle(p->multi, call->easy);

	BUG_ON(rc != CURLM_OK);
	call->attached = true;
}

void fetch_pool_remove(struct fetch_call *call)
{
	struct fetch_pool *p = call->pool;

	if (!p)
		return;
	if (call->to_reap)
		TAILQ_REMOVE(&p->reap, call, reap_link);
	call->to_reap = false;
	if (call->attached) {
		/* May write out what is left and close: callbacks know a cancelled or ended call.
		 */
		fetch_pool_enter(p);
		curl_multi_remove_handle(p->multi, call->easy);
		p->depth--;
	}
	call->attached = false;
	call->pool = NULL;
	if (--p->calls == 0) {
		p->idle_since_ms = clock_mono_ms();
		loop_timer_set(&p->idle, p->throwaway ? 0 : IDLE_MS);
	}
}
