/* SPDX-License-Identifier: MIT */
/* A message as the API shows it, its row, and the text of answers that are still in parts. */
#pragma once

#include "base/base.h"
#include "flow/flow.h"

#include "content.h"

/* The row of sql/show_message.sql and sql/path_page.sql, in their order. */
struct message {
	struct uuid id, branch_id;
	struct db_opt_uuid parent_id, run_id;
	struct text role, content_sealed, status, model, provider, finish_reason;
	struct text usage;		/* JSON, absent for none */
	struct text sibling_ids;	/* JSON array */
	int64_t sibling_index, sibling_count;
	struct unix_ms created_at;
	struct text content;		/* opened */
};
extern const struct db_column message_columns[];

/* Flushed pieces of open answers, by message and in order. */
struct part {
	struct uuid message_id;
	int64_t seq;
	struct text text_sealed;
};
struct parts {
	struct part *items;
	size_t count;
};
/* Rows of sql/open_parts.sql or sql/answer_parts.sql at statement `index`, copied to the request's arena. */
struct parts parts_read(struct request *req, size_t index);
void parts_want_keys(struct key_lease *lease, const struct parts *parts);
/* Appends the text of one message's parts. */
MUST_CHECK enum err parts_open_into(struct request *req, const struct parts *parts, const struct uuid *message, struct strbuf *ret);

/* Opens content_sealed, or joins the parts when there is none. The op must start with its lease. */
MUST_CHECK enum err message_open_text(struct request *req, const struct uuid *conversation, const struct uuid *message,
				      const struct db_opt_uuid *parent, struct text role, struct text content_sealed,
				      const struct parts *parts, struct text *ret);
MUST_CHECK enum err message_open(struct request *req, const struct uuid *conversation, const struct parts *parts, struct message *m);
void message_write(struct json_writer *w, const struct message *m);

void json_opt_uuid(struct json_writer *w, const struct db_opt_uuid *id);
