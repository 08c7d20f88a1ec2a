/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick: equal split, hop by hop, over all shortest ways by cost.
 *
 * Per destination one tree against the arrows; then the nodes hand on what they
 * hold, the farthest first. With costs of 0 a shortest way may be a circle, so
 * an arc counts only when it leads to a node that is handled later. */
#include <math.h>
#include <stdlib.h>

#include "topo/arena.h"
#include "topo/place_graph.h"

struct away { double dist; uint32_t node; };

static int farthest_first(const void *a, const void *b)
{
	const struct away *x = a, *y = b;

	if (x->dist != y->dist)
		return x->dist < y->dist ? 1 : -1;
	return x->node < y->node ? 1 : x->node > y->node ? -1 : 0;
}

static bool is_shortest(const struct place_graph *g, const struct place_tree *t, const uint32_t *turn,
			struct place_hop hop, uint32_t from)
{
	double there = t->dist[hop.to] + g->cost[hop.arc];

	return there <= t->dist[from] * (1 + 1e-12) + 1e-9 && turn[hop.to] > turn[from];
}

static void hand_on(const struct place_graph *g, const struct place_tree *t, const uint32_t *turn,
		    uint32_t node, double *held, double *load)
{
	uint32_t n = 0;

	for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
		n += is_shortest(g, t, turn, g->hops[i], node);
	for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
		if (is_shortest(g, t, turn, g->hops[i], node)) {
			load[g->hops[i].arc] += held[node] / n;
			held[g->hops[i].to] += held[node] / n;
		}
}

static int by_destination(const void *a, const void *b)
{
	const struct place_demand *x = a, *y = b;

	if (x->dst != y->dst)
		return x->dst < y->dst ? -1 : 1;
	return x->src < y->src ? -1 : x->src > y->src;
}

double place_ecmp(struct arena *arena, const struct place_graph *g, const struct place_demand *demands, size_t n)
{
	struct place_demand *sorted = arena_new_array(arena, struct place_demand, n);
	struct away *order = arena_new_array(arena, struct away, g->n_nodes);
	uint32_t *turn = arena_new_array(arena, uint32_t, g->n_nodes);
	double *held = arena_new_array(arena, double, g->n_nodes), *load = arena_new_array(arena, double, g->n_arcs);
	struct place_tree *t = place_tree_new(arena, g->n_nodes);
	double u = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = demands[i];
	qsort(sorted, n, sizeof *sorted, by_destination);
	for (size_t i = 0, end; i < n; i = end) {
		place_tree_grow_back(t, g, g->cost, sorted[i].dst);
		for (uint32_t node = 0; node < g->n_nodes; node++) {
			order[node] = (struct away) { t->dist[node], node };
			held[node] = 0;
		}
		qsort(order, g->n_nodes, sizeof *order, farthest_first);
		for (uint32_t k = 0; k < g->n_nodes; k++)
			turn[order[k].node] = order[k].node == sorted[i].dst ? g->n_nodes : k;
		for (end = i; end < n && sorted[end].dst == sorted[i].dst; end++)
			held[sorted[end].src] += sorted[end].mbps;
		for (uint32_t k = 0; k < g->n_nodes; k++)
			if (order[k].node != sorted[i].dst && isfinite(order[k].dist) && held[order[k].node] > 0)
				hand_on(g, t, turn, order[k].node, held, load);
	}
	for (uint32_t arc = 0; arc < g->n_arcs; arc++)
		u = fmax(u, load[arc] * g->inverse[arc]);
	return u;
}
