/* SPDX-License-Identifier: Apache-2.0 */
/* Findings about a file: collected, sorted by place, printed compiler style.
 *
 *     topology.yaml:19:5: error: unknown key "prots" in network "office"; did you mean "ports"?  [E003]
 *
 * A finding never changes anything; who collects them decides. */
#ifndef TOPO_DIAG_H
#define TOPO_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A place in the file, both from 1; line 0 means "nowhere in the file". */
struct where {
	uint32_t line;
	uint32_t col;
};

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

/* Every code the program can print, once: the enum, the name, the default
 * severity and the manual's errors page are all made from this list
 * (diag_codes.h holds it). */
enum diag_code {
#define DIAG_CODE(NAME, CODE, SEVERITY, SUMMARY, CURE) DIAG_##NAME,
#include "topo/diag_codes.h"
#undef DIAG_CODE
	N_DIAG_CODES
};

struct diag_code_info {
	const char *code;               /* "E003" or "W101" */
	enum diag_severity severity;
	const char *summary;            /* one line for the manual */
	const char *cure;               /* what to do, for the manual */
};
const struct diag_code_info *diag_code_info(enum diag_code);

struct finding {
	struct where where;
	enum diag_code code;
	const char *text;               /* owned by the diag */
};

struct diag;

struct diag *diag_new(const char *file_name);    /* the name is copied */
void diag_free(struct diag *);

void diag_add(struct diag *, struct where, enum diag_code, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

size_t diag_n_errors(const struct diag *);
size_t diag_n_findings(const struct diag *);
/* No more will be kept: whoever looks for hints may stop looking. */
bool diag_is_full(const struct diag *);
/* Sorted by line, column, then order of arrival; at most 1000 are kept and the
 * last one then says how many more there were. */
const struct finding *diag_finding(const struct diag *, size_t i);
const char *diag_file(const struct diag *);

/* "file:line:col: error: text  [E003]" without newline, into buf. */
void diag_format(const struct diag *, const struct finding *, char *buf, size_t size);
void diag_print(const struct diag *, FILE *);

/* The closest of n names to what the user wrote, or null when none is close
 * (Damerau-Levenshtein distance at most 2 and less than half the length). */
const char *diag_did_you_mean(const char *word, const char *const *names, size_t n);

#endif
