/* SPDX-License-Identifier: MIT */
/* Prometheus' text format 0.0.4. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "metrics/metrics_private.h"

#include "base/banned.h"

enum err metrics_write_number(struct strbuf *out, double value)
{
	char shortest[32];

	if (isnan(value))
		return strbuf_append_str(out, "NaN");
	if (isinf(value))
		return strbuf_append_str(out, value > 0 ? "+Inf" : "-Inf");
	/* 15 digits look as people wrote them (0.1); 17 are needed where those are not the same
	 * number. */
	snprintf(shortest, sizeof(shortest), "%.15g", value);
	if (strtod(shortest, NULL) < value || strtod(shortest, NULL) > value)
		snprintf(shortest, sizeof(shortest), "%.17g", value);
	return strbuf_append_str(out, shortest);
}

/* Backslash and newline are escaped everywhere, quotes in label values only. */
static enum err write_escaped(struct strbuf *out, const char *s, bool is_label)
{
	for (; *s; s++) {
		enum err err;
		if (*s == '\\')
			err = strbuf_append_str(out, "\\\\");
		else if (*s == '\n')
			err = strbuf_append_str(out, "\\n");
		else if (*s == '"' && is_label)
			err = strbuf_append_str(out, "\\\"");
		else
			err = strbuf_append_char(out, *s);
		if (err)
			return err;
	}
	return OK;
}

static enum err write_label(struct strbuf *out, const char *name, const char *value, bool first)
{
	enum err err = strbuf_printf(out, "%s%s=\"", first ? "" : ",", name);

	if (!err)
		err = write_escaped(out, value, true);
	return err ? err : strbuf_append_char(out, '"');
}

/* {a="1",le="0.5"}, or nothing when there are no labels; `le` may be NULL. */
static enum err write_labels(struct strbuf *out, const struct metric *m,
			     const struct metric_series *s, const char *le)
{
	enum err err = OK;
	size_t i = 0;

	if (!m->labels[0] && !le)
		return OK;
	err = strbuf_append_char(out, '{');
	for (; !err && i < METRICS_MAX_LABELS && m->labels[i]; i++)
		err = write_label(out, m->labels[i], s->values[i], i == 0);
	if (!err && le)
		err = write_label(out, "le", le, i == 0);
	return err ? err : strbuf_append_char(out, '}');
}

static enum err write_sample(struct strbuf *out, const struct metric *m,
			     const struct metric_series *s, const char *suffix, const char *le,
			     double value)
{
	enum err err = strbuf_printf(out, "%s%s", m->name, suffix);

	if (!err)
		err = write_labels(out, m, s, le);
	if (!err)
		err = strbuf_append_char(out, ' ');
	if (!err)
		err = metrics_write_number(out, value);
	return err ? err : strbuf_append_char(out, '\n');
}

static enum err write_histogram(struct strbuf *out, const struct metric *m,
				const struct metric_series *s)
{
	uint64_t cumulative = 0;
	enum err err = OK;

	for (size_t i = 0; !err && i < m->bound_count; i++) {
		char le[32];
		snprintf(le, sizeof(le), "%.15g", m->bounds[i]);
		cumulative += s->buckets[i];
		err = write_sample(out, m, s, "_bucket", le, (double)cumulative);
	}
	if (!err)
		err = write_sample(out, m, s, "_bucket", "+Inf", (double)s->observations);
	if (!err)
		err = write_sample(out, m, s, "_sum", NULL, s->value);
	return err ? err : write_sample(out, m, s, "_count", NULL, (double)s->observations);
}

enum err metrics_write_family(struct strbuf *out, const struct metric *m)
{
	static const char *const kinds[] = { "counter", "gauge", "histogram" };
	enum err err = strbuf_printf(out, "# HELP %s ", m->name);

	if (!err)
		err = write_escaped(out, m->help, false);
	if (!err)
		err = strbuf_printf(out, "\n# TYPE %s %s\n", m->name, kinds[m->kind]);
	for (size_t i = 0; !err && i < m->series_count; i++) {
		err = m->kind == METRIC_HISTOGRAM
			      ? write_histogram(out, m, &m->series[i])
			      : write_sample(out, m, &m->series[i], "", NULL, m->series[i].value);
	}
	return err;
}
