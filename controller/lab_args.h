/* SPDX-License-Identifier: Apache-2.0 */
/* A growing vector of arguments of one command. */
#ifndef CONTROLLER_LAB_ARGS_H
#define CONTROLLER_LAB_ARGS_H

#include <stddef.h>

#include "topo/arena.h"

struct args {
	struct arena *arena;
	const char **v;                 /* ends with null */
	size_t n, room;
};

void add(struct args *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void add_all(struct args *, ...) __attribute__((sentinel));
/* A port of a bridge of Open vSwitch; what is added next is set in its interface. */
void add_port(struct args *, const char *bridge, const char *port, unsigned ofport);

#endif
