/* SPDX-License-Identifier: MIT */
/* The text that Prometheus reads, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "metrics/metrics.h"

#include "base/banned.h"

static int stop(void **state)
{
	(void)state;
	metrics_clear();
	return 0;
}

static void write_all(struct strbuf *out)
{
	strbuf_reset(out);
	assert_int_equal(metrics_write(out), OK);
}

/* The families under test stand before those of the process. */
static void assert_written(const char *wanted)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(1 << 20);
	write_all(&out);
	char *process = strstr(out.data, "# HELP process_");
	assert_non_null(process);
	*process = '\0';
	assert_string_equal(out.data, wanted);
}

static void nothing_is_written_before_its_first_use(void **state)
{
	static struct metric unused = METRIC_COUNTER_INIT("grove_unused_total", "Unused.", "a");
	(void)state;
	(void)unused;
	assert_written("");
}

static void counters_and_gauges_are_written_in_order_of_first_use(void **state)
{
	static struct metric gauge =
		METRIC_GAUGE_INIT("grove_live_requests", "Requests under way.", NULL);
	static struct metric counter =
		METRIC_COUNTER_INIT("grove_requests_total", "Requests.", "route", "class");
	(void)state;
	metric_set(&gauge, 3);
	metric_add(&gauge, -2.5);
	metric_inc(&counter, "/v1/keys", "2xx");
	metric_inc(&counter, "/v1/keys", "4xx");
	metric_add(&counter, 41, "/v1/keys", "2xx");
	metric_inc(&counter, "/v1/keys");
	assert_written("# HELP grove_live_requests Requests under way.\n"
		       "# TYPE grove_live_requests gauge\n"
		       "grove_live_requests 0.5\n"
		       "# HELP grove_requests_total Requests.\n"
		       "# TYPE grove_requests_total counter\n"
		       "grove_requests_total{route=\"/v1/keys\",class=\"2xx\"} 42\n"
		       "grove_requests_total{route=\"/v1/keys\",class=\"4xx\"} 1\n"
		       "grove_requests_total{route=\"/v1/keys\",class=\"\"} 1\n");
}

static void a_histogram_adds_its_buckets_up(void **state)
{
	static const double bounds[] = { 0.1, 1, 10 };
	static struct metric m = { .kind = METRIC_HISTOGRAM,
				   .name = "grove_step_seconds",
				   .help = "Steps.",
				   .labels = { "step" },
				   .bounds = bounds,
				   .bound_count = 3 };
	(void)state;
	metric_observe(&m, 0.0625, "load");
	metric_observe(&m, 0.1, "load"); /* a bound belongs to its bucket */
	metric_observe(&m, 5, "load");
	metric_observe(&m, 100, "load");
	metric_observe(&m, NAN, "load"); /* not a time */
	assert_written("# HELP grove_step_seconds Steps.\n"
		       "# TYPE grove_step_seconds histogram\n"
		       "grove_step_seconds_bucket{step=\"load\",le=\"0.1\"} 2\n"
		       "grove_step_seconds_bucket{step=\"load\",le=\"1\"} 2\n"
		       "grove_step_seconds_bucket{step=\"load\",le=\"10\"} 3\n"
		       "grove_step_seconds_bucket{step=\"load\",le=\"+Inf\"} 4\n"
		       "grove_step_seconds_sum{step=\"load\"} 105.1625\n"
		       "grove_step_seconds_count{step=\"load\"} 4\n");
}

static void seconds_have_the_houses_bounds_and_may_lack_labels(void **state)
{
	static struct metric m = METRIC_SECONDS_INIT("grove_lag_seconds", "Lag.", NULL);
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(1 << 20);
	(void)state;
	metric_observe(&m, 0.00004);
	metric_observe(&m, 61);
	write_all(&out);
	assert_non_null(strstr(out.data, "grove_lag_seconds_bucket{le=\"5e-05\"} 1\n"));
	assert_non_null(strstr(out.data, "grove_lag_seconds_bucket{le=\"60\"} 1\n"));
	assert_non_null(strstr(out.data, "grove_lag_seconds_bucket{le=\"+Inf\"} 2\n"));
	assert_non_null(strstr(out.data, "\ngrove_lag_seconds_count 2\n"));
	for (size_t i = 1; i < metrics_seconds_bound_count; i++)
		assert_true(metrics_seconds_bounds[i - 1] < metrics_seconds_bounds[i]);
}

