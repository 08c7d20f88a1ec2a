/* SPDX-License-Identifier: Apache-2.0 */
/* Probes: one frame through the tunnel to each switch that shares a network.
 *
 * Open vSwitch drops the first frame to a VTEP whose address it has not resolved
 * and sends one ARP (or ND) request instead. If that is lost while guests keep
 * sending, its cache holds the drop for ever: guests' frames never ask again. A
 * frame from the controller does, provided that none did in the last 10 seconds.
 * So: a probe from both sides before there are rows that lead there, once more
 * two seconds later in case that one itself was lost, then silence, and again
 * every 15 seconds, because nobody tells us whether it is needed. Each VTEP of a
 * peer is an address of its own. Peers are also those that frames may be steered to.
 * A tunnel that the file names is asked by apps/discover.c, which knows how it is, and then
 * not from here too. */
#include "apps/tunnel.h"

enum {
	AGAIN_S = 2,
	PERIOD_S = 15,                  /* more than 12: a fresh answer would hide the next one */
	SWITCHES_PER_PERIOD = 100,      /* each 100 switches make the period longer by one */
};

/* To nobody; the tunnel-probe row drops it. */
static const uint8_t probe[60] = {
	0x02, 0, 0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0x88, 0xb5, 'w', 'e', 'f', 't', ' ', 'p', 'r', 'o', 'b', 'e',
};

/* Frames of networks that the switch is not in may be steered through it. */
static void mark_edges(const struct scene *scene, uint32_t sw, bool peers[NET_MAX_SWITCHES])
{
	uint32_t index = view_switch(scene->view, sw)->index;
	for (size_t i = scene->net->n_links; index != NET_NONE && i < scene->net->n_edges; i++) {
		const struct net_edge *edge = &scene->net->edges[i];
		if (edge->sw[0] != index && edge->sw[1] != index)
			continue;
		uint32_t other = view_switch_by_index(scene->view, edge->sw[edge->sw[0] == index]);
		if (other != NET_NONE)
			peers[other] = true;
	}
}

static void mark_peers(const struct scene *scene, uint32_t sw, bool peers[NET_MAX_SWITCHES])
{
	for (uint32_t n = 0; n < scene->net->n_networks; n++) {
		const struct view_network *vn = view_network(scene->view, n);
		const struct view_member *here = view_member(vn, sw);
		if (!here || tunnel_port(scene, vn, here) == NET_NONE)
			continue;
		for (size_t i = 0; i < vn->n_members; i++)
			peers[vn->members[i].sw] = true;
	}
	mark_edges(scene, sw, peers);
	peers[sw] = false;
}

/* Can a tunnel join the switch to that address? One kind of address does not reach
 * the other, nor does one underlay; of a foreign VTEP nobody knows the underlay. */
static bool can_reach(const struct net_switch *from, const struct net_vtep_at *to)
{
	for (size_t i = 0; i < from->n_vteps; i++)
		if (from->vteps[i].is_v6 == to->is_v6
		    && (from->vteps[i].underlay == to->underlay || to->underlay == NET_NONE))
			return true;
	return false;
}

static void send_probe(const struct scene *scene, uint32_t sw, const struct net_switch *peer, uint32_t watched,
		       struct reply *reply)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	const struct net_switch *from = tunnel_peer(scene, sw);
	if (!vs->connected || vs->tunnel == NET_NONE || !from || !peer)
		return;
	for (size_t i = 0; i < peer->n_vteps; i++)
		if (can_reach(from, &peer->vteps[i]) && !(i < 32 && watched >> i & 1))
			reply->send_tunnel(reply->ctx, sw, vs->tunnel, &peer->vteps[i], probe, sizeof probe);
}

/* VTEPs that are no switches of ours; they find us by themselves. */
static void probe_foreign(const struct scene *scene, uint32_t sw, struct reply *reply)
{
	for (size_t i = 0; i < scene->net->n_vteps; i++) {
		const struct net_vtep *vtep = &scene->net->vteps[i];
		bool is_peer = false;
		for (size_t k = 0; k < vtep->n_stands && !is_peer; k++) {
			const struct view_network *vn = view_network(scene->view, vtep->stands[k].network);
			const struct view_member *here = view_member(vn, sw);
			is_peer = here && tunnel_port(scene, vn, here) != NET_NONE;
		}
		if (is_peer)
			send_probe(scene, sw, &vtep->end, 0, reply);
	}
}

/* Which VTEPs of each peer the switch has tunnels to that are probed otherwise: a bit each. */
static void mark_watched(const struct scene *scene, uint32_t sw, uint32_t watched[NET_MAX_SWITCHES])
{
	uint32_t index = view_switch(scene->view, sw)->index;
	for (size_t i = scene->net->n_links; i < scene->net->n_edges; i++) {
		const struct net_edge *edge = &scene->net->edges[i];
		bool is_first = edge->sw[0] == index;
		uint32_t other = view_switch_by_index(scene->view, edge->sw[is_first]);
		if ((is_first || edge->sw[1] == index) && other != NET_NONE && edge->vtep[is_first] < 32)
			watched[other] |= 1u << edge->vtep[is_first];
	}
}

/* Both ways between a switch and its peers, or its way only. */
static void probe_peers(const struct scene *scene, uint32_t sw, bool both, struct reply *reply)
{
	bool peers[NET_MAX_SWITCHES] = { false };
	uint32_t watched[NET_MAX_SWITCHES] = { 0 };
	mark_peers(scene, sw, peers);
	if (!both)
		mark_watched(scene, sw, watched);
	for (uint32_t to = 0; to < view_n_switches(scene->view); to++) {
		if (!peers[to])
			continue;
		send_probe(scene, sw, tunnel_peer(scene, to), watched[to], reply);
		if (both)
			send_probe(scene, to, tunnel_peer(scene, sw), 0, reply);
	}
	probe_foreign(scene, sw, reply);
}

void tunnel_greet(const struct scene *scene, const struct fact *fact, struct reply *reply)
{
	const uint32_t *changed;
	bool is_new = fact->kind == FACT_SWITCH_UP
		|| (fact->kind == FACT_PORT && fact->uses_changed
		    && (view_changed(scene->view, &changed)
			|| view_switch(scene->view, fact->sw)->tunnel == fact->ofport));
	if (is_new)
		probe_peers(scene, fact->sw, true, reply);
}

void tunnel_tick(const struct scene *scene, uint32_t sw, uint64_t second, struct reply *reply)
{
	uint64_t period = PERIOD_S * (1 + view_n_switches(scene->view) / SWITCHES_PER_PERIOD);
	if (second == AGAIN_S)
		probe_peers(scene, sw, true, reply);
	else if (second >= PERIOD_S && (second - PERIOD_S) % period == sw % period)
		probe_peers(scene, sw, false, reply);
}
