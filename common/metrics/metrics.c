/* SPDX-License-Identifier: MIT */
/* The registry: families, their series, and the callbacks that fill gauges when somebody asks. */
#include "metrics/metrics.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "metrics/metrics_private.h"

#include "base/banned.h"

const double metrics_seconds_bounds[] = {
	0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
	0.1,	 0.25,	 0.5,	  1,	  2.5,	 5,	 10,	30,   60,
};
const size_t metrics_seconds_bound_count = ARRAY_SIZE(metrics_seconds_bounds);

struct scrape_callback {
	void (*function)(void *arg);
	void *arg;
};

/* One registry for each process, touched by the loop's thread only. */
static struct {
	struct metric *first, *last;
	struct scrape_callback *callbacks;
	size_t callback_count;
} registry;

static void register_family(struct metric *m)
{
	if (m->kind == METRIC_HISTOGRAM && !m->bounds) {
		m->bounds = metrics_seconds_bounds;
		m->bound_count = metrics_seconds_bound_count;
	}
	m->next = NULL;
	if (registry.last)
		registry.last->next = m;
	else
		registry.first = m;
	registry.last = m;
}

static size_t label_count(const struct metric *m)
{
	size_t count = 0;

	while (count < METRICS_MAX_LABELS && m->labels[count])
		count++;
	return count;
}

static bool series_matches(const struct metric_series *s, const char *const *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(s->values[i], values[i] ? values[i] : "") != 0)
			return false;
	}
	return true;
}

static struct metric_series *series_find(struct metric *m, const char *const *values, size_t count)
{
	for (size_t i = 0; i < m->series_count; i++) {
		if (series_matches(&m->series[i], values, count))
			return &m->series[i];
	}
	return NULL;
}

static struct metric_series *series_get(struct metric *m, const char *const *values)
{
	static const char *const other[METRICS_MAX_LABELS] = { "other", "other", "other", "other" };
	size_t count = label_count(m);
	struct metric_series *found = series_find(m, values, count);

	if (!found && m->series_count >= METRICS_MAX_SERIES) {
		values = other;
		found = series_find(m, values, count);
	}
	if (found)
		return found;
	if (!m->series_count)
		register_family(m);
	m->series = xreallocarray(m->series, m->series_count + 1, sizeof(*m->series));
	struct metric_series *s = &m->series[m->series_count++];
	*s = (struct metric_series){ 0 };
	for (size_t i = 0; i < count; i++)
		s->values[i] = xstrdup(values[i] ? values[i] : "");
	if (m->kind == METRIC_HISTOGRAM)
		s->buckets = xcalloc(m->bound_count, sizeof(*s->buckets));
	return s;
}

void metric_add_values(struct metric *m, double amount,
		       const char *const values[METRICS_MAX_LABELS])
{
	BUG_ON(m->kind == METRIC_HISTOGRAM);
	BUG_ON(m->kind == METRIC_COUNTER && !(amount >= 0));
	series_get(m, values)->value += amount;
}

void metric_set_values(struct metric *m, double value, const char *const values[METRICS_MAX_LABELS])
{
	BUG_ON(m->kind != METRIC_GAUGE);
	series_get(m, values)->value = value;
}

void metric_observe_values(struct metric *m, double value,
			   const char *const values[METRICS_MAX_LABELS])
{
	BUG_ON(m->kind != METRIC_HISTOGRAM);
	if (isnan(value))
		return;
	struct metric_series *s = series_get(m, values);
	s->value += value;
	s->observations++;
	for (size_t i = 0; i < m->bound_count; i++) {
		if (value <= m->bounds[i]) {
			s->buckets[i]++;
			break;
		}
	}
}

void metrics_on_scrape(void (*callback)(void *arg), void *arg)
{
	registry.callbacks = xreallocarray(registry.callbacks, registry.callback_count + 1,
					   sizeof(*registry.callbacks));
	registry.callbacks[registry.callback_count++] = (struct scrape_callback){ callback, arg };
}

enum err metrics_write(struct strbuf *out)
{
	for (size_t i = 0; i < registry.callback_count; i++)
		registry.callbacks[i].function(registry.callbacks[i].arg);
	for (const struct metric *m = registry.first; m; m = m->next) {
		enum err err = metrics_write_family(out, m);
		if (err)
			return err;
	}
	return metrics_write_process(out);
}

static void family_clear(struct metric *m)
{
	for (size_t i = 0; i < m->series_count; i++) {
		for (size_t label = 0; label < METRICS_MAX_LABELS; label++)
			free(m->series[i].values[label]);
		free(m->series[i].buckets);
	}
	free(m->series);
	m->series = NULL;
	m->series_count = 0;
	m->next = NULL;
}

void metrics_clear(void)
{
	struct metric *m = registry.first;

	while (m) {
		struct metric *next = m->next;
		family_clear(m);
		m = next;
	}
	free(registry.callbacks);
	memset(&registry, 0, sizeof(registry));
}
