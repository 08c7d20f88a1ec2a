/* SPDX-License-Identifier: Apache-2.0 */
/* The ways that are best now. Everything is decided by cost and then by order of
 * name, never by what was before. */
#include "topo/ways.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/union.h"

struct graph {
	const struct view *view;
	const struct net *net;
	size_t n;                       /* switches */
	bool *is_up;                    /* per link */
	uint32_t *order;                /* links by cost, then by name */
	uint32_t *component;            /* per switch: lowest one that up links join it with */
	uint32_t *first, *legs;         /* up links at each switch: from first[i] to first[i + 1] */
	uint64_t *heap;                 /* while measuring: distance, switch */
	size_t n_heap;
	/* Scratch, per switch. */
	uint32_t *parent, *degree, *distance;   /* distance: later what is known of a set, by its root */
	bool *in, *on_lan, *needed, *suspect, *done;
};

static uint32_t end_of(const struct graph *g, uint32_t link, unsigned end) { return g->net->links[link].ends[end].sw; }

static int by_cost(const void *a_, const void *b_, void *net_)
{
	const struct net *net = net_;
	uint32_t a = *(const uint32_t *) a_, b = *(const uint32_t *) b_;
	if (net->links[a].cost != net->links[b].cost)
		return net->links[a].cost < net->links[b].cost ? -1 : 1;
	return a < b ? -1 : a > b;
}

static void find_legs(struct graph *g)
{
	size_t n_links = g->net->n_links;
	for (uint32_t l = 0; l < n_links; l++)
		for (unsigned end = 0; end < 2; end++)
			g->first[end_of(g, l, end) + 1] += g->is_up[l];
	for (size_t i = 0; i < g->n; i++)
		g->first[i + 1] += g->first[i];
	memcpy(g->degree, g->first, g->n * sizeof *g->degree);
	for (uint32_t l = 0; l < n_links; l++)
		for (unsigned end = 0; g->is_up[l] && end < 2; end++)
			g->legs[g->degree[end_of(g, l, end)]++] = l;
}

static void graph_init(struct graph *g, const struct view *view)
{
	const struct net *net = view_net(view);
	size_t n = net->n_switches, n_links = net->n_links;
	*g = (struct graph) {
		.view = view, .net = net, .n = n,
		.is_up = xheap_alloc(n_links), .order = xheap_alloc(n_links * sizeof *g->order),
		.component = xheap_alloc(n * sizeof *g->component),
		.first = xheap_alloc((n + 1) * sizeof *g->first), .legs = xheap_alloc(2 * n_links * sizeof *g->legs),
		.heap = xheap_alloc((2 * n_links + 1) * sizeof *g->heap),
		.parent = xheap_alloc(n * sizeof *g->parent), .degree = xheap_alloc(n * sizeof *g->degree),
		.distance = xheap_alloc(n * sizeof *g->distance),
		.in = xheap_alloc(n), .on_lan = xheap_alloc(n), .needed = xheap_alloc(n),
		.suspect = xheap_alloc(n), .done = xheap_alloc(n),
	};
	union_alone(g->parent, g->n);
	for (uint32_t i = 0; i < n_links; i++) {
		g->order[i] = i;
		g->is_up[i] = view_link_is_up(view, i);
		if (g->is_up[i])
			union_join(g->parent, end_of(g, i, 0), end_of(g, i, 1));
	}
	qsort_r(g->order, n_links, sizeof *g->order, by_cost, (void *) net);
	/* One that rests is better than nothing. */
	for (uint32_t i = 0; i < n_links; i++) {
		uint32_t l = g->order[i];
		if (!g->is_up[l] && view_link_works(view, l))
			g->is_up[l] = union_join(g->parent, end_of(g, l, 0), end_of(g, l, 1));
	}
	for (uint32_t i = 0; i < n; i++)
		g->component[i] = union_root(g->parent, i);
	find_legs(g);
}

static void graph_uninit(struct graph *g)
{
	free(g->is_up);
	free(g->order);
	free(g->component);
	free(g->first);
	free(g->legs);
	free(g->heap);
	free(g->parent);
	free(g->degree);
	free(g->distance);
	free(g->in);
	free(g->on_lan);
	free(g->needed);
	free(g->suspect);
	free(g->done);
}

/* --- for one host: the cheapest way ------------------------------------------------ */

static void push(struct graph *g, uint32_t distance, uint32_t at)
{
	uint64_t entry = (uint64_t) distance << 32 | at;
	size_t i = g->n_heap++;
	for (; i && entry < g->heap[(i - 1) / 2]; i = (i - 1) / 2)
		g->heap[i] = g->heap[(i - 1) / 2];
	g->heap[i] = entry;
}

