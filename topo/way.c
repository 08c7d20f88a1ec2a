/* SPDX-License-Identifier: Apache-2.0 */
/* The way from one switch of a network to another: the LAN before links before
 * tunnels. Every step of a way is decided by the switch it is at; that this
 * makes no circle is argued at way_in(). */
#include "topo/ways.h"

static uint32_t index_of(const struct view *view, const struct view_network *vn)
{
	return (uint32_t) (vn - view_network(view, 0));
}

/* A network as one set of ways sees it; ways null: there are none. */
struct look {
	const struct view *view;
	const struct view_network *vn;
	const struct ways *ways;
};

static const struct ways_stand *stand_of(const struct look *look, uint32_t sw)
{
	return &look->ways->stands[index_of(look->view, look->vn) * look->ways->n_switches + sw];
}

static uint32_t next_link(const struct look *look, uint32_t from, uint32_t to)
{
	const struct ways *ways = look->ways;
	return ways && from != NET_NONE && to != NET_NONE ? ways->next[from * ways->n_switches + to] : NET_NONE;
}

static struct way by_link(const struct look *look, uint32_t from, uint32_t to)
{
	uint32_t link = next_link(look, from, to), sw;
	const struct view_port *port;
	if (link == NET_NONE)
		return (struct way) { WAY_NONE, 0, 0 };
	unsigned end = view_net(look->view)->links[link].ends[1].sw == from;
	if (!view_link_place(look->view, link, end, &sw, &port))
		return (struct way) { WAY_NONE, 0, 0 };
	return (struct way) { WAY_LINK, port->ofport, to };
}

/* The one that is counted on, or NET_NONE. */
static uint32_t uplink_of(const struct look *look, const struct view_member *member)
{
	uint32_t index = view_switch(look->view, member->sw)->index;
	bool is_used = !look->ways || (index != NET_NONE && stand_of(look, index)->on_lan);
	return is_used ? member->uplink : NET_NONE;
}

static bool has_uplink(const struct look *look, uint32_t sw)
{
	uint32_t slot = view_switch_by_index(look->view, sw);
	const struct view_member *member = slot == NET_NONE ? NULL : view_member(look->vn, slot);
	return member && uplink_of(look, member) != NET_NONE;
}

/* Is that where its island's head, which is not on the LAN itself, touches it? */
static bool speaks_for_head(const struct look *look, uint32_t sw)
{
	uint32_t head = stand_of(look, sw)->head;
	return head != NET_NONE && head != sw && stand_of(look, head)->lan == sw;
}

/* Out of a corner without uplink and tunnel: to the head, or to the LAN. */
static struct way outward(const struct look *look, uint32_t from)
{
	struct way way = by_link(look, from, stand_of(look, from)->head);
	return way.kind == WAY_NONE ? by_link(look, from, stand_of(look, from)->lan) : way;
}

/* 1. The LAN, when both are on it: it delivers by itself, so nobody else on it
 *    must.
 * 2. Links that lead there: each step is nearer, and each switch on the way has
 *    these two rules.
 * 3. A tunnel: it ends at the switch itself, or
 * 4. at its island's head, which has 1 or 2, or is in a corner of 5.
 * 5. The LAN, when only this one is on it: some other switch on it has 2, 3 or 6,
 *    and ways_from_lan(). It does not come back, for nobody sends out where it
 *    came in. Who speaks for the head goes on with
 * 6. Links towards the head or the LAN, from where 3 to 5 go on. */
static struct way way_in(const struct look *look, const struct view_member *here, uint32_t to)
{
	const struct net *net = view_net(look->view);
	const struct view_switch *vs = view_switch(look->view, here->sw);
	bool tunnels = net->networks[index_of(look->view, look->vn)].tunnels && vs->tunnel != NET_NONE;
	uint32_t uplink = uplink_of(look, here);
	if (uplink != NET_NONE && (to == NET_NONE || !look->ways || has_uplink(look, to)))
		return (struct way) { WAY_LAN, uplink, to };
	if (to == vs->index || to == NET_NONE)
		return (struct way) { WAY_NONE, 0, 0 };
	struct way way = by_link(look, vs->index, to);
	if (way.kind != WAY_NONE)
		return way;
	if (tunnels && net->switches[to].vtep)
		return (struct way) { WAY_TUNNEL, vs->tunnel, to };
	if (tunnels && look->ways) {
		uint32_t head = stand_of(look, to)->head;
		if (head != NET_NONE && head != vs->index)
			return (struct way) { WAY_TUNNEL, vs->tunnel, head };
	}
	if (uplink != NET_NONE && (!look->ways || !speaks_for_head(look, vs->index)))
		return (struct way) { WAY_LAN, uplink, to };
	return vs->index == NET_NONE || !look->ways ? way : outward(look, vs->index);
}

