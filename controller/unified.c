/* SPDX-License-Identifier: Apache-2.0 */
/* Lines get numbers, equal lines the same one; then Myers, "An O(ND) Difference Algorithm and Its
 * Variations" (1986), with all its steps kept; then hunks with three lines around. */
#include "controller/unified.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum { AROUND = 3, MAX_D = 3000 };      /* steps: 4 bytes * MAX_D^2 are kept */

struct line { const char *text; size_t size; };         /* the newline included, if it has one */
struct side {
	const struct unified_text *of;
	struct line *lines;             /* owned */
	uint32_t *ids;                  /* owned */
	bool *is_changed;               /* owned: deleted of a, added of b */
	size_t n;
};

static void cut(struct side *s, const struct unified_text *of)
{
	size_t n = 0, at = 0;
	for (size_t i = 0; i < of->size; i++)
		n += of->text[i] == '\n';
	n += of->size && of->text[of->size - 1] != '\n';
	s->of = of;
	s->lines = xheap_alloc((n + 1) * sizeof *s->lines);
	s->ids = xheap_alloc((n + 1) * sizeof *s->ids);
	s->is_changed = xheap_alloc(n + 1);
	s->n = n;
	for (size_t i = 0; i < n; i++) {
		const char *end = memchr(of->text + at, '\n', of->size - at);
		size_t size = end ? (size_t) (end - of->text) + 1 - at : of->size - at;
		s->lines[i] = (struct line) { of->text + at, size };
		at += size;
	}
}

static uint64_t hash_of(const struct line *line)
{
	uint64_t h = 0xcbf29ce484222325ull;
	for (size_t i = 0; i < line->size; i++)
		h = (h ^ (unsigned char) line->text[i]) * 0x100000001b3ull;
	return h ^ h >> 29;
}

static void number(struct side *a, struct side *b)
{
	size_t room = 64;
	uint32_t n_ids = 0;
	while (room < 2 * (a->n + b->n))
		room *= 2;
	struct place { const struct line *line; uint32_t id; } *places = xheap_alloc(room * sizeof *places);
	for (unsigned k = 0; k < 2; k++) {
		struct side *s = k ? b : a;
		for (size_t i = 0; i < s->n; i++) {
			size_t at = hash_of(&s->lines[i]) & (room - 1);
			while (places[at].line && (places[at].line->size != s->lines[i].size
						   || memcmp(places[at].line->text, s->lines[i].text, s->lines[i].size)))
				at = (at + 1) & (room - 1);
			if (!places[at].line)
				places[at] = (struct place) { &s->lines[i], ++n_ids };
			s->ids[i] = places[at].id;
		}
	}
	free(places);
}

/* --- Myers, on what is left between the same begin and the same end ------------------------- */

struct middle { const uint32_t *a, *b; bool *a_changed, *b_changed; int n, m; };

/* How far d steps came on diagonal k = x - y; -1 = nowhere. */
static int reach(const int *v, int d, int k) { return k < -d || k > d ? -1 : v[d + k]; }

/* Did the last of d steps take a line of b? Else one of a. */
static bool is_down(int **trace, int d, int k) { return reach(trace[d - 1], d - 1, k - 1) < reach(trace[d - 1], d - 1, k + 1); }

/* From the end back along the steps that led there. */
static void walk_back(const struct middle *mid, int **trace, int d)
{
	for (int k = mid->n - mid->m; d > 0; d--) {
		bool down = is_down(trace, d, k);
		k += down ? 1 : -1;
		int x = reach(trace[d - 1], d - 1, k);
		if (down)
			mid->b_changed[x - k] = true;
		else
			mid->a_changed[x] = true;
	}
}

/* The steps that are needed, or -1: more than MAX_D. trace[d] has 2 * d + 1 entries. */
static int search(const struct middle *mid, int **trace)
{
	for (int d = 0; d <= MAX_D; d++) {
		trace[d] = xheap_alloc((2 * (size_t) d + 1) * sizeof **trace);
		for (int k = -d; k <= d; k += 2) {
			int x = !d ? 0 : is_down(trace, d, k) ? reach(trace[d - 1], d - 1, k + 1) : reach(trace[d - 1], d - 1, k - 1) + 1;
			while (x < mid->n && x - k < mid->m && mid->a[x] == mid->b[x - k])
				x++;
			trace[d][d + k] = x;
			if (x >= mid->n && x - k >= mid->m)
				return d;
		}
	}
	return -1;
}

