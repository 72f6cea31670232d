/* SPDX-License-Identifier: MIT */
/* Loading a table from the environment: every kind, all errors at once, and no secret left behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/config.h"

#include "base/banned.h"

#define HEX_A "a3f1c2d4e5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff01"
#define BASE64URL_A "o_HC1OWWh3hpWks8LR4PABEiM0RVZneImaq7zN3u_wE"
#define BASE64_A "o/HC1OWWh3hpWks8LR4PABEiM0RVZneImaq7zN3u/wE="

struct sample {
	char *title;
	bool verbose;
	int64_t limit;
	int mode;
	struct config_address listen, peer;
	char *origin, *local;
	struct config_list names;
	char *file;
	struct secret password, key;
	struct config_secret_list old_keys;
};

static const char *const modes[] = { "quick", "careful", "off", NULL };

static const struct config_field first_table[] = {
	{ "GROVE_TITLE", CONFIG_TEXT, CONFIG_FIELD(sample, title), .fallback = "Grove",
	  .text = "What it is called." },
	{ "GROVE_VERBOSE", CONFIG_BOOL, CONFIG_FIELD(sample, verbose), .fallback = "off",
	  .text = "Talk | a lot." },
	{ "GROVE_LIMIT", CONFIG_INT, CONFIG_FIELD(sample, limit), .fallback = "10", .min = -5,
	  .max = 100, .text = "How long to wait.", .unit = "ms" },
	{ "GROVE_MODE", CONFIG_ENUM, CONFIG_FIELD(sample, mode), .fallback = "careful",
	  .choices = modes, .text = "How to go about it." },
	{ "GROVE_LISTEN", CONFIG_LISTEN, CONFIG_FIELD(sample, listen), .fallback = "127.0.0.1:0",
	  .text = "Where to listen." },
	{ "GROVE_PEER", CONFIG_PEER, CONFIG_FIELD(sample, peer), .text = "Whom to call." },
	{ 0 },
};
static const struct config_field second_table[] = {
	{ "GROVE_ORIGIN", CONFIG_ORIGIN, CONFIG_FIELD(sample, origin), .text = "The web origin." },
	{ "LOCAL_ORIGIN", CONFIG_ORIGIN, CONFIG_FIELD(sample, local), .http_allowed = true,
	  .text = "A local one." },
	{ "SAMPLE_NAMES", CONFIG_LIST, CONFIG_FIELD(sample, names), .fallback = "a,b",
	  .text = "Names." },
	{ "SAMPLE_BOOK_FILE", CONFIG_FILE, CONFIG_FIELD(sample, file), .text = "A file." },
	{ "SAMPLE_PASSWORD", CONFIG_SECRET, CONFIG_FIELD(sample, password), .text = "A password." },
	{ "SAMPLE_KEY", CONFIG_KEY32, CONFIG_FIELD(sample, key), .required = true,
	  .text = "The key." },
	{ "SAMPLE_KEY_PREVIOUS", CONFIG_KEY32_LIST, CONFIG_FIELD(sample, old_keys),
	  .text = "Older keys." },
	{ 0 },
};

struct fixture {
	struct sample sample;
	const struct config_field *table_list[3];
	void *target_list[3];
	struct config_tables tables;
	struct strbuf errors;
	char path[64];
};

static int start(void **state)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	*f = (struct fixture){
		.table_list = { first_table, second_table },
		.target_list = { &f->sample, &f->sample },
		.errors = STRBUF_INIT(100000),
		.path = "/tmp/test_config.XXXXXX",
	};
	f->tables = (struct config_tables){ .tables = f->table_list, .targets = f->target_list };
	int fd = mkstemp(f->path);
	if (fd < 0)
		return 1;
	close(fd);
	clearenv();
	*state = f;
	return 0;
}

static int stop(void **state)
{
	struct fixture *f = *state;
	config_clear(&f->tables);
	strbuf_clear(&f->errors);
	unlink(f->path);
	free(f);
	clearenv();
	return 0;
}

static void set(const char *name, const char *value)
{
	assert_int_equal(setenv(name, value, 1), 0);
}

static void write_file(const char *path, mode_t mode, const void *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void load(struct fixture *f)
{
	strbuf_reset(&f->errors);
	enum err err = config_load(&f->tables, &f->errors);
	if (err)
		fail_msg("%s", f->errors.data);
	assert_int_equal(f->errors.len, 0);
}

/* Loads, and wants exactly one line of error that begins so. */
static void assert_refused(struct fixture *f, const char *beginning)
{
	strbuf_reset(&f->errors);
	assert_int_equal(config_load(&f->tables, &f->errors), ERR_INVALID_REQUEST);
	if (strncmp(f->errors.data, beginning, strlen(beginning)) != 0)
		fail_msg("wanted: %s\ngot: %s", beginning, f->errors.data);
	assert_ptr_equal(strchr(f->errors.data, '\n'), f->errors.data + f->errors.len - 1);
}

