/* SPDX-License-Identifier: Apache-2.0 */
/* l2: who is where. A host is learned once, where it speaks, and written to all
 * switches from our map:
 *
 *   its own switch        l2_src: network, port, MAC -> on; idle timeout = ageing
 *                         l2_src: network, uplink, MAC -> copy to us, if there is one; on
 *                         l2_dst: network, MAC -> its port
 *   every other switch    l2_dst: network, MAC -> the uplink of that network, or
 *                         its switch, by link or tunnel
 *
 * A host that only other switches remember (unconfirmed) has the last kind of
 * row on every switch (but on the one that they say it is behind). compile says
 * all rows of a switch, patch those that one host changes; the row kinds are in
 * l2_rows.c, learning in l2_learn.c. */
#include <stdlib.h>

#include "apps/acl.h"
#include "apps/apps.h"
#include "apps/l2.h"
#include "apps/storm.h"
#include "apps/tunnel.h"
#include "topo/ways.h"

/* Do rules stand between l2_dst and the network's ports there? */
static bool is_judged(const struct scene *scene, uint32_t sw, const struct view_network *vn)
{
	return acl_judges(scene, sw, (uint32_t) (vn - view_network(scene->view, 0)));
}

/* May a host that is learned there be heard on the switch's uplink, and be believed? */
static bool may_go(const struct net_network *network, const struct view_member *member, const struct view_use *use)
{
	return member && member->uplink != NET_NONE && !use->sticky && !use->is_physical
		&& !net_is_bound(&network->ports[use->entry]);
}

/* --- compile ----------------------------------------------------------------------- */

static void hosts_here(const struct scene *scene, struct out *out, uint32_t sw,
		       const struct net_network *network, const struct view_member *member, bool judged)
{
	const struct host *host = NULL;
	while ((host = view_member_host(scene->view, member, host))) {
		const struct view_use *use = view_use(view_port(scene->view, sw, host->ofport), network->id);
		l2_want_src(out, sw, network, host->ofport, host->mac, use);
		l2_want_dst(out, sw, network->id, host->mac, host->ofport, use->object, judged);
		if (may_go(network, member, use))
			l2_back(out, view_switch(scene->view, sw), network->id, host->mac, use->object, true);
	}
}

static uint64_t uplink_object(const struct scene *scene, const struct view_member *member, uint32_t network_id)
{
	return view_use(view_port(scene->view, member->sw, member->uplink), network_id)->object;
}

/* The switch that a host is behind, by its index, as far as it is known. */
static uint32_t behind(const struct scene *scene, bool unconfirmed, uint32_t sw, uint32_t ofport)
{
	if (unconfirmed)
		return net_switch_by_peer(scene->net, ofport);
	const struct view_switch *vs = view_switch(scene->view, sw);
	return vs ? vs->index : NET_NONE;
}

/* Writes the row by which a switch reaches a host behind another one; false
 * when it has no way there. Where ways change, the row stays while there is none:
 * what it leads to is a row of output, so a way that moves costs one row and not
 * one per host, and meanwhile frames are dropped rather than flooded. */
static bool lead(const struct scene *scene, struct out *out, const struct view_network *vn,
		 const struct view_member *here, uint32_t to, const uint8_t mac[6])
{
	const struct way way = ways_to(scene->view, vn, here, to);
	const struct net_switch *peer = to == NET_NONE ? NULL : &scene->net->switches[to];
	switch (way.kind) {
	case WAY_LAN:
		l2_want_dst(out, here->sw, vn->id, mac, way.ofport, uplink_object(scene, here, vn->id),
			    is_judged(scene, here->sw, vn));
		return true;
	case WAY_NONE:
		if (!view_ways(scene->view) || !peer || to == view_switch(scene->view, here->sw)->index)
			return false;
		/* fall through */
	case WAY_LINK:
	case WAY_TUNNEL:
		l2_want_peer(out, here->sw, vn->id, mac, peer->peer, tunnel_object(scene, peer),
			     is_judged(scene, here->sw, vn));
		return true;
	}
	return false;
}

/* Is there a way to any other switch? */
bool l2_has_way(const struct scene *scene, const struct view_network *vn, const struct view_member *member)
{
	return member->uplink != NET_NONE || tunnel_port(scene, vn, member) != NET_NONE || member->transit;
}

static void hosts_elsewhere(const struct scene *scene, struct out *out,
			    const struct view_network *vn, const struct view_member *here)
{
	const struct host *host = NULL;
	if (!l2_has_way(scene, vn, here))
		return;
	for (size_t i = 0; i < vn->n_members; i++) {
		const struct view_member *there = &vn->members[i];
		uint32_t index = behind(scene, false, there->sw, 0);
		if (there == here)
			continue;
		host = NULL;
		while ((host = view_member_host(scene->view, there, host)))
			lead(scene, out, vn, here, index, host->mac);
	}
	host = NULL;
	while ((host = view_unconfirmed(scene->view, vn, host)))
		lead(scene, out, vn, here, behind(scene, true, NET_NONE, host->ofport), host->mac);
}

