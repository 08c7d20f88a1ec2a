/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/controller/one_world.h"

struct world world;
uint32_t kvm1, kvm2;
