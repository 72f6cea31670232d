/* SPDX-License-Identifier: MIT */
/* UTF-8 as in RFC 3629: validity, counting code points and cutting between them. */
#include "base/text.h"

#include "base/banned.h"

/* Length of the well-formed sequence at the start of data, 0 when there is none. RFC 3629 §4, row
 * by row. */
static size_t sequence_length(const uint8_t *data, size_t len)
{
	uint8_t lead = data[0], low = 0x80, high = 0xBF;
	size_t need;

	if (lead < 0x80)
		return 1;
	if (lead < 0xC2) /* a continuation byte, or the lead of an overlong form */
		return 0;
	if (lead < 0xE0) {
		need = 2;
	} else if (lead < 0xF0) {
		need = 3;
		if (lead == 0xE0)
			low = 0xA0; /* overlong */
		else if (lead == 0xED)
			high = 0x9F; /* surrogates */
	} else if (lead < 0xF5) {
		need = 4;
		if (lead == 0xF0)
			low = 0x90; /* overlong */
		else if (lead == 0xF4)
			high = 0x8F; /* above U+10FFFF */
	} else {
		return 0;
	}
	if (len < need || data[1] < low || data[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++) {
		if ((data[i] & 0xC0) != 0x80)
			return 0;
	}
	return need;
}

bool utf8_valid(const char *data, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)data;
	size_t at = 0;

	while (at < len) {
		size_t step = sequence_length(bytes + at, len - at);
		if (!step)
			return false;
		at += step;
	}
	return true;
}

static bool is_continuation(char c)
{
	return ((uint8_t)c & 0xC0) == 0x80;
}

size_t utf8_count(const char *data, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += !is_continuation(data[i]);
	return count;
}

bool utf8_offset(const char *data, size_t len, size_t code_point, size_t *ret_byte)
{
	size_t seen = 0;

	for (size_t i = 0; i < len; i++) {
		if (is_continuation(data[i]))
			continue;
		if (seen++ == code_point) {
			*ret_byte = i;
			return true;
		}
	}
	if (seen != code_point)
		return false;
	*ret_byte = len;
	return true;
}

size_t utf8_truncate(const char *data, size_t len, size_t max_bytes)
{
	if (len <= max_bytes)
		return len;
	size_t cut = max_bytes;
	while (cut > 0 && is_continuation(data[cut]))
		cut--;
	return cut;
}
