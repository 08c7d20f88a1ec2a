/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of core_te share. */
#ifndef CONTROLLER_CORE_TE_PRIVATE_H
#define CONTROLLER_CORE_TE_PRIVATE_H

#include "controller/core_private.h"
#include "controller/core_te.h"

/* te_task.c: the keeper's look, in a worker. */
void te_look_begin(struct core *);
/* te_poll.c */
/* What demands do not explain, from the counters of ports. */
void te_find_background(struct core *);

#endif
