/* SPDX-License-Identifier: MIT */
/*
 * The readers of base on any bytes: UTF-8, numbers, times, identifiers, hexadecimal; and the log's
 * scrubber. What is accepted must be the same when written and read again.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "log/scrub.h"

#include "base/banned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_utf8(struct text t)
{
	size_t at = 0;

	if (!utf8_valid(t.ptr, t.len))
		return;
	size_t count = utf8_count(t.ptr, t.len);
	BUG_ON(!utf8_offset(t.ptr, t.len, count, &at) || at != t.len);
	BUG_ON(utf8_offset(t.ptr, t.len, count + 1, &at));
	for (size_t max = 0; max <= t.len && max < 64; max++) {
		size_t cut = utf8_truncate(t.ptr, t.len, max);
		BUG_ON(cut > max || max - cut > 3);
		BUG_ON(!utf8_valid(t.ptr, cut) || !utf8_valid(t.ptr + cut, t.len - cut));
	}
}

static void check_numbers(struct text t)
{
	char out[32];
	uint64_t u;
	int64_t i;

	if (text_to_u64(t, UINT64_MAX, &u) == OK) {
		snprintf(out, sizeof(out), "%llu", (unsigned long long)u);
		BUG_ON(!text_is(t, out));
	}
	if (text_to_i64(t, &i) == OK) {
		snprintf(out, sizeof(out), "%lld", (long long)i);
		BUG_ON(!text_is(t, out));
	}
}

static void check_forms(struct text t)
{
	char time[RFC3339_SIZE], id_text[UUID_TEXT_SIZE], hex[513];
	uint8_t bytes[256];
	struct unix_ms at, again;
	struct uuid id;

	if (rfc3339_parse(t, &at) == OK) {
		rfc3339_format(at, time);
		BUG_ON(rfc3339_parse(text_of(time), &again) != OK);
		/* An offset may lead out of the four-digit years, where the text is clamped. */
		BUG_ON(again.value != at.value && again.value != -62167219200000 &&
		       again.value != 253402300799999);
	}
	if (uuid_parse(t, &id) == OK) {
		uuid_format(&id, id_text);
		BUG_ON(!text_is_ignoring_case(t, id_text));
	}
	if (t.len <= 512 && hex_to_bytes(t, bytes, t.len / 2)) {
		BUG_ON(!bytes_to_hex(bytes, t.len / 2, hex, sizeof(hex)));
		BUG_ON(!text_is_ignoring_case(t, hex));
	}
}

static void check_scrubber(struct text t)
{
	char out[256];
	size_t len = scrub(t, out, sizeof(out));

	BUG_ON(len > sizeof(out));
	BUG_ON(utf8_valid(t.ptr, t.len) && !utf8_valid(out, len));
}

static void check_cutting(struct text t)
{
	struct text rest = t, part;
	size_t total = 0, parts = 0;

	while (text_next(&rest, ',', &part)) {
		total += part.len;
		parts++;
		struct text trimmed = text_trim(part);
		BUG_ON(trimmed.len > part.len);
	}
	BUG_ON(total + parts - 1 != t.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text t = { size ? (const char *)data : "", size };

	check_utf8(t);
	check_numbers(t);
	check_forms(t);
	check_scrubber(t);
	check_cutting(t);
	return 0;
}
