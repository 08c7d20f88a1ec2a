/* SPDX-License-Identifier: Apache-2.0 */
/* The tree: shapes, places, quotes, and what is refused. Findings are compared
 * as printed; the tree as a line of brackets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "topo/yaml.h"

static void draw(const struct yaml_node *node, FILE *out)
{
	switch (node->kind) {
	case YAML_SCALAR:
		fprintf(out, node->quoted ? "'%s'" : "%s", node->text);
		break;
	case YAML_SEQ:
		putc('[', out);
		for (size_t i = 0; i < node->n_items; i++) {
			fputs(i ? " " : "", out);
			draw(node->items[i], out);
		}
		putc(']', out);
		break;
	case YAML_MAP:
		putc('{', out);
		for (size_t i = 0; i < node->n_items; i++) {
			fputs(i ? " " : "", out);
			draw(node->keys[i], out);
			putc('=', out);
			draw(node->items[i], out);
		}
		putc('}', out);
		break;
	}
}

static char *read_as_text(const char *text, size_t len)
{
	struct arena *arena = arena_new();
	struct diag *diag = diag_new("f");
	struct yaml_node *root = yaml_parse(arena, text, len, diag);
	char *answer;
	size_t size;
	FILE *out = open_memstream(&answer, &size);

	if (root)
		draw(root, out);
	else
		assert_true(diag_n_errors(diag) > 0);
	if (root && diag_n_findings(diag))
		putc('\n', out);
	for (size_t i = 0; i < diag_n_findings(diag); i++) {
		char line[1000];

		diag_format(diag, diag_finding(diag, i), line, sizeof line);
		fprintf(out, "%s%s", i ? "\n" : "", line);
	}
	fclose(out);
	diag_free(diag);
	arena_free(arena);
	return answer;
}

static void test_shapes(void **state)
{
	static const struct {
		const char *text, *tree;
	} cases[] = {
		{"", "{}"},
		{"# nothing\n", "{}"},
		{"---\n...\n", "{}"},
		{"a: 1\nb: [x, 'y', \"z\"]\n", "{a=1 b=[x 'y' 'z']}"},
		{"- a\n- {b: c}\n- - d\n", "[a {b=c} [d]]"},
		{"a: |\n  one\n  two\n", "{a='one\ntwo\n'}"},
		{"a: >-\n  one\n  two\n", "{a='one two'}"},
		{"a:\nb: ~\n", "{a= b=~}"},
		{"a: b c\n", "{a=b c}"},
		{"a: kvm1:vm-a\n", "{a=kvm1:vm-a}"},
		{"[kvm1:a, kvm*:b]\n", "[kvm1:a kvm*:b]"},
		{"{52:54:00:00:00:01: x}", "{52:54:00:00:00:01=x}"},
		{"'quoted key': 1", "{'quoted key'=1}"},
		{"1: a", "{1=a}"},
		{"word", "word"},
		{"\xef\xbb\xbf" "a: 1", "{a=1}"},
		{"a: \xc3\xbc\r\nb: 2\r\n", "{a=\xc3\xbc b=2}"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *tree = read_as_text(cases[i].text, strlen(cases[i].text));

		assert_string_equal(tree, cases[i].tree);
		free(tree);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *answer;
	} cases[] = {
		{"a: 1\na: 2\nb: 3\n",
		 "{a=1 b=3}\nf:2:1: error: key \"a\" is there twice; the first one is at line 1  [E002]"},
		{"a: {b: 1, b: {c: [2]}}\n",
		 "{a={b=1}}\nf:1:11: error: key \"b\" is there twice; the first one is at line 1  [E002]"},
		{"'a': 1\na: 2\n",
		 "{'a'=1}\nf:2:1: error: key \"a\" is there twice; the first one is at line 1  [E002]"},
		{"a:\n\tb: 1\n", "f:2:1: error: a tab cannot indent; use spaces  [E001]"},
		{"a: [1, 2\n",
		 "f:2:1: error: did not find expected ',' or ']' (while parsing a flow sequence that "
		 "starts at line 1)  [E001]"},
		{"a: &b c\n",
		 "f:1:4: error: anchors (&b) are not read; text that starts with & must be quoted  [E021]"},
		{"a: *b\n",
		 "f:1:4: error: aliases (*b) are not read; text that starts with * must be quoted  [E021]"},
		{"a: *:*\n", "f:1:4: error: text that starts with * must be quoted: \"*...\"  [E001]"},
		{"a: !!str b\n",
		 "f:1:4: error: tags (tag:yaml.org,2002:str) are not read; text that starts with ! must "
		 "be quoted  [E021]"},
		{"a: &b [c]\n",
		 "f:1:4: error: anchors (&b) are not read; text that starts with & must be quoted  [E021]"},
		{"a: !b {c: d}\n",
		 "f:1:4: error: tags (!b) are not read; text that starts with ! must be quoted  [E021]"},
		{"<<: {a: b}\n",
		 "f:1:1: error: merge keys (<<) are not read; write the keys out  [E021]"},
		{"[a]: b\n",
		 "f:1:1: error: a list cannot be a key here; text with { or [ must be quoted  [E021]"},
		{"a: 1\n---\nb: 2\n",
		 "f:2:1: error: a second document starts here; one file is one document  [E021]"},
		{"a: @b\n", "f:1:4: error: text that starts with @ must be quoted  [E001]"},
		{"a: `b\n", "f:1:4: error: text that starts with ` must be quoted  [E001]"},
		{"a: b: c\n",
		 "f:1:5: error: a colon cannot stand here; text that has it must be quoted  [E001]"},
		{"%TAG nonsense\n", NULL},
		{"a: \"\\q\"\n", NULL},
		{"a\0b: 1\n", NULL},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].text);
		char *answer = read_as_text(cases[i].text, len ? len : 1);

		if (cases[i].answer)
			assert_string_equal(answer, cases[i].answer);
		free(answer);
	}
}

/* A quoted << is a key like any other. */
static void test_quoted_merge(void **state)
{
	char *tree = read_as_text("'<<': 1", 7);

	(void) state;
	assert_string_equal(tree, "{'<<'=1}");
	free(tree);
}

