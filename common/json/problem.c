/* SPDX-License-Identifier: MIT */
/* Naming the field and saying what was expected, within fixed room and without cutting a character.
 */
#include "json/problem.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json/raw.h"

#include "base/banned.h"

/* Of one key, and of the name inside a sentence: enough to recognise it. */
#define KEY_SHOWN_BYTES 40
#define NAME_SHOWN_BYTES 48

static void add(struct json_problem *problem, const char *part, size_t len)
{
	size_t used = strlen(problem->param);
	size_t room = sizeof(problem->param) - 1 - used;

	len = utf8_truncate(part, len, room);
	memcpy(problem->param + used, part, len);
	problem->param[used + len] = '\0';
}

void problem_add_key(struct json_problem *problem, struct text raw_key)
{
	if (!problem)
		return;
	size_t shown = 0;
	struct pieces p = { .rest = raw_key };
	if (problem->param[0])
		add(problem, ".", 1);
	for (struct text t = pieces_next(&p); t.len > 0 && shown < KEY_SHOWN_BYTES;
	     t = pieces_next(&p)) {
		size_t len = utf8_truncate(t.ptr, t.len, KEY_SHOWN_BYTES - shown);
		add(problem, t.ptr, len);
		if (len < t.len)
			return;
		shown += len;
	}
}

void problem_add_index(struct json_problem *problem, size_t index)
{
	char part[32];

	if (!problem)
		return;
	int len = snprintf(part, sizeof(part), "[%zu]", index);
	add(problem, part, (size_t)len);
}

void problem_say(struct json_problem *problem, const char *subject, const char *format, ...)
{
	char what[sizeof(problem->message) - NAME_SHOWN_BYTES - 1];
	const char *name = subject;
	size_t name_len;
	va_list args;

	if (!problem)
		return;
	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (problem->param[0])
		name = problem->param;
	name_len = utf8_truncate(name, strlen(name), NAME_SHOWN_BYTES);
	snprintf(problem->message, sizeof(problem->message), "%.*s %s", (int)name_len, name, what);
}
