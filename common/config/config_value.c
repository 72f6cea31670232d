/* SPDX-License-Identifier: MIT */
/* One value: how each kind is read into its field, and freed. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "config/config_private.h"
#include "crypto/crypto.h"

#include "base/banned.h"

enum { LONGEST_VALUE = 4096, MOST_ITEMS = 256 };

static const char *parse_text(const struct config_field *f, struct text given, void *value)
{
	(void)f;
	if (given.len > LONGEST_VALUE)
		return "too long";
	if (!utf8_valid(given.ptr, given.len))
		return "not UTF-8";
	for (size_t i = 0; i < given.len; i++) {
		uint8_t c = (uint8_t)given.ptr[i];
		bool is_c1 = c == 0xC2 && (uint8_t)given.ptr[i + 1] < 0xA0;
		if (c < 0x20 || c == 0x7F || is_c1)
			return "holds control characters";
	}
	*(char **)value = xmemdup0(given.ptr, given.len);
	return NULL;
}

static const char *parse_bool(const struct config_field *f, struct text given, void *value)
{
	static const char *const words[] = { "0", "false", "no", "off", "1", "true", "yes", "on" };

	(void)f;
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (text_is_ignoring_case(given, words[i])) {
			*(bool *)value = i >= ARRAY_SIZE(words) / 2;
			return NULL;
		}
	}
	return "neither on nor off";
}

static const char *parse_int(const struct config_field *f, struct text given, void *value)
{
	int64_t number;

	if (text_to_i64(given, &number) != OK)
		return "not a whole number";
	if (number < f->min)
		return "too small";
	if (number > f->max)
		return "too large";
	*(int64_t *)value = number;
	return NULL;
}

static const char *parse_enum(const struct config_field *f, struct text given, void *value)
{
	for (int i = 0; f->choices[i]; i++) {
		if (text_is_ignoring_case(given, f->choices[i])) {
			*(int *)value = i;
			return NULL;
		}
	}
	return "not a known choice";
}

static const char *parse_address(const struct config_field *f, struct text given, void *value)
{
	struct config_address address;

	if (config_address_parse(given, &address) != OK)
		return "not an address";
	if (f->kind == CONFIG_PEER && !address.unix_path && !address.port) {
		config_address_clear(&address);
		return "port 0 cannot be called";
	}
	*(struct config_address *)value = address;
	return NULL;
}

static const char *parse_origin(const struct config_field *f, struct text given, void *value)
{
	char *origin = config_origin_normalise(given, f->http_allowed);

	if (!origin)
		return "not an origin";
	*(char **)value = origin;
	return NULL;
}

static void list_clear(struct config_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct config_list){ 0 };
}

static const char *parse_list(const struct config_field *f, struct text given, void *value)
{
	AUTO(list_clear) struct config_list list = { 0 };
	struct text rest = given, item;

	if (!given.len) /* nothing, said on purpose */
		return NULL;
	while (text_next(&rest, ',', &item)) {
		char *copy = NULL;
		item = text_trim(item);
		const char *problem = item.len ? parse_text(f, item, &copy) : "has an empty item";
		if (!problem && list.count == MOST_ITEMS) {
			free(copy);
			problem = "has too many items";
		}
		if (problem)
			return problem;
		list.items = xreallocarray(list.items, list.count + 1, sizeof(*list.items));
		list.items[list.count++] = copy;
	}
	*(struct config_list *)value = list;
	list = (struct config_list){ 0 };
	return NULL;
}

static const char *parse_file(const struct config_field *f, struct text given, void *value)
{
	AUTO(auto_free) char *path = NULL;
	struct stat st;
	const char *problem = parse_text(f, given, &path);

	if (problem)
		return problem;
	if (path[0] != '/')
		return "not an absolute path";
	/* Not blocking, so that a FIFO does not hang the start. */
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return "cannot be opened for reading";
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "not a regular file";
	*(char **)value = take_ptr(path);
	return NULL;
}