static void test_places(void **state)
{
	static const char text[] = "a: 1\n"
				   "list:\n"
				   "  - x\n"
				   "  - {k: \"v\", \xc3\xbc: w}\n";
	struct arena *arena = arena_new();
	struct diag *diag = diag_new("f");
	const struct yaml_node *root = yaml_parse(arena, text, sizeof text - 1, diag);

	(void) state;
	assert_non_null(root);
	const struct yaml_node *list = yaml_get(root, "list"), *map = list->items[1];
	assert_int_equal(root->keys[1]->where.line, 2);
	assert_int_equal(root->keys[1]->where.col, 1);
	assert_int_equal(list->where.line, 3);
	assert_int_equal(list->where.col, 3);
	assert_int_equal(map->where.col, 5);
	assert_int_equal(map->items[0]->where.col, 9);
	assert_true(map->items[0]->quoted);
	/* Columns count characters, not bytes. */
	assert_int_equal(map->items[1]->where.col, 17);
	assert_null(yaml_get(root, "b"));
	assert_null(yaml_get(list, "a"));
	diag_free(diag);
	arena_free(arena);
}

/* Keys are compared with their length: a NUL does not end them. */
static void test_nul_in_key(void **state)
{
	static const char text[] = "{\"a\\0b\": 1, \"a\": 2, \"a\\0c\": 3}";
	struct arena *arena = arena_new();
	struct diag *diag = diag_new("f");
	const struct yaml_node *root = yaml_parse(arena, text, sizeof text - 1, diag);

	(void) state;
	assert_non_null(root);
	assert_int_equal(diag_n_findings(diag), 0);
	assert_int_equal(root->n_items, 3);
	assert_int_equal(root->keys[0]->len, 3);
	assert_string_equal(yaml_get(root, "a")->text, "2");
	diag_free(diag);
	arena_free(arena);
}

static char *repeat(const char *unit, size_t n, const char *end)
{
	size_t len = strlen(unit);
	char *text = xheap_alloc(len * n + strlen(end) + 1);

	for (size_t i = 0; i < n; i++)
		memcpy(text + i * len, unit, len);
	strcpy(text + len * n, end);
	return text;
}

static void check_too_large(const char *text, size_t len, const char *what)
{
	char *answer = read_as_text(text, len);

	if (!strstr(answer, what) || !strstr(answer, "[E019]"))
		fail_msg("expected \"%s\", got \"%.200s\"", what, answer);
	free(answer);
}

static void test_limits(void **state)
{
	(void) state;
	char *text = repeat("[", YAML_MAX_DEPTH + 1, "");
	check_too_large(text, strlen(text), "nested more than 32 deep");
	free(text);

	text = repeat("[", 100000, "");
	check_too_large(text, strlen(text), "nested more than 32 deep");
	free(text);

	text = repeat("- 1\n", YAML_MAX_NODES, "");
	check_too_large(text, strlen(text), "more than 2000000 keys");
	free(text);

	text = repeat("x", YAML_MAX_BYTES + 1, "");
	check_too_large(text, YAML_MAX_BYTES + 1, "larger than 16 MiB");
	free(text);

	text = repeat("[", YAML_MAX_DEPTH, "");
	char *good = xheap_alloc(2 * YAML_MAX_DEPTH + 1);
	memset(good, '[', YAML_MAX_DEPTH);
	memset(good + YAML_MAX_DEPTH, ']', YAML_MAX_DEPTH);
	char *answer = read_as_text(good, 2 * YAML_MAX_DEPTH);
	assert_null(strstr(answer, "error"));
	free(answer);
	free(good);
	free(text);
}

/* Duplicates are found in large maps as in small ones, and fast. */
static void test_many_keys(void **state)
{
	enum { N = 100000 };
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void) state;
	for (int i = 0; i < N; i++)
		fprintf(out, "key-%d: %d\n", i, i);
	fputs("key-0: again\nkey-77777: again\n", out);
	fclose(out);
	struct arena *arena = arena_new();
	struct diag *diag = diag_new("f");
	const struct yaml_node *root = yaml_parse(arena, text, size, diag);
	assert_non_null(root);
	assert_int_equal(root->n_items, N);
	assert_int_equal(diag_n_errors(diag), 2);
	assert_int_equal(diag_finding(diag, 1)->where.line, N + 2);
	diag_free(diag);
	arena_free(arena);
	free(text);
}

/* Bytes that are no UTF-8, and controls, at the place where they are. */
static void test_bytes(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		uint32_t line;
	} cases[] = {
		{"a: \xff\n", 5, 1},
		{"a: 1\nb: \xc3(\n", 10, 2},
		{"a: 1\nb: \x01\n", 9, 2},
		{"a: 1\nb: \0\n", 9, 2},
		{"\xfe\xff\0a", 4, 1},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena *arena = arena_new();
		struct diag *diag = diag_new("f");

		assert_null(yaml_parse(arena, cases[i].text, cases[i].len, diag));
		assert_int_equal(diag_n_findings(diag), 1);
		assert_int_equal(diag_finding(diag, 0)->code, DIAG_SYNTAX);
		assert_int_equal(diag_finding(diag, 0)->where.line, cases[i].line);
		diag_free(diag);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_quoted_merge),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_nul_in_key),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
