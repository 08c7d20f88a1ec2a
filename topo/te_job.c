/* SPDX-License-Identifier: Apache-2.0 */
/* The job of placement: links with what may be used of them, pairs with what they
 * want, and the pairs that the file itself places.
 *
 * An edge on drain is left out, unless switches would be cut off without it. A pair
 * with `pin` or `avoid` takes the cheapest path that the file allows, whole; what it
 * carries is taken off the links before the others are placed. */
#include "topo/te_job.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/place_graph.h"

#define LEAST 0.05                      /* of an edge that is left to us however much others send over it */

static const struct net *net_of(const struct view *view) { return view_net(view); }

double te_capacity(const struct view *view, uint32_t e)
{
	const struct net_edge *edge = &net_of(view)->edges[e];
	double mbps = edge->mbps;
	for (unsigned end = 0; edge->link != NET_NONE && !(edge->mbps > 0) && end < 2; end++) {
		const struct view_port *port;
		uint32_t sw;
		if (view_link_place(view, edge->link, end, &sw, &port) && port->speed_mbps
		    && (!(mbps > 0) || port->speed_mbps < mbps))
			mbps = port->speed_mbps;
	}
	return mbps > 0 ? mbps : TE_DEFAULT_MBPS;
}

/* --- who is joined ------------------------------------------------------------------- */

static uint32_t root(uint32_t *join, uint32_t sw)
{
	while (join[sw] != sw)
		sw = join[sw] = join[join[sw]];
	return sw;
}

static bool unite(uint32_t *join, uint32_t a, uint32_t b)
{
	a = root(join, a);
	b = root(join, b);
	join[a > b ? a : b] = a > b ? b : a;
	return a != b;
}

static bool is_usable(const struct te_seen *seen, uint32_t e) { return !seen->usable || seen->usable[e]; }

static bool is_last_choice(const struct net *net, const struct te_seen *seen, uint32_t e)
{
	return net->edges[e].drain || (seen->held && seen->held[e]);
}

/* Edges that are up and not on drain join switches first; one on drain is needed
 * when it joins more. */
static uint32_t *find_needed(struct te_job *t, const struct net *net, const struct te_seen *seen)
{
	uint32_t *join = arena_new_array(t->arena, uint32_t, net->n_switches);
	t->needed = arena_new_array(t->arena, bool, net->n_edges);
	for (uint32_t i = 0; i < net->n_switches; i++)
		join[i] = i;
	for (int drain = 0; drain < 2; drain++)
		for (uint32_t e = 0; e < net->n_edges; e++) {
			const struct net_edge *edge = &net->edges[e];
			if (is_last_choice(net, seen, e) == drain && is_usable(seen, e))
				t->needed[e] = unite(join, edge->sw[0], edge->sw[1]) && drain;
		}
	return join;
}

/* --- links ----------------------------------------------------------------------------- */

static void make_links(struct te_job *t, const struct view *view, const struct te_seen *seen)
{
	const struct net *net = net_of(view);
	t->links = arena_new_array(t->arena, struct place_link, net->n_edges);
	t->mbps = arena_new_array(t->arena, double, 2 * net->n_edges);
	t->background = arena_new_array(t->arena, double, 2 * net->n_edges);
	for (uint32_t e = 0; e < net->n_edges; e++) {
		const struct net_edge *edge = &net->edges[e];
		struct place_link *link = &t->links[e];
		*link = (struct place_link) {
			.a = edge->sw[0], .b = edge->sw[1], .cost = edge->cost, .risk = edge->risk,
			.down = !is_usable(seen, e),
		};
		for (unsigned d = 0; d < 2; d++) {
			double mbps = te_capacity(view, e), more = seen->background ? seen->background[2 * e + d] : 0;
			t->mbps[2 * e + d] = mbps;
			t->background[2 * e + d] = more;
			link->mbps[d] = is_last_choice(net, seen, e) && !t->needed[e] ? 0 : fmax(LEAST * mbps, TE_HEADROOM * mbps - more);
		}
	}
	t->job.links = t->links;
	t->job.n_links = net->n_edges;
	t->job.n_nodes = (uint32_t) net->n_switches;
}

