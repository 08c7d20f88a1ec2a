/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: order, form, bound, visible text; the closest word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/diag.h"

static char *print(const struct diag *diag)
{
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	diag_print(diag, out);
	fclose(out);
	return text;
}

static void test_sorted_by_place(void **state)
{
	struct diag *diag = diag_new("a.yaml");

	(void) state;
	diag_add(diag, (struct where) {5, 2}, DIAG_RANGE, "third %d", 3);
	diag_add(diag, (struct where) {2, 9}, DIAG_NO_PORTS, "first");
	diag_add(diag, (struct where) {5, 1}, DIAG_TYPE, "second");
	diag_add(diag, (struct where) {5, 2}, DIAG_TYPE, "fourth, it came later");
	char *text = print(diag);
	assert_string_equal(text, "a.yaml:2:9: warning: first  [W101]\n"
				  "a.yaml:5:1: error: second  [E004]\n"
				  "a.yaml:5:2: error: third 3  [E005]\n"
				  "a.yaml:5:2: error: fourth, it came later  [E004]\n");
	free(text);
	assert_int_equal(diag_n_errors(diag), 3);
	assert_int_equal(diag_n_findings(diag), 4);
	assert_string_equal(diag_file(diag), "a.yaml");
	/* One more after reading sorts anew. */
	diag_add(diag, (struct where) {1, 1}, DIAG_TYPE, "before all");
	assert_string_equal(diag_finding(diag, 0)->text, "before all");
	diag_free(diag);
	diag_free(NULL);
}

static void test_nowhere(void **state)
{
	struct diag *diag = diag_new("gone.yaml");

	(void) state;
	diag_add(diag, (struct where) {0, 0}, DIAG_IO, "cannot be read");
	char *text = print(diag);
	assert_string_equal(text, "gone.yaml: error: cannot be read  [E020]\n");
	free(text);
	diag_free(diag);
}

static void test_bound(void **state)
{
	struct diag *diag = diag_new("big.yaml");

	(void) state;
	for (uint32_t i = 1; i <= 5000; i++) {
		assert_int_equal(diag_is_full(diag), i > 999);
		diag_add(diag, (struct where) {i, 1}, DIAG_TYPE, "error %u", i);
	}
	assert_int_equal(diag_n_errors(diag), 5000);
	assert_int_equal(diag_n_findings(diag), 1000);
	const struct finding *last = diag_finding(diag, 999);
	assert_string_equal(last->text, "and 4001 more findings that are not shown");
	assert_int_equal(last->code, DIAG_MORE);
	assert_int_equal(last->where.line, 0);
	assert_int_equal(diag_finding(diag, 998)->where.line, 999);
	diag_free(diag);
}

/* What the user wrote cannot drive a terminal, and is good UTF-8. */
static void test_visible(void **state)
{
	static const struct {
		const char *text, *shown;
	} cases[] = {
		{"plain", "plain"},
		{"a\tb\n", "a\\x09b\\x0a"},
		{"\x1b[31m", "\\x1b[31m"},
		{"del\x7f", "del\\x7f"},
		{"\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa6", "\xc3\xbc \xe2\x82\xac \xf0\x9f\x90\xa6"},
		{"c1 \xc2\x9b", "c1 \\xc2\\x9b"},
		{"latin \xfc!", "latin \\xfc!"},
		{"cut \xe2\x82", "cut \\xe2\\x82"},
		{"overlong \xc0\xaf", "overlong \\xc0\\xaf"},
		{"overlong \xe0\x80\xaf", "overlong \\xe0\\x80\\xaf"},
		{"surrogate \xed\xa0\x80", "surrogate \\xed\\xa0\\x80"},
		{"beyond \xf4\x90\x80\x80", "beyond \\xf4\\x90\\x80\\x80"},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct diag *diag = diag_new("v.yaml");

		diag_add(diag, (struct where) {1, 1}, DIAG_TYPE, "%s", cases[i].text);
		assert_string_equal(diag_finding(diag, 0)->text, cases[i].shown);
		diag_free(diag);
	}
}

static void test_long_text(void **state)
{
	struct diag *diag = diag_new("l.yaml");
	char *text = xheap_alloc(100001);

	(void) state;
	memset(text, 'x', 100000);
	diag_add(diag, (struct where) {1, 1}, DIAG_TYPE, "%s", text);
	free(text);
	assert_in_range(strlen(diag_finding(diag, 0)->text), 500, 10000);
	text = print(diag);
	assert_non_null(strstr(text, "[E004]"));
	free(text);
	diag_free(diag);
}

static void test_codes(void **state)
{
	(void) state;
	for (int i = 0; i < N_DIAG_CODES; i++) {
		const struct diag_code_info *info = diag_code_info((enum diag_code) i);

		assert_int_equal(strlen(info->code), 4);
		assert_int_equal(info->code[0], info->severity == DIAG_ERROR ? 'E' : 'W');
		assert_true(strlen(info->summary) > 5);
		assert_true(strlen(info->cure) > 5);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(info->code, diag_code_info((enum diag_code) k)->code);
	}
}

static void test_did_you_mean(void **state)
{
	static const char *const names[] = {"ports", "max_hosts", "flood", "vlan", "vni", "tag", "kvm10"};
	static const struct {
		const char *word, *meant;
	} cases[] = {
		{"prots", "ports"},
		{"port", "ports"},
		{"Ports", "ports"},
		{"max-hosts", "max_hosts"},
		{"maxhots", "max_hosts"},
		{"maxht", NULL},
		{"vlna", "vlan"},
		{"vn", NULL},                   /* one edit is half of it */
		{"gat", NULL},
		{"tags", "tag"},
		{"", NULL},
		{"x", NULL},
		{"completely", NULL},
		{"kvm01", "kvm10"},
		{"a word that is very very long and has no neighbour among the names at all", NULL},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *meant = diag_did_you_mean(cases[i].word, names, sizeof names / sizeof *names);

		if (!cases[i].meant)
			assert_null(meant);
		else if (!meant)
			fail_msg("%s: nothing found", cases[i].word);
		else
			assert_string_equal(meant, cases[i].meant);
	}
	assert_null(diag_did_you_mean("ports", NULL, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sorted_by_place),
		cmocka_unit_test(test_nowhere),
		cmocka_unit_test(test_bound),
		cmocka_unit_test(test_visible),
		cmocka_unit_test(test_long_text),
		cmocka_unit_test(test_codes),
		cmocka_unit_test(test_did_you_mean),
	};

	return cmocka_run_group_tests_name("diag", tests, NULL, NULL);
}
