/* SPDX-License-Identifier: Apache-2.0 */
/* te_what: what if an edge or a switch failed, or a pair wanted more? On a copy. */
#ifndef TOPO_TE_WHAT_H
#define TOPO_TE_WHAT_H

#include "topo/te_plan.h"

enum { TE_WHAT_MAX = 16 };

struct te_what {
	bool *usable;                   /* per edge; owned */
	struct te_change changes[TE_WHAT_MAX];
	size_t n_changes;
};

/* "kvm1-kvm2 down", "kvm2 down", "kvm1-kvm2 up", "kvm1->kvm3 x2", "kvm1->kvm3 300Mbit",
 * several of them separated by commas. usable: as it is now. False: ret_why says
 * what is wrong. Release with te_what_free() in either case. */
bool te_what_parse(struct te_what *, const struct net *, const bool *usable, const char *text,
		   char *ret_why, size_t size);
void te_what_free(struct te_what *);

/* What would run then, complete: all stays where it can, and what stands on links above the
 * goal (of a whole link) moves, if that helps. ret_bound: of a whole link. */
struct placement *te_what_plan(const struct te_plan *, const struct placement *running, double goal, double *ret_bound);

/* A utilisation of the busiest whole link that nothing can be below, within 1 %. */
double te_bound(const struct te_plan *);

/* Where a pair would go elsewhere: share of its traffic that leaves its paths. */
double te_moved(const struct place_pair *before, const struct place_pair *after);

#endif
