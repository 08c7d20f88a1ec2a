/* SPDX-License-Identifier: Apache-2.0 */
/* The network as placement walks it: arcs, who leaves where, shortest trees.
 * Private to place. */
#ifndef TOPO_PLACE_GRAPH_H
#define TOPO_PLACE_GRAPH_H

#include "topo/place.h"

struct place_hop { uint32_t arc, to; };

struct place_graph {
	uint32_t n_nodes, n_arcs;
	const struct place_link *links; /* borrowed */
	uint32_t *from, *to;            /* per arc */
	double *mbps, *inverse;         /* per arc: capacity and 1/capacity; both 0 when it may not be used */
	double *cost;                   /* per arc */
	struct place_hop *hops;         /* usable arcs by the node they leave, then by number */
	uint32_t *first;                /* per node, and one behind the last: into hops */
	struct place_hop *back;         /* the same by the node they enter; to = where they come from */
	uint32_t *first_back;
};

/* Everything is in the arena. */
struct place_graph *place_graph_new(struct arena *, const struct place_job *);

static inline bool place_usable(const struct place_graph *g, uint32_t arc)
{
	return g->mbps[arc] > 0;
}

/* Does the path lead from src to dst, over links that are up? A placement of other
 * link numbers does not, and is not taken for one that runs. */
bool place_is_whole(const struct place_graph *, const struct place_pair *, const struct place_path *);

/* A shortest tree, and the heap that grows it. One is enough for many runs. */
struct place_tree {
	double *dist;                   /* per node; infinite = not reached */
	uint32_t *via;                  /* per node: the arc it is reached by */
	uint32_t *heap, *at;            /* nodes by distance; where a node stands + 1, 0 = not in it */
	uint32_t n;
	uint32_t *order, n_order;       /* nodes as they were reached for good: by distance, each behind the one it is
					 * reached from */
	uint64_t work;                  /* arcs looked at so far */
};

struct place_tree *place_tree_new(struct arena *, uint32_t n_nodes);

/* From src over non-negative lengths per arc. Stops at `until`, PLACE_NONE = all.
 * An infinite length is no way. Of equal ways the one found first stays, so the
 * result is a function of the input alone. */
void place_tree_grow(struct place_tree *, const struct place_graph *, const double *length,
		     uint32_t src, uint32_t until);
/* The same against the arrows: dist is the way to dst, via the arc to leave by. */
void place_tree_grow_back(struct place_tree *, const struct place_graph *, const double *length, uint32_t dst);

/* Arcs of the way to dst into ret_arcs (room for n_nodes). Returns how many;
 * 0 = not reached. */
uint32_t place_tree_path(const struct place_tree *, const struct place_graph *, uint32_t src, uint32_t dst,
			 uint32_t *ret_arcs);

/* Utilisation of the busiest link under equal split, hop by hop, over all
 * shortest ways by cost. Demands sorted by src, dst are not needed. */
double place_ecmp(struct arena *, const struct place_graph *, const struct place_demand *, size_t n);

#endif
