/* SPDX-License-Identifier: Apache-2.0 */
/* Globs: matching, meeting, covering. The last two are held against all texts
 * up to a length over a small alphabet. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

#include "topo/model.h"

enum { MAX_TEXT = 5 };

static void test_match(void **state)
{
	static const struct {
		const char *glob, *text;
		bool is_match;
	} cases[] = {
		{"", "", true}, {"", "a", false}, {"a", "", false}, {"a", "a", true}, {"a", "b", false},
		{"*", "", true}, {"*", "abc", true}, {"**", "", true}, {"**", "a", true},
		{"?", "", false}, {"?", "a", true}, {"?", "ab", false}, {"??", "ab", true},
		{"a*", "a", true}, {"a*", "abc", true}, {"a*", "ba", false},
		{"*a", "a", true}, {"*a", "bca", true}, {"*a", "ab", false},
		{"a*b", "ab", true}, {"a*b", "axxb", true}, {"a*b", "axxbc", false},
		{"*ab*", "xxabxx", true}, {"*ab*", "aab", true}, {"*ab*", "ba", false},
		{"*a*b*c", "1a2b3c", true}, {"*a*b*c", "1a2c3b", false},
		{"?*", "", false}, {"?*", "a", true}, {"*?", "abc", true}, {"*?b", "b", false},
		{"kvm*", "kvm1", true}, {"vm-[a]", "vm-a", false}, {"A", "a", false},
	};

	(void) state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		if (net_glob(cases[i].glob, cases[i].text) != cases[i].is_match)
			fail_msg("%s against %s", cases[i].glob, cases[i].text);
}

/* No more than text x pattern steps, where naive recursion takes for ever. */
static void test_match_is_fast(void **state)
{
	char text[4001];

	(void) state;
	memset(text, 'a', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	assert_false(net_glob("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
	assert_true(net_glob("a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a", text));
}

/* The next text over an alphabet, shorter ones first; false at the end. */
static bool next_text(char *text, const char *alphabet, size_t max)
{
	size_t n = strlen(text), last = strlen(alphabet) - 1;

	for (size_t i = n; i-- > 0;) {
		size_t at = (size_t) (strchr(alphabet, text[i]) - alphabet);

		if (at < last) {
			text[i] = alphabet[at + 1];
			return true;
		}
		text[i] = alphabet[0];
	}
	if (n == max)
		return false;
	text[n] = alphabet[0];
	text[n + 1] = '\0';
	return true;
}

/* Texts of five letters tell every pair of globs of three characters apart. */
static void test_meet_and_cover(void **state)
{
	int n_meet = 0, n_cover = 0;
	char a[4] = "";

	(void) state;
	do {
		char b[4] = "";

		do {
			char text[MAX_TEXT + 2] = "";
			bool can_meet = false, can_cover = true;

			do {
				bool by_a = net_glob(a, text), by_b = net_glob(b, text);

				can_meet |= by_a && by_b;
				can_cover &= by_a || !by_b;
			} while (next_text(text, "xyz", MAX_TEXT));
			if (net_globs_meet(a, b) != can_meet)
				fail_msg("\"%s\" and \"%s\" %s", a, b, can_meet ? "meet" : "do not meet");
			if (net_glob_covers(a, b) && !can_cover)
				fail_msg("\"%s\" does not cover \"%s\"", a, b);
			n_meet += can_meet;
			n_cover += can_cover;
			/* A cover may be overlooked where ? and * share a run, like ?* over *x. */
			if (can_cover && !net_glob_covers(a, b) && !strchr(a, '?'))
				fail_msg("\"%s\" covers \"%s\"", a, b);
		} while (next_text(b, "xy?*", 3));
	} while (next_text(a, "xy?*", 3));
	assert_true(n_meet > 1000);
	assert_true(n_cover > 1000);
}

static void test_long_globs(void **state)
{
	char a[SCALAR_MAX_PORT + 1], b[SCALAR_MAX_PORT + 1];

	(void) state;
	memset(a, '?', sizeof a - 1);
	memset(b, '*', sizeof b - 1);
	a[sizeof a - 1] = b[sizeof b - 1] = '\0';
	assert_true(net_globs_meet(a, b));
	assert_true(net_globs_meet(b, a));
	assert_true(net_glob_covers(b, a));
	assert_false(net_glob_covers(a, b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_match),
		cmocka_unit_test(test_match_is_fast),
		cmocka_unit_test(test_meet_and_cover),
		cmocka_unit_test(test_long_globs),
	};

	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
