/* SPDX-License-Identifier: Apache-2.0 */
/* From switch to switch: into tunnels, over links, onto the LAN, out at a port. */
#include "controller/explain_trip.h"

#include <string.h>

#include "topo/ways.h"

/* Bytes of an IP packet that fit through that VTEP, see topo/mtu.c. */
static uint32_t room(const struct net *net, const struct net_switch *sw, const struct net_vtep_at *at)
{
	uint32_t mtu = sw->underlay_mtu ? sw->underlay_mtu : net->underlay_mtu;
	if (at->underlay != NET_NONE && (!sw->underlay_mtu_is_given || net->underlays[at->underlay].mtu < mtu))
		mtu = net->underlays[at->underlay].mtu;
	return mtu - (at->is_v6 ? 70 : 50);
}

/* A tunnel that a frame goes into. */
struct tunnel {
	const struct net_switch *peer;  /* null: no such end; ours, or a foreign one */
	bool is_ours;
	const struct net_vtep_at *to, *from;    /* from: null = this switch has none there */
};

/* The VTEP of this switch in the same underlay. */
static const struct net_vtep_at *own_end(const struct net_switch *self, const struct net_vtep_at *to)
{
	for (size_t i = 0; self && i < self->n_vteps; i++)
		if (self->vteps[i].underlay == to->underlay)
			return &self->vteps[i];
	return self && self->n_vteps ? &self->vteps[0] : NULL;
}

static struct tunnel find_tunnel(const struct net *net, const struct net_switch *self, const struct walk_out *out)
{
	static const uint8_t none[16];
	bool is_v6 = memcmp(out->tun_dst6, none, 16) != 0;
	uint8_t v4[4] = { (uint8_t) (out->tun_dst >> 24), (uint8_t) (out->tun_dst >> 16), (uint8_t) (out->tun_dst >> 8),
			  (uint8_t) out->tun_dst };
	for (size_t i = 0; i < net->n_switches + net->n_vteps; i++) {
		const struct net_switch *sw = i < net->n_switches ? &net->switches[i] : &net->vteps[i - net->n_switches].end;
		for (size_t k = 0; k < sw->n_vteps; k++)
			if (sw->vteps[k].is_v6 == is_v6 && !memcmp(sw->vteps[k].bytes, is_v6 ? out->tun_dst6 : v4, is_v6 ? 16 : 4))
				return (struct tunnel) { sw, i < net->n_switches, &sw->vteps[k], own_end(self, &sw->vteps[k]) };
	}
	return (struct tunnel) { .peer = NULL };
}

/* How a copy came by a tunnel. */
static void came_by_tunnel(struct copy *copy, const struct net_vtep_at *from, uint64_t vni, uint32_t mtu)
{
	const uint8_t *src = from->bytes;
	copy->entry.is_tunnel = copy->over_tunnel = true;
	copy->entry.tun_id = vni;
	if (from->is_v6)
		memcpy(copy->entry.tun_src6, src, 16);
	else
		copy->entry.tun_src = (uint32_t) src[0] << 24 | (uint32_t) src[1] << 16 | (uint32_t) src[2] << 8 | src[3];
	if (!copy->tunnel_mtu || mtu < copy->tunnel_mtu)
		copy->tunnel_mtu = mtu;
}

