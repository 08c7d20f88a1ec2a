/* SPDX-License-Identifier: Apache-2.0 */
/* Ways around a dead edge. Each is asked for on its own (A*), with the distances of the
 * whole graph as what is left at least: then little but the way itself is looked at.
 * Cost decides, then the order of names. */
#include <stdlib.h>
#include <string.h>

#include "topo/steer_private.h"

#define FAR UINT64_MAX
/* Of a drained edge: used when nothing else leads there. */
#define DRAINED (1ULL << 40)

struct node { uint64_t cost; uint32_t arc, seen, done; };
struct entry { uint64_t bound, left; uint32_t node; };

struct steer_graph {
	struct arena *arena;
	const struct net *net;
	size_t n;
	uint32_t *first;                /* arcs that leave a switch: from here to the next one's */
	uint32_t *arcs;
	uint64_t **left[2];             /* by `tunnels`, then where to: cost from each switch; null = not asked yet */
	struct steer_map asked;         /* arc or from, to and tunnels -> index into ways */
	struct steer_way *ways;
	size_t n_ways, max_ways;
	struct node *nodes;
	uint32_t round;
	struct entry *heap;
	size_t n_heap, max_heap;
};

static void find_arcs(struct steer_graph *g, const bool *is_up)
{
	const struct net *net = g->net;
	for (uint32_t e = 0; e < net->n_edges; e++)
		for (unsigned end = 0; end < 2; end++)
			g->first[net->edges[e].sw[end] + 1] += is_up[e];
	for (size_t i = 0; i < g->n; i++)
		g->first[i + 1] += g->first[i];
	uint32_t *next = xheap_alloc(g->n * sizeof *next);
	memcpy(next, g->first, g->n * sizeof *next);
	for (uint32_t arc = 0; arc < 2 * net->n_edges; arc++)
		if (is_up[arc_edge(arc)])
			g->arcs[next[arc_tail(net, arc)]++] = arc;
	free(next);
}

struct steer_graph *steer_graph_new(const struct steer_seen *seen)
{
	struct arena *arena = arena_new();
	struct steer_graph *g = arena_new_array(arena, struct steer_graph, 1);
	const struct net *net = seen->net;
	*g = (struct steer_graph) {
		.arena = arena, .net = net, .n = net->n_switches,
		.first = arena_new_array(arena, uint32_t, net->n_switches + 1),
		.arcs = arena_new_array(arena, uint32_t, 2 * net->n_edges),
		.nodes = arena_new_array(arena, struct node, net->n_switches),
	};
	for (unsigned i = 0; i < 2; i++)
		g->left[i] = arena_new_array(arena, uint64_t *, net->n_switches);
	steer_map_init(&g->asked);
	find_arcs(g, seen->is_up);
	return g;
}

void steer_graph_free(struct steer_graph *g)
{
	steer_map_uninit(&g->asked);
	free(g->ways);
	free(g->heap);
	arena_free(g->arena);
}

/* --- the heap ------------------------------------------------------------------------- */

static bool before(const struct entry *a, const struct entry *b)
{
	if (a->bound != b->bound)
		return a->bound < b->bound;
	if (a->left != b->left)
		return a->left < b->left;
	return a->node < b->node;
}

static void push(struct steer_graph *g, struct entry entry)
{
	if (g->n_heap == g->max_heap) {
		g->max_heap = g->max_heap ? 2 * g->max_heap : 256;
		g->heap = xheap_realloc(g->heap, g->max_heap * sizeof *g->heap);
	}
	size_t i = g->n_heap++;
	for (; i && before(&entry, &g->heap[(i - 1) / 2]); i = (i - 1) / 2)
		g->heap[i] = g->heap[(i - 1) / 2];
	g->heap[i] = entry;
}

static struct entry pop(struct steer_graph *g)
{
	struct entry top = g->heap[0], last = g->heap[--g->n_heap];
	size_t i = 0;
	for (size_t child; (child = 2 * i + 1) < g->n_heap; i = child) {
		if (child + 1 < g->n_heap && before(&g->heap[child + 1], &g->heap[child]))
			child++;
		if (!before(&g->heap[child], &last))
			break;
		g->heap[i] = g->heap[child];
	}
	g->heap[i] = last;
	return top;
}

/* --- searching --------------------------------------------------------------------------- */

static uint64_t cost_of(const struct steer_graph *g, uint32_t arc)
{
	const struct net_edge *edge = &g->net->edges[arc_edge(arc)];
	return edge->cost + (edge->drain ? DRAINED : 0);
}

/* What may not be used. */
struct shun {
	bool cables_only;
	uint32_t edge, risk, node;
	uint32_t underlay, nic;         /* its tunnels: all, or those of the switch `nic`; NET_NONE = none, all */
};

static bool is_of_nic(const struct net_edge *edge, const struct shun *shun)
{
	return edge->underlay == shun->underlay && edge->underlay != NET_NONE
		&& (shun->nic == NET_NONE || edge->sw[0] == shun->nic || edge->sw[1] == shun->nic);
}

static bool may_use(const struct steer_graph *g, const struct shun *shun, uint32_t arc)
{
	const struct net_edge *edge = &g->net->edges[arc_edge(arc)];
	return arc_edge(arc) != shun->edge && (!shun->risk || edge->risk != shun->risk)
		&& arc_head(g->net, arc) != shun->node && (!shun->cables_only || edge->link != NET_NONE)
		&& !is_of_nic(edge, shun);
}

