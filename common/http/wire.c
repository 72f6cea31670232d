/* SPDX-License-Identifier: MIT */
/*
 * The gate as a table of states: each takes one byte and says OK or why not. Only bodies are
 * skipped in bulk. Rules and sources: RFC 9112 (§2.2 CRLF, §3 request line, §5 fields, §6.3 body
 * length), RFC 9110 §5.6.2 (token), RFC 3986 §3.3 (path).
 */
#include "http/wire.h"

#include "base/base.h"

#include "base/banned.h"

enum {
	AT_START, /* between requests */
	IN_METHOD,
	AT_TARGET, /* its first byte */
	IN_TARGET,
	IN_VERSION,
	AT_LINE_LF,
	AT_HEADER, /* first byte of a header line, or CR of the last */
	IN_NAME,
	BEFORE_VALUE,
	IN_VALUE,
	AT_VALUE_LF,
	AT_LAST_LF,
	IN_BODY,
};

/*
 * What anybody in the house reads or evhttp acts on, lower case. A second one of these is refused:
 * evhttp would return the first and another parser the last.
 */
enum { HEADER_HOST, HEADER_LENGTH, HEADER_TRANSFER, HEADER_EXPECT };
static const char *const known_headers[] = {
	[HEADER_HOST] = "host",
	[HEADER_LENGTH] = "content-length",
	[HEADER_TRANSFER] = "transfer-encoding",
	[HEADER_EXPECT] = "expect",
	"accept",
	"authorization",
	"cf-access-authenticated-user-email",
	"cf-access-jwt-assertion",
	"connection",
	"content-encoding",
	"content-type",
	"cookie",
	"grove-edge",
	"grove-identity",
	"idempotency-key",
	"if-match",
	"if-none-match",
	"last-event-id",
	"origin",
	"proxy-connection",
	"range",
	"referer",
	"sec-fetch-dest",
	"sec-fetch-mode",
	"sec-fetch-site",
	"upgrade",
	"user-agent",
	"x-api-key",
	"x-forwarded-for",
	"x-forwarded-host",
	"x-forwarded-proto",
	"x-grove-csrf",
	"x-real-ip",
	"x-request-id",
	"x-session-key",
};
_Static_assert(ARRAY_SIZE(known_headers) <= 64, "struct wire_gate.seen has 64 bits");

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS" };