static void into_tunnel(struct trip *t, size_t at, const struct walk_out *out)
{
	struct explaining *e = t->e;
	struct copy *copy = &t->copies[at];
	const struct view_switch *here = view_switch(e->view, copy->entry.slot);
	const struct net_switch *self = here->index == NET_NONE ? NULL : &e->net->switches[here->index];
	const struct tunnel tunnel = find_tunnel(e->net, self, out);
	const struct net_switch *peer = tunnel.peer;
	uint32_t slot = peer && tunnel.is_ours ? view_switch_by_name(e->view, peer->name) : NET_NONE;
	if (!peer)
		return;
	const char *text = explain_printf(e, "into the tunnel to %s (%s), VNI %llu", peer->name, tunnel.to->text,
					  (unsigned long long) out->tun_id);
	if (!tunnel.is_ours && trip_target(t)->vtep && &trip_target(t)->vtep->end == peer) {
		copy->over_tunnel = true;
		copy->tunnel_mtu = self && tunnel.from ? room(e->net, self, tunnel.from) : 0;
		trip_arrive(t, copy, text);
		return;
	}
	/* Floods go to all; only one copy is of interest, unless links go on from there, or a path does. */
	if (slot == NET_NONE || (slot != trip_target(t)->sw && !e->net->n_links && out->tun_id < NET_TE_FIRST_VNI))
		return;
	const struct view_switch *there = view_switch(e->view, slot);
	if (there->tunnel == NET_NONE || !tunnel.from) {
		trip_stop_text(t, copy, text, "no-tunnel",
			  explain_printf(e, "switch %s has no port \"%s\", where its tunnels end", peer->name, peer->tunnel),
			  explain_printf(e, "make it: ovs-vsctl add-port BRIDGE %s -- set interface %s type=vxlan "
					 "options:remote_ip=flow options:key=flow", peer->tunnel, peer->tunnel), peer->where.line);
		return;
	}
	struct copy *next = trip_push(t, at, slot, there->tunnel, out->frame, out->size, text,
				 explain_printf(e, "in by the tunnel from %s", self->name));
	if (!next)
		return;
	uint32_t mtu = room(e->net, self, tunnel.from), other = room(e->net, peer, tunnel.to);
	came_by_tunnel(next, tunnel.from, out->tun_id, other < mtu ? other : mtu);
}

/* Where the tunnel from a foreign VTEP to the switch of the other end has its two ends; false: there is none. */
static bool find_foreign(const struct explaining *e, unsigned end, struct tunnel *ret)
{
	const struct candidate *c = &e->ends[end], *to = &e->ends[!end];
	const struct view_switch *vs = to->sw == NET_NONE ? NULL : view_switch(e->view, to->sw);
	if (!c->vtep || !vs || vs->index == NET_NONE || vs->tunnel == NET_NONE || !to->use)
		return false;
	const struct net_vtep_at *from = &c->vtep->end.vteps[0];
	*ret = (struct tunnel) { .peer = &e->net->switches[vs->index], .is_ours = true, .from = from,
				 .to = own_end(&e->net->switches[vs->index], from) };
	return ret->to && ret->to->is_v6 == from->is_v6;
}

bool explain_can_send(const struct explaining *e, unsigned end)
{
	struct tunnel tunnel;
	return (e->ends[end].port && e->ends[end].use) || find_foreign(e, end, &tunnel);
}

void trip_begin(struct trip *t)
{
	struct explaining *e = t->e;
	struct explain_leg *leg = t->leg;
	const struct candidate *source = &e->ends[t->from];
	struct tunnel tunnel;
	if (source->port) {
		leg->slot = source->sw;
		leg->in_port = source->port->ofport;
		trip_push(t, SIZE_MAX, leg->slot, leg->in_port, leg->frame, leg->frame_size, NULL, explain_printf(e, "in by %s", source->port->name));
	} else if (find_foreign(e, t->from, &tunnel)) {
		leg->slot = trip_target(t)->sw;
		leg->in_port = view_switch(e->view, leg->slot)->tunnel;
		struct copy *copy = trip_push(t, SIZE_MAX, leg->slot, leg->in_port, leg->frame, leg->frame_size, NULL,
					      explain_printf(e, "in by the tunnel from %s (%s)", source->vtep->end.name, tunnel.from->text));
		came_by_tunnel(copy, tunnel.from, e->net->networks[e->network].vni, room(e->net, tunnel.peer, tunnel.to));
	}
}

static void over_link(struct trip *t, size_t at, const struct view_port *port, const struct walk_out *out)
{
	struct explaining *e = t->e;
	struct copy *copy = &t->copies[at];
	const struct net_link *link = &e->net->links[port->link];
	const struct net_uplink *end = &link->ends[!port->link_end];
	const struct view_port *to;
	uint32_t slot;
	bool is_there = view_link_place(e->view, port->link, !port->link_end, &slot, &to);
	const char *text = explain_printf(e, "out by link %s", link->name);
	bool is_good = view_port_is_good(port);
	if (!is_good || !is_there || !view_port_is_good(to))
		trip_stop_text(t, copy, text, "link-down",
			       explain_printf(e, "link %s is down: %s:%s", link->name,
					      is_good ? end->switch_name : trip_sw_name(t, copy->entry.slot),
					      is_good ? end->port : port->name),
			       "look at the cable and at both ports; `weft show links`", link->where.line);
	else
		trip_push(t, at, slot, to->ofport, out->frame, out->size, text, explain_printf(e, "in by link %s", link->name));
}

