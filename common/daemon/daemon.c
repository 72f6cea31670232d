/* SPDX-License-Identifier: MIT */
/* The life of a daemon: start, run, drain, stop. daemon.h has the order and sandbox.c the reasons
 * for it. */
#include <curl/curl.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>

#include "daemon/daemon_private.h"
#include "log/log.h"
#include "metrics/metrics.h"

#include "base/banned.h"

#define DRAIN_MS 10000
#define DRAIN_LOOK_MS 20
#define PEER_KEYS_MAX 16384
#define WORK_QUEUE 64

static struct metric loop_lag = METRIC_GAUGE_INIT(
	"grove_loop_lag_seconds", "Longest turn of the loop since the last scrape.");

static void format_address(const struct http_server *server, char *out, size_t size)
{
	AUTO(config_address_clear) struct config_address address = { 0 };

	http_server_address(server, &address);
	config_address_format(&address, out, size);
}

static void announce(struct daemon *d, const char *event)
{
	char listen[128], ops[128];
	format_address(d->private->api, listen, sizeof(listen));
	format_address(d->private->ops, ops, sizeof(ops));
	log_info(event, LOG_STR("listen", listen), LOG_STR("ops", ops),
		 LOG_STR("version", GROVE_VERSION));
}

static void look_at_readiness(struct daemon *d)
{
	AUTO(strbuf_clear) struct strbuf why = STRBUF_INIT(4096);
	if (d->private->announced || !d->private->api || !daemon_is_ready(d, &why))
		return;
	d->private->announced = true;
	announce(d, "daemon.ready");
}

void daemon_set_ready(struct daemon *d, const char *what, const char *reason)
{
	struct daemon_private *p = d->private;
	size_t i = 0;
	while (i < p->condition_count && strcmp(p->conditions[i].what, what) != 0)
		i++;
	BUG_ON(i == READY_MAX || strlen(what) >= sizeof(p->conditions[i].what));
	if (i == p->condition_count)
		snprintf(p->conditions[p->condition_count++].what, sizeof(p->conditions[i].what),
			 "%s", what);
	free(p->conditions[i].reason);
	p->conditions[i].reason = reason ? xstrdup(reason) : NULL;
	look_at_readiness(d);
}

static void database_changed(void *arg)
{
	struct daemon *d = arg;
	AUTO(strbuf_clear) struct strbuf why = STRBUF_INIT(1024);
	bool ok = !db_state(d->db, &why);
	if (ok != d->private->db_was_ok)
		log_info("database.state", LOG_BOOL("ok", ok), LOG_TEXT("why", strbuf_text(&why)));
	if (ok && !d->private->db_was_ok && d->spec->connected)
		d->spec->connected(d);
	d->private->db_was_ok = ok;
	look_at_readiness(d);
}

static void scrape(void *arg)
{
	struct daemon *d = arg;
	metric_set(&loop_lag, (double)loop_take_lag_us(d->loop) / 1e6);
}

static bool is_drained(const struct daemon *d)
{
	return !d->env.live_count && !http_server_live(d->private->api) &&
	       (!d->spec->drained || d->spec->drained(d));
}

static void look_at_drain(struct loop_timer *timer)
{
	struct daemon_private *p = container_of(timer, struct daemon_private, drain_timer);
	struct daemon *d = p->daemon;
	if (is_drained(d) || clock_mono_ms() >= p->drain_until_ms)
		loop_stop(d->loop);
	else
		loop_timer_set(timer, DRAIN_LOOK_MS);
}

static void asked_to_stop(int signo, void *arg)
{
	struct daemon *d = arg;
	if (d->draining)
		_exit(1); /* asked twice: somebody is in a hurry */
	d->draining = true;
	log_info("daemon.draining", LOG_INT("signal", signo),
		 LOG_INT("live", http_server_live(d->private->api)));
	http_server_stop_accepting(d->private->api);
	if (d->spec->drain)
		d->spec->drain(d);
	d->private->drain_until_ms = clock_mono_ms() + DRAIN_MS;
	loop_timer_set(&d->private->drain_timer, 0);
}