/* Who is behind the network's VTEPs that are no switches of ours. */
static void hosts_abroad(const struct scene *scene, struct out *out, const struct net_network *network,
			 const struct view_network *vn, const struct view_member *here)
{
	bool has_way = tunnel_port(scene, vn, here) != NET_NONE;
	for (size_t i = 0; i < network->n_statics; i++) {
		const struct net_static *host = &network->statics[i];
		const struct net_switch *end = &scene->net->vteps[host->vtep].end;
		uint64_t object = tunnel_object(scene, end);
		l2_claimed(out, here->sw, vn->id, host->mac, object);
		if (has_way)
			l2_want_peer(out, here->sw, vn->id, host->mac, end->peer, object,
				     is_judged(scene, here->sw, vn));
	}
}

static void full_ports(struct out *out, const struct view_switch *vs)
{
	for (size_t p = 0; p < vs->n_ports; p++) {
		const struct view_port *port = &vs->ports[p];
		for (size_t u = 0; u < port->n_uses; u++)
			if (port->uses[u].n_hosts >= port->uses[u].room)
				l2_port_limit(out, vs, port->ofport, &port->uses[u], true);
	}
}

static void limited_ports(const struct scene *scene, struct out *out, const struct view_switch *vs)
{
	size_t n = 0;
	struct storm_meter *meters = vs->n_limited ? storm_meters(vs, &n, NULL) : NULL;
	for (size_t i = 0; i < n; i++) {
		uint32_t network = meters[i].use->network;
		if (meters[i].kind == STORM_UNKNOWN && meters[i].id && scene->net->networks[network].flood)
			l2_limited(out, vs->sw, meters[i].ofport, meters[i].use, meters[i].id,
				   acl_judges(scene, vs->sw, network));
	}
	free(meters);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	if (!vs)
		return;
	l2_switch_rows(out, vs);
	full_ports(out, vs);
	limited_ports(scene, out, vs);
	l2_own_macs(scene, out, vs);
	for (uint32_t n = 0; n < scene->net->n_networks; n++) {
		const struct net_network *network = &scene->net->networks[n];
		const struct view_network *vn = view_network(scene->view, n);
		const struct view_member *member = view_member(vn, sw);
		if (!member || !view_member_is_here(member))
			continue;
		bool judged = acl_judges(scene, sw, n);
		l2_network_rows(out, vs, scene->net, n, member, tunnel_port(scene, vn, member) != NET_NONE,
				member->transit, judged);
		if (member->n_edges && view_network_full(scene->view, n))
			l2_network_limit(out, vs, scene->net, n, true);
		if (network->n_snats)
			l2_ours(out, sw, scene->net, n, acl_snat_mac);
		hosts_here(scene, out, sw, network, member, judged);
		hosts_elsewhere(scene, out, vn, member);
		hosts_abroad(scene, out, network, vn, member);
	}
}

/* --- patch ------------------------------------------------------------------------- */

static uint32_t index_of(const struct scene *scene, const struct view_network *vn)
{
	return (uint32_t) (vn - view_network(scene->view, 0));
}

/* Facts are patched one by one as they are applied, so a limit is crossed
 * exactly when the count is at it: reached by who came, left by who went. */
static bool has_come(uint32_t n_hosts, uint32_t max_hosts) { return n_hosts == max_hosts; }
static bool has_gone(uint32_t n_hosts, uint32_t max_hosts) { return n_hosts + 1 == max_hosts; }

static void patch_port_reached(const struct scene *scene, struct out *out, const struct fact *fact,
			       const struct view_use *use)
{
	if (has_come(use->n_hosts, use->room))
		l2_port_limit(out, view_switch(scene->view, fact->sw), fact->ofport, use, true);
}

static void patch_port_left(const struct scene *scene, struct out *out, uint32_t sw, uint32_t ofport,
			    uint32_t network_id)
{
	const struct view_port *port = view_port(scene->view, sw, ofport);
	const struct view_use *use = port ? view_use(port, network_id) : NULL;
	if (use && has_gone(use->n_hosts, use->room))
		l2_port_limit(out, view_switch(scene->view, sw), ofport, use, false);
}

static void patch_network_limit(const struct scene *scene, struct out *out,
				const struct view_network *vn, bool full)
{
	for (size_t i = 0; i < vn->n_members; i++)
		if (vn->members[i].n_edges)
			l2_network_limit(out, view_switch(scene->view, vn->members[i].sw), scene->net,
					 index_of(scene, vn), full);
}

/* The rows on switches other than `except` that lead to the host: behind
 * the switch `to`. */
static void patch_elsewhere(const struct scene *scene, struct out *out, const struct view_network *vn,
			    uint32_t except, const uint8_t mac[6], uint32_t to, bool there)
{
	for (size_t i = 0; i < vn->n_members; i++) {
		const struct view_member *member = &vn->members[i];
		if (member->sw == except || !l2_has_way(scene, vn, member))
			continue;
		if (!there || !lead(scene, out, vn, member, to, mac))
			l2_unwant_dst(out, member->sw, vn->id, mac);
	}
}