static bool is_token(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_host_byte(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
		return true;
	return c != 0 && strchr(".-_:[]", c) != NULL;
}

static bool is_target_byte(unsigned char c)
{
	return c > 0x20 && c < 0x7f && strchr("\"#<>\\", c) == NULL;
}

static int hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

static char lower(unsigned char c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

void wire_gate_init(struct wire_gate *gate, const struct wire_limits *limits)
{
	*gate = (struct wire_gate){
		.limits = { .max_line = 2048 + sizeof("OPTIONS  HTTP/1.1\r\n") - 1,
			    .max_headers = 16384,
			    .max_lines = 64,
			    .max_body = 1024 * 1024 },
		.header = -1,
	};
	if (limits)
		gate->limits = *limits;
}

bool wire_gate_is_idle(const struct wire_gate *gate)
{
	return gate->state == AT_START && gate->err == OK;
}

bool wire_gate_is_in_body(const struct wire_gate *gate)
{
	return gate->state == IN_BODY && gate->err == OK;
}

bool wire_gate_is_head(const struct wire_gate *gate)
{
	return gate->is_head;
}

static void begin_request(struct wire_gate *g)
{
	g->request_start = g->offset;
	g->line_bytes = g->header_bytes = g->lines = 0;
	g->name_len = 0;
	g->seen = g->body_left = g->length = 0;
	g->matched = g->escape = 0;
	g->in_query = g->is_head = false;
}

static enum err finish_request(struct wire_gate *g)
{
	g->requests++;
	g->state = AT_START;
	return OK;
}

/* The request line. */

static enum err method_byte(struct wire_gate *g, unsigned char c)
{
	if (c != ' ') {
		if (!is_token(c))
			return ERR_INVALID_REQUEST;
		if (g->name_len == sizeof("OPTIONS") - 1)
			return ERR_METHOD_NOT_ALLOWED;
		g->name[g->name_len++] = (char)c;
		return OK;
	}
	g->name[g->name_len] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(methods); i++) {
		if (strcmp(g->name, methods[i]) != 0)
			continue;
		g->is_head = i == 1;
		g->state = AT_TARGET;
		return OK;
	}
	return ERR_METHOD_NOT_ALLOWED;
}

static enum err start_byte(struct wire_gate *g, unsigned char c)
{
	begin_request(g);
	if (!is_token(c)) /* also an empty line: RFC 9112 §2.2 would let us skip one, nobody of ours
			     sends it */
		return ERR_INVALID_REQUEST;
	g->state = IN_METHOD;
	return method_byte(g, c);
}

static void begin_segment(struct wire_gate *g)
{
	g->segment_len = 0;
	g->segment_is_dots = true;
}

static bool segment_is_relative(const struct wire_gate *g)
{
	return g->segment_is_dots && (g->segment_len == 1 || g->segment_len == 2);
}

static enum err target_first_byte(struct wire_gate *g, unsigned char c)
{
	if (c != '/')
		return ERR_INVALID_REQUEST;
	begin_segment(g);
	g->state = IN_TARGET;
	return OK;
}

static void segment_byte(struct wire_gate *g, unsigned char c)
{
	g->segment_len++;
	if (c != '.')
		g->segment_is_dots = false;
}

static enum err escape_byte(struct wire_gate *g, unsigned char c)
{
	int value = hex_value(c);

	if (value < 0)
		return ERR_INVALID_REQUEST;
	g->escaped = g->escaped * 16 + (unsigned)value;
	if (--g->escape > 0)
		return OK;
	if (g->in_query)
		return g->escaped == 0 ? ERR_INVALID_REQUEST : OK;
	if (g->escaped < 0x20 || g->escaped == 0x7f || g->escaped == '/' || g->escaped == '\\')
		return ERR_INVALID_REQUEST;
	segment_byte(g, (unsigned char)g->escaped);
	return OK;
}

static enum err path_byte(struct wire_gate *g, unsigned char c, bool is_first)
{
	if (c != '/' && c != '?' && c != ' ') {
		segment_byte(g, c);
		return OK;
	}
	if (segment_is_relative(g) || (c == '/' && is_first))
		return ERR_INVALID_REQUEST;
	begin_segment(g);
	g->in_query = c == '?';
	return OK;
}

static enum err target_byte(struct wire_gate *g, unsigned char c)
{
	bool is_first = g->matched == 0;
	enum err err = OK;

	g->matched = 1;
	if (g->escape > 0)
		return escape_byte(g, c);
	if (c == '%') {
		g->escape = 2;
		g->escaped = 0;
		return OK;
	}
	if (c != ' ' && !is_target_byte(c))
		return ERR_INVALID_REQUEST;
	if (!g->in_query)
		err = path_byte(g, c, is_first);
	if (c == ' ') {
		g->state = IN_VERSION;
		g->matched = 0;
	}
	return err;
}

static enum err version_byte(struct wire_gate *g, unsigned char c)
{
	static const char version[] = "HTTP/1.1\r";

	if (c != (unsigned char)version[g->matched])
		return ERR_INVALID_REQUEST;
	if (version[++g->matched] == '\0')
		g->state = AT_LINE_LF;
	return OK;
}

static enum err line_lf_byte(struct wire_gate *g, unsigned char c)
{
	if (c != '\n')
		return ERR_INVALID_REQUEST;
	g->state = AT_HEADER;
	return OK;
}

/* Header lines. */

static enum err name_byte(struct wire_gate *g, unsigned char c)
{
	if (c != ':') {
		if (!is_token(c))
			return ERR_INVALID_REQUEST;
		if (g->name_len < sizeof(g->name) - 1) /* a longer one is not of our list */
			g->name[g->name_len] = lower(c);
		g->name_len++;
		return OK;
	}
	g->header = -1;
	if (g->name_len < sizeof(g->name)) {
		g->name[g->name_len] = '\0';
		for (size_t i = 0; i < ARRAY_SIZE(known_headers); i++)
			if (strcmp(g->name, known_headers[i]) == 0)
				g->header = (int)i;
	}
	if (g->header == HEADER_TRANSFER)
		return ERR_LENGTH_REQUIRED;
	if (g->header >= 0) {
		if (g->seen & (UINT64_C(1) << g->header))
			return ERR_INVALID_REQUEST;
		g->seen |= UINT64_C(1) << g->header;
	}
	g->value_len = 0;
	g->state = BEFORE_VALUE;
	return OK;
}

static enum err header_first_byte(struct wire_gate *g, unsigned char c)
{
	if (c == '\r') {
		g->state = AT_LAST_LF;
		return OK;
	}
	if (!is_token(c)) /* obs-fold begins with SP or HTAB */
		return ERR_INVALID_REQUEST;
	if (++g->lines > g->limits.max_lines)
		return ERR_HEADERS_TOO_LARGE;
	g->name_len = 0;
	g->state = IN_NAME;
	return name_byte(g, c);
}

static enum err length_byte(struct wire_gate *g, unsigned char c)
{
	if (c < '0' || c > '9')
		return ERR_INVALID_REQUEST;
	if (g->value_len++ == 9)
		return ERR_TOO_LARGE;
	g->length = g->length * 10 + (uint64_t)(c - '0');
	return g->length > g->limits.max_body ? ERR_TOO_LARGE : OK;
}

static enum err expect_byte(struct wire_gate *g, unsigned char c)
{
	static const char expected[] = "100-continue";

	/* evhttp answers any other with a page of its own. */
	if (g->value_len == sizeof(expected) - 1 || lower(c) != expected[g->value_len])
		return ERR_INVALID_REQUEST;
	g->value_len++;
	return OK;
}

static bool is_judged(const struct wire_gate *g)
{
	return g->header == HEADER_HOST || g->header == HEADER_LENGTH || g->header == HEADER_EXPECT;
}

static enum err end_value(struct wire_gate *g)
{
	if ((g->header == HEADER_HOST || g->header == HEADER_LENGTH) && g->value_len == 0)
		return ERR_INVALID_REQUEST;
	if (g->header == HEADER_EXPECT && g->value_len != sizeof("100-continue") - 1)
		return ERR_INVALID_REQUEST;
	g->state = AT_VALUE_LF;
	return OK;
}

static enum err value_byte(struct wire_gate *g, unsigned char c)
{
	if (c == '\r')
		return end_value(g);
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return ERR_INVALID_REQUEST;
	if (!is_judged(g))
		return OK;
	if (c == ' ' || c == '\t') { /* behind a judged value only blanks and CR may follow */
		g->trailing_blank = true;
		return OK;
	}
	if (g->trailing_blank)
		return ERR_INVALID_REQUEST;
	if (g->header == HEADER_LENGTH)
		return length_byte(g, c);
	if (g->header == HEADER_EXPECT)
		return expect_byte(g, c);
	g->value_len++;
	return is_host_byte(c) ? OK : ERR_INVALID_REQUEST;
}

static enum err before_value_byte(struct wire_gate *g, unsigned char c)
{
	if (c == ' ' || c == '\t')
		return OK;
	g->state = IN_VALUE;
	g->trailing_blank = false;
	return value_byte(g, c);
}

static enum err value_lf_byte(struct wire_gate *g, unsigned char c)
{
	if (c != '\n')
		return ERR_INVALID_REQUEST;
	g->state = AT_HEADER;
	return OK;
}

static enum err last_lf_byte(struct wire_gate *g, unsigned char c)
{
	if (c != '\n')
		return ERR_INVALID_REQUEST;
	if (!(g->seen & (UINT64_C(1) << HEADER_HOST)))
		return ERR_INVALID_REQUEST;
	if (g->length == 0)
		return finish_request(g);
	if (g->is_head)
		return ERR_INVALID_REQUEST;
	g->body_left = g->length;
	g->state = IN_BODY;
	return OK;
}

static enum err (*const states[])(struct wire_gate *g, unsigned char c) = {
	[AT_START] = start_byte,
	[IN_METHOD] = method_byte,
	[AT_TARGET] = target_first_byte,
	[IN_TARGET] = target_byte,
	[IN_VERSION] = version_byte,
	[AT_LINE_LF] = line_lf_byte,
	[AT_HEADER] = header_first_byte,
	[IN_NAME] = name_byte,
	[BEFORE_VALUE] = before_value_byte,
	[IN_VALUE] = value_byte,
	[AT_VALUE_LF] = value_lf_byte,
	[AT_LAST_LF] = last_lf_byte,
};

/* Sizes are judged before the byte, so that a line without end is refused at its limit. */
static enum err count_byte(struct wire_gate *g)
{
	if (g->state >= AT_HEADER && ++g->header_bytes > g->limits.max_headers)
		return ERR_HEADERS_TOO_LARGE;
	if (g->state > AT_START && g->state < AT_HEADER && ++g->line_bytes >= g->limits.max_line)
		return g->state <= IN_METHOD ? ERR_INVALID_REQUEST : ERR_URI_TOO_LONG;
	return OK;
}

static size_t skip_body(struct wire_gate *g, size_t len)
{
	size_t take = len < g->body_left ? len : (size_t)g->body_left;

	g->body_left -= take;
	g->offset += take;
	if (g->body_left == 0)
		(void)finish_request(g);
	return take;
}

enum err wire_gate_feed(struct wire_gate *gate, const char *data, size_t len, size_t *ret_bad_at)
{
	size_t at = 0;

	while (at < len && gate->err == OK) {
		if (gate->state == IN_BODY) {
			at += skip_body(gate, len - at);
			continue;
		}
		gate->err = count_byte(gate);
		if (gate->err == OK)
			gate->err = states[gate->state](gate, (unsigned char)data[at]);
		if (gate->err == OK) {
			gate->offset++;
			at++;
		}
	}
	if (gate->err != OK)
		*ret_bad_at = at;
	return gate->err;
}