static enum err unreadable(struct strbuf *errors, const char *path)
{
	strbuf_note(errors, "%s cannot be read, is empty or too large\n", path);
	return ERR_INVALID_REQUEST;
}

static enum err read_file(const char *path, size_t limit, struct secret *ret, struct strbuf *errors)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0)
		return unreadable(errors, path);
	if (!S_ISREG(st.st_mode) || st.st_size <= 0 || (size_t)st.st_size > limit)
		return unreadable(errors, path);
	if (st.st_mode & S_IRWXO) {
		strbuf_note(errors, "%s is open to every user of this machine; chmod o= it\n",
			    path);
		return ERR_INVALID_REQUEST;
	}
	secret_alloc(ret, (size_t)st.st_size);
	if (read(fd, ret->bytes, ret->len) == (ssize_t)ret->len)
		return OK;
	return unreadable(errors, path);
}

static enum err open_keys(struct daemon *d, struct strbuf *errors)
{
	AUTO(secret_clear) struct secret file = SECRET_INIT;
	enum err err = read_file(d->common.peer_keys_file, PEER_KEYS_MAX, &file, errors);
	if (err)
		return err;
	struct text text = { (const char *)file.bytes, file.len };
	return envelope_keys_parse(text, d->spec->id, &d->keys, errors);
}

static void open_database(struct daemon *d)
{
	if (!d->spec->statements)
		return;
	struct db_config config = {
		.conninfo = d->database.conninfo,
		.password = secret_is_set(&d->database.password) ? &d->database.password : NULL,
		.connections = (unsigned)d->database.connections,
		.statements = d->spec->statements,
		.statement_count = d->spec->statement_count,
	};
	d->db = db_new(d->loop, &config);
	db_on_state(d->db, database_changed, d);
}

/* Seals nothing for nobody, to see whether there is a key to do it with. */
static bool can_call(const struct daemon *d, enum daemon_id peer)
{
	AUTO(strbuf_clear) struct strbuf value = STRBUF_INIT(ENVELOPE_MAX_BYTES);
	struct envelope_request nothing = { "GET", TEXT("/"), TEXT("") };

	return envelope_seal(d->keys, peer, &(struct identity){ 0 }, &nothing, clock_now(),
			     &value) == OK;
}

static enum err open_peers(struct daemon *d, struct strbuf *errors)
{
	enum err err = OK;

	d->peers = peers_new(d->fetch, d->keys);
	for (unsigned i = 0; i < DAEMON_COUNT; i++) {
		if (!(d->spec->peers & CALLER(i)))
			continue;
		peers_set(d->peers, (enum daemon_id)i, &d->private->peer_addresses[i]);
		if (can_call(d, (enum daemon_id)i))
			continue;
		strbuf_note(errors, "%s has no line for %s calling %s\n", d->common.peer_keys_file,
			    daemon_name(d->spec->id), daemon_name((enum daemon_id)i));
		err = ERR_INVALID_REQUEST;
	}
	return err;
}

static void fill_env(struct daemon *d)
{
	d->env = (struct flow_env){
		.loop = d->loop,
		.db = d->db,
		.fetch = d->fetch,
		.peers = d->peers,
		.work = d->work,
		.keys = d->keys,
		.routes = d->spec->routes,
		.unmatched = d->spec->unmatched,
		.app = d->app,
	};
}

static enum err open_listeners(struct daemon *d, struct strbuf *errors)
{
	struct http_server_config api = { .listen = d->common.listen,
					  .max_body =
						  d->spec->max_body ? d->spec->max_body : 1 << 20 };
	struct http_server_config ops = { .listen = d->common.ops_listen,
					  .max_body = 1,
					  .max_connections = 16 };
	enum err err =
		http_server_new(d->loop, &api, flow_handle, &d->env, &d->private->api, errors);
	return err ? err : http_server_new(d->loop, &ops, ops_handle, d, &d->private->ops, errors);
}

