/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of world know of each other; tests include world.h. */
#ifndef TESTS_WORLD_INSIDE_H
#define TESTS_WORLD_INSIDE_H

#include "tests/unit/apps/world.h"

/* All apps' rows of the switch, unless it is cut. */
void world_compile(struct world *, uint32_t sw);
/* Every app that reads it patches or is compiled. */
void world_tell(struct world *, const struct fact *);
/* The same as a callback of the view; ctx: the world. */
void world_gone(void *ctx, const struct fact *);
/* The file's switches have slots, and rows. */
void world_declared(struct world *);

/* "a:r1" into its two names. */
uint32_t world_split(struct world *, const char *place, const char **ret_port);
void world_mac(uint8_t mac[6], unsigned host);

/* Rows of one that are not in the other, or not the same; each is printed after `what`. */
size_t world_differences(const struct ledger *one, const struct ledger *other, const char *what);

/* What switches kept over a restart. */
void world_drop_held(void);

void world_take_ways(struct world *, bool half);

#endif
