/* SPDX-License-Identifier: MIT */
/* A provider's refusal: the first two bytes are the status, the next its Retry-After's length, then
 * the body. It always has a code of ours; only plain words survive. */
#include <stdint.h>

#include "base/base.h"
#include "provider_error.h"

#include "base/banned.h"

static void check_error(const struct provider_error *e)
{
	BUG_ON(e->err == OK || e->err >= ERR_COUNT);
	BUG_ON(e->retry_after_s < 0 || e->retry_after_s > 86400);
	for (const char *c = e->code; *c; c++)
		BUG_ON(*c < '-' || *c > 'z');
	for (const char *c = e->param; *c; c++)
		BUG_ON(*c < '-' || *c > 'z');
	const char *message = provider_error_message(e);
	BUG_ON(message && !*message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO(auto_json_doc) struct json_doc *doc = NULL;
	struct provider_error e;

	if (size < 3)
		return 0;
	size_t header = data[2] < size - 3 ? data[2] : size - 3;
	struct text body = text_from(data + 3 + header, size - 3 - header);

	provider_error_read(100 + (data[0] << 8 | data[1]) % 500, body, text_from(data + 3, header),
			    &e);
	check_error(&e);
	if (json_doc_parse(body, NULL, &doc))
		return 0;
	provider_error_from_value(json_doc_root(doc), &e);
	check_error(&e);
	return 0;
}
