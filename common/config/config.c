/* SPDX-License-Identifier: MIT */
/*
 * Loading: every field of every table from the environment, then a look for GROVE_ names nobody
 * knows, then the secrets are wiped from the environment, whether all went well or not. Errors are
 * collected, never the first one only.
 */
#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/config_private.h"

#include "base/banned.h"

enum { LONGEST_SECRET_FILE = 4096 + 1 }; /* and its last newline */
enum { MOST_WRONG = 64 };

static const char prefix[] = "GROVE_";
static const char file_suffix[] = "_FILE";

struct loader {
	const struct config_tables *tables;
	struct strbuf *errors;
	bool failed;
	const char *wrong[MOST_WRONG]; /* names of the settings reported so far */
	size_t wrong_count;
};

bool config_next(const struct config_tables *tables, struct config_cursor *c)
{
	for (; tables->tables[c->table]; c->table++, c->index = 0) {
		const struct config_field *field = &tables->tables[c->table][c->index];
		if (!field->name)
			continue;
		c->index++;
		c->field = field;
		c->value =
			tables->targets ? (char *)tables->targets[c->table] + field->offset : NULL;
		return true;
	}
	return false;
}

bool config_kind_is_secret(enum config_kind kind)
{
	return kind == CONFIG_SECRET || kind == CONFIG_KEY32 || kind == CONFIG_KEY32_LIST;
}

static bool name_is_file_of(struct text name, const char *secret_name)
{
	size_t len = strlen(secret_name);

	return text_is(text_slice(name, 0, len), secret_name) &&
	       text_is(text_slice(name, len, name.len), file_suffix);
}

/* "NAME[suffix]: problem; wanted: …". When the caller's buffer is full, the return value still
 * tells. */
static void report(struct loader *l, const struct config_field *f, const char *suffix,
		   const char *problem)
{
	enum err err = strbuf_printf(l->errors, "%s%s: %s; wanted: ", f->name, suffix, problem);

	if (!err)
		err = config_write_wanted(f, l->errors);
	if (!err)
		err = strbuf_append_char(l->errors, '\n');
	(void)err;
	l->failed = true;
	if (l->wrong_count < MOST_WRONG)
		l->wrong[l->wrong_count++] = f->name;
}

static void load_text(struct loader *l, const struct config_cursor *c, const char *suffix,
		      struct text given)
{
	const char *problem = !given.len && config_kind_is_secret(c->field->kind)
				      ? "is empty"
				      : config_value_parse(c->field, given, c->value);

	if (problem)
		report(l, c->field, suffix, problem);
}

/* As much as `size` bytes; -1 when the file cannot be read. */
static ssize_t read_up_to(int fd, uint8_t *out, size_t size)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, out + len, size - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	return (ssize_t)len;
}

/* Reads the file into `out`; NULL, or what is wrong. */
static const char *read_secret_file(const char *path, struct secret *out)
{
	struct stat st;
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == ENOENT ? "there is no such file" : "the file cannot be opened";
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return "not a regular file";
	if (st.st_mode & S_IRWXO)
		return "other users may use the file (chmod o-rwx it)";
	secret_alloc(out, LONGEST_SECRET_FILE + 1);
	ssize_t len = read_up_to(fd, out->bytes, out->len);
	if (len < 0)
		return "the file cannot be read";
	if (len > LONGEST_SECRET_FILE)
		return "the file is too long";
	if (len > 0 && out->bytes[len - 1] == '\n')
		len--;
	out->len = (size_t)len;
	return NULL;
}

static void load_secret_file(struct loader *l, const struct config_cursor *c, const char *path)
{
	AUTO(secret_clear) struct secret content = SECRET_INIT;
	const char *problem = *path ? read_secret_file(path, &content) : "is empty";

	if (problem)
		report(l, c->field, file_suffix, problem);
	else
		load_text(l, c, file_suffix,
			  (struct text){ (const char *)content.bytes, content.len });
}

static void load_field(struct loader *l, const struct config_cursor *c)
{
	const struct config_field *f = c->field;
	bool is_secret = config_kind_is_secret(f->kind);
	const char *given = getenv(f->name), *path = NULL;

	if (is_secret) {
		AUTO(auto_free) char *file_name = xasprintf("%s%s", f->name, file_suffix);
		path = getenv(file_name);
	}
	/* Empty means unset, but for secrets (a slip that must be seen) and lists (the empty list).
	 */
	if (given && !*given && !is_secret && f->kind != CONFIG_LIST)
		given = NULL;
	if (given && path)
		report(l, f, "", "given twice, also as a file");
	else if (path)
		load_secret_file(l, c, path);
	else if (given && !*given && f->required)
		report(l, f, "", "is empty");
	else if (given)
		load_text(l, c, "", text_of(given));
	else if (f->fallback)
		load_text(l, c, " (default)", text_of(f->fallback));
	else if (f->required)
		report(l, f, "", "is not set");
}