/* The nearest; may say one that is done. */
static uint32_t pop(struct graph *g)
{
	uint64_t top = g->heap[0], last = g->heap[--g->n_heap];
	size_t i = 0;
	for (size_t child; (child = 2 * i + 1) < g->n_heap; i = child) {
		child += child + 1 < g->n_heap && g->heap[child + 1] < g->heap[child];
		if (last <= g->heap[child])
			break;
		g->heap[i] = g->heap[child];
	}
	g->heap[i] = last;
	return (uint32_t) top;
}

/* Dijkstra from where the frames go. */
static void measure(struct graph *g, uint32_t to)
{
	memset(g->done, 0, g->n);
	memset(g->distance, 0xff, g->n * sizeof *g->distance);
	g->distance[to] = 0;
	g->n_heap = 0;
	push(g, 0, to);
	while (g->n_heap) {
		uint32_t at = pop(g);
		if (g->done[at])
			continue;
		g->done[at] = true;
		for (uint32_t i = g->first[at]; i < g->first[at + 1]; i++) {
			uint32_t l = g->legs[i], other = end_of(g, l, end_of(g, l, 0) == at);
			uint32_t cost = g->distance[at] + g->net->links[l].cost;
			if (cost >= g->distance[other])
				continue;
			g->distance[other] = cost;
			push(g, cost, other);
		}
	}
}

/* Each step is nearer to the end than the one before: no circle. Of two equal
 * ways the link with the lower name. */
static void find_next(struct graph *g, struct ways *ways, uint32_t to)
{
	measure(g, to);
	for (uint32_t l = (uint32_t) g->net->n_links; l-- > 0;)
		for (unsigned end = 0; g->is_up[l] && end < 2; end++) {
			uint32_t from = end_of(g, l, end), other = end_of(g, l, !end);
			if (from != to && g->distance[other] + g->net->links[l].cost == g->distance[from])
				ways->next[from * g->n + to] = l;
		}
}

/* --- for all: a tree per network, and who bridges to the tunnels ---------------------- */

static void find_members(const struct graph *g, const struct view_network *vn)
{
	memset(g->in, 0, g->n);
	memset(g->on_lan, 0, g->n);
	memset(g->suspect, 0, g->n);
	union_alone(g->parent, g->n);
	for (size_t i = 0, lan = NET_NONE; i < vn->n_members; i++) {
		const struct view_member *member = &vn->members[i];
		uint32_t index = view_switch(g->view, member->sw)->index;
		if (index == NET_NONE)
			continue;
		g->in[index] = member->n_edges || member->uplink != NET_NONE || member->remembered;
		g->suspect[index] = view_is_suspect(g->view, vn, member->sw);
		g->on_lan[index] = member->uplink != NET_NONE;
		if (member->uplink == NET_NONE)
			continue;
		if (lan != NET_NONE)
			union_join(g->parent, (uint32_t) lan, index);
		lan = index;
	}
}

static void grow_tree(const struct graph *g, bool *tree)
{
	for (size_t i = 0; i < g->net->n_links; i++) {
		uint32_t l = g->order[i], a = end_of(g, l, 0), b = end_of(g, l, 1);
		tree[l] = g->is_up[l] && !g->suspect[a] && !g->suspect[b] && union_join(g->parent, a, b);
	}
}

static bool can_tunnel(const struct graph *g, uint32_t sw)
{
	uint32_t slot = view_switch_by_index(g->view, sw);
	const struct view_switch *vs = slot == NET_NONE ? NULL : view_switch(g->view, slot);
	return g->net->switches[sw].vtep && (!vs || !vs->ever || vs->tunnel != NET_NONE);
}

/* The first of each island that has a tunnel: one with an uplink before other
 * members, these before switches without ports. An island that nobody is in needs
 * none. By its root. */
static void choose_heads(const struct graph *g, uint32_t *head)
{
	memset(head, 0xff, g->n * sizeof *head);
	for (uint32_t i = (uint32_t) g->n; i-- > 0;) {
		uint32_t *its = &head[union_root(g->parent, i)];
		if (can_tunnel(g, i) && (*its == NET_NONE || g->in[i] + g->on_lan[i] >= g->in[*its] + g->on_lan[*its]))
			*its = i;
	}
}

static void tell_heads(const struct graph *g, const uint32_t *head, struct ways_stand *stands)
{
	memcpy(g->needed, g->in, g->n);
	for (uint32_t i = 0; i < g->n; i++)
		if (g->in[i] && head[union_root(g->parent, i)] != NET_NONE)
			g->needed[head[union_root(g->parent, i)]] = true;
	for (uint32_t i = 0; i < g->n; i++) {
		uint32_t its = head[union_root(g->parent, i)];
		stands[i].head = its != NET_NONE && g->needed[its] ? its : NET_NONE;
		stands[i].is_head = stands[i].head == i;
	}
}

