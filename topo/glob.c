/* SPDX-License-Identifier: Apache-2.0 */
/* Globs: * is any run of characters, ? is any one. What one matches, whether
 * two meet, whether one covers the other. No classes, no escapes. */
#include <string.h>

#include "topo/model.h"

/* Linear but for the last star: on a mismatch that star takes one more. */
bool net_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

/* The same walk over a pattern instead of a text: only * may take its *, and
 * only * or ? its ?. No to a cover that the shapes do not show is harmless. */
bool net_glob_covers(const char *a, const char *b)
{
	const char *star = NULL, *from = NULL;

	while (*b) {
		if (*a == '*') {
			star = ++a;
			from = b;
		} else if (*b != '*' && (*a == '?' || *a == *b)) {
			a++;
			b++;
		} else if (star) {
			a = star;
			b = ++from;
		} else {
			return false;
		}
	}
	while (*a == '*')
		a++;
	return !*a;
}

/* Do some texts match both? A table over prefixes of b, one row per character
 * of a; the common case of different beginnings is told at once. */
bool net_globs_meet(const char *a, const char *b)
{
	bool reach[SCALAR_MAX_NAME + 2];
	size_t n = strlen(b);

	while (*a && *a == *b && *a != '*') {
		a++;
		b++;
		n--;
	}
	if (*a != '*' && *a != '?' && *b != '*' && *b != '?')
		return *a == *b;
	if (n > SCALAR_MAX_NAME)
		return true;
	/* reach[j]: what is behind us of a meets the first j of b */
	reach[0] = true;
	for (size_t j = 1; j <= n; j++)
		reach[j] = reach[j - 1] && b[j - 1] == '*';
	for (; *a; a++) {
		bool corner = reach[0];

		reach[0] = reach[0] && *a == '*';
		for (size_t j = 1; j <= n; j++) {
			bool up = reach[j], left = reach[j - 1];
			bool is_same = *a == '?' || b[j - 1] == '?' || *a == b[j - 1];

			if (*a == '*' || b[j - 1] == '*')
				reach[j] = up || left || corner;
			else
				reach[j] = corner && is_same;
			corner = up;
		}
	}
	return reach[n];
}
