/* SPDX-License-Identifier: Apache-2.0 */
/* Edges as they are: cables, and tunnels that the file names; and the steering in force. */
#include <string.h>

#include "topo/steer.h"
#include "topo/view_private.h"

/* The port that watches over the edge: a cable's own, a tunnel's BFD port, else the
 * tunnel port. */
static const struct view_port *watched(const struct view *view, const struct net_edge *edge, unsigned end,
				       uint32_t sw)
{
	const struct view_switch *vs = view->switches[sw];
	return edge->bfd[end] ? view_port_by_name(view, sw, edge->bfd[end]) : view_port(view, sw, vs->tunnel);
}

/* A switch that has not reported says nothing against its end. */
static bool tunnel_end_is_up(const struct view *view, const struct net_edge *edge, unsigned end)
{
	uint32_t sw = view->slots[edge->sw[end]];
	if (sw == NET_NONE || !view->switches[sw]->ever)
		return true;
	const struct view_port *tunnel = view_port(view, sw, view->switches[sw]->tunnel);
	const struct view_port *watch = watched(view, edge, end, sw);
	return tunnel && view_port_is_good(tunnel) && (!watch || view_port_is_good(watch));
}

bool view_edge_is_up(const struct view *view, uint32_t i)
{
	const struct net_edge *edge = &view->net->edges[i];
	if (edge->link != NET_NONE)
		return view_link_is_up(view, edge->link);
	const struct view_link *seen = &view->links[i];
	/* What failed before has to show that it is back. */
	bool is_good = !seen->silent && !seen->held && (seen->confirmed || !seen->n_failures);
	return is_good && tunnel_end_is_up(view, edge, 0) && tunnel_end_is_up(view, edge, 1);
}

bool view_edge_is_known(const struct view *view, uint32_t i)
{
	const struct net_edge *edge = &view->net->edges[i];
	const struct view_link *seen = &view->links[i];
	if (seen->confirmed || seen->silent || seen->wrong)
		return true;
	for (unsigned end = 0; end < 2; end++)
		if (edge->link != NET_NONE ? !view_link_end_is_up(view, edge->link, end) : !tunnel_end_is_up(view, edge, end))
			return true;
	return false;
}

void view_edges_lost(struct view *view, const struct view_switch *vs, const struct view_port *port, uint64_t now_ms)
{
	for (uint32_t i = (uint32_t) view->net->n_links; i < view->net->n_edges; i++) {
		const struct net_edge *edge = &view->net->edges[i];
		for (unsigned end = 0; end < 2; end++)
			if (edge->sw[end] == vs->index
			    && (port->tunnel || (edge->bfd[end] && !strcmp(edge->bfd[end], port->name))))
				view_link_fail(view, i, now_ms);
	}
}

bool view_edge_place(const struct view *view, uint32_t i, unsigned end, uint32_t *ret_sw, uint32_t *ret_ofport,
		     uint32_t *ret_watch_ofport)
{
	const struct net_edge *edge = &view->net->edges[i];
	uint32_t sw = view->slots[edge->sw[end]];
	const struct view_port *port, *watch;
	if (edge->link != NET_NONE) {
		if (!view_link_place(view, edge->link, end, ret_sw, &port))
			return false;
		*ret_ofport = *ret_watch_ofport = port->ofport;
		return true;
	}
	if (sw == NET_NONE || view->switches[sw]->tunnel == NET_NONE)
		return false;
	watch = watched(view, edge, end, sw);
	*ret_sw = sw;
	*ret_ofport = view->switches[sw]->tunnel;
	*ret_watch_ofport = watch ? watch->ofport : *ret_ofport;
	return true;
}

const struct steer *view_steer(const struct view *view) { return view->steer; }

void view_set_steer(struct view *view, struct steer *take)
{
	if (view->steer != take)
		steer_free(view->steer);
	view->steer = take;
}
