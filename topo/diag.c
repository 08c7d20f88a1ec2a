/* SPDX-License-Identifier: Apache-2.0 */
/* Findings: kept in the order of arrival, sorted by place when first read.
 *
 * Does not print to a log and does not decide anything. Texts quote what the
 * user wrote, so control characters are made visible here, once, and no file
 * can play with the terminal of who checks it. */
#include "topo/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum {
	MAX_FINDINGS = 1000,            /* the last one counts the rest */
	MAX_TEXT = 2000,
	MAX_WORD = 63,                  /* did_you_mean: longer words have no neighbour */
};

struct diag {
	struct arena *arena;
	const char *file;
	struct finding findings[MAX_FINDINGS];
	size_t order[MAX_FINDINGS];     /* of findings, by place, when is_sorted */
	size_t n;
	size_t n_errors;
	size_t n_lost;                  /* beyond MAX_FINDINGS - 1 */
	bool is_sorted;
};

static const struct diag_code_info codes[N_DIAG_CODES] = {
#define DIAG_CODE(NAME, CODE, SEVERITY, SUMMARY, CURE) \
	[DIAG_##NAME] = {.code = CODE, .severity = SEVERITY, .summary = SUMMARY, .cure = CURE},
#include "topo/diag_codes.h"
#undef DIAG_CODE
};

const struct diag_code_info *diag_code_info(enum diag_code code)
{
	return &codes[code];
}

struct diag *diag_new(const char *file_name)
{
	struct diag *diag = xheap_alloc(sizeof *diag);

	diag->arena = arena_new();
	diag->file = arena_strdup(diag->arena, file_name);
	return diag;
}

void diag_free(struct diag *diag)
{
	if (!diag)
		return;
	arena_free(diag->arena);
	free(diag);
}

/* Bytes of the UTF-8 character at p, or 0 when there is none that may be shown:
 * broken, cut off, or a control character (C0, DEL, C1). */
static size_t shown_char(const unsigned char *p)
{
	if (p[0] < 0x80)
		return p[0] >= 0x20 && p[0] != 0x7f;
	size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || (p[0] == 0xc2 && p[1] < 0xa0))
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	bool is_overlong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xf0 && p[1] < 0x90);
	bool is_surrogate = p[0] == 0xed && p[1] >= 0xa0;
	bool is_beyond = p[0] == 0xf4 && p[1] >= 0x90;
	return is_overlong || is_surrogate || is_beyond ? 0 : n;
}

/* A copy in good UTF-8; what may not be shown becomes \xNN. */
static const char *make_visible(struct arena *arena, const char *text)
{
	const unsigned char *p = (const unsigned char *) text;
	char *copy = arena_alloc(arena, 4 * strlen(text) + 1);
	size_t used = 0;

	while (*p) {
		size_t n = shown_char(p);

		if (n) {
			memcpy(copy + used, p, n);
			used += n;
			p += n;
		} else {
			used += (size_t) sprintf(copy + used, "\\x%02x", *p);
			p++;
		}
	}
	return copy;
}

void diag_add(struct diag *diag, struct where where, enum diag_code code, const char *format, ...)
{
	char text[MAX_TEXT];
	va_list args;

	if (codes[code].severity == DIAG_ERROR)
		diag->n_errors++;
	if (diag->n == MAX_FINDINGS - 1) {
		diag->n_lost++;
		return;
	}
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	diag->findings[diag->n] = (struct finding) {
		.where = where,
		.code = code,
		.text = make_visible(diag->arena, text),
	};
	diag->n++;
	diag->is_sorted = false;
}

size_t diag_n_errors(const struct diag *diag)
{
	return diag->n_errors;
}

size_t diag_n_findings(const struct diag *diag)
{
	return diag->n + (diag->n_lost != 0);
}

bool diag_is_full(const struct diag *diag)
{
	return diag->n == MAX_FINDINGS - 1;
}

static int by_place(const void *a_, const void *b_, void *findings_)
{
	const struct finding *findings = findings_;
	size_t a = *(const size_t *) a_, b = *(const size_t *) b_;
	const struct where *x = &findings[a].where, *y = &findings[b].where;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->col != y->col)
		return x->col < y->col ? -1 : 1;
	return a < b ? -1 : a > b;
}

const struct finding *diag_finding(const struct diag *const_diag, size_t i)
{
	/* Sorting is a cache; callers see a constant. */
	struct diag *diag = (struct diag *) const_diag;

	if (i == diag->n && diag->n_lost) {
		struct finding *last = &diag->findings[diag->n];

		last->where = (struct where) {0, 0};
		last->code = DIAG_MORE;
		last->text = arena_printf(diag->arena, "and %zu more findings that are not shown",
					  diag->n_lost);
		return last;
	}
	if (!diag->is_sorted) {
		for (size_t k = 0; k < diag->n; k++)
			diag->order[k] = k;
		qsort_r(diag->order, diag->n, sizeof *diag->order, by_place, diag->findings);
		diag->is_sorted = true;
	}
	return &diag->findings[diag->order[i]];
}

const char *diag_file(const struct diag *diag)
{
	return diag->file;
}

void diag_format(const struct diag *diag, const struct finding *finding, char *buf, size_t size)
{
	const struct diag_code_info *info = &codes[finding->code];
	const char *severity = info->severity == DIAG_ERROR ? "error" : "warning";
	char place[32] = "";

	if (finding->where.line)
		snprintf(place, sizeof place, ":%u:%u", finding->where.line, finding->where.col);
	snprintf(buf, size, "%s%s: %s: %s  [%s]", diag->file, place, severity, finding->text,
		 info->code);
}

void diag_print(const struct diag *diag, FILE *out)
{
	char line[4 * MAX_TEXT + 4096];

	for (size_t i = 0; i < diag_n_findings(diag); i++) {
		diag_format(diag, diag_finding(diag, i), line, sizeof line);
		fprintf(out, "%s\n", line);
	}
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Damerau-Levenshtein distance where no part is edited twice; case is free. */
static size_t distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	size_t rows[3][MAX_WORD + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= b_len; j++)
		last[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		now[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			char x = lower(a[i - 1]), y = lower(b[j - 1]);

			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == lower(b[j - 2]) && lower(a[i - 2]) == y
			    && before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		size_t *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b_len];
}

const char *diag_did_you_mean(const char *word, const char *const *names, size_t n)
{
	const char *best = NULL;
	size_t word_len = strlen(word), best_distance = 3;

	if (word_len > MAX_WORD)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t len = strlen(names[i]);
		size_t gap = len > word_len ? len - word_len : word_len - len;

		if (len > MAX_WORD || gap >= best_distance)
			continue;
		size_t d = distance(word, word_len, names[i], len);
		if (d < best_distance && 2 * d < word_len) {
			best = names[i];
			best_distance = d;
		}
	}
	return best;
}
