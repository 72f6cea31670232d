/* SPDX-License-Identifier: MIT */
/* What people read: --help, the README's table and the list of names, all from the same tables. */
#include <inttypes.h>

#include "config/config_private.h"

#include "base/banned.h"

#define KEY32_FORM "32 random bytes as 64 hexadecimal or 43 to 44 base64 characters"

static enum err write_choices(const struct config_field *f, struct strbuf *out)
{
	enum err err = OK;

	for (size_t i = 0; !err && f->choices[i]; i++) {
		const char *joint = i == 0 ? "" : f->choices[i + 1] ? ", " : " or ";
		err = strbuf_printf(out, "%s%s", joint, f->choices[i]);
	}
	return err;
}

enum err config_write_wanted(const struct config_field *f, struct strbuf *out)
{
	switch (f->kind) {
	case CONFIG_TEXT:
		return strbuf_append_str(out, "printable text of at most 4096 bytes");
	case CONFIG_BOOL:
		return strbuf_append_str(out, "on or off (also 1, true, yes, 0, false, no)");
	case CONFIG_INT:
		return strbuf_printf(out, "a whole number from %" PRId64 " to %" PRId64 "%s%s",
				     f->min, f->max, f->unit ? " " : "", f->unit ? f->unit : "");
	case CONFIG_ENUM:
		return write_choices(f, out);
	case CONFIG_LISTEN:
		return strbuf_append_str(
			out, "a numeric address with its port, such as 127.0.0.1:7400 or "
			     "[::1]:7400 (port 0: any free one), or unix:/path");
	case CONFIG_PEER:
		return strbuf_append_str(
			out, "a numeric address with its port, such as 127.0.0.1:7400 or "
			     "[::1]:7400, or unix:/path");
	case CONFIG_ORIGIN:
		return strbuf_printf(out, "https://host or https://host:port without a path%s",
				     f->http_allowed ? "; http is allowed too" : "");
	case CONFIG_LIST:
		return strbuf_append_str(out, "a list separated by commas, without empty items");
	case CONFIG_FILE:
		return strbuf_append_str(out, "the absolute path of a readable file");
	case CONFIG_SECRET:
		return strbuf_append_str(
			out, "1 to 4096 bytes, better in a file that other users may not read");
	case CONFIG_KEY32:
		return strbuf_append_str(out, KEY32_FORM " (openssl rand -base64 32 makes them)");
	case CONFIG_KEY32_LIST:
		return strbuf_append_str(out, "1 to 4 keys separated by commas, each " KEY32_FORM);
	}
	BUG("unknown kind of setting");
}

static enum err write_help_field(const struct config_field *f, struct strbuf *out)
{
	enum err err = strbuf_printf(out, "  %s", f->name);

	if (!err && config_kind_is_secret(f->kind))
		err = strbuf_printf(out, ", %s_FILE", f->name);
	if (!err && f->fallback)
		err = strbuf_printf(out, " (default: %s)", *f->fallback ? f->fallback : "empty");
	else if (!err && f->required)
		err = strbuf_append_str(out, " (required)");
	if (!err)
		err = strbuf_printf(out, "\n      %s\n      Wants ", f->text);
	if (!err)
		err = config_write_wanted(f, out);
	return err ? err : strbuf_append_str(out, ".\n");
}

enum err config_write_help(const struct config_tables *tables, struct strbuf *out)
{
	struct config_cursor c = { 0 };
	enum err err = strbuf_append_str(out, "Settings are environment variables:\n");

	while (!err && config_next(tables, &c))
		err = write_help_field(c.field, out);
	return err;
}

/* A cell must not end early. */
static enum err write_cell(struct strbuf *out, const char *s)
{
	enum err err = OK;

	for (; !err && *s; s++)
		err = *s == '|' ? strbuf_append_str(out, "\\|") : strbuf_append_char(out, *s);
	return err ? err : strbuf_append_str(out, " | ");
}

static enum err write_default_cell(const struct config_field *f, struct strbuf *out)
{
	if (f->required && !f->fallback)
		return write_cell(out, "required");
	if (!f->fallback)
		return write_cell(out, "–");
	enum err err = strbuf_append_char(out, '`');
	for (const char *s = f->fallback; !err && *s; s++)
		err = *s == '|' ? strbuf_append_str(out, "\\|") : strbuf_append_char(out, *s);
	return err ? err : strbuf_append_str(out, "` | ");
}

static enum err write_markdown_field(const struct config_field *f, struct strbuf *out)
{
	enum err err = strbuf_printf(out, "| `%s`", f->name);

	if (!err && config_kind_is_secret(f->kind))
		err = strbuf_printf(out, ", `%s_FILE`", f->name);
	if (!err)
		err = strbuf_append_str(out, " | ");
	if (!err)
		err = write_cell(out, f->text);
	if (!err)
		err = write_default_cell(f, out);
	if (!err)
		err = config_write_wanted(f, out);
	return err ? err : strbuf_append_str(out, " |\n");
}

enum err config_write_markdown(const struct config_tables *tables, struct strbuf *out)
{
	struct config_cursor c = { 0 };
	enum err err = strbuf_append_str(
		out, "| variable | meaning | default | limits |\n|---|---|---|---|\n");

	while (!err && config_next(tables, &c))
		err = write_markdown_field(c.field, out);
	return err;
}

enum err config_write_names(const struct config_tables *tables, struct strbuf *out)
{
	struct config_cursor c = { 0 };
	enum err err = OK;

	while (!err && config_next(tables, &c)) {
		err = strbuf_printf(out, "%s\n", c.field->name);
		if (!err && config_kind_is_secret(c.field->kind))
			err = strbuf_printf(out, "%s_FILE\n", c.field->name);
	}
	return err;
}