/* --- pairs ------------------------------------------------------------------------------ */

static bool wants_a_path(const struct net_te_pair *asked, size_t n, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < n; i++)
		if (asked[i].from == from && asked[i].to == to)
			return true;
	return false;
}

static bool is_fixed(const struct te_job *t, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < t->n_fixed; i++)
		if (t->fixed[i].src == from && t->fixed[i].dst == to)
			return true;
	return false;
}

/* Marks n * from + to for all that stand in one network and are joined. */
static size_t mark_pairs(const struct view *view, uint32_t *join, uint8_t *marks)
{
	const struct net *net = net_of(view);
	uint32_t *here = xheap_alloc((net->n_switches + 1) * sizeof *here);
	size_t n_pairs = 0;
	for (uint32_t n = 0; n < net->n_networks; n++) {
		const struct view_network *vn = view_network(view, n);
		size_t n_here = 0;
		for (size_t i = 0; i < vn->n_members; i++) {
			const struct view_switch *vs = view_switch(view, vn->members[i].sw);
			if (vs && vs->index != NET_NONE && (view_member_is_here(&vn->members[i]) || vn->members[i].remembered))
				here[n_here++] = vs->index;
		}
		for (size_t i = 0; i < n_here; i++)
			for (size_t k = 0; k < n_here; k++) {
				uint8_t *mark = &marks[here[i] * net->n_switches + here[k]];
				if (i == k || *mark || root(join, here[i]) != root(join, here[k]))
					continue;
				*mark = 1;
				n_pairs++;
			}
	}
	free(here);
	return n_pairs;
}

double te_wanted(const struct te_seen *seen, uint32_t from, uint32_t to)
{
	double mbps = seen->demands ? demands_mbps(seen->demands, from, to, seen->now_ms) : 0;
	for (size_t i = 0; i < seen->n_changes; i++)
		if (seen->changes[i].from == from && seen->changes[i].to == to)
			mbps = seen->changes[i].times > 0 ? mbps * seen->changes[i].times : seen->changes[i].mbps;
	return mbps;
}

/* --- what the file places --------------------------------------------------------------- */

struct way_search {
	struct place_graph *g;
	struct place_tree *tree;
	double *length;                 /* per arc */
	uint32_t *arcs;                 /* of the way so far */
	uint32_t n_arcs;
};

static bool go(struct way_search *w, uint32_t from, uint32_t to)
{
	if (from == to)
		return true;
	place_tree_grow(w->tree, w->g, w->length, from, to);
	uint32_t n = place_tree_path(w->tree, w->g, from, to, w->arcs + w->n_arcs);
	w->n_arcs += n;
	return n > 0;
}

static bool visits_twice(const struct way_search *w, uint32_t from)
{
	for (uint32_t i = 0; i < w->n_arcs; i++) {
		if (w->g->to[w->arcs[i]] == from)
			return true;
		for (uint32_t k = 0; k < i; k++)
			if (w->g->to[w->arcs[i]] == w->g->to[w->arcs[k]])
				return true;
	}
	return false;
}

static bool has(const uint32_t *list, size_t n, uint32_t what)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == what)
			return true;
	return false;
}

static bool avoids(const struct net *net, const struct net_te_pair *a, uint32_t e)
{
	const struct net_edge *edge = &net->edges[e];
	bool touches = false;
	for (unsigned end = 0; end < 2; end++)
		touches |= has(a->via, a->n_via, edge->sw[end]) && edge->sw[end] != a->from && edge->sw[end] != a->to;
	return touches || has(a->edges, a->n_edges, e)
		|| (edge->underlay != NET_NONE && has(a->underlays, a->n_underlays, edge->underlay));
}

/* The lengths that all entries about this pair leave. */
static void set_lengths(struct way_search *w, const struct net *net, uint32_t from, uint32_t to)
{
	for (uint32_t arc = 0; arc < w->g->n_arcs; arc++)
		w->length[arc] = w->g->cost[arc];
	for (size_t i = 0; i < net->te.n_avoids; i++) {
		const struct net_te_pair *a = &net->te.avoids[i];
		for (uint32_t e = 0; a->from == from && a->to == to && e < net->n_edges; e++)
			if (avoids(net, a, e))
				w->length[2 * e] = w->length[2 * e + 1] = INFINITY;
	}
}

