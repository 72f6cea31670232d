/* SPDX-License-Identifier: MIT */
/* Places of sealed text, sealing and opening there. */
#include "content.h"

#include <stdio.h>

#include "base/banned.h"

void place_of_message(struct content_place *p, const struct uuid *user,
		      const struct uuid *conversation, const struct uuid *message,
		      const struct db_opt_uuid *parent, struct text role)
{
	uuid_format(conversation, p->text[0]);
	/* A root is bound to being one. */
	if (parent->set)
		uuid_format(&parent->value, p->text[1]);
	else
		memcpy(p->text[1], "root", 5);
	p->place = (struct seal_place){
		.label = CONTENT_LABEL,
		.user = *user,
		.table = "messages",
		.row = *message,
		.column = "content_sealed",
		.extra = { text_of(p->text[0]), text_of(p->text[1]), role },
	};
}

void place_of_part(struct content_place *p, const struct uuid *user, const struct uuid *message,
		   int64_t seq)
{
	snprintf(p->text[0], sizeof(p->text[0]), "%lld", (long long)seq);
	p->place = (struct seal_place){
		.label = CONTENT_LABEL,
		.user = *user,
		.table = "message_parts",
		.row = *message,
		.column = "text_sealed",
		.extra = { text_of(p->text[0]) },
	};
}

void place_of_conversation(struct content_place *p, const struct uuid *user,
			   const struct uuid *conversation, const char *column)
{
	p->place = (struct seal_place){
		.label = CONTENT_LABEL,
		.user = *user,
		.table = "conversations",
		.row = *conversation,
		.column = column,
	};
}

void place_of_branch(struct content_place *p, const struct uuid *user,
		     const struct uuid *conversation, const struct uuid *branch, const char *column)
{
	uuid_format(conversation, p->text[0]);
	p->place = (struct seal_place){
		.label = CONTENT_LABEL,
		.user = *user,
		.table = "branches",
		.row = *branch,
		.column = column,
		.extra = { text_of(p->text[0]) },
	};
}

enum err content_seal(const struct key_lease *lease, const struct content_place *p,
		      struct text plain, struct arena *arena, struct text *ret_sealed)
{
	struct seal_key key = data_key_current(lease);
	AUTO(strbuf_clear) struct strbuf sealed = STRBUF_INIT(plain.len + SEAL_OVERHEAD);
	enum err err = seal(&key, &p->place, plain, &sealed);
	if (err)
		return err;
	*ret_sealed = (struct text){ arena_memdup0(arena, sealed.data, sealed.len), sealed.len };
	return OK;
}

enum err content_open_into(const struct key_lease *lease, const struct content_place *p,
			   struct text sealed, struct strbuf *ret)
{
	struct seal_key key;
	if (!sealed.ptr)
		return OK;
	enum err err = data_key_of(lease, sealed, &key);
	return err ? err : seal_open(&key, &p->place, sealed, ret);
}

enum err content_open(const struct key_lease *lease, const struct content_place *p,
		      struct text sealed, struct arena *arena, struct text *ret_plain)
{
	if (!sealed.ptr) {
		*ret_plain = TEXT_NULL;
		return OK;
	}
	AUTO(strbuf_clear) struct strbuf plain = STRBUF_INIT(sealed.len);
	enum err err = content_open_into(lease, p, sealed, &plain);
	if (err)
		return err;
	*ret_plain = (struct text){ arena_memdup0(arena, plain.data, plain.len), plain.len };
	return OK;
}