static bool name_is_known(const struct config_tables *tables, struct text name)
{
	struct config_cursor c = { 0 };

	while (config_next(tables, &c)) {
		if (text_is(name, c.field->name) ||
		    (config_kind_is_secret(c.field->kind) && name_is_file_of(name, c.field->name)))
			return true;
	}
	return false;
}

/* Levenshtein's distance; names longer than the row are simply far away. */
static size_t edit_distance(struct text a, struct text b)
{
	size_t row[64];

	if (b.len >= ARRAY_SIZE(row))
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = diagonal + (a.ptr[i - 1] != b.ptr[j - 1]);
			best = row[j] + 1 < best ? row[j] + 1 : best;
			best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
			diagonal = row[j];
			row[j] = best;
		}
	}
	return row[b.len];
}

static const char *nearest_name(const struct config_tables *tables, struct text name)
{
	struct config_cursor c = { 0 };
	const char *nearest = NULL;
	size_t least = 4; /* farther is no typing error */

	while (config_next(tables, &c)) {
		size_t distance = edit_distance(text_slice(name, 0, 64), text_of(c.field->name));
		if (distance < least) {
			least = distance;
			nearest = c.field->name;
		}
	}
	return nearest;
}

static void refuse_unknown_names(struct loader *l)
{
	for (char **entry = environ; entry && *entry; entry++) {
		if (!text_starts_with(text_of(*entry), prefix))
			continue;
		struct text name = text_slice(text_of(*entry), 0, strcspn(*entry, "="));
		if (name_is_known(l->tables, name))
			continue;
		const char *nearest = nearest_name(l->tables, name);
		enum err err = nearest ? strbuf_printf(l->errors,
						       "%.*s: no such setting; did you mean %s?\n",
						       TEXT_FMT(name), nearest)
				       : strbuf_printf(l->errors,
						       "%.*s: no such setting; --help lists them\n",
						       TEXT_FMT(name));
		(void)err; /* as in report() */
		l->failed = true;
	}
}

/* In place, because /proc/PID/environ shows the original bytes; then out of the list, so that no
 * child inherits them. */
static void wipe_from_environment(const char *name)
{
	size_t len = strlen(name);

	for (char **entry = environ; entry && *entry; entry++) {
		if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
			wipe(*entry + len + 1, strlen(*entry + len + 1));
	}
	unsetenv(name);
}

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* The name as a whole word: A_SECRET is not mentioned by A_SECRET_PREVIOUS. */
static bool mentions(struct text line, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i + len <= line.len; i++) {
		bool starts = i == 0 || !is_name_char(line.ptr[i - 1]);
		bool ends = i + len == line.len || !is_name_char(line.ptr[i + len]);
		if (starts && ends && memcmp(line.ptr + i, name, len) == 0)
			return true;
	}
	return false;
}

static void note_rule(struct loader *l, struct text line)
{
	for (size_t i = 0; i < l->wrong_count; i++)
		if (mentions(line, l->wrong[i]))
			return;
	l->failed = true;
	strbuf_note(l->errors, "%.*s\n", TEXT_FMT(line));
}

static void check_rules(struct loader *l)
{
	AUTO(strbuf_clear) struct strbuf problems = STRBUF_INIT((size_t)64 * 1024);
	struct text rest, line;

	if (!l->tables->check || l->tables->check(l->tables->checked, &problems) == OK)
		return;
	rest = strbuf_text(&problems);
	while (text_next(&rest, '\n', &line))
		if (line.len)
			note_rule(l, line);
}

enum err config_load(const struct config_tables *tables, struct strbuf *errors)
{
	struct loader l = { .tables = tables, .errors = errors };
	struct config_cursor c = { 0 };

	while (config_next(tables, &c))
		load_field(&l, &c);
	refuse_unknown_names(&l);
	check_rules(&l);
	c = (struct config_cursor){ 0 };
	while (config_next(tables, &c)) {
		if (config_kind_is_secret(c.field->kind))
			wipe_from_environment(c.field->name);
	}
	if (!l.failed)
		return OK;
	config_clear(tables);
	return ERR_INVALID_REQUEST;
}

void config_clear(const struct config_tables *tables)
{
	struct config_cursor c = { 0 };

	while (config_next(tables, &c))
		config_value_clear(c.field, c.value);
}
