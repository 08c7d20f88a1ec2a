/* SPDX-License-Identifier: Apache-2.0 */
/* core_copy: what would follow, played through. For a process that is a copy of weftd (fork) and
 * will end: the core is moved, and nothing of it is put back. Switches take at once whatever they
 * would be sent; nobody is sent anything. */
#ifndef CONTROLLER_CORE_COPY_H
#define CONTROLLER_CORE_COPY_H

#include "controller/core.h"

/* Cuts the core off from the world: sockets, worker, state folder, listeners; then has all that is
 * under way come to its end. */
void core_copy_begin(struct core *);

/* Plays on until nothing follows any more: gateways and ways that change step by step, traffic
 * engineering with the loads of now. Each message that a switch would get is given to cb. Returns the
 * number of rounds that had some; what follows later by the clock is left out. */
typedef void core_copy_cb(void *ctx, uint32_t sw, const struct row *);
unsigned core_copy_play(struct core *, core_copy_cb *, void *ctx);

/* The connection of a switch ends, as far as the core knows. */
void core_copy_leave(struct core *, uint32_t sw);

#endif
