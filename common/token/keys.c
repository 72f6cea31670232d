/* SPDX-License-Identifier: MIT */
/*
 * Reading the pair keys: "caller callee base64" a line; empty lines and lines that start with # are
 * skipped. All errors are reported at once, by line, and never with a key in them.
 */
#include <stdlib.h>

#include "base/mem.h"

#include "token/keys.h"

#include "base/banned.h"

#define FILE_MAX_BYTES 16384

struct reader {
	struct envelope_keys *keys;
	struct strbuf *errors;
	size_t line;
	bool failed;
};

static void complain(struct reader *r, const char *what)
{
	r->failed = true;
	/* A full buffer keeps the first errors, which is what counts. */
	if (strbuf_printf(r->errors, "line %zu: %s\n", r->line, what) != OK)
		return;
}

static bool same_secret(const struct secret *a, const struct secret *b)
{
	return a->len == b->len && secret_is_set(a) && secret_equal(a->bytes, b->bytes, a->len);
}

/* The key says who is asking, so each pair and each direction needs its own. */
static bool is_used_already(const struct envelope_keys *keys, const struct secret *key)
{
	for (size_t i = 0; i < DAEMON_COUNT; i++)
		if (same_secret(key, &keys->to[i]) || same_secret(key, &keys->from[i]))
			return true;
	return false;
}

static void add_key(struct reader *r, struct secret *place, struct text text)
{
	AUTO(secret_clear) struct secret key = SECRET_INIT;

	if (secret_is_set(place))
		complain(r, "this pair has a key already");
	else if (key32_parse(text, &key) != OK)
		complain(r, "the key must be 32 random bytes in base64");
	else if (is_used_already(r->keys, &key))
		complain(r, "another pair has the same key");
	else
		*place = secret_take(&key);
}

static void read_line(struct reader *r, struct text line)
{
	struct text caller_name = TEXT_NULL, callee_name = TEXT_NULL, rest = line;
	enum daemon_id caller, callee;

	if (!text_next(&rest, ' ', &caller_name) || !text_next(&rest, ' ', &callee_name) ||
	    !rest.ptr)
		complain(r, "a line is \"caller callee base64\" with single spaces");
	else if (daemon_from_name(caller_name, &caller) != OK)
		complain(r, "the caller is not a daemon's name");
	else if (daemon_from_name(callee_name, &callee) != OK)
		complain(r, "the callee is not a daemon's name");
	else if (caller == callee)
		complain(r, "caller and callee are the same");
	else if (caller == r->keys->self)
		add_key(r, &r->keys->to[callee], rest);
	else if (callee == r->keys->self)
		add_key(r, &r->keys->from[caller], rest);
	else
		complain(r, "this daemon is neither caller nor callee");
}

static void auto_keys(struct envelope_keys **keys)
{
	envelope_keys_free(*keys);
}

enum err envelope_keys_parse(struct text file, enum daemon_id self, struct envelope_keys **ret,
			     struct strbuf *errors)
{
	AUTO(auto_keys) struct envelope_keys *keys = xcalloc(1, sizeof(*keys));
	struct reader r = { .keys = keys, .errors = errors };
	struct text line;

	keys->self = self;
	if (file.len > FILE_MAX_BYTES) {
		complain(&r, "the file is too large");
		return ERR_TOO_LARGE;
	}
	while (text_next(&file, '\n', &line)) {
		r.line++;
		if (line.len > 0 && line.ptr[0] != '#')
			read_line(&r, line);
	}
	if (r.failed)
		return ERR_INVALID_REQUEST;
	*ret = take_ptr(keys);
	return OK;
}

void envelope_keys_free(struct envelope_keys *keys)
{
	if (!keys)
		return;
	for (size_t i = 0; i < DAEMON_COUNT; i++) {
		secret_clear(&keys->to[i]);
		secret_clear(&keys->from[i]);
	}
	free(keys);
}
