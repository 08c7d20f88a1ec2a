/* SPDX-License-Identifier: Apache-2.0 */
/* unified: what it prints, read as patch(1) reads it, makes the one text of the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "controller/unified.h"

static char *diff_of(const char *a, const char *b, bool *ret_differ)
{
	struct unified_text of_a = { "a", a, strlen(a) }, of_b = { "b", b, strlen(b) };
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);
	*ret_differ = unified_print(&of_a, &of_b, f);
	fclose(f);
	return text;
}

static void check(const char *a, const char *b, const char *expected)
{
	bool differ;
	char *text = diff_of(a, b, &differ);
	assert_string_equal(text, expected);
	assert_int_equal(differ, *expected != '\0');
	free(text);
}

static void test_words(void **state)
{
	(void) state;
	check("", "", "");
	check("x\n", "x\n", "");
	check("", "x\n", "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
	check("x\ny\n", "", "--- a\n+++ b\n@@ -1,2 +0,0 @@\n-x\n-y\n");
	check("x\n", "x", "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+x\n\\ No newline at end of file\n");
	check("1\n2\n3\n4\n5\n6\n", "1\n2\n3\n4\nfive\n6\n",
	      "--- a\n+++ b\n@@ -2,5 +2,5 @@\n 2\n 3\n 4\n-5\n+five\n 6\n");
	/* Seven same lines part two hunks, six do not. */
	check("a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n",
	      "--- a\n+++ b\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
	check("a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n",
	      "--- a\n+++ b\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
}

/* Takes hunks as a patch does; every line of context must be where it says. */
static char *patched(const char *a, const char *diff, size_t *ret_n_changed)
{
	char *out = calloc(1, strlen(a) + strlen(diff) + 1);
	size_t line = 0, n = 0;
	*ret_n_changed = 0;
	diff = strchr(strchr(diff, '\n') + 1, '\n') + 1;
	while (*diff) {
		size_t from, count = 1;
		assert_true(sscanf(diff, "@@ -%zu,%zu", &from, &count) >= 1);
		for (from -= count > 0; line < from; line++) {
			size_t size = strcspn(a, "\n") + 1;
			memcpy(out + n, a, size);
			n += size;
			a += size;
		}
		for (diff = strchr(diff, '\n') + 1; *diff && *diff != '@'; diff = strchr(diff, '\n') + 1) {
			size_t size = strcspn(diff, "\n");
			*ret_n_changed += *diff != ' ';
			if (*diff != '+') {
				assert_memory_equal(a, diff + 1, size);
				a += size;
				line++;
			}
			if (*diff == '-')
				continue;
			memcpy(out + n, diff + 1, size);
			n += size;
		}
	}
	strcpy(out + n, a);
	return out;
}

static char *random_text(unsigned *seed, unsigned n_lines, unsigned n_kinds)
{
	char *text = calloc(1, 8 * (size_t) n_lines + 1);
	for (unsigned i = 0; i < n_lines; i++)
		sprintf(text + strlen(text), "%u\n", (unsigned) rand_r(seed) % n_kinds);
	return text;
}

static void test_random(void **state)
{
	unsigned seed = 4711;
	(void) state;
	for (int i = 0; i < 2000; i++) {
		unsigned kinds = 2 + (unsigned) rand_r(&seed) % 6;
		char *a = random_text(&seed, (unsigned) rand_r(&seed) % 40, kinds), *b = random_text(&seed, (unsigned) rand_r(&seed) % 40, kinds);
		bool differ;
		char *diff = diff_of(a, b, &differ);
		assert_int_equal(differ, strcmp(a, b) != 0);
		if (differ) {
			size_t n;
			char *made = patched(a, diff, &n);
			assert_string_equal(made, b);
			free(made);
		}
		free(diff);
		free(a);
		free(b);
	}
}

/* More than is searched for: all of it is another text, and right all the same. */
static void test_very_different(void **state)
{
	unsigned seed = 1;
	size_t n;
	bool differ;
	(void) state;
	char *a = random_text(&seed, 5000, 1000000), *b = random_text(&seed, 5000, 1000000);
	char *diff = diff_of(a, b, &differ), *made = patched(a, diff, &n);
	assert_string_equal(made, b);
	assert_int_equal(n, 10000);
	free(made);
	free(diff);
	free(a);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_random), cmocka_unit_test(test_very_different),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
