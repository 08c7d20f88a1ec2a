/* SPDX-License-Identifier: Apache-2.0 */
/* Edges as they are, and the steering in force. */
#include "topo/steer.h"
#include "topo/view_private.h"

static const struct view_switch *switch_at(const struct view *view, const struct net_edge *edge, unsigned end)
{
	uint32_t sw = view->slots[edge->sw[end]];
	return sw == NET_NONE ? NULL : view->switches[sw];
}

/* The port that does nothing but BFD, when there is one. */
static const struct view_port *bfd_port(const struct view *view, const struct net_edge *edge, unsigned end)
{
	const struct view_switch *vs = switch_at(view, edge, end);
	return vs && edge->bfd[end] ? view_port_by_name(view, vs->sw, edge->bfd[end]) : NULL;
}

/* A switch that has not reported says nothing against its end. */
static bool end_is_up(const struct view *view, const struct net_edge *edge, unsigned end)
{
	const struct view_switch *vs = switch_at(view, edge, end);
	const struct view_port *bfd = bfd_port(view, edge, end);
	if (!vs || !vs->ever)
		return true;
	const struct view_port *port = vs->tunnel == NET_NONE ? NULL : view_port(view, vs->sw, vs->tunnel);
	return port && port->up && (!bfd || (bfd->up && bfd->live));
}

bool view_edge_is_up(const struct view *view, uint32_t i)
{
	const struct net_edge *edge = &view->net->edges[i];
	if (edge->link != NET_NONE)
		return view_link_is_up(view, edge->link);
	return end_is_up(view, edge, 0) && end_is_up(view, edge, 1);
}

bool view_edge_place(const struct view *view, uint32_t i, unsigned end, uint32_t *ret_sw, uint32_t *ret_ofport,
		     uint32_t *ret_watch)
{
	const struct net_edge *edge = &view->net->edges[i];
	const struct view_switch *vs = switch_at(view, edge, end);
	const struct view_port *port;
	if (edge->link != NET_NONE) {
		if (!view_link_place(view, edge->link, end, ret_sw, &port))
			return false;
		*ret_ofport = *ret_watch = port->ofport;
		return true;
	}
	if (!vs || vs->tunnel == NET_NONE)
		return false;
	port = bfd_port(view, edge, end);
	*ret_sw = vs->sw;
	*ret_ofport = vs->tunnel;
	*ret_watch = port ? port->ofport : vs->tunnel;
	return true;
}

const struct steer *view_steer(const struct view *view) { return view->steer; }

void view_set_steer(struct view *view, struct steer *take)
{
	if (view->steer != take)
		steer_free(view->steer);
	view->steer = take;
}
