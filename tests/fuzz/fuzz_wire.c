/* SPDX-License-Identifier: MIT */
/* The request gate: the first byte says where the rest is split; the answer must be the same as for
 * the whole. */
#include <stdint.h>

#include "base/base.h"
#include "http/wire.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *bytes = (const char *)data + 1;
	size_t len = size - 1, split, whole_at = len, split_at = len;
	struct wire_gate whole, parts;
	enum err err, split_err;

	if (size == 0)
		return 0;
	split = data[0] < len ? data[0] : len / 2;
	wire_gate_init(&whole, NULL);
	wire_gate_init(&parts, NULL);
	err = wire_gate_feed(&whole, bytes, len, &whole_at);
	split_err = wire_gate_feed(&parts, bytes, split, &split_at);
	if (split_err == OK) {
		split_err = wire_gate_feed(&parts, bytes + split, len - split, &split_at);
		split_at = split_err == OK ? len : split_at + split;
	}
	BUG_ON(err != split_err || whole_at != split_at);
	BUG_ON(whole.requests != parts.requests || whole.request_start != parts.request_start);
	BUG_ON(whole.offset != whole_at || whole.request_start > whole.offset);
	BUG_ON(err == OK && wire_gate_is_idle(&whole) != wire_gate_is_idle(&parts));
	return 0;
}
