/* SPDX-License-Identifier: Apache-2.0 */
#include "topo/te_own.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_job.h"

static int by_key(const void *a_, const void *b_)
{
	const struct te_own *a = a_, *b = b_;

	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

bool te_has_owns(const struct net *net)
{
	for (size_t i = 0; i < net->te.n_pins; i++)
		if (net->te.pins[i].network != NET_NONE)
			return true;
	for (size_t i = 0; i < net->te.n_avoids; i++)
		if (net->te.avoids[i].network != NET_NONE)
			return true;
	return false;
}

static void add(struct te_owns *owns, const struct net_te_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pairs[i].network != NET_NONE)
			owns->items[owns->n++] = (struct te_own) { .network = pairs[i].network, .from = pairs[i].from, .to = pairs[i].to };
}

/* The paths of a pair with these rules are listed, the cheapest first; the first one is it. */
static void find_way(struct arena *arena, const struct net *net, const struct place_link *edges, struct te_own *own)
{
	const struct place_demand demand = { .src = own->from, .dst = own->to };
	struct place_job job = { .n_nodes = (uint32_t) net->n_switches, .links = edges, .n_links = net->n_edges, .demands = &demand,
				 .n_demands = 1, .options = place_defaults() };

	job.rules = te_job_rules_of(net, own, arena, &job.n_rules);
	job.options.without_standbys = true;
	struct placement *p = place_stay(&job);
	if (p->n_pairs && p->pairs[0].n_active && !p->pairs[0].rules_broken) {
		const struct place_pair pair = place_copy_pair(arena, &p->pairs[0]);
		own->arcs = pair.paths[0].arcs;
		own->n_arcs = pair.paths[0].n_arcs;
	}
	place_free(p);
}

struct te_owns *te_owns_new(struct arena *arena, const struct net *net, const struct place_link *edges)
{
	struct te_owns *owns = arena_alloc(arena, sizeof *owns);
	size_t n = 0;

	*owns = (struct te_owns) { .items = arena_new_array(arena, struct te_own, net->te.n_pins + net->te.n_avoids + 1) };
	add(owns, net->te.pins, net->te.n_pins);
	add(owns, net->te.avoids, net->te.n_avoids);
	qsort(owns->items, owns->n, sizeof *owns->items, by_key);
	for (size_t i = 0; i < owns->n; i++)
		if (!n || by_key(&owns->items[n - 1], &owns->items[i]))
			owns->items[n++] = owns->items[i];
	owns->n = n;
	for (size_t i = 0; i < n; i++)
		find_way(arena, net, edges, &owns->items[i]);
	return owns;
}

struct te_owns *te_owns_copy(const struct te_owns *owns)
{
	struct arena *arena = arena_new();
	struct te_owns *copy = arena_alloc(arena, sizeof *copy);

	*copy = (struct te_owns) { .arena = arena, .items = arena_new_array(arena, struct te_own, owns->n + 1), .n = owns->n };
	for (size_t i = 0; i < owns->n; i++) {
		copy->items[i] = owns->items[i];
		copy->items[i].arcs = arena_new_array(arena, uint32_t, owns->items[i].n_arcs + 1);
		if (owns->items[i].n_arcs)
			memcpy(copy->items[i].arcs, owns->items[i].arcs, owns->items[i].n_arcs * sizeof *copy->items[i].arcs);
	}
	return copy;
}

void te_owns_free(struct te_owns *owns)
{
	if (owns)
		arena_free(owns->arena);
}

bool te_owns_same(const struct te_owns *a, const struct te_owns *b)
{
	size_t n = a ? a->n : 0;

	if (n != (b ? b->n : 0))
		return false;
	for (size_t i = 0; i < n; i++)
		if (by_key(&a->items[i], &b->items[i]) || a->items[i].n_arcs != b->items[i].n_arcs
		    || (a->items[i].n_arcs
			&& memcmp(a->items[i].arcs, b->items[i].arcs, a->items[i].n_arcs * sizeof *a->items[i].arcs)))
			return false;
	return true;
}

const struct te_own *te_own_find(const struct te_owns *owns, uint32_t network, uint32_t from, uint32_t to)
{
	const struct te_own key = { .network = network, .from = from, .to = to };
	const struct te_own *own = owns && owns->n ? bsearch(&key, owns->items, owns->n, sizeof key, by_key) : NULL;

	return own && own->n_arcs ? own : NULL;
}