static void defaults_fill_what_is_not_set(void **state)
{
	struct fixture *f = *state;
	const struct sample *s = &f->sample;
	set("SAMPLE_KEY", HEX_A);
	load(f);
	assert_string_equal(s->title, "Grove");
	assert_false(s->verbose);
	assert_int_equal(s->limit, 10);
	assert_int_equal(s->mode, 1);
	assert_string_equal(s->listen.host, "127.0.0.1");
	assert_int_equal(s->listen.port, 0);
	assert_string_equal(s->peer.host, "");
	assert_null(s->origin);
	assert_int_equal(s->names.count, 2);
	assert_null(s->file);
	assert_false(secret_is_set(&s->password));
	assert_int_equal(s->old_keys.count, 0);
	assert_int_equal(s->key.len, 32);
	assert_int_equal(s->key.bytes[0], 0xa3);
	assert_int_equal(s->key.bytes[31], 0x01);
}

static void every_kind_takes_its_value(void **state)
{
	struct fixture *f = *state;
	const struct sample *s = &f->sample;
	set("GROVE_TITLE", "B\xC3\xA4ume");
	set("GROVE_VERBOSE", "YES");
	set("GROVE_LIMIT", "-5");
	set("GROVE_MODE", "Off");
	set("GROVE_LISTEN", "unix:/run/x.sock");
	set("GROVE_PEER", "[::1]:7402");
	set("GROVE_ORIGIN", "https://Chat.example.org:443");
	set("LOCAL_ORIGIN", "http://localhost:8080");
	set("SAMPLE_NAMES", " x , y,z ");
	set("SAMPLE_BOOK_FILE", f->path);
	set("SAMPLE_PASSWORD", " with blanks ");
	set("SAMPLE_KEY", HEX_A);
	set("SAMPLE_KEY_PREVIOUS", HEX_A ", " BASE64URL_A "," BASE64_A);
	load(f);
	assert_string_equal(s->title, "B\xC3\xA4ume");
	assert_true(s->verbose);
	assert_int_equal(s->limit, -5);
	assert_int_equal(s->mode, 2);
	assert_string_equal(s->listen.unix_path, "/run/x.sock");
	assert_string_equal(s->peer.host, "::1");
	assert_string_equal(s->origin, "https://chat.example.org");
	assert_string_equal(s->local, "http://localhost:8080");
	assert_int_equal(s->names.count, 3);
	assert_string_equal(s->names.items[0], "x");
	assert_string_equal(s->names.items[2], "z");
	assert_string_equal(s->file, f->path);
	assert_memory_equal(s->password.bytes, " with blanks ", s->password.len);
	assert_int_equal(s->old_keys.count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_memory_equal(s->old_keys.items[i].bytes, s->key.bytes, 32);
}

static void an_empty_value_is_unset_but_a_list_is_then_empty(void **state)
{
	struct fixture *f = *state;
	set("SAMPLE_KEY", HEX_A);
	set("GROVE_TITLE", "");
	set("GROVE_LIMIT", "");
	set("GROVE_PEER", "");
	set("SAMPLE_NAMES", "");
	load(f);
	assert_string_equal(f->sample.title, "Grove");
	assert_int_equal(f->sample.limit, 10);
	assert_int_equal(f->sample.names.count, 0);
}

static void all_errors_come_at_once_and_the_struct_is_cleared(void **state)
{
	static const struct {
		const char *name, *value, *wanted;
	} cases[] = {
		{ "GROVE_TITLE", "a\x1b[1m",
		  "GROVE_TITLE: holds control characters; wanted: printable text" },
		{ "GROVE_VERBOSE", "maybe",
		  "GROVE_VERBOSE: neither on nor off; wanted: on or off" },
		{ "GROVE_LIMIT", "101",
		  "GROVE_LIMIT: too large; wanted: a whole number from -5 to 100 ms\n" },
		{ "GROVE_MODE", "fast",
		  "GROVE_MODE: not a known choice; wanted: quick, careful or off\n" },
		{ "GROVE_LISTEN", "localhost:1",
		  "GROVE_LISTEN: not an address; wanted: a numeric address" },
		{ "GROVE_PEER", "127.0.0.1:0", "GROVE_PEER: port 0 cannot be called; wanted: " },
		{ "GROVE_ORIGIN", "http://a.org",
		  "GROVE_ORIGIN: not an origin; wanted: https://host" },
		{ "LOCAL_ORIGIN", "http://a.org/",
		  "LOCAL_ORIGIN: not an origin; wanted: https://host" },
		{ "SAMPLE_NAMES", "a,,b", "SAMPLE_NAMES: has an empty item; wanted: " },
		{ "SAMPLE_BOOK_FILE", "/nonexistent/x",
		  "SAMPLE_BOOK_FILE: cannot be opened for reading; wanted: " },
		{ "SAMPLE_PASSWORD", "", "SAMPLE_PASSWORD: is empty; wanted: " },
		{ "SAMPLE_KEY", "marker",
		  "SAMPLE_KEY: not a 32-byte key, or a placeholder or a pattern; wanted: 32 "
		  "random" },
		{ "SAMPLE_KEY_PREVIOUS", HEX_A ",", "SAMPLE_KEY_PREVIOUS: not a 32-byte key" },
		{ "GROVE_LISTN", "marker",
		  "GROVE_LISTN: no such setting; did you mean GROVE_LISTEN?\n" },
		{ "GROVE_WHOLLY_ELSE", "marker",
		  "GROVE_WHOLLY_ELSE: no such setting; --help lists them\n" },
		{ "GROVE_TITLE_FILE", "marker",
		  "GROVE_TITLE_FILE: no such setting; --help lists them\n" },
		{ "GROVE_", "marker", "GROVE_: no such setting; --help lists them\n" },
	};
	struct fixture *f = *state;
	static const struct sample zero;
	size_t lines = 0;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		set(cases[i].name, cases[i].value);
	assert_int_equal(config_load(&f->tables, &f->errors), ERR_INVALID_REQUEST);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(auto_free) char *line = xasprintf("\n%s", cases[i].wanted);
		if (!strstr(f->errors.data, line) &&
		    strncmp(f->errors.data, line + 1, strlen(line + 1)) != 0)
			fail_msg("%s is not in\n%s", line, f->errors.data);
	}
	for (const char *s = f->errors.data; (s = strchr(s, '\n')); s++)
		lines++;
	assert_int_equal(lines, ARRAY_SIZE(cases));
	assert_null(strstr(f->errors.data, "marker"));
	assert_memory_equal(&f->sample, &zero, sizeof(zero));
}

