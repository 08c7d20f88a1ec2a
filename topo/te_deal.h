/* SPDX-License-Identifier: Apache-2.0 */
/* te_deal: the slots of a pair onto its paths, by what each of them carries.
 *
 * A plan takes slots to be equally large. They are not: connections are few, or one of
 * them is an elephant. So the bytes of each slot are measured, and slots are dealt anew
 * such that each path carries what was planned for it, and as few as possible move. A
 * slot cannot be cut: one that is larger than its path's part of the plan has it for
 * itself, and the rest goes elsewhere. Elephants stay where they are while their links
 * are not above the goal. Pure and deterministic. Why so: docs/explanation/te.md. */
#ifndef TOPO_TE_DEAL_H
#define TOPO_TE_DEAL_H

#include "topo/place.h"

#define TE_DEAL_GONE UINT8_MAX
#define TE_ELEPHANT 0.1                 /* of the smallest link on its path: more is an elephant ... */
#define TE_ELEPHANT_MEANS 3             /* ... if it is also so many times the mean slot of its pair */

/* All borrowed. Rates are Mbit/s. */
struct te_deal {
	const struct place_pair *plan;  /* its paths, their shares, the number of slots */
	const uint8_t *now;             /* path of each slot; TE_DEAL_GONE: it has none any more */
	const double *mbps;             /* of each slot, as measured */
	const double *noise;            /* of each slot: how far samples are from that, mostly; may be null */
	const double *others;           /* per arc: what else is there */
	const double *capacity;         /* per arc: of the whole link */
	double goal;                    /* utilisation of a whole link */
	bool must;                      /* the plan is new: the nearest, whatever it costs */
};

struct te_dealt {
	bool changed;                   /* it is worth it, or some slot has to move; else slots = now */
	uint8_t slots[PLACE_MAX_SLOTS]; /* path of each */
	uint32_t n_moved;
	/* The most that a path carries more or less than planned, as part of the pair. */
	double error_before, error_after;
	/* Of the busiest link on its paths. */
	double u_before, u_after;
	uint32_t busiest;               /* arc, before; PLACE_NONE = nothing is sent */
	double u_there;                 /* of that arc, after */
};

void te_deal(const struct te_deal *, struct te_dealt *ret);
/* Is what this slot carries, on that path, large? */
bool te_is_elephant(const struct te_deal *, uint32_t slot, uint8_t path);

/* Which path of the pair has the same arcs? TE_DEAL_GONE = none. */
uint8_t te_deal_path(const struct place_pair *, const struct place_path *);

#endif
