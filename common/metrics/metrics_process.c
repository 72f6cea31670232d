/* SPDX-License-Identifier: MIT */
/*
 * The process about itself, from /proc/self, read when asked. The names are those of Prometheus'
 * own client libraries. Where a sandbox or a non-dumpable process hides a file, its figures are
 * left out instead of being zero.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "metrics/metrics_private.h"

#include "base/banned.h"

/* Reads at most size - 1 bytes and ends them with a NUL. */
static bool read_small_file(const char *path, char *out, size_t size)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;

	if (fd < 0)
		return false;
	while (len < size - 1) {
		ssize_t n = read(fd, out + len, size - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	return len > 0;
}

static enum err write_plain(struct strbuf *out, enum metric_kind kind, const char *name,
			    const char *help, double value)
{
	struct metric_series series = { .value = value };
	struct metric m = {
		.kind = kind, .name = name, .help = help, .series = &series, .series_count = 1
	};

	return metrics_write_family(out, &m);
}

/* proc(5): fields 14, 15 (ticks), 20, 22 (ticks after boot), 23 (bytes), 24 (pages). */
struct stat_figures {
	double cpu_seconds, threads, start_seconds, virtual_bytes, resident_bytes;
};

static bool read_stat(struct stat_figures *ret)
{
	char text[1024];
	double fields[25] = { 0 };
	const double ticks = (double)sysconf(_SC_CLK_TCK);

	if (!read_small_file("/proc/self/stat", text, sizeof(text)))
		return false;
	/* The program's name may hold blanks and parentheses: what counts begins behind the last
	 * one. */
	char *at = strrchr(text, ')');
	if (!at || strlen(at) < 4)
		return false;
	at += 4; /* ") S" and a blank: field 4 follows */
	for (int i = 4; i <= 24; i++)
		fields[i] = strtod(at, &at);
	struct timespec boot;
	if (clock_gettime(CLOCK_BOOTTIME, &boot) != 0)
		return false;
	double up_seconds = (double)boot.tv_sec + (double)boot.tv_nsec / 1e9;
	*ret = (struct stat_figures){
		.cpu_seconds = (fields[14] + fields[15]) / ticks,
		.threads = fields[20],
		.start_seconds = (double)clock_now().value / 1e3 - up_seconds + fields[22] / ticks,
		.virtual_bytes = fields[23],
		.resident_bytes = fields[24] * (double)sysconf(_SC_PAGESIZE),
	};
	return true;
}

static enum err write_stat(struct strbuf *out)
{
	struct stat_figures f;

	if (!read_stat(&f))
		return OK;
	enum err err = write_plain(out, METRIC_COUNTER, "process_cpu_seconds_total",
				   "User and system CPU time spent.", f.cpu_seconds);
	if (!err)
		err = write_plain(out, METRIC_GAUGE, "process_threads", "Threads running now.",
				  f.threads);
	if (!err)
		err = write_plain(out, METRIC_GAUGE, "process_start_time_seconds",
				  "When the process started, in seconds since 1970.",
				  f.start_seconds);
	if (!err)
		err = write_plain(out, METRIC_GAUGE, "process_virtual_memory_bytes",
				  "Address space mapped.", f.virtual_bytes);
	return err ? err
		   : write_plain(out, METRIC_GAUGE, "process_resident_memory_bytes",
				 "Memory in RAM, shared pages counted in full.", f.resident_bytes);
}

static enum err write_proportional_memory(struct strbuf *out)
{
	char text[2048];

	if (!read_small_file("/proc/self/smaps_rollup", text, sizeof(text)))
		return OK;
	const char *line = strstr(text, "\nPss:");
	if (!line)
		return OK;
	return write_plain(out, METRIC_GAUGE, "process_proportional_memory_bytes",
			   "Memory in RAM, shared pages divided by their users (PSS).",
			   strtod(line + strlen("\nPss:"), NULL) * 1024);
}

static enum err write_open_files(struct strbuf *out)
{
	DIR *dir = opendir("/proc/self/fd");
	struct rlimit limit;
	double count = -1; /* the folder's own descriptor */

	if (!dir)
		return OK;
	for (const struct dirent *entry; (entry = readdir(dir));)
		count += entry->d_name[0] != '.';
	closedir(dir);
	enum err err =
		write_plain(out, METRIC_GAUGE, "process_open_fds", "Open file descriptors.", count);
	if (err || getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return err;
	return write_plain(out, METRIC_GAUGE, "process_max_fds", "Most file descriptors allowed.",
			   (double)limit.rlim_cur);
}

enum err metrics_write_process(struct strbuf *out)
{
	enum err err = write_stat(out);

	if (!err)
		err = write_proportional_memory(out);
	return err ? err : write_open_files(out);
}
