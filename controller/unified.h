/* SPDX-License-Identifier: Apache-2.0 */
/* unified: two texts compared line by line, by diff(1). */
#ifndef CONTROLLER_UNIFIED_H
#define CONTROLLER_UNIFIED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct unified_text { const char *name, *text; size_t size; };

/* Prints what `patch` takes to make `b` of `a`; nothing when they are the same, then *ret_differ is
 * false. False after saying on stderr why there is no answer. */
bool unified_print(const struct unified_text *a, const struct unified_text *b, FILE *out, bool *ret_differ);

#endif