/* Steps 2 to 5 of sandbox.c. */
static enum err open_daemon(struct daemon *d, struct strbuf *errors)
{
	enum err err = open_keys(d, errors);
	if (err)
		return err;
	d->loop = loop_new();
	d->fetch = fetch_new(d->loop);
	err = open_peers(d, errors);
	if (err)
		return err;
	open_database(d);
	fill_env(d);
	if (d->spec->open && (err = d->spec->open(d, errors)))
		return err;
	d->env.app = d->app;
	err = open_listeners(d, errors);
	if (err)
		return err;
	sandbox_close_files(d);
	if (d->spec->worker_threads)
		d->env.work = d->work = work_pool_new(d->loop, d->spec->worker_threads, WORK_QUEUE);
	err = sandbox_filter(d);
	if (err)
		strbuf_note(errors, "the seccomp filter cannot be loaded; GROVE_SANDBOX=off starts "
				    "without it\n");
	return err;
}

static void close_daemon(struct daemon *d)
{
	if (d->env.live_count)
		flow_cancel_all(&d->env);
	/* Streams hear on_gone before the app that made them goes. */
	http_server_free(d->private->api);
	http_server_free(d->private->ops);
	/* The last that threads hold of requests, too. */
	work_pool_free(d->work);
	if (d->spec->close && d->app)
		d->spec->close(d);
	peers_free(d->peers);
	db_free(d->db);
	fetch_free(d->fetch);
	loop_timer_clear(&d->private->drain_timer);
	loop_free(d->loop);
	envelope_keys_free(d->keys);
	for (size_t i = 0; i < d->private->condition_count; i++)
		free(d->private->conditions[i].reason);
	config_clear(&d->private->tables);
	metrics_clear();
}

static void run(struct daemon *d)
{
	signal(SIGPIPE, SIG_IGN);
	loop_timer_init(&d->private->drain_timer, d->loop, look_at_drain);
	loop_on_signal(d->loop, SIGTERM, asked_to_stop, d);
	loop_on_signal(d->loop, SIGINT, asked_to_stop, d);
	metrics_on_scrape(scrape, d);
	announce(d, "daemon.listening");
	look_at_readiness(d);
	loop_run(d->loop);
	log_info("daemon.stopped", LOG_INT("cancelled", http_server_live(d->private->api)));
}

static int start(struct daemon *d)
{
	AUTO(strbuf_clear) struct strbuf errors = STRBUF_INIT(64 * 1024);
	log_init(daemon_name(d->spec->id), LOG_INFO);
	sandbox_begin();
	if (options_load(d))
		return 2;
	log_init(daemon_name(d->spec->id), (enum log_level)d->common.log_level);
	enum err err = open_daemon(d, &errors);
	if (err)
		fprintf(stderr, "%s cannot start:\n%s", daemon_name(d->spec->id), errors.data);
	else
		run(d);
	close_daemon(d);
	return err ? 1 : 0;
}

/* Needed before the first secret is read, so before the settings are. Says yes to what config.h
 * calls true. */
static bool unlocked_memory_will_do(void)
{
	static const char *const words[] = { "1", "true", "yes", "on" };
	struct text given = text_of(getenv("GROVE_ALLOW_UNLOCKED_MEMORY"));

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (given.ptr && text_is_ignoring_case(given, words[i]))
			return true;
	return false;
}

int daemon_main(const struct daemon_spec *spec, int argc, char **argv)
{
	struct daemon d = { .spec = spec };
	struct daemon_private private = { .daemon = &d };
	int code = 0;
	d.private = &private;
	d.config = xcalloc(1, spec->config_size ? spec->config_size : 1);
	options_join(&d);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	secret_init_library(unlocked_memory_will_do());
	if (!options_answer(&d, argc, argv, &code))
		code = start(&d);
	free(d.config);
	curl_global_cleanup();
	return code;
}
