/* SPDX-License-Identifier: Apache-2.0 */
/* MAC addresses that are one port's own: those that the file binds ports to, and those
 * of hosts that stick to their ports. Their port is let by; every other edge port of
 * the network, on every switch, is not.
 *
 * The row that keeps a sticky host's MAC says by its peer register which switch the
 * host is behind, so that after a restart it stays until that switch is back. */
#include <string.h>

#include "apps/l2.h"

/* Of several ports with one MAC, the first one names the row. */
static void bound_macs(const struct scene *scene, struct out *out, const struct view_switch *vs,
		       const struct net_network *network)
{
	for (size_t i = 0; i < network->n_bound; i++) {
		const struct net_port *port = &network->ports[network->bound[i]];
		if (i && !memcmp(network->ports[network->bound[i - 1]].mac.bytes, port->mac.bytes, 6))
			continue;
		l2_taken(out, vs, network->id, port->mac.bytes, scene->net->objects[port->object].id, NULL, true);
	}
}

static void bound_port(const struct scene *scene, struct out *out, const struct view_switch *vs,
		       const struct view_port *port)
{
	for (size_t u = 0; u < port->n_uses; u++) {
		const struct view_use *use = &port->uses[u];
		if (use->is_uplink || use->is_physical)
			continue;
		const struct net_port *entry = &scene->net->networks[use->network].ports[use->entry];
		if (net_is_bound(entry))
			l2_bound(out, vs, port->ofport, use, entry->mac.bytes);
	}
}

/* --- hosts that stick ------------------------------------------------------------------- */

static const struct net_network *network_of(const struct scene *scene, const struct view_network *vn)
{
	return &scene->net->networks[vn - view_network(scene->view, 0)];
}

static void sticky_host(const struct scene *scene, struct out *out, const struct view_network *vn,
			const struct view_switch *vs, const struct host *host)
{
	const struct view_switch *there = host->unconfirmed ? NULL : view_switch(scene->view, host->sw);
	uint32_t peer = host->unconfirmed ? host->ofport
		: there->index == NET_NONE ? 0 : scene->net->switches[there->index].peer;
	uint64_t object = scene->net->objects[network_of(scene, vn)->object].id;
	l2_taken(out, vs, vn->id, host->mac, object, &peer, true);
}

static void sticky_hosts(const struct scene *scene, struct out *out, const struct view_network *vn,
			 const struct view_switch *vs)
{
	const struct host *host = NULL;
	while ((host = view_unconfirmed(scene->view, vn, host)))
		if (host->sticks)
			sticky_host(scene, out, vn, vs, host);
	for (size_t i = 0; i < vn->n_members; i++) {
		host = NULL;
		while ((host = view_member_host(scene->view, &vn->members[i], host)))
			if (host->sticks)
				sticky_host(scene, out, vn, vs, host);
	}
}

void l2_patch_sticky(const struct scene *scene, struct out *out, const struct view_network *vn, const uint8_t mac[6])
{
	const struct net_network *network = network_of(scene, vn);
	if (!network->has_sticky || net_bound_mac(network, mac))
		return;
	const struct host *host = view_host(scene->view, vn->id, mac);
	for (size_t i = 0; i < vn->n_members; i++) {
		const struct view_switch *vs = view_switch(scene->view, vn->members[i].sw);
		if (!vn->members[i].n_edges)
			continue;
		if (host && host->sticks)
			sticky_host(scene, out, vn, vs, host);
		else
			l2_taken(out, vs, vn->id, mac, 0, NULL, false);
	}
}

void l2_own_macs(const struct scene *scene, struct out *out, const struct view_switch *vs)
{
	for (uint32_t n = 0; scene->net->has_guards && n < scene->net->n_networks; n++) {
		const struct net_network *network = &scene->net->networks[n];
		const struct view_network *vn = view_network(scene->view, n);
		const struct view_member *member = view_member(vn, vs->sw);
		if (!member || !member->n_edges)
			continue;
		bound_macs(scene, out, vs, network);
		if (network->has_sticky)
			sticky_hosts(scene, out, vn, vs);
	}
	for (size_t p = 0; scene->net->has_guards && p < vs->n_ports; p++)
		bound_port(scene, out, vs, &vs->ports[p]);
}

/* Somebody who sticks is behind another switch, which has not spoken for itself yet. */
void l2_recover_taken(const struct scene *scene, uint32_t sw, const struct rule *rule, struct reply *reply)
{
	struct fact fact = { .kind = FACT_HOST, .sw = NET_NONE, .old_sw = NET_NONE, .unconfirmed = true, .sticks = true,
			     .time_ms = scene->now_ms };
	uint64_t network, peer;
	if (!rule_match_u(rule, FIELD_NETWORK, &network) || !rule_match_mac(rule, FIELD_ETH_SRC, fact.mac)
	    || !rule_set_u(rule, FIELD_PEER, &peer) || view_complete(scene->view, sw))
		return;
	uint32_t index = net_switch_by_peer(scene->net, (uint32_t) peer);
	uint32_t there = index == NET_NONE ? NET_NONE
		: view_switch_by_name(scene->view, scene->net->switches[index].name);
	if (there == NET_NONE || there == sw || view_switch(scene->view, there)->ever)
		return;
	fact.network = (uint32_t) network;
	fact.ofport = (uint32_t) peer;
	reply->fact(reply->ctx, &fact);
}
