/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the guard share: the world that is looked at, frames sent into it, and what was told. */
#ifndef TESTS_GUARD_WORLD_H
#define TESTS_GUARD_WORLD_H

#include "tests/unit/apps/guard_frames.h"
#include "tests/unit/apps/stage.h"

/* Two switches with a tunnel between them; networks follow. */
#define GUARD_SWITCHES "version: 1\nswitches:\n  a: {dpid: 0x1, vtep: 10.0.0.1}\n  b: {dpid: 0x2, vtep: 10.0.0.2}\nnetworks:\n"
/* Both are up and can count; ports of VMs follow. */
#define GUARD_UP "meters a 100; meters b 100; up a; up b; port a:vxlan0 1000; port b:vxlan0 1000;"

/* Of the file, after these lines; each is checked. */
void guard_open(const char *yaml, const char *ports, const char *story);
void guard_send(const char *place, struct frame);
/* Something of it comes out. */
void guard_passes(const char *place, struct frame);
/* The first fact of that kind that the last frame brought, or null. */
const struct fact *guard_fact(enum fact_kind);

#endif
