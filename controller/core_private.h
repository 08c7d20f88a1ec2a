/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of core share among themselves. */
#ifndef CONTROLLER_CORE_PRIVATE_H
#define CONTROLLER_CORE_PRIVATE_H

#include "controller/core.h"

struct scene core_scene(const struct core *);
struct out core_out(struct core *, uint8_t app);
void core_follow_slots(struct core *);           /* one core_switch per slot of the view */
void core_applied(struct core *, const struct fact *);   /* already in the view */
void core_compile(struct core *, uint32_t sw);   /* the stale apps of one switch, now */

struct reply core_reply(struct core *);

/* core_gateway.c */
bool core_concerns_ways(const struct fact *);
void core_gateways(struct core *);       /* opens and closes physical ports, one step */
/* For switches that may have what is in use: nothing is chosen before. */
bool core_waits_for_switches(const struct core *);
/* The same, or for the first paths: nothing is compiled before. */
bool core_must_wait(const struct core *);
/* Its rows are what they shall be; or it is away and cannot be told. */
bool core_has_done(const struct core *, uint32_t sw);
/* core_clock.c */
void core_follow_clock(struct core *);   /* every second, before anything ends */
/* core_ways.c */
void core_ways(struct core *);           /* from the ways in force towards the best, one step */
/* core_switch.c: who was read back and had to wait is compiled for, when it need not any more. */
void core_let_go(struct core *);

#endif
