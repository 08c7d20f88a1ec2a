/* SPDX-License-Identifier: Apache-2.0 */
/* The way from one switch of a network to another: links before the LAN before
 * tunnels. Every step of a way is decided by the switch it is at; that this
 * makes no circle is argued at ways_to(). */
#include "topo/ways.h"

static uint32_t index_of(const struct view *view, const struct view_network *vn)
{
	return (uint32_t) (vn - view_network(view, 0));
}

static const struct ways_stand *stand_of(const struct view *view, const struct view_network *vn, uint32_t sw)
{
	const struct ways *ways = view_ways(view);
	return &ways->stands[index_of(view, vn) * ways->n_switches + sw];
}

bool ways_in_tree(const struct view *view, const struct view_network *vn, uint32_t link)
{
	const struct ways *ways = view_ways(view);
	return ways && ways->tree[index_of(view, vn) * ways->n_links + link];
}

bool ways_floods(const struct view *view, const struct view_network *vn, uint32_t from, uint32_t to)
{
	if (!view_ways(view))
		return true;
	return stand_of(view, vn, from)->is_head && stand_of(view, vn, to)->is_head;
}

static uint32_t next_link(const struct view *view, uint32_t from, uint32_t to)
{
	const struct ways *ways = view_ways(view);
	return ways && from != NET_NONE && to != NET_NONE ? ways->next[from * ways->n_switches + to] : NET_NONE;
}

static struct way by_link(const struct view *view, uint32_t from, uint32_t to)
{
	uint32_t link = next_link(view, from, to), sw;
	const struct view_port *port;
	if (link == NET_NONE)
		return (struct way) { WAY_NONE, 0, 0 };
	unsigned end = view_net(view)->links[link].ends[1].sw == from;
	if (!view_link_place(view, link, end, &sw, &port))
		return (struct way) { WAY_NONE, 0, 0 };
	return (struct way) { WAY_LINK, port->ofport, to };
}

static bool has_uplink(const struct view *view, const struct view_network *vn, uint32_t sw)
{
	uint32_t slot = view_switch_by_index(view, sw);
	const struct view_member *member = slot == NET_NONE ? NULL : view_member(vn, slot);
	return member && member->uplink != NET_NONE;
}

/* Out of a corner without uplink and tunnel: to the head, or to the LAN. */
static struct way outward(const struct view *view, const struct view_network *vn, uint32_t from)
{
	uint32_t head = view_ways(view) ? stand_of(view, vn, from)->head : NET_NONE;
	struct way way = by_link(view, from, head);
	for (uint32_t i = 0; way.kind == WAY_NONE && i < view_net(view)->n_switches; i++)
		if (next_link(view, from, i) != NET_NONE && has_uplink(view, vn, i))
			way = by_link(view, from, i);
	return way;
}

/* 1. Links that lead there: each step is nearer, and each switch on the way has
 *    this rule.
 * 2. The LAN, when both are on it.
 * 3. A tunnel: it ends at the switch itself, or
 * 4. at its island's head, which has 1 or 2, or is in a corner of 5.
 * 5. The LAN, when only this one is on it: some other switch on it has 1 or 3.
 *    It does not come back, for nobody sends out where it came in.
 * 6. Links towards the head or the LAN, from where 3 to 5 go on. */
struct way ways_to(const struct view *view, const struct view_network *vn, const struct view_member *here, uint32_t to)
{
	const struct net *net = view_net(view);
	const struct view_switch *vs = view_switch(view, here->sw);
	bool tunnels = net->networks[index_of(view, vn)].tunnels && vs->tunnel != NET_NONE;
	struct way way = by_link(view, vs->index, to);
	if (way.kind != WAY_NONE)
		return way;
	if (here->uplink != NET_NONE && (to == NET_NONE || !view_ways(view) || has_uplink(view, vn, to)))
		return (struct way) { WAY_LAN, here->uplink, to };
	if (to == vs->index)
		return (struct way) { WAY_NONE, 0, 0 };
	if (tunnels && to != NET_NONE && net->switches[to].vtep)
		return (struct way) { WAY_TUNNEL, vs->tunnel, to };
	if (tunnels && to != NET_NONE && view_ways(view)) {
		uint32_t head = stand_of(view, vn, to)->head;
		if (head != NET_NONE && head != vs->index)
			return (struct way) { WAY_TUNNEL, vs->tunnel, head };
	}
	if (here->uplink != NET_NONE)
		return (struct way) { WAY_LAN, here->uplink, to };
	if (vs->index == NET_NONE || to == NET_NONE)
		return (struct way) { WAY_NONE, 0, 0 };
	return outward(view, vn, vs->index);
}