/* Out of the LAN by the uplink of that switch. */
static void off_lan(struct trip *t, size_t at, const struct view_member *member, const struct walk_out *out, const char *text)
{
	const struct view_port *there = view_port(t->e->view, member->sw, member->uplink);
	trip_push(t, at, member->sw, member->uplink, out->frame, out->size, text,
		  explain_printf(t->e, "in by %s from the LAN", there->name));
}

/* Onto the LAN: to the machine there, or to another switch's port on it: the other end's own switch, or, while that has none
 * that is open, one that links join it with. */
static void onto_lan(struct trip *t, size_t at, const struct view_port *port, const struct walk_out *out)
{
	struct explaining *e = t->e;
	struct copy *copy = &t->copies[at];
	const struct candidate *to = trip_target(t);
	const struct view_network *vn = view_network(e->view, e->network);
	const struct view_member *own = to->sw == NET_NONE ? NULL : view_member(vn, to->sw);
	const struct view_port *there = own && own->uplink != NET_NONE ? view_port(e->view, to->sw, own->uplink) : NULL;
	bool is_lan = to->use && (to->use->is_uplink || to->use->is_physical);
	const char *text = explain_printf(e, "out by %s onto the LAN", port->name);
	if (is_lan && port->up)
		trip_arrive(t, copy, text);
	if (is_lan || !own || to->sw == copy->entry.slot)
		return;
	if (!port->up || (there && !there->up))
		trip_stop_text(t, copy, text, "uplink-down",
			  explain_printf(e, "the uplink %s:%s is down", trip_sw_name(t, port->up ? to->sw : copy->entry.slot),
					 port->up ? there->name : port->name),
			  "look at the cable and the switch behind it", 0);
	else if (there)
		off_lan(t, at, own, out, text);
	for (size_t i = 0; i < vn->n_members && port->up; i++) {
		const struct view_member *member = &vn->members[i];
		const struct view_port *other = view_port(e->view, member->sw, member->uplink);
		bool is_open = there && ways_open(e->view, to->sw, view_use(there, vn->id));
		if (!is_open && member != own && member->sw != copy->entry.slot && other && other->up)
			off_lan(t, at, member, out, text);
	}
}

static bool is_on_lan(const struct view_port *port, uint32_t network)
{
	for (size_t i = 0; i < port->n_uses; i++)
		if (port->uses[i].network == network && (port->uses[i].is_uplink || port->uses[i].is_physical))
			return true;
	return false;
}

/* True: it went on, or arrived. */
bool trip_leave(struct trip *t, size_t at, const struct walk_out *out)
{
	struct copy *copy = &t->copies[at];
	const struct view_port *port = view_port(t->e->view, copy->entry.slot, out->ofport);
	const struct candidate *to = trip_target(t);
	size_t before = t->n;
	if (!port)
		return false;
	if (t->kind == LEG_RESOLVE && !copy->depth && out->ofport == copy->entry.in_port) {
		t->leg->is_answered = true;
		trip_arrive(t, copy, explain_printf(t->e, "answered here, back by %s", port->name));
	} else if (port->tunnel) {
		into_tunnel(t, at, out);
	} else if (port->link != NET_NONE) {
		over_link(t, at, port, out);
	} else if (is_on_lan(port, t->e->network)) {
		onto_lan(t, at, port, out);
	} else if (copy->entry.slot == to->sw && to->port && out->ofport == to->port->ofport) {
		trip_arrive(t, copy, explain_printf(t->e, "out by %s", port->name));
	} else {
		return false;
	}
	return t->n != before || t->leg->passes || t->last == at;
}