static const char *parse_secret(const struct config_field *f, struct text given, void *value)
{
	(void)f;
	if (given.len > LONGEST_VALUE)
		return "too long";
	if (memchr(given.ptr, '\0', given.len))
		return "holds a NUL byte"; /* whoever takes it as a string would use only a part */
	secret_set(value, given.ptr, given.len);
	return NULL;
}

/* Rewrites the common spellings (padded base64url, unpadded base64) to the two that key32_parse()
 * knows. */
static struct text respell_base64(struct text given, char out[static 44])
{
	bool padded = given.len == 44 && given.ptr[43] == '=';

	if (given.len != 43 && !padded)
		return given;
	bool plain = memchr(given.ptr, '+', 43) || memchr(given.ptr, '/', 43);
	bool url = memchr(given.ptr, '-', 43) || memchr(given.ptr, '_', 43);
	if (plain && url)
		return given; /* refused: a mixture of the two alphabets */
	memcpy(out, given.ptr, 43);
	out[43] = '=';
	return (struct text){ out, plain ? 44 : 43 };
}

static const char *parse_key32(const struct config_field *f, struct text given, void *value)
{
	char spelled[44];

	(void)f;
	enum err err = key32_parse(respell_base64(given, spelled), value);
	wipe(spelled, sizeof(spelled));
	return err ? "not a 32-byte key, or a placeholder or a pattern" : NULL;
}

static void secret_list_clear(struct config_secret_list *list)
{
	for (size_t i = 0; i < ARRAY_SIZE(list->items); i++)
		secret_clear(&list->items[i]);
	list->count = 0;
}

static const char *parse_key32_list(const struct config_field *f, struct text given, void *value)
{
	struct config_secret_list *list = value;
	struct text rest = given, item;

	while (text_next(&rest, ',', &item)) {
		const char *problem =
			list->count == ARRAY_SIZE(list->items)
				? "has too many keys"
				: parse_key32(f, text_trim(item), &list->items[list->count]);
		if (problem) {
			secret_list_clear(list);
			return problem;
		}
		list->count++;
	}
	return NULL;
}

static const struct {
	const char *(*parse)(const struct config_field *f, struct text given, void *value);
	size_t size;
} kinds[] = {
	[CONFIG_TEXT] = { parse_text, sizeof(char *) },
	[CONFIG_BOOL] = { parse_bool, sizeof(bool) },
	[CONFIG_INT] = { parse_int, sizeof(int64_t) },
	[CONFIG_ENUM] = { parse_enum, sizeof(int) },
	[CONFIG_LISTEN] = { parse_address, sizeof(struct config_address) },
	[CONFIG_PEER] = { parse_address, sizeof(struct config_address) },
	[CONFIG_ORIGIN] = { parse_origin, sizeof(char *) },
	[CONFIG_LIST] = { parse_list, sizeof(struct config_list) },
	[CONFIG_FILE] = { parse_file, sizeof(char *) },
	[CONFIG_SECRET] = { parse_secret, sizeof(struct secret) },
	[CONFIG_KEY32] = { parse_key32, sizeof(struct secret) },
	[CONFIG_KEY32_LIST] = { parse_key32_list, sizeof(struct config_secret_list) },
};

const char *config_value_parse(const struct config_field *f, struct text given, void *value)
{
	return kinds[f->kind].parse(f, given, value);
}

void config_value_clear(const struct config_field *f, void *value)
{
	switch (f->kind) {
	case CONFIG_TEXT:
	case CONFIG_ORIGIN:
	case CONFIG_FILE:
		free(*(char **)value);
		break;
	case CONFIG_LIST:
		list_clear(value);
		break;
	case CONFIG_LISTEN:
	case CONFIG_PEER:
		config_address_clear(value);
		break;
	case CONFIG_SECRET:
	case CONFIG_KEY32:
		secret_clear(value);
		break;
	case CONFIG_KEY32_LIST:
		secret_list_clear(value);
		break;
	case CONFIG_BOOL:
	case CONFIG_INT:
	case CONFIG_ENUM:
		break;
	}
	memset(value, 0, kinds[f->kind].size);
}
