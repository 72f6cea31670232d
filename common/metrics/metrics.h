/* SPDX-License-Identifier: MIT */
/*
 * Metrics in Prometheus' text format 0.0.4. A family is declared statically and registered on first use; series of a
 * family are found by their label values and kept for the life of the daemon, so label values must come from closed sets (route
 * templates, status classes, providers), never from users: past METRICS_MAX_SERIES series of one family, further ones are counted
 * under the label value "other". Single-threaded: the loop's thread only.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/strbuf.h"

#define METRICS_MAX_LABELS 4
#define METRICS_MAX_SERIES 256

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric_series;

struct metric {
	enum metric_kind kind;
	const char *name;			/* grove_…_total, grove_…_seconds, … */
	const char *help;
	const char *labels[METRICS_MAX_LABELS];	/* names, NULL-terminated when fewer */
	const double *bounds;			/* histogram: ascending upper bounds, without +Inf */
	size_t bound_count;
	/* private */
	struct metric_series *series;
	size_t series_count;
	struct metric *next;
};

extern const double metrics_seconds_bounds[];	/* 50 µs … 60 s, for latencies */
extern const size_t metrics_seconds_bound_count;

#define METRIC_COUNTER_INIT(name_, help_, ...)                                                     \
	{ .kind = METRIC_COUNTER, .name = (name_), .help = (help_), .labels = { __VA_ARGS__ } }
#define METRIC_GAUGE_INIT(name_, help_, ...)                                                       \
	{ .kind = METRIC_GAUGE, .name = (name_), .help = (help_), .labels = { __VA_ARGS__ } }
#define METRIC_SECONDS_INIT(name_, help_, ...)                                                     \
	{ .kind = METRIC_HISTOGRAM, .name = (name_), .help = (help_), .labels = { __VA_ARGS__ } }

/* Label values follow in the order of .labels; missing ones are "". They are copied. */
#define metric_add(metric, amount, ...)                                                            \
	metric_add_values((metric), (amount), (const char *const[METRICS_MAX_LABELS]){ __VA_ARGS__ })
#define metric_set(metric, value, ...)                                                             \
	metric_set_values((metric), (value), (const char *const[METRICS_MAX_LABELS]){ __VA_ARGS__ })
#define metric_observe(metric, value, ...)                                                         \
	metric_observe_values((metric), (value), (const char *const[METRICS_MAX_LABELS]){ __VA_ARGS__ })
#define metric_inc(metric, ...) metric_add(metric, 1 __VA_OPT__(, ) __VA_ARGS__)

void metric_add_values(struct metric *m, double amount, const char *const values[METRICS_MAX_LABELS]);
void metric_set_values(struct metric *m, double value, const char *const values[METRICS_MAX_LABELS]);
void metric_observe_values(struct metric *m, double value, const char *const values[METRICS_MAX_LABELS]);

/* A gauge that is asked for its value at scrape time. The callback must not block. */
void metrics_on_scrape(void (*callback)(void *arg), void *arg);

/* Appends every registered family, and process_* (resident and proportional memory, CPU seconds, open files). */
MUST_CHECK enum err metrics_write(struct strbuf *out);
void metrics_clear(void);	/* frees all series; at exit and between tests */
