/* SPDX-License-Identifier: MIT */
/*
 * The scrubber behind the allow-list of fields. It knows how credentials begin; where it cannot be
 * sure it rather hides a harmless word than shows a key.
 */
#include "log/scrub.h"

#include "base/mem.h"

#include "base/banned.h"

/* A credential: a prefix, then at least so many token characters when it starts a word, and when it
 * stands inside of one. */
struct pattern {
	struct text prefix;
	size_t at_start, inside;
};

static const struct pattern patterns[] = {
	{ { "sk-", 3 }, 6, 16 }, /* OpenAI, Anthropic (sk-ant-), OpenRouter (sk-or-) */
	{ { "AIza", 4 }, 6, 16 }, /* Google */
	{ { "eyJ", 3 }, 6, 16 }, /* a JSON web token: {" in base64 */
	{ { "grove_", 6 },
	  12,
	  16 }, /* our personal tokens; 12 lets names such as grove_owner pass */
	{ { "gsk_", 4 }, 6, 16 }, /* Groq */
	{ { "xai-", 4 }, 6, 16 }, /* xAI */
	{ { "sk_", 3 }, 6, 16 }, /* Stripe */
	{ { "whsec_", 6 }, 6, 16 }, /* Stripe webhooks */
	{ { "Bearer ", 7 }, 6, 6 },
};

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_token_char(char c)
{
	return is_word(c) || c == '_' || c == '-' || c == '.' || c == '~' || c == '+' || c == '/' ||
	       c == '=';
}

/* Length of the credential that begins at `at`, or 0. */
static size_t credential_length(struct text t, size_t at)
{
	struct text rest = text_slice(t, at, t.len);
	bool at_start = at == 0 || !is_word(t.ptr[at - 1]);

	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		const struct pattern *p = &patterns[i];
		if (!text_equal(text_slice(rest, 0, p->prefix.len), p->prefix))
			continue;
		size_t end = p->prefix.len;
		while (end < rest.len && is_token_char(rest.ptr[end]))
			end++;
		if (end - p->prefix.len >= (at_start ? p->at_start : p->inside))
			return end;
	}
	return 0;
}

/* What is left of out[len] when the first bytes of a code point at its end are taken off. */
static size_t without_partial_code_point(const char *out, size_t len)
{
	for (size_t back = 1; back <= 3 && back <= len; back++) {
		uint8_t c = (uint8_t)out[len - back];
		if ((c & 0xC0) == 0x80)
			continue;
		size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : c >= 0xC0 ? 2 : 1;
		return need > back ? len - back : len;
	}
	return len;
}

size_t scrub(struct text t, char *out, size_t out_size)
{
	static const char mask[] = "[redacted]";
	size_t to = 0, from = 0;

	while (from < t.len && to < out_size) {
		size_t skip = credential_length(t, from);
		if (!skip) {
			out[to++] = t.ptr[from++];
			continue;
		}
		size_t room = out_size - to;
		size_t len = room < sizeof(mask) - 1 ? room : sizeof(mask) - 1;
		memcpy(out + to, mask, len);
		to += len;
		from += skip;
	}
	return from == t.len ? to : without_partial_code_point(out, to);
}