static void one_wrong_value_is_one_error(void **state)
{
	static const struct {
		const char *name, *value, *wanted;
	} cases[] = {
		{ "GROVE_TITLE", "a\nb", "GROVE_TITLE: holds control characters" },
		{ "GROVE_TITLE", "\xFF", "GROVE_TITLE: not UTF-8" },
		{ "GROVE_TITLE", "a\xC2\x9B", "GROVE_TITLE: holds control characters" },
		{ "GROVE_VERBOSE", "2", "GROVE_VERBOSE: neither" },
		{ "GROVE_VERBOSE", " on", "GROVE_VERBOSE: neither" },
		{ "GROVE_LIMIT", "-6", "GROVE_LIMIT: too small" },
		{ "GROVE_LIMIT", "1.5", "GROVE_LIMIT: not a whole number" },
		{ "GROVE_LIMIT", "10ms", "GROVE_LIMIT: not a whole number" },
		{ "GROVE_LIMIT", "99999999999999999999", "GROVE_LIMIT: not a whole number" },
		{ "GROVE_MODE", "0", "GROVE_MODE: not a known choice" },
		{ "GROVE_LISTEN", "127.0.0.1", "GROVE_LISTEN: not an address" },
		{ "GROVE_PEER", "[::1]:0", "GROVE_PEER: port 0" },
		{ "SAMPLE_NAMES", ",", "SAMPLE_NAMES: has an empty item" },
		{ "SAMPLE_NAMES", "a, ,b", "SAMPLE_NAMES: has an empty item" },
		{ "SAMPLE_NAMES", "a\tb", "SAMPLE_NAMES: holds control characters" },
		{ "SAMPLE_BOOK_FILE", "relative", "SAMPLE_BOOK_FILE: not an absolute path" },
		{ "SAMPLE_BOOK_FILE", "/tmp", "SAMPLE_BOOK_FILE: not a regular file" },
		{ "SAMPLE_BOOK_FILE", "/dev/null", "SAMPLE_BOOK_FILE: not a regular file" },
		{ "SAMPLE_KEY", "", "SAMPLE_KEY: is empty" },
		{ "SAMPLE_KEY", HEX_A "0", "SAMPLE_KEY: not a 32-byte key" },
		{ "SAMPLE_KEY", " " HEX_A, "SAMPLE_KEY: not a 32-byte key" },
		{ "SAMPLE_KEY", "0000000000000000000000000000000000000000000000000000000000000000",
		  "SAMPLE_KEY: not a 32-byte key" },
		{ "SAMPLE_KEY", "changemechangemechangemechangemechangemecha",
		  "SAMPLE_KEY: not a 32-byte key" },
		{ "SAMPLE_KEY", "o/HC1OWWh3hpWks8LR4PABEiM0RVZneImaq7zN3u_wE",
		  "SAMPLE_KEY: not a 32-byte key" },
		{ "SAMPLE_KEY_PREVIOUS", "", "SAMPLE_KEY_PREVIOUS: is empty" },
		{ "SAMPLE_KEY_PREVIOUS", HEX_A "," HEX_A "," HEX_A "," HEX_A "," HEX_A,
		  "SAMPLE_KEY_PREVIOUS: has too many keys" },
		{ "SAMPLE_PASSWORD_FILE", "", "SAMPLE_PASSWORD_FILE: is empty" },
		{ "SAMPLE_PASSWORD_FILE", "/nonexistent/x",
		  "SAMPLE_PASSWORD_FILE: there is no such file" },
		{ "SAMPLE_PASSWORD_FILE", "/tmp", "SAMPLE_PASSWORD_FILE: not a regular file" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		clearenv();
		set("SAMPLE_KEY", HEX_A);
		set(cases[i].name, cases[i].value);
		assert_refused(f, cases[i].wanted);
	}
}

static void values_longer_than_the_limit_are_refused(void **state)
{
	static const char *const names[] = { "GROVE_TITLE", "SAMPLE_PASSWORD" };
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		AUTO(auto_free) char *value = xasprintf("%4097s", "x");
		clearenv();
		set("SAMPLE_KEY", HEX_A);
		set(names[i], value + 1);
		load(f);
		config_clear(&f->tables);
		set("SAMPLE_KEY", HEX_A);
		set(names[i], value);
		AUTO(auto_free) char *wanted = xasprintf("%s: too long", names[i]);
		assert_refused(f, wanted);
	}
}

