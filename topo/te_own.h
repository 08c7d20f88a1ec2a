/* SPDX-License-Identifier: Apache-2.0 */
/* te_own: ways that a network has for itself, between two switches in one direction, because a pin or
 * an avoid of the file names it.
 *
 * Its frames take one way, the cheapest that is up and suits: pins of that network, or else
 * those of the pair; all avoids of either; the ceiling for delays. What it sends is
 * measured by itself and taken off these links. Where nothing suits it goes with the pair. Pure. */
#ifndef TOPO_TE_OWN_H
#define TOPO_TE_OWN_H

#include "topo/net.h"
#include "topo/place.h"

struct arena;
struct demands;

struct te_own {
	uint32_t network, from, to;     /* indices of the net */
	uint32_t *arcs, n_arcs;         /* of edges; none: nothing suits */
	double mbps;                    /* what it sends, to plan for; 0 = not known */
};
/* Sorted by network, from, to. */
struct te_owns {
	struct arena *arena;            /* owns it when it stands alone; else null */
	struct te_own *items;
	size_t n;
};

/* Does the file have any? */
bool te_has_owns(const struct net *);
/* edges: as of te_job_links(). In the arena. */
struct te_owns *te_owns_new(struct arena *, const struct net *, const struct place_link *edges);
/* In an arena of its own; te_owns_free() is for these. */
struct te_owns *te_owns_copy(const struct te_owns *);
void te_owns_free(struct te_owns *);
/* The same ways? Null is none. */
bool te_owns_same(const struct te_owns *, const struct te_owns *);
/* The network's way there, or null: it goes with the pair. owns may be null. */
const struct te_own *te_own_find(const struct te_owns *, uint32_t network, uint32_t from, uint32_t to);

#endif
