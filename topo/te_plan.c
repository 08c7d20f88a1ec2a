/* SPDX-License-Identifier: Apache-2.0 */
/* The job of placement: links with what may be used of them, and pairs with what they
 * want. An edge that is held is left out, unless switches would be cut off without it. */
#include "topo/te_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/union.h"

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

/* Edges that are up join switches; one that is held counts where it joins more. */
static uint32_t *find_usable(struct te_plan *t, const struct net *net, const struct te_seen *seen, bool *usable)
{
	uint32_t *join = arena_new_array(t->arena, uint32_t, net->n_switches);
	union_alone(join, net->n_switches);
	for (int held = 0; held < 2; held++)
		for (uint32_t e = 0; e < net->n_edges; e++) {
			if ((seen->held && seen->held[e]) != held || (seen->usable && !seen->usable[e]))
				continue;
			bool joins = union_join(join, net->edges[e].sw[0], net->edges[e].sw[1]);
			usable[e] = joins || !held;
		}
	return join;
}

/* --- links ----------------------------------------------------------------------------- */

static void find_owns(struct te_plan *t, const struct net *net, const struct te_seen *seen)
{
	t->owns = te_owns_new(t->arena, net, t->links);
	for (size_t i = 0; i < t->owns->n && seen->owns; i++) {
		struct te_own *own = &t->owns->items[i];
		own->mbps = demands_mbps(seen->owns, own->from, (uint32_t) net->n_networks * own->to + own->network, seen->now_ms);
	}
	te_add_owns(t->map, t->owns, t->background);
}

/* Such that at the goal the whole link is as full as the goal says. */
static double left_of(const struct te_plan *t, const struct net *net, uint32_t arc, double mbps)
{
	return fmax(LEAST * t->mbps[arc], mbps - TE_HEADROOM * t->background[arc] / net->te.above);
}

static void make_links(struct te_plan *t, const struct view *view, const struct te_seen *seen, const bool *usable)
{
	const struct net *net = net_of(view);
	double (*mbps)[2] = arena_alloc(t->arena, net->n_edges * sizeof *mbps);
	t->links = arena_new_array(t->arena, struct place_link, net->n_edges);
	t->map = te_map_new(t->arena, net);
	t->n_arcs = (uint32_t) (2 * (net->n_edges + net->n_nics));
	t->mbps = arena_new_array(t->arena, double, t->n_arcs);
	t->background = arena_new_array(t->arena, double, t->n_arcs);
	for (uint32_t e = 0; e < net->n_edges; e++)
		mbps[e][0] = mbps[e][1] = t->mbps[2 * e] = t->mbps[2 * e + 1] = te_capacity(view, e);
	te_job_links(net, usable, mbps, t->links);
	for (uint32_t arc = (uint32_t) (2 * net->n_edges); arc < t->n_arcs; arc++)
		t->mbps[arc] = net->nics[arc / 2 - net->n_edges].mbps;
	find_owns(t, net, seen);
	for (uint32_t arc = 0; arc < 2 * net->n_edges && seen->background; arc++)
		t->background[arc] += seen->background[arc];
	for (uint32_t arc = 0; arc < 2 * net->n_edges; arc++)
		t->links[arc / 2].mbps[arc & 1] = left_of(t, net, arc, t->links[arc / 2].mbps[arc & 1]);
	struct place_link *links = te_map_links(t->arena, t->map, net, t->links);
	for (uint32_t arc = (uint32_t) (2 * net->n_edges); arc < t->n_arcs; arc++) {
		double *mbps_of_nic = links[te_map_nic_link(t->map, arc)].mbps;
		*mbps_of_nic = left_of(t, net, arc, *mbps_of_nic);
	}
	t->job.links = links;
	t->job.n_links = t->map->n_links;
	t->job.n_nodes = t->map->n_nodes;
}

/* --- pairs ------------------------------------------------------------------------------ */

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
				if (i == k || *mark || union_root(join, here[i]) != union_root(join, here[k]))
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

/* --- all together --------------------------------------------------------------------------- */

struct te_plan *te_plan_new(const struct view *view, const struct te_seen *seen)
{
	const struct net *net = net_of(view);
	struct arena *arena = arena_new();
	struct te_plan *t = arena_alloc(arena, sizeof *t);
	size_t n = net->n_switches;
	t->arena = arena;
	bool *usable = arena_new_array(arena, bool, net->n_edges);
	uint32_t *join = find_usable(t, net, seen, usable);
	make_links(t, view, seen, usable);
	uint8_t *marks = xheap_alloc(n * n);
	t->demands = arena_new_array(arena, struct place_demand, mark_pairs(view, join, marks));
	for (uint32_t from = 0; from < n; from++)
		for (uint32_t to = 0; to < n; to++) {
			if (!marks[from * n + to])
				continue;
			double firm = te_job_reserved(net, from, to);
			t->demands[t->job.n_demands++] = (struct place_demand) { from, to, fmax(te_wanted(seen, from, to), firm), firm };
		}
	free(marks);
	t->job.demands = t->demands;
	t->job.rules = te_job_rules(net, t->map, arena, &t->job.n_rules);
	t->job.options = place_defaults();
	t->job.options.max_paths = net->te.max_paths;
	if (net->te.max_paths < place_defaults().max_paths)
		t->job.options.elephant_paths = net->te.max_paths;
	t->job.options.without_standbys = true;         /* steer finds its own detours */
	return t;
}

void te_plan_free(struct te_plan *t)
{
	if (t)
		arena_free(t->arena);
}
