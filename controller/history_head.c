/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/history_head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char first_line[] = "weft-revision: 1";

const char *history_source_word(enum history_source source)
{
	static const char *const words[] = {
#define SOURCE(NAME, WORD, HELP) WORD,
		HISTORY_SOURCES
#undef SOURCE
	};
	return words[source];
}

size_t history_head_write(const struct revision *r, char buf[HISTORY_MAX_HEAD])
{
	char message[sizeof r->message];
	snprintf(message, sizeof message, "%s", r->message);
	for (char *p = message; *p; p++)
		if ((unsigned char) *p < ' ')
			*p = ' ';
	int n = snprintf(buf, HISTORY_MAX_HEAD, "%s\nnumber: %" PRIu32 "\ntime_ms: %" PRIu64 "\nsource: %s\nuid: %" PRIu32
			 "\nof: %" PRIu32 "\nsize: %" PRIu64 "\nsha256: %s\nmessage: %s\n\n", first_line, r->number, r->wall_ms,
			 history_source_word(r->source), r->uid, r->of, r->size, r->digest, message);
	return (size_t) n;
}

static bool read_number(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;
	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n > max)
		return false;
	*ret = n;
	return true;
}

static bool read_source(const char *text, enum history_source *ret)
{
	for (unsigned i = 0; i < N_HISTORY_SOURCES; i++)
		if (!strcmp(text, history_source_word((enum history_source) i))) {
			*ret = (enum history_source) i;
			return true;
		}
	return false;
}

static bool take(struct revision *r, unsigned line, const char *value)
{
	uint64_t n = 0;
	switch (line) {
	case 1:
		if (!read_number(value, UINT32_MAX, &n) || !n)
			return false;
		r->number = (uint32_t) n;
		return true;
	case 2:
		return read_number(value, UINT64_MAX, &r->wall_ms);
	case 3:
		return read_source(value, &r->source);
	case 4:
		if (!read_number(value, UINT32_MAX, &n))
			return false;
		r->uid = (uint32_t) n;
		return true;
	case 5:
		if (!read_number(value, UINT32_MAX, &n))
			return false;
		r->of = (uint32_t) n;
		return true;
	case 6:
		return read_number(value, HISTORY_MAX_TEXT, &r->size);
	case 7:
		snprintf(r->digest, sizeof r->digest, "%.64s", value);
		return strlen(value) == DIGEST_TEXT - 1 && strspn(value, "0123456789abcdef") == DIGEST_TEXT - 1;
	case 8:
		snprintf(r->message, sizeof r->message, "%.239s", value);
		return true;
	default:
		return false;
	}
}

size_t history_head_read(const char *bytes, size_t size, struct revision *ret)
{
	static const char *const keys[] = {
		NULL, "number: ", "time_ms: ", "source: ", "uid: ", "of: ", "size: ", "sha256: ", "message: ",
	};
	enum { N_LINES = sizeof keys / sizeof *keys };
	struct revision r = { 0 };
	char line[HISTORY_MAX_HEAD];
	size_t at = 0;
	for (unsigned i = 0; i < N_LINES; i++) {
		const char *end = memchr(bytes + at, '\n', size - at);
		size_t n = end ? (size_t) (end - bytes) - at : sizeof line;
		if (n >= sizeof line || memchr(bytes + at, '\0', n))
			return 0;
		memcpy(line, bytes + at, n);
		line[n] = '\0';
		at += n + 1;
		size_t key = keys[i] ? strlen(keys[i]) : 0;
		if (i ? strncmp(line, keys[i], key) || !take(&r, i, line + key) : strcmp(line, first_line))
			return 0;
	}
	if (at >= size || bytes[at] != '\n')
		return 0;
	*ret = r;
	return at + 1;
}
