/* SPDX-License-Identifier: Apache-2.0 */
/* Golden cases: tests/golden/apps/NAME.yaml and the story NAME.facts (see world.h)
 * give the rows of every switch, NAME.rows. With WEFT_GOLDEN set to "write" they
 * are written instead of compared: `make golden`. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/apps/world.h"
#include "topo/arena.h"

static char *path_of(const char *name, const char *ending)
{
	const char *top = getenv("WEFT_TOP");
	char *path;
	assert_true(asprintf(&path, "%s/tests/golden/apps/%s%s", top ? top : ".", name, ending) > 0);
	return path;
}

/* Null when there is no such file. */
static char *read_text(const char *name, const char *ending)
{
	char *path = path_of(name, ending);
	FILE *in = fopen(path, "rb");
	free(path);
	if (!in)
		return NULL;
	char *text = xheap_alloc(1 << 20);
	size_t n = fread(text, 1, (1 << 20) - 1, in);
	text[n] = '\0';
	fclose(in);
	return text;
}

static void write_text(const char *name, const char *ending, const char *text)
{
	char *path = path_of(name, ending);
	FILE *to = fopen(path, "wb");
	assert_non_null(to);
	fputs(text, to);
	fclose(to);
	free(path);
}

static char *rows_of(const char *yaml, const char *story)
{
	struct world *w = world_new(yaml);
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	world_do(w, story);
	world_check(w);
	for (uint32_t sw = 0; sw < view_n_switches(w->view); sw++) {
		char *rows = world_rows_text(w, sw);
		fprintf(out, "%s# %s\n%s", sw ? "\n" : "", view_switch(w->view, sw)->name, rows);
		free(rows);
	}
	fclose(out);
	world_free(w);
	return text;
}

static void examine(const char *name, bool write)
{
	char *yaml = read_text(name, ".yaml"), *story = read_text(name, ".facts");
	char *expected = read_text(name, ".rows");
	assert_non_null(yaml);
	assert_non_null(story);
	char *rows = rows_of(yaml, story);
	if (write) {
		write_text(name, ".rows", rows);
	} else {
		if (!expected)
			fail_msg("%s.rows is missing: make golden", name);
		if (strcmp(rows, expected))
			print_message("%s: read the difference, then `make golden`\n", name);
		assert_string_equal(rows, expected);
	}
	free(rows);
	free(expected);
	free(story);
	free(yaml);
}

static void golden(void **state)
{
	const char *wish = getenv("WEFT_GOLDEN");
	char *folder = path_of("", "");
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	size_t n = 0;
	(void) state;
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		char name[256];
		const char *dot = strstr(entry->d_name, ".yaml");
		if (!dot)
			continue;
		snprintf(name, sizeof name, "%.*s", (int) (dot - entry->d_name), entry->d_name);
		examine(name, wish && !strcmp(wish, "write"));
		n++;
	}
	assert_true(n >= 4);
	closedir(dir);
	free(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