static void compare(struct side *a, struct side *b)
{
	size_t from = 0, n = a->n, m = b->n;
	while (from < n && from < m && a->ids[from] == b->ids[from])
		from++;
	while (n > from && m > from && a->ids[n - 1] == b->ids[m - 1]) {
		n--;
		m--;
	}
	struct middle mid = { a->ids + from, b->ids + from, a->is_changed + from, b->is_changed + from, (int) (n - from), (int) (m - from) };
	int **trace = xheap_alloc((MAX_D + 1) * sizeof *trace);
	int d = search(&mid, trace);
	if (d >= 0) {
		walk_back(&mid, trace, d);
	} else {
		memset(mid.a_changed, true, n - from);
		memset(mid.b_changed, true, m - from);
	}
	for (int i = 0; i <= MAX_D; i++)
		free(trace[i]);
	free(trace);
}

/* --- hunks --------------------------------------------------------------------------------- */

static void print_line(char sign, const struct line *line, FILE *out)
{
	putc(sign, out);
	fwrite(line->text, 1, line->size, out);
	if (!line->size || line->text[line->size - 1] != '\n')
		fputs("\n\\ No newline at end of file\n", out);
}

static void print_range(char sign, size_t from, size_t n, FILE *out)
{
	/* POSIX, diff: an empty range names the line before it. */
	fprintf(out, " %c%zu", sign, n ? from + 1 : from);
	if (n != 1)
		fprintf(out, ",%zu", n);
}

/* Lines of a from..to and of b from there: what is the same moves on in both. */
static void print_lines(const struct side *a, size_t i, size_t to_a, const struct side *b, size_t k, size_t to_b, FILE *out)
{
	while (i < to_a || k < to_b) {
		if (i < to_a && a->is_changed[i]) {
			print_line('-', &a->lines[i++], out);
		} else if (k < to_b && b->is_changed[k]) {
			print_line('+', &b->lines[k++], out);
		} else {
			print_line(' ', &a->lines[i++], out);
			k++;
		}
	}
}

/* i, k: the first lines that differ, as many same ones before in both. Moves them behind the hunk. */
static void print_hunk(const struct side *a, size_t *i, const struct side *b, size_t *k, FILE *out)
{
	size_t before = *i < AROUND ? *i : AROUND, same = 0;
	size_t from_a = *i - before, from_b = *k - before, to_a = *i, to_b = *k;
	while (same <= 2 * AROUND && (to_a < a->n || to_b < b->n)) {
		if (to_a < a->n && a->is_changed[to_a]) {
			to_a++;
			same = 0;
		} else if (to_b < b->n && b->is_changed[to_b]) {
			to_b++;
			same = 0;
		} else {
			to_a++;
			to_b++;
			same++;
		}
	}
	*i = to_a;
	*k = to_b;
	size_t too_many = same > AROUND ? same - AROUND : 0;
	to_a -= too_many;
	to_b -= too_many;
	fputs("@@", out);
	print_range('-', from_a, to_a - from_a, out);
	print_range('+', from_b, to_b - from_b, out);
	fputs(" @@\n", out);
	print_lines(a, from_a, to_a, b, from_b, to_b, out);
}

static void print_hunks(const struct side *a, const struct side *b, FILE *out)
{
	size_t i = 0, k = 0;
	fprintf(out, "--- %s\n+++ %s\n", a->of->name, b->of->name);
	while (i < a->n || k < b->n) {
		if ((i < a->n && a->is_changed[i]) || (k < b->n && b->is_changed[k])) {
			print_hunk(a, &i, b, &k, out);
		} else {
			i++;
			k++;
		}
	}
}

static void side_uninit(struct side *s)
{
	free(s->lines);
	free(s->ids);
	free(s->is_changed);
}

bool unified_print(const struct unified_text *of_a, const struct unified_text *of_b, FILE *out)
{
	struct side a = { 0 }, b = { 0 };
	if (of_a->size == of_b->size && !memcmp(of_a->text, of_b->text, of_a->size))
		return false;
	cut(&a, of_a);
	cut(&b, of_b);
	number(&a, &b);
	compare(&a, &b);
	print_hunks(&a, &b, out);
	side_uninit(&a);
	side_uninit(&b);
	return true;
}
