/* SPDX-License-Identifier: Apache-2.0 */
/* Back to shortest paths, once a link has come back. */
#include <string.h>

#include "topo/arena.h"
#include "topo/place_graph.h"
#include "topo/te_plan.h"

static bool is_dearer(const struct place_graph *g, const struct place_tree *tree, const struct place_pair *pair)
{
	double cost = 0;
	for (uint32_t a = 0; a < pair->paths[0].n_arcs; a++)
		cost += g->cost[pair->paths[0].arcs[a]];
	return cost > tree->dist[pair->dst] * (1 + 1e-9);
}

/* Pairs are sorted by src, so one tree does for all of one. */
struct placement *te_home(const struct te_plan *t, const struct placement *running)
{
	struct placement *p = te_map_in(t->map, running);
	struct place_graph *g = place_graph_new(p->arena, &t->job);
	struct place_tree *tree = place_tree_new(p->arena, g->n_nodes);
	uint32_t src = PLACE_NONE;
	size_t n = 0;
	for (size_t i = 0; i < p->n_pairs; i++) {
		const struct place_pair *pair = &p->pairs[i];
		if (pair->src != src)
			place_tree_grow(tree, g, g->cost, src = pair->src, PLACE_NONE);
		if (pair->n_active != 1 || pair->has_rules || !is_dearer(g, tree, pair))
			p->pairs[n++] = *pair;
	}
	p->n_pairs = n;
	return p;
}