static void what_is_required_must_be_there(void **state)
{
	assert_refused(*state, "SAMPLE_KEY: is not set; wanted: 32 random bytes");
}

static void every_spelling_of_a_key_gives_the_same_bytes(void **state)
{
	static const char *const spellings[] = {
		HEX_A,		 BASE64URL_A,
		BASE64_A,	 "A3F1C2D4E5968778695A4B3C2D1E0F00112233445566778899AABBCCDDEEFF01",
		BASE64URL_A "=", "o/HC1OWWh3hpWks8LR4PABEiM0RVZneImaq7zN3u/wE",
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
		set("SAMPLE_KEY", spellings[i]);
		load(f);
		assert_int_equal(f->sample.key.bytes[1], 0xf1);
		assert_int_equal(f->sample.key.bytes[31], 0x01);
		config_clear(&f->tables);
	}
}

static void a_secret_may_come_from_a_file_without_its_last_newline(void **state)
{
	struct fixture *f = *state;
	static const char password[] = "pass\nword\n\n";
	write_file(f->path, 0600, password, sizeof(password) - 1);
	set("SAMPLE_PASSWORD_FILE", f->path);
	set("SAMPLE_KEY", HEX_A);
	load(f);
	assert_int_equal(f->sample.password.len, sizeof(password) - 2);
	assert_memory_equal(f->sample.password.bytes, password, sizeof(password) - 2);
	config_clear(&f->tables);

	clearenv();
	write_file(f->path, 0640, HEX_A "," BASE64_A "\n", 64 + 1 + 44 + 1);
	set("SAMPLE_KEY_PREVIOUS_FILE", f->path);
	set("SAMPLE_KEY", HEX_A);
	load(f);
	assert_int_equal(f->sample.old_keys.count, 2);
	config_clear(&f->tables);

	clearenv();
	write_file(f->path, 0400, BASE64URL_A "\n", 44);
	set("SAMPLE_KEY_FILE", f->path);
	load(f);
	assert_int_equal(f->sample.key.bytes[1], 0xf1);
}