static uint32_t only_branch(const struct graph *g, const bool *tree, uint32_t leaf)
{
	uint32_t i = g->first[leaf];
	while (!tree[g->legs[i]])
		i++;
	return g->legs[i];
}

/* Branches that lead to nobody, each from its leaf on. */
static void prune(const struct graph *g, bool *tree)
{
	memset(g->degree, 0, g->n * sizeof *g->degree);
	for (uint32_t l = 0; l < g->net->n_links; l++)
		for (unsigned end = 0; end < 2; end++)
			g->degree[end_of(g, l, end)] += tree[l];
	for (uint32_t i = 0; i < g->n; i++)
		for (uint32_t leaf = i; g->degree[leaf] == 1 && !g->needed[leaf];) {
			uint32_t l = only_branch(g, tree, leaf);
			tree[l] = false;
			g->degree[leaf]--;
			leaf = end_of(g, l, end_of(g, l, 0) == leaf);
			g->degree[leaf]--;
		}
}

/* A part of the tree that links join touches the LAN once, or there would be a
 * circle through it. */
static void find_lan(const struct graph *g, const bool *tree, struct ways_stand *stands)
{
	union_alone(g->parent, g->n);
	for (uint32_t l = 0; l < g->net->n_links; l++)
		if (tree[l])
			union_join(g->parent, end_of(g, l, 0), end_of(g, l, 1));
	memset(g->distance, 0xff, g->n * sizeof *g->distance);
	for (uint32_t i = 0; i < g->n; i++)
		if (g->on_lan[i])
			g->distance[union_root(g->parent, i)] = i;
	for (uint32_t i = 0; i < g->n; i++) {
		stands[i].lan = g->distance[union_root(g->parent, i)];
		stands[i].on_lan = g->on_lan[i];
	}
}

/* Any switch may be on the cheapest way between two of its component. */
static void find_carriers(const struct graph *g, struct ways_stand *stands)
{
	memset(g->degree, 0, g->n * sizeof *g->degree);
	for (uint32_t i = 0; i < g->n; i++)
		g->degree[g->component[i]] += g->needed[i];
	for (uint32_t i = 0; i < g->n; i++) {
		stands[i].carries = g->needed[i] || g->degree[g->component[i]] > 1;
		if (!stands[i].carries)
			stands[i] = (struct ways_stand) { .head = NET_NONE, .lan = NET_NONE };
	}
}

static void network_ways(const struct graph *g, struct ways *ways, uint32_t n)
{
	struct ways_stand *stands = &ways->stands[n * g->n];
	bool *tree = &ways->tree[n * g->net->n_links];
	find_members(g, view_network(g->view, n));
	grow_tree(g, tree);
	if (g->net->networks[n].tunnels)
		choose_heads(g, g->distance);
	else
		memset(g->distance, 0xff, g->n * sizeof *g->distance);
	tell_heads(g, g->distance, stands);
	prune(g, tree);
	find_lan(g, tree, stands);
	find_carriers(g, stands);
}

struct ways *ways_compute(const struct view *view)
{
	const struct net *net = view_net(view);
	struct ways *ways = xheap_alloc(sizeof *ways);
	struct graph g;
	*ways = (struct ways) {
		.n_switches = net->n_switches, .n_links = net->n_links, .n_networks = net->n_networks,
		.next = xheap_alloc(net->n_switches * net->n_switches * sizeof *ways->next),
		.up = xheap_alloc(net->n_links),
		.tree = xheap_alloc(net->n_networks * net->n_links),
		.stands = xheap_alloc(net->n_networks * net->n_switches * sizeof *ways->stands),
	};
	memset(ways->next, 0xff, net->n_switches * net->n_switches * sizeof *ways->next);
	graph_init(&g, view);
	for (uint32_t l = 0; l < net->n_links; l++)
		ways->up[l] = g.is_up[l];
	for (uint32_t to = 0; net->n_links && to < net->n_switches; to++)
		find_next(&g, ways, to);
	for (uint32_t n = 0; n < net->n_networks; n++)
		network_ways(&g, ways, n);
	graph_uninit(&g);
	return ways;
}

struct ways *ways_alone(struct ways *ways)
{
	ways_free(ways->with);
	ways->with = NULL;
	return ways;
}

void ways_free(struct ways *ways)
{
	if (!ways)
		return;
	ways_free(ways->with);
	free(ways->next);
	free(ways->up);
	free(ways->tree);
	free(ways->stands);
	free(ways);
}