static void label_values_and_help_are_escaped(void **state)
{
	static struct metric m =
		METRIC_COUNTER_INIT("grove_x_total", "A \"back\\slash\"\nand more.", "v");
	(void)state;
	metric_inc(&m, "a\"b\\c\nd");
	assert_written("# HELP grove_x_total A \"back\\\\slash\"\\nand more.\n"
		       "# TYPE grove_x_total counter\n"
		       "grove_x_total{v=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static void label_values_are_copied(void **state)
{
	static struct metric m = METRIC_COUNTER_INIT("grove_x_total", "X.", "v");
	char value[] = "first";
	(void)state;
	metric_inc(&m, value);
	memcpy(value, "other", sizeof(value));
	metric_inc(&m, "first");
	assert_int_equal(m.series_count, 1);
}

static void numbers_are_written_as_prometheus_reads_them(void **state)
{
	static struct metric m = METRIC_GAUGE_INIT("g", "G.", "v");
	static const struct {
		double value;
		const char *wanted;
	} cases[] = {
		{ 0, " 0\n" },
		{ -1.5, " -1.5\n" },
		{ 0.1, " 0.1\n" },
		{ 1e15, " 1e+15\n" },
		{ 123456789012, " 123456789012\n" },
		{ 9007199254740993.0, " 9007199254740992\n" },
		{ 0.1 + 0.2, " 0.30000000000000004\n" },
		{ NAN, " NaN\n" },
		{ INFINITY, " +Inf\n" },
		{ -INFINITY, " -Inf\n" },
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(1 << 20);
		metric_set(&m, cases[i].value, "x");
		write_all(&out);
		const char *got = strstr(out.data, "} ");
		assert_non_null(got);
		assert_memory_equal(got + 1, cases[i].wanted, strlen(cases[i].wanted));
	}
}

static void past_the_cap_further_series_are_counted_as_other(void **state)
{
	static struct metric m = METRIC_COUNTER_INIT("grove_x_total", "X.", "a", "b");
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(1 << 20);
	(void)state;
	for (int i = 0; i < METRICS_MAX_SERIES + 50; i++) {
		char value[16];
		snprintf(value, sizeof(value), "%d", i);
		metric_inc(&m, value, "b");
	}
	metric_inc(&m, "0", "b"); /* those that are there go on */
	write_all(&out);
	assert_int_equal(m.series_count, METRICS_MAX_SERIES + 1);
	assert_non_null(strstr(out.data, "grove_x_total{a=\"other\",b=\"other\"} 50\n"));
	assert_non_null(strstr(out.data, "grove_x_total{a=\"0\",b=\"b\"} 2\n"));
	assert_non_null(strstr(out.data, "grove_x_total{a=\"255\",b=\"b\"} 1\n"));
	assert_null(strstr(out.data, "a=\"256\""));
}

static struct metric asked = METRIC_GAUGE_INIT("grove_asked", "Asked.", NULL);

static void answer(void *arg)
{
	metric_set(&asked, ++*(int *)arg);
}

static void a_callback_fills_its_gauge_at_each_scrape(void **state)
{
	int value = 6;
	(void)state;
	metrics_on_scrape(answer, &value);
	assert_written("# HELP grove_asked Asked.\n# TYPE grove_asked gauge\ngrove_asked 7\n");
	assert_written("# HELP grove_asked Asked.\n# TYPE grove_asked gauge\ngrove_asked 8\n");
	metrics_clear();
	assert_written("");
	assert_int_equal(value, 8);
}

static void a_cleared_family_starts_anew(void **state)
{
	static struct metric m = METRIC_COUNTER_INIT("grove_x_total", "X.", NULL);
	(void)state;
	metric_add(&m, 5);
	metrics_clear();
	metrics_clear();
	metric_add(&m, 1);
	assert_written("# HELP grove_x_total X.\n# TYPE grove_x_total counter\ngrove_x_total 1\n");
}

static double process_figure(const char *name)
{
	AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(1 << 20);
	AUTO(auto_free) char *line = xasprintf("\n%s ", name);
	write_all(&out);
	const char *found = strstr(out.data, line);
	if (!found)
		fail_msg("%s is missing", name);
	return strtod(found + strlen(line), NULL);
}

static void the_process_tells_its_own_figures(void **state)
{
	(void)state;
	double resident = process_figure("process_resident_memory_bytes");
	assert_true(resident > 100000);
	assert_true(process_figure("process_proportional_memory_bytes") > 10000);
	assert_true(process_figure("process_proportional_memory_bytes") < 2 * resident);
	assert_true(process_figure("process_virtual_memory_bytes") >= resident);
	assert_true(process_figure("process_cpu_seconds_total") >= 0);
	assert_true(process_figure("process_cpu_seconds_total") < 1000);
	assert_true(process_figure("process_threads") >= 1);
	double now = (double)time(NULL), started = process_figure("process_start_time_seconds");
	assert_true(started <= now + 2 && started > now - 3600);
	double open_before = process_figure("process_open_fds");
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	assert_true(fabs(process_figure("process_open_fds") - open_before - 1) < 0.5);
	close(fd);
	assert_true(process_figure("process_max_fds") >= open_before);
}

static void a_full_buffer_is_reported(void **state)
{
	static struct metric m = METRIC_SECONDS_INIT("grove_x_seconds", "X.", "v");
	(void)state;
	metric_observe(&m, 1, "y");
	for (size_t limit = 0; limit < 1500; limit += 13) {
		AUTO(strbuf_clear) struct strbuf out = STRBUF_INIT(limit);
		assert_int_equal(metrics_write(&out), ERR_TOO_LARGE);
	}
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, stop)
	const struct CMUnitTest tests[] = {
		TEST(nothing_is_written_before_its_first_use),
		TEST(counters_and_gauges_are_written_in_order_of_first_use),
		TEST(a_histogram_adds_its_buckets_up),
		TEST(seconds_have_the_houses_bounds_and_may_lack_labels),
		TEST(label_values_and_help_are_escaped),
		TEST(label_values_are_copied),
		TEST(numbers_are_written_as_prometheus_reads_them),
		TEST(past_the_cap_further_series_are_counted_as_other),
		TEST(a_callback_fills_its_gauge_at_each_scrape),
		TEST(a_cleared_family_starts_anew),
		TEST(the_process_tells_its_own_figures),
		TEST(a_full_buffer_is_reported),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
