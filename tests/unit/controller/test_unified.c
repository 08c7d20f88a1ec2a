/* SPDX-License-Identifier: Apache-2.0 */
/* unified: texts go to diff(1) and its answer comes back, whole. */
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
	assert_true(unified_print(&of_a, &of_b, f, ret_differ));
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

/* More than a pipe holds, both ways. */
static void test_large(void **state)
{
	enum { LINES = 100000 };
	char *text = malloc(LINES * 8 + 1);
	size_t size = 0;
	bool differ;
	(void) state;
	for (unsigned i = 0; i < LINES; i++)
		size += (size_t) sprintf(text + size, "%u\n", i);
	char *diff = diff_of("", text, &differ);
	assert_true(differ);
	assert_int_equal(strlen(diff), strlen("--- a\n+++ b\n@@ -0,0 +1,100000 @@\n") + size + LINES);
	free(diff);
	free(text);
}

static void test_no_diff(void **state)
{
	const struct unified_text text = { "a", "x\n", 2 };
	char *path = strdup(getenv("PATH"));
	bool differ;
	(void) state;
	setenv("PATH", "/nowhere", 1);
	assert_false(unified_print(&text, &text, stdout, &differ));
	setenv("PATH", path, 1);
	free(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words), cmocka_unit_test(test_large), cmocka_unit_test(test_no_diff),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