/* False: there is no such path now, and the pair is placed like the others. */
static bool fix(struct te_job *t, struct way_search *w, const struct net *net, const struct te_seen *seen,
		const struct net_te_pair *pair, bool is_pin)
{
	uint32_t at = pair->from;
	if (is_fixed(t, pair->from, pair->to))
		return false;
	set_lengths(w, net, pair->from, pair->to);
	w->n_arcs = 0;
	for (size_t i = 0; is_pin && i < pair->n_via; at = pair->via[i++])
		if (!go(w, at, pair->via[i]))
			return false;
	if (!go(w, at, pair->to) || visits_twice(w, pair->from))
		return false;
	struct te_fixed *f = &t->fixed[t->n_fixed++];
	*f = (struct te_fixed) {
		.src = pair->from, .dst = pair->to, .mbps = te_wanted(seen, pair->from, pair->to),
		.arcs = arena_new_array(t->arena, uint32_t, w->n_arcs), .n_arcs = w->n_arcs, .line = pair->where.line,
	};
	memcpy(f->arcs, w->arcs, w->n_arcs * sizeof *f->arcs);
	return true;
}

static void make_fixed(struct te_job *t, const struct net *net, const struct te_seen *seen)
{
	size_t max = net->te.n_pins + net->te.n_avoids;
	if (!max)
		return;
	struct way_search w = { .g = place_graph_new(t->arena, &t->job) };
	w.tree = place_tree_new(t->arena, w.g->n_nodes);
	w.length = arena_new_array(t->arena, double, w.g->n_arcs);
	w.arcs = arena_new_array(t->arena, uint32_t, (size_t) (w.g->n_nodes + 1) * (w.g->n_nodes + 2));
	t->fixed = arena_new_array(t->arena, struct te_fixed, max);
	for (size_t i = 0; i < net->te.n_pins; i++)
		fix(t, &w, net, seen, &net->te.pins[i], true);
	for (size_t i = 0; i < net->te.n_avoids; i++)
		if (!wants_a_path(net->te.pins, net->te.n_pins, net->te.avoids[i].from, net->te.avoids[i].to))
			fix(t, &w, net, seen, &net->te.avoids[i], false);
	for (size_t i = 0; i < t->n_fixed; i++)
		for (uint32_t k = 0; k < t->fixed[i].n_arcs; k++) {
			uint32_t arc = t->fixed[i].arcs[k];
			double *left = &t->links[arc / 2].mbps[arc & 1];
			*left = fmax(LEAST * t->mbps[arc], *left - t->fixed[i].mbps);
		}
}

/* --- all together --------------------------------------------------------------------------- */

struct te_job *te_job_new(const struct view *view, const struct te_seen *seen)
{
	const struct net *net = net_of(view);
	struct arena *arena = arena_new();
	struct te_job *t = arena_alloc(arena, sizeof *t);
	size_t n = net->n_switches;
	t->arena = arena;
	uint32_t *join = find_needed(t, net, seen);
	make_links(t, view, seen);
	make_fixed(t, net, seen);
	uint8_t *marks = xheap_alloc(n * n);
	t->demands = arena_new_array(arena, struct place_demand, mark_pairs(view, join, marks));
	for (uint32_t from = 0; from < n; from++)
		for (uint32_t to = 0; to < n; to++)
			if (marks[from * n + to] && !is_fixed(t, from, to))
				t->demands[t->job.n_demands++] = (struct place_demand) { from, to, te_wanted(seen, from, to) };
	free(marks);
	t->job.demands = t->demands;
	t->job.options = place_defaults();
	t->job.options.max_paths = net->te.max_paths;
	if (net->te.max_paths < t->job.options.elephant_paths && net->te.max_paths != 4)
		t->job.options.elephant_paths = net->te.max_paths;
	t->job.options.without_standbys = true;         /* steer finds its own detours */
	return t;
}

void te_job_free(struct te_job *t)
{
	if (t)
		arena_free(t->arena);
}
