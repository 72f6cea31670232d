/* SPDX-License-Identifier: MIT */
/*
 * Steps over text that has passed the gate. They look for no end: decoding walks objects only, so a
 * delimiter follows every scalar and a closing bracket ends the walk inside the text.
 */
#include "json/scan.h"

#include <string.h>

#include "base/banned.h"

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

void scan_space(struct scan *s)
{
	while (is_space(*s->at))
		s->at++;
}

struct text scan_string(struct scan *s)
{
	const char *from = ++s->at;

	while (*s->at != '"')
		s->at += *s->at == '\\' ? 2 : 1;
	return (struct text){ from, (size_t)(s->at++ - from) };
}

static void skip_scalar(struct scan *s)
{
	while (*s->at != ',' && *s->at != ']' && *s->at != '}' && !is_space(*s->at))
		s->at++;
}

static void skip_container(struct scan *s)
{
	size_t depth = 0;

	do {
		char c = *s->at;
		if (c == '"') {
			scan_string(s);
			continue;
		}
		if (c == '{' || c == '[')
			depth++;
		else if (c == '}' || c == ']')
			depth--;
		s->at++;
	} while (depth > 0);
}

struct text scan_value(struct scan *s)
{
	const char *from = s->at;

	if (*from == '"')
		scan_string(s);
	else if (*from == '{' || *from == '[')
		skip_container(s);
	else
		skip_scalar(s);
	return (struct text){ from, (size_t)(s->at - from) };
}

void scan_colon(struct scan *s)
{
	scan_space(s);
	s->at++;
	scan_space(s);
}

static bool stopped_at_closer(struct scan *s)
{
	if (*s->at != ']' && *s->at != '}')
		return false;
	s->at++;
	return true;
}

bool scan_enter(struct scan *s)
{
	s->at++;
	scan_space(s);
	return !stopped_at_closer(s);
}

bool scan_next(struct scan *s)
{
	scan_space(s);
	if (stopped_at_closer(s))
		return false;
	s->at++; /* the comma */
	scan_space(s);
	return true;
}