static void a_secret_file_of_the_largest_size_is_taken_and_one_more_is_not(void **state)
{
	struct fixture *f = *state;
	AUTO(auto_free) char *data = xasprintf("%4096s\nx", "x");
	set("SAMPLE_KEY", HEX_A);
	set("SAMPLE_PASSWORD_FILE", f->path);
	write_file(f->path, 0600, data, 4097);
	load(f);
	assert_int_equal(f->sample.password.len, 4096);
	config_clear(&f->tables);
	set("SAMPLE_KEY", HEX_A);
	write_file(f->path, 0600, data, 4098);
	assert_refused(f, "SAMPLE_PASSWORD_FILE: the file is too long");
}

static void unfit_secret_files_are_refused(void **state)
{
	static const struct {
		mode_t mode;
		const char *content;
		size_t len;
		const char *wanted;
	} cases[] = {
		{ 0604, "secret", 6, "SAMPLE_PASSWORD_FILE: other users may use the file" },
		{ 0644, "secret", 6, "SAMPLE_PASSWORD_FILE: other users may use the file" },
		{ 0602, "secret", 6, "SAMPLE_PASSWORD_FILE: other users may use the file" },
		{ 0600, "", 0, "SAMPLE_PASSWORD_FILE: is empty" },
		{ 0600, "\n", 1, "SAMPLE_PASSWORD_FILE: is empty" },
		{ 0600, "a\0b", 3, "SAMPLE_PASSWORD_FILE: holds a NUL byte" },
	};
	struct fixture *f = *state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		write_file(f->path, cases[i].mode, cases[i].content, cases[i].len);
		clearenv();
		set("SAMPLE_KEY", HEX_A);
		set("SAMPLE_PASSWORD_FILE", f->path);
		assert_refused(f, cases[i].wanted);
	}
}

