/* SPDX-License-Identifier: Apache-2.0 */
/* world: a core without sockets for tests: switches connect and take what they
 * are given at once, hosts are where the test says. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "controller/api.h"

struct world {
	struct core *core;
	struct api_world api;           /* of this core; no sessions, no config */
};

/* Time begins at 1000 s and moves only when the test moves core->now_ms and
 * core->wall_ms. Fails the test when the text is no good file. */
void world_init(struct world *, const char *text);
void world_uninit(struct world *);
void world_advance(struct world *, uint64_t ms);

/* Connects with these ports ("vm-a", up; OpenFlow ports count from 1) and its
 * LOCAL port "br-int"; reads back nothing; takes all rows. Returns the slot. */
uint32_t world_connect(struct world *, const char *name, const char *const *ports, size_t n);
void world_disconnect(struct world *, uint32_t sw, const char *why);
/* The switch takes all that it shall have. */
void world_take_rows(struct world *, uint32_t sw);
/* 02:00:00:00:00:N, 10.0.0.N at that port. */
void world_learn(struct world *, const char *network, unsigned n, uint32_t sw, uint32_t ofport);
/* Another file. */
void world_reload(struct world *, const char *text);

#endif
