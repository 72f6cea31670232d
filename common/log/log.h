/* SPDX-License-Identifier: MIT */
/*
 * Logs: one JSON line on stderr for each event: {"time","level","daemon","event",…fields}. The event is `noun.verb`; fields
 * are typed and named by the caller. No user content, no secrets, no URLs with queries: a field is written only
 * because a line of code names it (allow-list), and values of text fields are escaped, cut at 256 bytes and scrubbed of strings
 * that look like provider keys or tokens (sk-…, AIza…, eyJ…, grove_…).
 *
 *	log_info("key.created", LOG_UUID("userId", &id), LOG_INT("count", 3));
 *
 * common/ logs at debug only; a failing request is logged once, by the flow runner.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/text.h"
#include "base/uuid.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

enum log_kind { LOG_KIND_END, LOG_KIND_TEXT, LOG_KIND_INT, LOG_KIND_BOOL, LOG_KIND_DOUBLE };

struct log_field {
	enum log_kind kind;
	const char *name;
	struct text text;
	int64_t number;
	double real;
	char uuid[UUID_TEXT_SIZE];	/* LOG_UUID formats into here */
};

struct log_field log_field_uuid(const char *name, const struct uuid *id);
#define LOG_STR(name, s) ((struct log_field){ LOG_KIND_TEXT, (name), text_of(s), 0, 0, "" })
#define LOG_TEXT(name, t) ((struct log_field){ LOG_KIND_TEXT, (name), (t), 0, 0, "" })
#define LOG_INT(name, n) ((struct log_field){ LOG_KIND_INT, (name), TEXT_NULL, (int64_t)(n), 0, "" })
#define LOG_BOOL(name, b) ((struct log_field){ LOG_KIND_BOOL, (name), TEXT_NULL, (b) ? 1 : 0, 0, "" })
#define LOG_DOUBLE(name, d) ((struct log_field){ LOG_KIND_DOUBLE, (name), TEXT_NULL, 0, (d), "" })
#define LOG_UUID(name, id) log_field_uuid((name), (id))

/* Once, at start. `daemon` must live as long as the program. */
void log_init(const char *daemon, enum log_level threshold);
MUST_CHECK enum err log_level_parse(struct text t, enum log_level *ret);
bool log_enabled(enum log_level level);
/* Tests: where lines go instead of stderr; NULL restores it. */
void log_set_sink(void (*sink)(const char *line, size_t len, void *arg), void *arg);

void log_event(enum log_level level, const char *event, const struct log_field *fields, size_t count);
#define LOG_EVENT(level, event, ...)                                                               \
	do {                                                                                       \
		if (log_enabled(level)) {                                                          \
			const struct log_field fields_[] = { __VA_ARGS__ __VA_OPT__(, ) { 0 } };   \
			log_event((level), (event), fields_,                                       \
				sizeof(fields_) / sizeof(fields_[0]) - 1);                         \
		}                                                                                  \
	} while (0)
#define log_debug(event, ...) LOG_EVENT(LOG_DEBUG, event __VA_OPT__(, ) __VA_ARGS__)
#define log_info(event, ...) LOG_EVENT(LOG_INFO, event __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(event, ...) LOG_EVENT(LOG_WARN, event __VA_OPT__(, ) __VA_ARGS__)
#define log_error(event, ...) LOG_EVENT(LOG_ERROR, event __VA_OPT__(, ) __VA_ARGS__)