static void a_secret_given_twice_is_refused(void **state)
{
	struct fixture *f = *state;
	write_file(f->path, 0600, HEX_A, 64);
	set("SAMPLE_KEY", HEX_A);
	set("SAMPLE_KEY_FILE", f->path);
	assert_refused(f, "SAMPLE_KEY: given twice, also as a file");
	set("SAMPLE_KEY", "");
	assert_refused(f, "SAMPLE_KEY: given twice, also as a file");
}

/* Takes the place of `environ` so that the very bytes can be looked at afterwards. */
static void secrets_are_wiped_where_they_stood_even_after_an_error(void **state)
{
	struct fixture *f = *state;
	for (int round = 0; round < 2; round++) {
		char key[] = "SAMPLE_KEY=" HEX_A, again[] = "SAMPLE_KEY=" HEX_A;
		char password[] = "SAMPLE_PASSWORD=s3cret", old[] = "SAMPLE_KEY_PREVIOUS=" BASE64_A;
		char near[] = "SAMPLE_KEYRING=kept", limit[] = "GROVE_LIMIT=1";
		char *entries[] = { near, key, password, old, again, limit, NULL };
		char **saved = environ;
		if (round == 1)
			limit[12] = 'x';
		environ = entries;
		enum err err = config_load(&f->tables, &f->errors);
		assert_int_equal(err, round == 1 ? ERR_INVALID_REQUEST : OK);
		assert_null(getenv("SAMPLE_KEY"));
		assert_null(getenv("SAMPLE_PASSWORD"));
		assert_null(getenv("SAMPLE_KEY_PREVIOUS"));
		assert_non_null(getenv("GROVE_LIMIT"));
		environ = saved;
		assert_string_equal(near, "SAMPLE_KEYRING=kept");
		for (size_t i = strlen("SAMPLE_KEY="); i < sizeof(key); i++)
			assert_int_equal(key[i] | again[i], 0);
		for (size_t i = strlen("SAMPLE_PASSWORD="); i < sizeof(password); i++)
			assert_int_equal(password[i], 0);
		for (size_t i = strlen("SAMPLE_KEY_PREVIOUS="); i < sizeof(old); i++)
			assert_int_equal(old[i], 0);
		config_clear(&f->tables);
	}
}

static void a_full_error_buffer_still_refuses(void **state)
{
	struct fixture *f = *state;
	AUTO(strbuf_clear) struct strbuf small = STRBUF_INIT(10);
	assert_int_equal(config_load(&f->tables, &small), ERR_INVALID_REQUEST);
}

static void help_names_every_setting_with_default_and_limits(void **state)
{
	const struct config_field *const list[] = { first_table, second_table, NULL };
	const struct config_tables tables = { .tables = list };
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(100000);
	(void)state;
	assert_int_equal(config_write_help(&tables, &out), OK);
	assert_non_null(strstr(out.data, "  GROVE_LIMIT (default: 10)\n      How long to wait.\n"
					 "      Wants a whole number from -5 to 100 ms.\n"));
	assert_non_null(strstr(out.data, "  SAMPLE_KEY, SAMPLE_KEY_FILE (required)\n"));
	assert_non_null(strstr(out.data, "  GROVE_PEER\n"));
}

static void markdown_is_a_table_with_a_row_for_each_setting(void **state)
{
	const struct config_field *const list[] = { first_table, second_table, NULL };
	const struct config_tables tables = { .tables = list };
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(100000);
	(void)state;
	assert_int_equal(config_write_markdown(&tables, &out), OK);
	static const char head[] = "| variable | meaning | default | limits |\n|---|---|---|---|\n";
	assert_memory_equal(out.data, head, strlen(head));
	assert_non_null(strstr(out.data, "\n| `GROVE_LIMIT` | How long to wait. | `10` | a whole "
					 "number from -5 to 100 ms |\n"));
	assert_non_null(strstr(out.data, "\n| `GROVE_VERBOSE` | Talk \\| a lot. | `off` | "));
	assert_non_null(
		strstr(out.data, "\n| `SAMPLE_KEY`, `SAMPLE_KEY_FILE` | The key. | required | "));
	assert_non_null(strstr(
		out.data,
		"\n| `GROVE_MODE` | How to go about it. | `careful` | quick, careful or off |\n"));
	assert_non_null(strstr(out.data, "\n| `GROVE_PEER` | Whom to call. | – | "));
}

