/* SPDX-License-Identifier: MIT */
/* Query parameters, decoded strictly and once. */
#include "base/base.h"
#include "http/http_private.h"

#include "base/banned.h"

static enum err decode_byte(struct text *rest, char *ret)
{
	char c = rest->ptr[0];
	size_t used = 1;

	if (c == '+') {
		c = ' ';
	} else if (c == '%') {
		if (rest->len < 3 || !hex_to_bytes(text_slice(*rest, 1, 3), &c, 1) || c == '\0')
			return ERR_INVALID_REQUEST;
		used = 3;
	}
	*ret = c;
	*rest = text_slice(*rest, used, rest->len);
	return OK;
}

/* Decodes into out, NUL-terminated. */
static enum err decode(struct text encoded, char *out, size_t size, size_t *ret_len)
{
	size_t len = 0;
	enum err err = OK;

	while (err == OK && encoded.len > 0) {
		if (len + 1 >= size)
			return ERR_INVALID_REQUEST;
		err = decode_byte(&encoded, &out[len++]);
	}
	out[len] = '\0';
	if (err == OK && !utf8_valid(out, len))
		err = ERR_INVALID_REQUEST;
	*ret_len = len;
	return err;
}

enum err http_query(const struct http_exchange *ex, const char *name, char *out, size_t size,
		    bool *ret_found)
{
	struct text rest = http_target(ex), pair, key;
	enum err err;
	size_t len;

	BUG_ON(size == 0 || !text_next(&rest, '?', &pair));
	while (rest.ptr && text_next(&rest, '&', &pair)) {
		struct text value = pair;

		/* Names are ours, plain ASCII: nobody has a reason to encode them. */
		if (!text_next(&value, '=', &key) || !text_is(key, name))
			continue;
		err = decode(value, out, size, &len);
		if (err == OK)
			*ret_found = true;
		return err;
	}
	out[0] = '\0';
	*ret_found = false;
	return OK;
}
