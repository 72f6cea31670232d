/* SPDX-License-Identifier: MIT */
/* Giving leases back to keyvault: what the call said about the key, and what it came to. The key
 * itself is wiped here; the lease's names stay for the request log. */
#include "run.h"

#include "log/log.h"

#include "app.h"

#include "base/banned.h"

static void settled(struct peer_call *call, enum err err, int status, struct text body, void *arg)
{
	(void)call;
	(void)body;
	(void)arg;
	/* A lease that is not settled expires by itself. */
	if (err || status != 204)
		log_warn("lease.not_settled", LOG_INT("status", status));
}

static void settle(struct chat_proxy *app, const struct identity *identity, struct lease *lease,
		   const char *outcome, const struct usage *usage)
{
	if (!lease->held)
		return;
	lease->held = false;
	secret_clear(&lease->key);
	char path[96], id[UUID_TEXT_SIZE];
	AUTO(strbuf_clear) struct strbuf body = STRBUF_INIT(1024);
	uuid_format(&lease->id, id);
	snprintf(path, sizeof(path), "/internal/leases/%s/settle", id);
	struct json_writer w = JSON_WRITER_INIT(&body);
	json_object_begin(&w);
	json_key(&w, "keyId");
	json_uuid(&w, lease->has_key_id ? &lease->key_id : NULL);
	json_key(&w, "outcome");
	json_str(&w, outcome);
	json_key(&w, "promptTokens");
	json_int(&w, usage ? usage->prompt : 0);
	json_key(&w, "completionTokens");
	json_int(&w, usage ? usage->completion : 0);
	json_key(&w, "cost");
	json_double(&w, usage && usage->cost_known ? usage->cost : 0);
	json_object_end(&w);
	BUG_ON(json_writer_end(&w));
	struct peer_request request = { .daemon = DAEMON_KEYVAULT,
					.identity = identity,
					.method = "POST",
					.path = path,
					.body = strbuf_text(&body) };
	peer_call_start(app->daemon->peers, &request, settled, NULL);
}

void run_settle(struct run *run, const char *outcome)
{
	bool used = run->state == RUN_ANSWERING;
	settle(run->app, &run->identity, &run->lease, outcome, used ? &run->usage : NULL);
}

void lease_give_back(struct chat_proxy *app, const struct identity *identity, struct lease *lease)
{
	settle(app, identity, lease, "failed", NULL);
	lease_clear(lease);
}
