/* SPDX-License-Identifier: Apache-2.0 */
/* Links as they are: whose ends are up, and which cable is really there. A
 * cable that was pulled may come back into another hole, so what a probe has
 * shown is good until an end goes down. What probes say over time is in view_probe.c.
 *
 * A port that is up and not live (OpenFlow 1.3.5, 7.2.1: OFPPS_LIVE) is down: Open vSwitch
 * clears that bit for a port with a carrier when BFD, CFM, LACP or STP on it say so, and its
 * fast-failover groups leave such a port at once. Without any of these LIVE is the
 * carrier. */
#include "topo/view_private.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/ways.h"

const struct view_link *view_link(const struct view *view, uint32_t link) { return &view->links[link]; }

bool view_link_place(const struct view *view, uint32_t link, unsigned end, uint32_t *ret_sw,
		     const struct view_port **ret_port)
{
	const struct net_uplink *at = &view->net->links[link].ends[end];
	uint32_t sw = view->slots[at->sw];
	const struct view_port *port = sw == NET_NONE ? NULL : view_port_by_name(view, sw, at->port);
	if (!port)
		return false;
	*ret_sw = sw;
	*ret_port = port;
	return true;
}

/* A switch that has not reported says nothing against its end. */
bool view_link_end_is_up(const struct view *view, uint32_t link, unsigned end)
{
	uint32_t sw = view->slots[view->net->links[link].ends[end].sw];
	const struct view_port *port;
	if (sw == NET_NONE || !view->switches[sw]->ever)
		return true;
	return view_link_place(view, link, end, &sw, &port) && view_port_is_good(port);
}

bool view_link_works(const struct view *view, uint32_t link)
{
	return view->links[link].confirmed && !view->links[link].wrong && view_link_end_is_up(view, link, 0)
		&& view_link_end_is_up(view, link, 1);
}

bool view_link_is_up(const struct view *view, uint32_t link)
{
	return !view->links[link].held && view_link_works(view, link);
}

void view_link_lost(struct view *view, const struct view_switch *vs, const struct view_port *port, uint64_t now_ms)
{
	if (port->link != NET_NONE)
		view_link_fail(view, port->link, now_ms);
	else if (vs->index != NET_NONE)
		view_edges_lost(view, vs, port, now_ms);
}

static bool is_other_end(const struct view *view, const struct view_port *port, uint32_t sw, uint32_t ofport)
{
	const struct view_port *other;
	uint32_t at;
	return view_link_place(view, port->link, !port->link_end, &at, &other) && at == sw && other->ofport == ofport;
}

static bool make_wrong(struct view *view, const struct view_port *port, const struct fact *fact)
{
	if (!port || port->link == NET_NONE || view->links[port->link].wrong)
		return false;
	struct view_link *link = &view->links[port->link];
	view_link_fail(view, port->link, fact->time_ms);
	link->wrong = true;
	link->since_ms = fact->time_ms;
	link->sw[0] = fact->old_sw;
	link->sw[1] = fact->sw;
	link->ofport[0] = fact->old_ofport;
	link->ofport[1] = fact->ofport;
	return true;
}

bool view_link_heard(struct view *view, struct fact *fact)
{
	const struct view_port *to = view_port(view, fact->sw, fact->ofport);
	const struct view_port *from = view_port(view, fact->old_sw, fact->old_ofport);
	fact->hold_s = 0;
	if (fact->edge)
		return fact->edge <= view->net->n_edges && view_probe_heard(view, fact->edge - 1, fact->edge_end, fact);
	if (!to)
		return false;
	if (fact->recovered) {
		/* Frames went over it before the restart: it was confirmed then. */
		if (to->link == NET_NONE || view->links[to->link].confirmed || view->links[to->link].wrong
		    || view->links[to->link].silent
		    || !view_link_end_is_up(view, to->link, 0) || !view_link_end_is_up(view, to->link, 1))
			return false;
		view->links[to->link].confirmed = true;
		view->links[to->link].probes[0].through = view->links[to->link].probes[1].through = true;
		return true;
	}
	if (!from)
		return false;
	if (to->link == NET_NONE || !is_other_end(view, to, fact->old_sw, fact->old_ofport)) {
		bool changed = make_wrong(view, to, fact);
		return make_wrong(view, from, fact) || changed;
	}
	if (!view_link_end_is_up(view, to->link, 0) || !view_link_end_is_up(view, to->link, 1))
		return false;
	return view_probe_heard(view, to->link, from->link_end, fact);
}

/* What is known of the edges from `first` of the new file up to `n`, and from `old_first` of the old one: both are
 * sorted by name. */
static void keep(const struct view *view, struct view_link *links, const struct net *net, size_t first, size_t n,
		 size_t old_first, size_t n_old)
{
	const struct net *before = view->net;
	for (size_t i = first, k = old_first; i < n; i++) {
		while (k < n_old && strcmp(before->edges[k].name, net->edges[i].name) < 0)
			k++;
		if (k < n_old && !strcmp(before->edges[k].name, net->edges[i].name))
			links[i] = view->links[k];
	}
}

void view_links_make(struct view *view, const struct net *net)
{
	struct view_link *links = xheap_alloc(net->n_edges * sizeof *links);
	if (view->net) {
		keep(view, links, net, 0, net->n_links, 0, view->net->n_links);
		keep(view, links, net, net->n_links, net->n_edges, view->net->n_links, view->net->n_edges);
	}
	free(view->links);
	view->links = links;
}

const struct ways *view_ways(const struct view *view) { return view->ways; }

bool view_needs_ways_of(const struct net *net)
{
	for (size_t i = 0; i < net->n_networks; i++)
		if (net->networks[i].transport == NET_VLAN && net->networks[i].tunnels)
			return true;
	return net->n_links;
}

bool view_file_needs_ways(const struct view *view) { return view_needs_ways_of(view->net); }

/* What leads away from them is a change of ways too. */
bool view_needs_ways(const struct view *view) { return view->ways || view_needs_ways_of(view->net); }

void view_carry_all(struct view *view)
{
	for (uint32_t n = 0; view->ways && n < view->n_networks; n++)
		for (uint32_t sw = 0; sw < view->n_switches; sw++) {
			uint32_t index = view->switches[sw]->index;
			if (index != NET_NONE)
				view_carry(view, &view->networks[n], sw, ways_carries(view->ways, n, index));
		}
	view->n_changed = 0;
}

struct ways *view_take_ways(struct view *view)
{
	struct ways *ways = view->ways;
	view->ways = NULL;
	return ways;
}

static void carry_nothing(struct view *view)
{
	for (uint32_t n = 0; n < view->n_networks; n++)
		for (uint32_t sw = 0; sw < view->n_switches; sw++)
			view_carry(view, &view->networks[n], sw, false);
	view->n_changed = 0;
}

void view_set_ways(struct view *view, struct ways *take)
{
	if (view->ways != take)
		ways_free(view->ways);
	view->ways = take;
	if (take)
		view_carry_all(view);
	else
		carry_nothing(view);
}