static void unwant_back(const struct scene *scene, struct out *out, const struct view_member *member, uint32_t sw,
			uint32_t network_id, const uint8_t mac[6])
{
	if (member && member->uplink != NET_NONE)
		l2_back(out, view_switch(scene->view, sw), network_id, mac, 0, false);
}

static void patch_left(const struct scene *scene, struct out *out, const struct view_network *vn,
		       const struct fact *fact)
{
	const struct view_member *member = view_member(vn, fact->old_sw);
	l2_unwant_src(out, fact->old_sw, vn->id, fact->old_ofport, fact->mac);
	unwant_back(scene, out, member, fact->old_sw, vn->id, fact->mac);
	patch_port_left(scene, out, fact->old_sw, fact->old_ofport, vn->id);
	if (fact->old_sw == fact->sw)
		return;
	if (!member || !lead(scene, out, vn, member, behind(scene, false, fact->sw, 0), fact->mac))
		l2_unwant_dst(out, fact->old_sw, vn->id, fact->mac);
}

/* By an uplink every other switch is the same way. */
static bool is_news_elsewhere(const struct view *view, const struct net_network *network, const struct fact *fact)
{
	return !fact->was_known || ((network->tunnels || view_ways(view)) && fact->old_sw != fact->sw);
}

static bool patch_host(const struct scene *scene, const struct fact *fact, struct out *out)
{
	const struct view_network *vn = view_network_by_id(scene->view, fact->network);
	const struct view_port *port = view_port(scene->view, fact->sw, fact->ofport);
	const struct view_use *use = port ? view_use(port, fact->network) : NULL;
	const struct net_network *network = vn ? &scene->net->networks[index_of(scene, vn)] : NULL;
	uint32_t to = behind(scene, fact->unconfirmed, fact->sw, fact->ofport);

	if (!vn || (!use && !fact->unconfirmed))
		return false;
	if (fact->unconfirmed) {
		patch_elsewhere(scene, out, vn, NET_NONE, fact->mac, to, true);
	} else {
		if (is_news_elsewhere(scene->view, network, fact))
			patch_elsewhere(scene, out, vn, fact->sw, fact->mac, to, true);
		if (fact->was_known && fact->old_sw != NET_NONE)
			patch_left(scene, out, vn, fact);
		l2_want_src(out, fact->sw, network, fact->ofport, fact->mac, use);
		l2_want_dst(out, fact->sw, vn->id, fact->mac, fact->ofport, use->object,
			    is_judged(scene, fact->sw, vn));
		if (may_go(network, view_member(vn, fact->sw), use))
			l2_back(out, view_switch(scene->view, fact->sw), vn->id, fact->mac, use->object, true);
		patch_port_reached(scene, out, fact, use);
	}
	l2_patch_sticky(scene, out, vn, fact->mac);
	if (!fact->was_known && has_come(vn->n_hosts, network->max_hosts))
		patch_network_limit(scene, out, vn, true);
	return true;
}

static bool patch_host_gone(const struct scene *scene, const struct fact *fact, struct out *out)
{
	const struct view_network *vn = view_network_by_id(scene->view, fact->network);
	if (!vn)
		return false;
	patch_elsewhere(scene, out, vn, fact->sw, fact->mac, NET_NONE, false);
	l2_patch_sticky(scene, out, vn, fact->mac);
	if (!fact->unconfirmed) {
		l2_unwant_src(out, fact->sw, vn->id, fact->ofport, fact->mac);
		l2_unwant_dst(out, fact->sw, vn->id, fact->mac);
		unwant_back(scene, out, view_member(vn, fact->sw), fact->sw, vn->id, fact->mac);
		patch_port_left(scene, out, fact->sw, fact->ofport, vn->id);
	}
	if (!vn->was_full && has_gone(vn->n_hosts, scene->net->networks[index_of(scene, vn)].max_hosts))
		patch_network_limit(scene, out, vn, false);
	return true;
}

static bool patch_full(const struct scene *scene, const struct fact *fact, struct out *out)
{
	const struct view_network *vn = view_network_by_id(scene->view, fact->network);
	if (vn)
		patch_network_limit(scene, out, vn, view_network_full(scene->view, index_of(scene, vn)));
	return vn;
}

static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	switch (fact->kind) {
	case FACT_HOST:
		return patch_host(scene, fact, out);
	case FACT_HOST_GONE:
		return patch_host_gone(scene, fact, out);
	case FACT_NETWORK_FULL:
		return patch_full(scene, fact, out);
	case FACT_PORT:
		return !fact->uses_changed;
	default:
		return false;
	}
}

const struct app app_l2 = {
	.name = "l2",
	.help = "learning, limits, unknown destinations",
	.rows = l2_rows,
	.n_rows = N_L2_ROWS,
	.tables = TABLE_BIT(L2_SRC) | TABLE_BIT(L2_DST),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(HOST) | FACT_BIT(HOST_GONE)
		| FACT_BIT(NETWORK_FULL) | FACT_BIT(WAYS),
	.compile = compile,
	.patch = patch,
	.ahead = l2_ahead,
	.packet_in = l2_packet_in,
	.greets = FACT_BIT(GATEWAY),
	.greet = l2_announce,
	.recover = l2_recover,
	.removed = l2_removed,
};
