/* SPDX-License-Identifier: Apache-2.0 */
/* Arcs and shortest trees. The heap is binary and indexed by node, so that a
 * node stands in it once and the work is bounded by arcs times log nodes. */
#include "topo/place_graph.h"

#include <math.h>
#include <string.h>

#include "topo/arena.h"

/* Arcs by the node `by`, in order of number: a counting sort. */
static void index_arcs(struct arena *arena, const struct place_graph *g, const uint32_t *by,
		       const uint32_t *other, struct place_hop **ret_hops, uint32_t **ret_first)
{
	uint32_t *first = arena_new_array(arena, uint32_t, g->n_nodes + 2);
	struct place_hop *hops = arena_new_array(arena, struct place_hop, g->n_arcs);

	for (uint32_t arc = 0; arc < g->n_arcs; arc++)
		if (place_usable(g, arc))
			first[by[arc] + 2]++;
	for (uint32_t node = 2; node < g->n_nodes + 2; node++)
		first[node] += first[node - 1];
	for (uint32_t arc = 0; arc < g->n_arcs; arc++)
		if (place_usable(g, arc))
			hops[first[by[arc] + 1]++] = (struct place_hop) { arc, other[arc] };
	*ret_hops = hops;
	*ret_first = first;
}

struct place_graph *place_graph_new(struct arena *arena, const struct place_job *job)
{
	struct place_graph *g = arena_alloc(arena, sizeof *g);
	size_t n = job->n_links * 2;

	*g = (struct place_graph) {
		.n_nodes = job->n_nodes,
		.n_arcs = (uint32_t) n,
		.links = job->links,
		.from = arena_new_array(arena, uint32_t, n),
		.to = arena_new_array(arena, uint32_t, n),
		.mbps = arena_new_array(arena, double, n),
		.inverse = arena_new_array(arena, double, n),
		.cost = arena_new_array(arena, double, n),
	};
	for (uint32_t arc = 0; arc < n; arc++) {
		const struct place_link *link = &job->links[arc / 2];
		double mbps = link->mbps[arc & 1];
		g->from[arc] = arc & 1 ? link->b : link->a;
		g->to[arc] = arc & 1 ? link->a : link->b;
		g->cost[arc] = link->cost > 0 ? link->cost : 0;
		if (!link->down && mbps > 0 && isfinite(mbps) && isfinite(1 / mbps)) {
			g->mbps[arc] = mbps;
			g->inverse[arc] = 1 / mbps;
		}
	}
	index_arcs(arena, g, g->from, g->to, &g->hops, &g->first);
	index_arcs(arena, g, g->to, g->from, &g->back, &g->first_back);
	return g;
}

bool place_is_whole(const struct place_graph *g, const struct place_pair *pair, const struct place_path *path)
{
	uint32_t at = pair->src;

	for (uint32_t i = 0; i < path->n_arcs; i++) {
		uint32_t arc = path->arcs[i];
		if (arc >= g->n_arcs || !place_usable(g, arc) || g->from[arc] != at)
			return false;
		at = g->to[arc];
	}
	return at == pair->dst;
}

struct place_tree *place_tree_new(struct arena *arena, uint32_t n_nodes)
{
	struct place_tree *t = arena_alloc(arena, sizeof *t);

	*t = (struct place_tree) {
		.dist = arena_new_array(arena, double, n_nodes),
		.via = arena_new_array(arena, uint32_t, n_nodes),
		.heap = arena_new_array(arena, uint32_t, n_nodes),
		.at = arena_new_array(arena, uint32_t, n_nodes),
		.order = arena_new_array(arena, uint32_t, n_nodes),
	};
	return t;
}

static void sift_up(struct place_tree *t, uint32_t i, uint32_t node)
{
	double dist = t->dist[node];

	for (; i; i = (i - 1) / 2) {
		uint32_t above = t->heap[(i - 1) / 2];
		if (t->dist[above] <= dist)
			break;
		t->heap[i] = above;
		t->at[above] = i + 1;
	}
	t->heap[i] = node;
	t->at[node] = i + 1;
}

static uint32_t pop(struct place_tree *t)
{
	uint32_t top = t->heap[0], last = t->heap[--t->n], i = 0;
	double dist = t->dist[last];

	t->at[top] = 0;
	if (!t->n)
		return top;
	for (uint32_t below; (below = 2 * i + 1) < t->n; i = below) {
		if (below + 1 < t->n && t->dist[t->heap[below + 1]] < t->dist[t->heap[below]])
			below++;
		if (t->dist[t->heap[below]] >= dist)
			break;
		t->heap[i] = t->heap[below];
		t->at[t->heap[i]] = i + 1;
	}
	t->heap[i] = last;
	t->at[last] = i + 1;
	return top;
}

static void grow(struct place_tree *t, const struct place_hop *hops, const uint32_t *first, uint32_t n_nodes,
		 const double *length, uint32_t root, uint32_t until)
{
	for (uint32_t node = 0; node < n_nodes; node++) {
		t->dist[node] = INFINITY;
		t->via[node] = PLACE_NONE;
		t->at[node] = 0;
	}
	t->n = 1;
	t->n_order = 0;
	t->dist[root] = 0;
	t->heap[0] = root;
	t->at[root] = 1;
	while (t->n) {
		uint32_t node = pop(t);
		t->order[t->n_order++] = node;
		if (node == until)
			break;
		t->work += first[node + 1] - first[node];
		for (uint32_t i = first[node]; i < first[node + 1]; i++) {
			uint32_t to = hops[i].to;
			double dist = t->dist[node] + length[hops[i].arc];
			if (dist >= t->dist[to])
				continue;
			t->dist[to] = dist;
			t->via[to] = hops[i].arc;
			sift_up(t, t->at[to] ? t->at[to] - 1 : t->n++, to);
		}
	}
}

void place_tree_grow(struct place_tree *t, const struct place_graph *g, const double *length,
		     uint32_t src, uint32_t until)
{
	grow(t, g->hops, g->first, g->n_nodes, length, src, until);
}

void place_tree_grow_back(struct place_tree *t, const struct place_graph *g, const double *length, uint32_t dst)
{
	grow(t, g->back, g->first_back, g->n_nodes, length, dst, PLACE_NONE);
}

uint32_t place_tree_path(const struct place_tree *t, const struct place_graph *g, uint32_t src, uint32_t dst,
			 uint32_t *ret_arcs)
{
	uint32_t n = 0;

	if (t->via[dst] == PLACE_NONE)
		return 0;
	for (uint32_t node = dst; node != src; node = g->from[t->via[node]])
		ret_arcs[n++] = t->via[node];
	for (uint32_t i = 0; i < n / 2; i++) {
		uint32_t arc = ret_arcs[i];
		ret_arcs[i] = ret_arcs[n - 1 - i];
		ret_arcs[n - 1 - i] = arc;
	}
	return n;
}
