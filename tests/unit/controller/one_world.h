/* SPDX-License-Identifier: Apache-2.0 */
/* one_world: the world of a file whose tests play one after another, and its switches. */
#ifndef TESTS_ONE_WORLD_H
#define TESTS_ONE_WORLD_H

#include "tests/unit/controller/world.h"

extern struct world world;
extern uint32_t kvm1, kvm2;     /* slots */

#endif
