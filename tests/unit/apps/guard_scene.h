/* SPDX-License-Identifier: Apache-2.0 */
/* guard_scene: two files of the tests of the guard, their ports, and what it tells. */
#ifndef TESTS_GUARD_SCENE_H
#define TESTS_GUARD_SCENE_H

#include "apps/guard.h"
#include "tests/unit/apps/guard_world.h"

/* Host 9 is bound to b:rd with its addresses, host 8 to b:rm by its MAC alone. */
extern const char guard_bound[];
/* Host 5 is the DHCP server at b:srv, host 4 the router at b:rtr. */
extern const char guard_leased[];
extern const char guard_ports[];
void guard_play(const char *yaml, const char *story);
const struct fact *guard_the_fact(enum fact_kind kind);
bool guard_says(const char *text);
/* Dropped by that row, which tells of it. */
void guard_is_dropped(const char *place, struct frame frame, const char *row, enum fact_reason reason);
extern const char guard_limited[];
void guard_second(uint64_t s);

#endif
