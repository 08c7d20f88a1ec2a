/* SPDX-License-Identifier: Apache-2.0 */
/* union: sets of numbers that grow together, each with a root. `parent` has n elements;
 * the set of a root is itself. */
#ifndef TOPO_UNION_H
#define TOPO_UNION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each number alone. */
void union_alone(uint32_t *parent, size_t n);
uint32_t union_root(uint32_t *parent, uint32_t i);
/* False: they were in one set. The lowest of a set is its root, so that its name does
 * not depend on the order. */
bool union_join(uint32_t *parent, uint32_t a, uint32_t b);

#endif
