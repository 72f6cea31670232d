/* SPDX-License-Identifier: MIT */
/* Private to metrics: one series, and what the writer shares with the process' own figures. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "metrics/metrics.h"

struct metric_series {
	char *values[METRICS_MAX_LABELS]; /* owned */
	double value; /* counter, gauge; a histogram's sum */
	uint64_t observations;
	uint64_t *buckets; /* one per bound, each counted once: the writer adds them up */
};

/* A number as Prometheus reads it: 3, 0.25, 5e-05, +Inf, NaN. */
MUST_CHECK enum err metrics_write_number(struct strbuf *out, double value);
MUST_CHECK enum err metrics_write_family(struct strbuf *out, const struct metric *m);
MUST_CHECK enum err metrics_write_process(struct strbuf *out);
