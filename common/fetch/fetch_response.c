/* SPDX-License-Identifier: MIT */
/* What comes back: head lines within their limits, and libcurl's verdicts in the house's terms. */
#include "base/base.h"
#include "fetch/fetch_private.h"

#include "base/banned.h"

#define MAX_ALL_HEAD_BYTES (64 * 1024)

static struct text without_line_end(struct text line)
{
	size_t len = line.len;

	while (len > 0 && (line.ptr[len - 1] == '\n' || line.ptr[len - 1] == '\r'))
		len--;
	return text_slice(line, 0, len);
}

static bool is_status_line(struct text line, int *ret_status)
{
	struct text rest = line, version, code;
	uint64_t status;

	if (!text_starts_with(line, "HTTP/") || !text_next(&rest, ' ', &version) ||
	    !text_next(&rest, ' ', &code))
		return false;
	if (text_to_u64(code, 999, &status) != OK)
		return false;
	*ret_status = (int)status;
	return true;
}

/*
 * Takes one line of a head, the blank one at its end too. A 1xx head is forgotten when the next
 * begins. ERR_PROVIDER_ERROR when there is more than a head may have.
 */
enum err fetch_head_line(struct fetch_call *call, struct text line, bool *ret_complete)
{
	int status;

	*ret_complete = false;
	call->head_bytes += line.len;
	if (call->head_bytes > MAX_ALL_HEAD_BYTES)
		return ERR_PROVIDER_ERROR;
	if (call->head_done)
		return OK; /* a trailer */
	if (is_status_line(without_line_end(line), &status)) {
		strbuf_reset(&call->head);
		call->head_lines = 0;
		call->status = status;
		return OK;
	}
	if (without_line_end(line).len == 0) {
		*ret_complete = call->head_done = call->status >= 200;
		return OK;
	}
	if (++call->head_lines > FETCH_MAX_HEAD_LINES ||
	    strbuf_append_text(&call->head, line) != OK)
		return ERR_PROVIDER_ERROR;
	return OK;
}

bool fetch_response_header(struct fetch_call *call, const char *name, struct text *ret)
{
	struct text rest = strbuf_text(&call->head), line;

	while (text_next(&rest, '\n', &line)) {
		struct text value = without_line_end(line), key;
		if (text_next(&value, ':', &key) && value.ptr && text_is_ignoring_case(key, name)) {
			*ret = text_trim(value);
			return true;
		}
	}
	return false;
}

enum err fetch_err_of_curl(const struct fetch_call *call, CURLcode code)
{
	if (call->forced != OK)
		return call->forced;
	switch (code) {
	case CURLE_OK:
		return call->head_done ? OK : ERR_PROVIDER_ERROR;
	case CURLE_OPERATION_TIMEDOUT:
		return ERR_PROVIDER_TIMEOUT;
	case CURLE_FILESIZE_EXCEEDED:
		return ERR_TOO_LARGE;
	case CURLE_COULDNT_CONNECT:
		/* Other addresses of the name may have been tried and failed too: the refusal is
		 * what to tell. */
		return call->guard_refused ? ERR_PROVIDER_ADDRESS_FORBIDDEN : ERR_UNAVAILABLE;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_ISSUER_ERROR:
		return ERR_UNAVAILABLE;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_GOT_NOTHING:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
		return call->head_bytes > 0 ? ERR_PROVIDER_ERROR : ERR_UNAVAILABLE;
	default:
		return ERR_PROVIDER_ERROR;
	}
}