/* From `from` to `to`, or everywhere when that is NET_NONE; left: what is left at least, or null. */
static void search(struct steer_graph *g, const struct shun *shun, uint32_t from, uint32_t to, const uint64_t *left)
{
	g->round++;
	g->n_heap = 0;
	g->nodes[from] = (struct node) { .arc = NET_NONE, .seen = g->round };
	push(g, (struct entry) { .node = from });
	while (g->n_heap) {
		uint32_t at = pop(g).node;
		struct node *here = &g->nodes[at];
		if (at == to)
			return;
		if (here->done == g->round)
			continue;
		here->done = g->round;
		for (uint32_t i = g->first[at]; i < g->first[at + 1]; i++) {
			uint32_t arc = g->arcs[i], head = arc_head(g->net, arc);
			uint64_t cost = here->cost + cost_of(g, arc), rest = left ? left[head] : 0;
			struct node *there = &g->nodes[head];
			if (!may_use(g, shun, arc) || rest == FAR || (there->seen == g->round && there->cost <= cost))
				continue;
			*there = (struct node) { .cost = cost, .arc = arc, .seen = g->round, .done = there->done };
			push(g, (struct entry) { .bound = cost + rest, .left = rest, .node = head });
		}
	}
}

/* An edge costs the same both ways. */
static const uint64_t *left_to(struct steer_graph *g, bool tunnels, uint32_t to)
{
	if (g->left[tunnels][to])
		return g->left[tunnels][to];
	const struct shun nothing = { .cables_only = !tunnels, .edge = NET_NONE, .node = NET_NONE, .underlay = NET_NONE };
	uint64_t *left = g->left[tunnels][to] = arena_new_array(g->arena, uint64_t, g->n);
	search(g, &nothing, to, NET_NONE, NULL);
	for (size_t i = 0; i < g->n; i++)
		left[i] = g->nodes[i].seen == g->round ? g->nodes[i].cost : FAR;
	return left;
}

static struct steer_way way_found(struct steer_graph *g, uint32_t to)
{
	struct steer_way way = { .n_arcs = 0 };
	if (g->nodes[to].seen != g->round)
		return way;
	for (uint32_t arc; (arc = g->nodes[to].arc) != NET_NONE; to = arc_tail(g->net, arc))
		way.n_arcs++;
	return way;
}

static bool try_way(struct steer_graph *g, const struct shun *shun, uint32_t from, uint32_t to, struct steer_way *way)
{
	search(g, shun, from, to, left_to(g, !shun->cables_only, to));
	*way = way_found(g, to);
	way->arcs = arena_new_array(g->arena, uint32_t, way->n_arcs);
	for (uint32_t i = way->n_arcs, at = to; i-- > 0; at = arc_tail(g->net, way->arcs[i]))
		way->arcs[i] = g->nodes[at].arc;
	return way->n_arcs;
}

/* A tunnel fails with all of its underlay, or with the NIC of either end. */
static bool try_underlays(struct steer_graph *g, struct shun shun, uint32_t from, uint32_t to, struct steer_way *way)
{
	const struct net_edge *edge = shun.edge == NET_NONE ? NULL : &g->net->edges[shun.edge];
	const uint32_t nics[] = { NET_NONE, from, edge ? edge->sw[edge->sw[0] == from] : NET_NONE };
	for (unsigned i = 0; shun.underlay != NET_NONE && i < 3; i++) {
		shun.nic = nics[i];
		if (try_way(g, &shun, from, to, way))
			return true;
	}
	shun.underlay = NET_NONE;
	return try_way(g, &shun, from, to, way);
}

static struct steer_way find(struct steer_graph *g, bool tunnels, uint32_t from, uint32_t arc, uint32_t to)
{
	struct shun shun = { .cables_only = !tunnels, .edge = NET_NONE, .node = NET_NONE, .underlay = NET_NONE };
	struct steer_way way;
	if (arc != NET_NONE) {
		shun.edge = arc_edge(arc);
		shun.risk = g->net->edges[shun.edge].risk;
		shun.node = arc_head(g->net, arc);
		shun.underlay = g->net->edges[shun.edge].underlay;
	}
	if (shun.node != to && try_underlays(g, shun, from, to, &way))
		return way;
	shun.node = NET_NONE;
	if (try_underlays(g, shun, from, to, &way) || !shun.risk)
		return way;
	shun.risk = 0;
	try_underlays(g, shun, from, to, &way);
	return way;
}

struct steer_way steer_graph_way(struct steer_graph *g, bool tunnels, uint32_t from, uint32_t arc, uint32_t to)
{
	uint64_t question = arc == NET_NONE ? 1ULL << 40 | from : arc, where = (uint64_t) to << 1 | tunnels;
	uint32_t known = steer_map_get(&g->asked, question, where);
	if (known != NET_NONE)
		return g->ways[known];
	struct steer_way way = find(g, tunnels, from, arc, to);
	if (g->n_ways == g->max_ways) {
		g->max_ways = g->max_ways ? 2 * g->max_ways : 256;
		g->ways = xheap_realloc(g->ways, g->max_ways * sizeof *g->ways);
	}
	g->ways[g->n_ways] = way;
	steer_map_put(&g->asked, question, where, (uint32_t) g->n_ways);
	g->n_ways++;
	return way;
}