static void names_include_the_files_of_secrets(void **state)
{
	const struct config_field *const list[] = { first_table, second_table, NULL };
	const struct config_tables tables = { .tables = list };
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(100000);
	(void)state;
	assert_int_equal(config_write_names(&tables, &out), OK);
	assert_string_equal(out.data,
			    "GROVE_TITLE\nGROVE_VERBOSE\nGROVE_LIMIT\nGROVE_MODE\nGROVE_"
			    "LISTEN\nGROVE_PEER\nGROVE_ORIGIN\n"
			    "LOCAL_ORIGIN\nSAMPLE_NAMES\nSAMPLE_BOOK_FILE\nSAMPLE_PASSWORD\nSAMPLE_"
			    "PASSWORD_FILE\nSAMPLE_KEY\n"
			    "SAMPLE_KEY_FILE\nSAMPLE_KEY_PREVIOUS\nSAMPLE_KEY_PREVIOUS_FILE\n");
}

/* A pair that must not stand together, whatever each is by itself. */
static enum err refuse_a_quiet_limit(const void *checked, struct strbuf *errors)
{
	(void)checked;
	strbuf_note(errors, "GROVE_LIMIT: does not go with GROVE_VERBOSE; leave one out\n");
	return ERR_INVALID_REQUEST;
}

static void rules_over_several_settings_are_told_with_the_single_errors(void **state)
{
	struct fixture *f = *state;
	f->tables.check = refuse_a_quiet_limit;
	f->tables.checked = &f->sample;
	set("GROVE_MODE", "sideways");
	assert_int_equal(config_load(&f->tables, &f->errors), ERR_INVALID_REQUEST);
	assert_non_null(strstr(f->errors.data, "GROVE_MODE: "));
	assert_non_null(strstr(f->errors.data, "GROVE_LIMIT: does not go with GROVE_VERBOSE"));
}

static void a_rule_about_a_setting_that_is_wrong_by_itself_waits_until_it_is_right(void **state)
{
	struct fixture *f = *state;
	f->tables.check = refuse_a_quiet_limit;
	f->tables.checked = &f->sample;
	set("GROVE_VERBOSE", "perhaps");
	assert_int_equal(config_load(&f->tables, &f->errors), ERR_INVALID_REQUEST);
	assert_non_null(strstr(f->errors.data, "GROVE_VERBOSE: "));
	assert_null(strstr(f->errors.data, "does not go with"));
}

int main(void)
{
	secret_init_library(true);
#define TEST(f) cmocka_unit_test_setup_teardown(f, start, stop)
	const struct CMUnitTest tests[] = {
		TEST(defaults_fill_what_is_not_set),
		TEST(every_kind_takes_its_value),
		TEST(an_empty_value_is_unset_but_a_list_is_then_empty),
		TEST(all_errors_come_at_once_and_the_struct_is_cleared),
		TEST(one_wrong_value_is_one_error),
		TEST(rules_over_several_settings_are_told_with_the_single_errors),
		TEST(a_rule_about_a_setting_that_is_wrong_by_itself_waits_until_it_is_right),
		TEST(values_longer_than_the_limit_are_refused),
		TEST(what_is_required_must_be_there),
		TEST(every_spelling_of_a_key_gives_the_same_bytes),
		TEST(a_secret_may_come_from_a_file_without_its_last_newline),
		TEST(a_secret_file_of_the_largest_size_is_taken_and_one_more_is_not),
		TEST(unfit_secret_files_are_refused),
		TEST(a_secret_given_twice_is_refused),
		TEST(secrets_are_wiped_where_they_stood_even_after_an_error),
		TEST(a_full_error_buffer_still_refuses),
		TEST(help_names_every_setting_with_default_and_limits),
		TEST(markdown_is_a_table_with_a_row_for_each_setting),
		TEST(names_include_the_files_of_secrets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
