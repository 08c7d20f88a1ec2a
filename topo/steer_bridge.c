/* SPDX-License-Identifier: Apache-2.0 */
/* Between which switches is there a choice? None, when bridges alone join them: edges that
 * are on no circle. Of all edges of the file, whether they are up or not: what is chosen
 * when one is cut must still be steered, or it could not come home without a gap.
 *
 * Bridges are found by depth first search (Tarjan 1974): an edge to a child is one when
 * nothing below it reaches above it. */
#include <stdlib.h>

#include "topo/steer_private.h"

struct search {
	const struct net *net;
	bool tunnels;                   /* they count */
	uint32_t *first, *arcs;         /* arcs that leave a switch: from first[i] to first[i + 1] */
	uint32_t *order, *low;          /* order: when it was found, from 1 on; low: the earliest that is reached */
	uint32_t *by;                   /* arc it was found by */
	uint32_t *next;                 /* of its arcs */
	uint32_t *roots;
	uint32_t n_found;
};

static bool counts(const struct search *s, uint32_t arc) { return s->tunnels || arc_is_cable(s->net, arc); }

static void find_arcs(struct search *s)
{
	uint32_t n_arcs = 2 * (uint32_t) s->net->n_edges;
	for (uint32_t arc = 0; arc < n_arcs; arc++)
		s->first[arc_tail(s->net, arc) + 1] += counts(s, arc);
	for (size_t i = 0; i < s->net->n_switches; i++) {
		s->first[i + 1] += s->first[i];
		s->next[i] = s->first[i];
	}
	for (uint32_t arc = 0; arc < n_arcs; arc++)
		if (counts(s, arc))
			s->arcs[s->next[arc_tail(s->net, arc)]++] = arc;
	for (size_t i = 0; i < s->net->n_switches; i++)
		s->next[i] = s->first[i];
}

static void found(struct search *s, uint32_t at, uint32_t arc)
{
	s->order[at] = s->low[at] = ++s->n_found;
	s->by[at] = arc;
	s->roots[at] = at;
}

static uint32_t root_of(uint32_t *roots, uint32_t i)
{
	while (roots[i] != i)
		i = roots[i] = roots[roots[i]];
	return i;
}

/* All below it has been seen; returns who it was found from. */
static uint32_t leave(struct search *s, uint32_t at)
{
	if (s->by[at] == NET_NONE)
		return NET_NONE;
	uint32_t above = arc_tail(s->net, s->by[at]);
	if (s->low[at] > s->order[above])
		s->roots[root_of(s->roots, at)] = root_of(s->roots, above);
	else if (s->low[at] < s->low[above])
		s->low[above] = s->low[at];
	return above;
}

static void search_from(struct search *s, uint32_t start)
{
	uint32_t at = start;
	found(s, at, NET_NONE);
	while (at != NET_NONE) {
		if (s->next[at] == s->first[at + 1]) {
			at = leave(s, at);
			continue;
		}
		uint32_t arc = s->arcs[s->next[at]++], to = arc_head(s->net, arc);
		if (!s->order[to]) {
			found(s, to, arc);
			at = to;
		} else if ((s->by[at] == NET_NONE || arc_edge(arc) != arc_edge(s->by[at])) && s->order[to] < s->low[at]) {
			s->low[at] = s->order[to];
		}
	}
}

uint32_t *steer_bridges(const struct net *net, bool tunnels)
{
	size_t n = net->n_switches + 1;
	struct search s = {
		.net = net, .tunnels = tunnels,
		.first = xheap_alloc(n * sizeof(uint32_t)), .next = xheap_alloc(n * sizeof(uint32_t)),
		.arcs = xheap_alloc((2 * net->n_edges + 1) * sizeof(uint32_t)),
		.order = xheap_alloc(n * sizeof(uint32_t)), .low = xheap_alloc(n * sizeof(uint32_t)),
		.by = xheap_alloc(n * sizeof(uint32_t)), .roots = xheap_alloc(n * sizeof(uint32_t)),
	};
	find_arcs(&s);
	for (uint32_t i = 0; i < net->n_switches; i++)
		if (!s.order[i])
			search_from(&s, i);
	for (uint32_t i = 0; i < net->n_switches; i++)
		s.roots[i] = root_of(s.roots, i);
	free(s.first);
	free(s.next);
	free(s.arcs);
	free(s.order);
	free(s.low);
	free(s.by);
	return s.roots;
}
