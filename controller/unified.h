/* SPDX-License-Identifier: Apache-2.0 */
/* unified: two texts compared line by line, as `diff -u` prints it. */
#ifndef CONTROLLER_UNIFIED_H
#define CONTROLLER_UNIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct unified_text { const char *name, *text; size_t size; };

/* Prints what `patch` takes to make `b` of `a`; nothing when they are the same, then false. The fewest
 * lines, unless the texts have more than some thousand lines of difference. */
bool unified_print(const struct unified_text *a, const struct unified_text *b, FILE *out);

#endif
