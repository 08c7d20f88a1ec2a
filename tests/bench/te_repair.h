/* SPDX-License-Identifier: Apache-2.0 */
/* What switches do by themselves when links go: each slot whose path is dead uses
 * the first of its standbys that is alive. */
#ifndef TESTS_BENCH_TE_REPAIR_H
#define TESTS_BENCH_TE_REPAIR_H

#include "topo/place.h"

struct te_repaired {
	double u;                       /* of the busiest link after that */
	double lost_mbps;               /* of pairs that could be reached, on slots without a live path */
};

/* job: the links as they are now. */
struct te_repaired te_repair(const struct place_job *, const struct placement *);

#endif
