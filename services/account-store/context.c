/* SPDX-License-Identifier: MIT */
/* The context of a turn. */
#include "context.h"

#include "base/banned.h"

static void write_turn(struct json_writer *w, struct text role, struct text content)
{
	json_object_begin(w);
	json_key(w, "role");
	json_text(w, role);
	json_key(w, "content");
	json_text(w, content);
	json_object_end(w);
}

/* "> " in front of every line of the quote, an empty line, then the question. */
static enum err quote_before(struct text quote, struct text question, struct strbuf *ret)
{
	struct text rest = quote, line;
	while (text_next(&rest, '\n', &line)) {
		if (strbuf_append_str(ret, "> ") || strbuf_append_text(ret, line) ||
		    strbuf_append_char(ret, '\n'))
			return ERR_TOO_LARGE;
	}
	if (strbuf_append_char(ret, '\n'))
		return ERR_TOO_LARGE;
	return strbuf_append_text(ret, question);
}

static enum err write_node(struct json_writer *w, const struct context_node *node)
{
	if (!node->quote.ptr) {
		write_turn(w, node->role, node->content);
		return OK;
	}
	AUTO(strbuf_clear) struct strbuf quoted = STRBUF_INIT(w->out->limit);
	enum err err = quote_before(node->quote, node->content, &quoted);
	if (!err)
		write_turn(w, node->role, strbuf_text(&quoted));
	return err;
}

enum err context_write(struct text system_prompt, const struct context_node *nodes, size_t count,
		       struct json_writer *w)
{
	json_array_begin(w);
	if (system_prompt.len)
		write_turn(w, TEXT("system"), system_prompt);
	for (size_t i = 0; i < count; i++) {
		if (!nodes[i].content.len && text_is(nodes[i].role, "assistant"))
			continue;
		enum err err = write_node(w, &nodes[i]);
		if (err)
			return err;
	}
	json_array_end(w);
	return w->err;
}
