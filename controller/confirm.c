/* SPDX-License-Identifier: Apache-2.0 */
#include "controller/confirm.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controller/file.h"

enum { MAX_TEXT = 256 };

static char error[PATH_MAX + 160];

static void path_of(const char *folder, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" CONFIRM_NAME, folder);
}

static const char *failed(const char *what, const char *path)
{
	snprintf(error, sizeof error, "cannot %s %s: %s", what, path, strerror(errno));
	return error;
}

const char *confirm_write(const char *folder, const struct confirm *c)
{
	char path[PATH_MAX], text[MAX_TEXT];
	path_of(folder, path);
	int n = snprintf(text, sizeof text, "weft-confirm: 1\nrevision: %" PRIu32 "\nback_to: %" PRIu32 "\nseconds: %" PRIu32
			 "\nsince_ms: %" PRIu64 "\n", c->revision, c->back_to, c->seconds, c->since_wall_ms);
	int result = file_replace(path, text, (size_t) n, 0600);
	if (!result)
		return NULL;
	failed("write", path);
	if (result > 0)
		file_remove(path);
	return error;
}

const char *confirm_remove(const char *folder)
{
	char path[PATH_MAX];
	path_of(folder, path);
	if (!file_remove(path) || errno == ENOENT)
		return NULL;
	return failed("remove", path);
}

static bool parse(const char *text, struct confirm *ret)
{
	struct confirm c = { 0 };
	int end = 0;
	sscanf(text, "weft-confirm: 1\nrevision: %" SCNu32 "\nback_to: %" SCNu32 "\nseconds: %" SCNu32 "\nsince_ms: %" SCNu64 "%n",
	       &c.revision, &c.back_to, &c.seconds, &c.since_wall_ms, &end);
	bool is_fine = end && !strcmp(text + end, "\n") && c.revision && c.back_to && c.seconds >= CONFIRM_MIN_S
		&& c.seconds <= CONFIRM_MAX_S;
	if (is_fine)
		*ret = c;
	return is_fine;
}

struct confirm confirm_read(const char *folder, const char **ret_problem)
{
	char path[PATH_MAX];
	struct confirm c = { 0 };
	size_t size;
	path_of(folder, path);
	*ret_problem = NULL;
	char *text = file_read(path, MAX_TEXT, &size);
	if (!text && errno == ENOENT)
		return c;
	if (!text || strlen(text) != size || !parse(text, &c)) {
		snprintf(error, sizeof error, "%s is damaged or not weft's: nothing waits for a confirmation", path);
		*ret_problem = error;
	}
	free(text);
	return c;
}

uint64_t confirm_left_ms(const struct confirm *c, uint64_t wall_ms)
{
	uint64_t all = c->seconds * 1000ull;
	if (wall_ms <= c->since_wall_ms)
		return all;
	uint64_t gone = wall_ms - c->since_wall_ms;
	return gone >= all ? 0 : all - gone;
}
