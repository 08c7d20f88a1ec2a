/* SPDX-License-Identifier: Apache-2.0 */
/* Links as they are: whose ends are up, and which cable is really there. A
 * cable that was pulled may come back into another hole, so what a probe has
 * shown is good until an end goes down. */
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
static bool end_is_up(const struct view *view, uint32_t link, unsigned end)
{
	uint32_t sw = view->slots[view->net->links[link].ends[end].sw];
	const struct view_port *port;
	if (sw == NET_NONE || !view->switches[sw]->ever)
		return true;
	return view_link_place(view, link, end, &sw, &port) && port->up;
}

bool view_link_is_up(const struct view *view, uint32_t link)
{
	return view->links[link].confirmed && !view->links[link].wrong && end_is_up(view, link, 0)
		&& end_is_up(view, link, 1);
}

void view_link_lost(struct view *view, const struct view_port *port)
{
	if (port->link == NET_NONE)
		return;
	view->links[port->link].confirmed = view->links[port->link].wrong = false;
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
	view->links[port->link] = (struct view_link) {
		.wrong = true,
		.sw = { fact->old_sw, fact->sw }, .ofport = { fact->old_ofport, fact->ofport },
	};
	return true;
}

bool view_link_heard(struct view *view, const struct fact *fact)
{
	const struct view_port *to = view_port(view, fact->sw, fact->ofport);
	const struct view_port *from = view_port(view, fact->old_sw, fact->old_ofport);
	if (!to)
		return false;
	if (fact->recovered) {
		/* Frames went over it before the restart: it was confirmed then. */
		if (to->link == NET_NONE || view->links[to->link].confirmed || view->links[to->link].wrong)
			return false;
		view->links[to->link].confirmed = true;
		return true;
	}
	if (!from)
		return false;
	if (to->link == NET_NONE || !is_other_end(view, to, fact->old_sw, fact->old_ofport)) {
		bool changed = make_wrong(view, to, fact);
		return make_wrong(view, from, fact) || changed;
	}
	if (view->links[to->link].confirmed)
		return false;
	view->links[to->link] = (struct view_link) { .confirmed = true };
	return true;
}

void view_links_make(struct view *view, const struct net *net)
{
	struct view_link *links = xheap_alloc(net->n_links * sizeof *links);
	size_t n_old = view->net ? view->net->n_links : 0;
	for (size_t i = 0, k = 0; i < net->n_links; i++) {
		/* Both are sorted by name. */
		while (k < n_old && strcmp(view->net->links[k].name, net->links[i].name) < 0)
			k++;
		if (k < n_old && !strcmp(view->net->links[k].name, net->links[i].name))
			links[i] = view->links[k];
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

/* Once there, they stay: what leads away from them is a change of ways too. */
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

void view_set_ways(struct view *view, struct ways *take)
{
	if (view->ways != take)
		ways_free(view->ways);
	view->ways = take;
	view_carry_all(view);
}
