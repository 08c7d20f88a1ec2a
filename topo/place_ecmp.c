/* SPDX-License-Identifier: Apache-2.0 */
/* The yardstick: equal split, hop by hop, over all shortest ways by cost.
 *
 * Per destination one tree against the arrows; then the nodes hand on what they
 * hold, the last one that the tree reached first. With costs of 0 a shortest way
 * may be a circle, so an arc counts only when it leads to a node that is handled
 * later; that of the tree always does. */
#include <math.h>
#include <stdlib.h>

#include "topo/arena.h"
#include "topo/place_state.h"

static bool is_shortest(const double *cost, const struct place_tree *t, const uint32_t *turn, struct place_hop hop,
			uint32_t from)
{
	double there = t->dist[hop.to] + cost[hop.arc];

	return there <= t->dist[from] * (1 + 1e-12) + 1e-9 && turn[hop.to] > turn[from];
}

static void hand_on(const struct place_graph *g, const struct place_tree *t, const uint32_t *turn,
		    uint32_t node, double *held, double *load)
{
	uint32_t n = 0;

	for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
		n += is_shortest(g->cost, t, turn, g->hops[i], node);
	for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
		if (is_shortest(g->cost, t, turn, g->hops[i], node)) {
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

/* Order of handling for the tree's destination: turn[node] is its place, the farthest first. */
static void take_turns(const struct place_tree *t, uint32_t *turn)
{
	for (uint32_t k = 0; k < t->n_order; k++)
		turn[t->order[k]] = t->n_order - k;
}

double place_ecmp(struct arena *arena, const struct place_graph *g, const struct place_demand *demands, size_t n)
{
	struct place_demand *sorted = arena_new_array(arena, struct place_demand, n);
	uint32_t *turn = arena_new_array(arena, uint32_t, g->n_nodes);
	double *held = arena_new_array(arena, double, g->n_nodes), *load = arena_new_array(arena, double, g->n_arcs);
	struct place_tree *t = place_tree_new(arena, g->n_nodes);
	double u = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = demands[i];
	qsort(sorted, n, sizeof *sorted, by_destination);
	for (size_t i = 0, end; i < n; i = end) {
		place_tree_grow_back(t, g, g->cost, sorted[i].dst);
		take_turns(t, turn);
		for (uint32_t node = 0; node < g->n_nodes; node++)
			held[node] = 0;
		for (end = i; end < n && sorted[end].dst == sorted[i].dst; end++)
			held[sorted[end].src] += sorted[end].mbps;
		for (uint32_t k = t->n_order; --k;)     /* the first one is the destination */
			if (held[t->order[k]] > 0)
				hand_on(g, t, turn, t->order[k], held, load);
	}
	for (uint32_t arc = 0; arc < g->n_arcs; arc++)
		u = fmax(u, load[arc] * g->inverse[arc]);
	return u;
}

/* --- the same as ways --------------------------------------------------------- */

enum { MAX_LEAVES = 512 };              /* ways looked at for one pair */

struct spread {
	struct place_state *s;
	struct place_flow *flow;
	const double *cost;             /* per arc */
	const uint32_t *turn;
	uint32_t n_leaves;
};

/* Spreads mbps from this node over all shortest ways. False: there are too many. */
static bool spread(struct spread *p, uint32_t node, double mbps, uint32_t depth)
{
	const struct place_graph *g = p->s->g;
	const struct place_tree *t = p->s->tree;
	uint32_t n = 0;

	if (node == p->flow->dst) {
		if (p->flow->n_ways == PLACE_MAX_WAYS || ++p->n_leaves > MAX_LEAVES)
			return false;
		place_way_add(p->s, p->flow, p->s->arcs, depth)->x += mbps;
		return true;
	}
	for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
		n += is_shortest(p->cost, t, p->turn, g->hops[i], node);
	for (uint32_t i = g->first[node]; i < g->first[node + 1]; i++)
		if (is_shortest(p->cost, t, p->turn, g->hops[i], node)) {
			p->s->arcs[depth] = g->hops[i].arc;
			if (!spread(p, g->hops[i].to, mbps / n, depth + 1))
				return false;
		}
	return true;
}

bool place_find_equal_ways(struct place_state *s, bool by_hops)
{
	double *cost = by_hops ? arena_new_array(s->arena, double, s->g->n_arcs) : s->g->cost;
	uint32_t *turn = arena_new_array(s->arena, uint32_t, s->g->n_nodes);

	for (uint32_t arc = 0; by_hops && arc < s->g->n_arcs; arc++)
		cost[arc] = 1;
	for (uint32_t dst = 0; dst < s->g->n_nodes; dst++) {
		bool grown = false;
		for (size_t i = 0; i < s->n_flows; i++) {
			struct place_flow *flow = &s->flows[i];
			if (flow->dst != dst || !(flow->mbps > 0) || flow->fence)
				continue;
			if (!grown) {
				place_tree_grow_back(s->tree, s->g, cost, dst);
				take_turns(s->tree, turn);
				grown = true;
			}
			flow->n_ways = 0;
			struct spread p = { .s = s, .flow = flow, .cost = cost, .turn = turn };
			if (isfinite(s->tree->dist[flow->src]) && !spread(&p, flow->src, flow->mbps, 0))
				return false;
		}
	}
	return true;
}