static bool from_lan_in(const struct look *look, const struct view_member *here, struct way way, uint32_t to)
{
	uint32_t index = view_switch(look->view, here->sw)->index;
	if (!look->ways || uplink_of(look, here) == NET_NONE)
		return true;
	uint32_t lan = stand_of(look, to)->lan;
	if (lan != NET_NONE)            /* the tree's links lead there, from one place on the LAN */
		return lan == index;
	if (way.kind == WAY_TUNNEL)
		return stand_of(look, index)->head == index;
	return way.kind != WAY_LINK || speaks_for_head(look, index);
}

/* --- as they are in force: what all of them say alike ------------------------------- */

struct way ways_to(const struct view *view, const struct view_network *vn, const struct view_member *here, uint32_t to)
{
	struct look look = { view, vn, view_ways(view) };
	struct way way = way_in(&look, here, to);
	if (!look.ways || !look.ways->with)
		return way;
	look.ways = look.ways->with;
	struct way before = way_in(&look, here, to);
	bool alike = way.kind == before.kind && way.ofport == before.ofport && way.peer == before.peer;
	return alike ? way : (struct way) { WAY_NONE, 0, 0 };
}

bool ways_from_lan(const struct view *view, const struct view_network *vn, const struct view_member *here,
		   struct way way, uint32_t to)
{
	for (struct look look = { view, vn, view_ways(view) }; look.ways; look.ways = look.ways->with)
		if (!from_lan_in(&look, here, way, to))
			return false;
	return true;
}

bool ways_open(const struct view *view, uint32_t sw, const struct view_use *use)
{
	const struct view_network *vn = view_network(view, use->network);
	const struct view_member *member = view_member(vn, sw);
	bool is_open = view_use_is_open(view, use);
	for (struct look look = { view, vn, view_ways(view) }; look.ways && use->is_uplink; look.ways = look.ways->with)
		is_open = is_open && member && uplink_of(&look, member) != NET_NONE;
	return is_open;
}

bool ways_in_tree(const struct view *view, const struct view_network *vn, uint32_t link)
{
	const struct ways *ways = view_ways(view);
	bool in_tree = ways;
	for (; ways; ways = ways->with)
		in_tree &= ways->tree[index_of(view, vn) * ways->n_links + link];
	return in_tree;
}

bool ways_use_link(const struct view *view, uint32_t link)
{
	const struct ways *ways = view_ways(view);
	bool is_used = ways;
	for (; ways; ways = ways->with)
		is_used &= ways->up[link];
	return is_used;
}

static struct way to_head_in(const struct look *look, uint32_t sw)
{
	return by_link(look, sw, stand_of(look, sw)->head);
}

struct way ways_to_head(const struct view *view, const struct view_network *vn, uint32_t sw)
{
	const struct way none = { .kind = WAY_NONE };
	struct look look = { view, vn, view_ways(view) };
	if (!look.ways || sw == NET_NONE)
		return none;
	struct way way = to_head_in(&look, sw);
	look.ways = look.ways->with;
	if (!look.ways)
		return way;
	struct way before = to_head_in(&look, sw);
	return way.kind == before.kind && way.ofport == before.ofport ? way : none;
}

bool ways_is_head(const struct view *view, const struct view_network *vn, uint32_t sw)
{
	for (struct look look = { view, vn, view_ways(view) }; look.ways; look.ways = look.ways->with)
		if (!stand_of(&look, sw)->is_head)
			return false;
	return true;
}

bool ways_floods(const struct view *view, const struct view_network *vn, uint32_t from, uint32_t to)
{
	for (struct look look = { view, vn, view_ways(view) }; look.ways; look.ways = look.ways->with)
		if (!stand_of(&look, from)->is_head || !stand_of(&look, to)->is_head)
			return false;
	return true;
}

bool ways_carries(const struct ways *ways, uint32_t network, uint32_t sw)
{
	bool carries = false;
	for (; ways; ways = ways->with)
		carries |= ways->stands[network * ways->n_switches + sw].carries;
	return carries;
}
