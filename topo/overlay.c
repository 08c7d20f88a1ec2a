/* SPDX-License-Identifier: Apache-2.0 */
/* Which networks travel by VXLAN, under which identifier, between which hosts.
 *
 * What is left out is chosen so that no other line of the file can change it:
 * a vni is a hash of the network's own name, a peer register is the address
 * itself (or its hash). Two that meet are a finding, never a silent second
 * choice, for that would move with the order of the names. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

enum { VNI_BITS = 24 };                 /* RFC 7348, 5 */

/* --- vteps ------------------------------------------------------------------------- */

/* RFC 1122, 3.2.1.3; RFC 4291, 2.5.2, 2.5.3, 2.5.5.2, 2.7. */
static bool is_hosts_v4(uint32_t ip)
{
	return ip >> 24 != 0 && ip >> 24 != 127 && ip >> 24 < 224;
}

static bool is_hosts_v6(const struct in6_addr *ip)
{
	return !IN6_IS_ADDR_UNSPECIFIED(ip) && !IN6_IS_ADDR_LOOPBACK(ip) && !IN6_IS_ADDR_MULTICAST(ip)
		&& !IN6_IS_ADDR_V4MAPPED(ip);
}

void vtep_read(struct net_switch *sw)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (!sw->vtep) {
		sw->peer = sw->name ? (uint32_t) net_hash(sw->name, strlen(sw->name)) | 1 : 0;
		return;
	}
	if (inet_pton(AF_INET, sw->vtep, &v4) == 1) {
		memcpy(sw->vtep_bytes, &v4, 4);
		sw->peer = is_hosts_v4(ntohl(v4.s_addr)) ? ntohl(v4.s_addr) : 0;
		return;
	}
	sw->vtep_is_v6 = inet_pton(AF_INET6, sw->vtep, &v6) == 1;
	if (!sw->vtep_is_v6)
		return;
	memcpy(sw->vtep_bytes, &v6, sizeof v6);
	if (is_hosts_v6(&v6))
		sw->peer = (uint32_t) net_hash(sw->vtep_bytes, sizeof sw->vtep_bytes) | 1;
}

static void read_vteps(struct net_switch *sw, struct diag *diag)
{
	for (size_t i = 0; i < sw->n_vteps; i++) {
		struct net_vtep_at *at = &sw->vteps[i];
		struct net_switch one = { .vtep = at->text };

		vtep_read(&one);
		at->is_v6 = one.vtep_is_v6;
		memcpy(at->bytes, one.vtep_bytes, sizeof at->bytes);
		if (!one.peer)
			diag_add(diag, at->where, DIAG_TUNNEL, "the vtep of switch \"%s\" is no address of a host: %s",
				 sw->name, at->text);
	}
}

static int by_peer(const void *a_, const void *b_)
{
	const struct net_switch *a = *(const struct net_switch *const *) a_;
	const struct net_switch *b = *(const struct net_switch *const *) b_;

	if (a->peer != b->peer)
		return a->peer < b->peer ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* What its peer register is made from. */
static const char *key_of_peer(const struct net_switch *sw) { return sw->vtep ? sw->vtep : sw->name; }

void vteps_settle(struct net *net, struct diag *diag)
{
	size_t n = net->n_switches;
	const struct net_switch **order = arena_new_array(net->arena, const struct net_switch *, n);

	for (size_t i = 0; i < n; i++) {
		struct net_switch *sw = &net->switches[i];

		vtep_read(sw);
		read_vteps(sw, diag);
		order[i] = sw;
	}
	qsort(order, n, sizeof *order, by_peer);
	/* Equal texts are found by switches_settle(). */
	for (size_t i = 1; i < n; i++)
		if (order[i]->peer && order[i]->peer == order[i - 1]->peer
		    && strcmp(key_of_peer(order[i]), key_of_peer(order[i - 1])))
			diag_add(diag, order[i]->where, DIAG_ID_CLASH,
				 "%s and %s, of switches \"%s\" and \"%s\", have one hash; change one of the two",
				 key_of_peer(order[i - 1]), key_of_peer(order[i]), order[i - 1]->name, order[i]->name);
}

/* --- networks ---------------------------------------------------------------------- */

/* The switches that the network's ports are on, or can be, by whether a tunnel
 * reaches them. */
struct reach {
	size_t n_with, n_without;
	const struct net_switch *without;       /* the first one */
	struct where where;                     /* of the entry that matches it */
	const struct net_switch *with, *other;  /* the first one, and the first of another kind of address */
	struct where other_where;
};

static void reach_switch(const struct net_switch *sw, struct where where, struct reach *reach)
{
	if (sw->vtep) {
		if (!reach->n_with++)
			reach->with = sw;
		if (sw->vtep_is_v6 != reach->with->vtep_is_v6 && !reach->other) {
			reach->other = sw;
			reach->other_where = where;
		}
	} else if (!reach->n_without++) {
		reach->without = sw;
		reach->where = where;
	}
}

static void reach_of(const struct net *net, const struct net_network *network, bool *seen, struct reach *reach)
{
	const char *before = "";

	memset(seen, 0, net->n_switches);
	*reach = (struct reach) {0};
	for (size_t k = 0; k < network->physical.n_ports; k++) {
		const struct net_uplink *port = &network->physical.ports[k];
		uint32_t sw = port->switch_name ? net_switch_by_name(net, port->switch_name) : NET_NONE;

		if (sw == NET_NONE || seen[sw])
			continue;
		seen[sw] = true;
		reach_switch(&net->switches[sw], port->where, reach);
	}
	for (size_t k = 0; k < network->n_ports; k++) {
		const struct net_port *port = &network->ports[k];

		/* The same glob again and again is the common case. */
		if (!port->switch_glob || !strcmp(before, port->switch_glob))
			continue;
		before = port->switch_glob;
		for (size_t i = 0; i < net->n_switches; i++) {
			if (seen[i] || !net_glob(port->switch_glob, net->switches[i].name))
				continue;
			seen[i] = true;
			reach_switch(&net->switches[i], port->where, reach);
		}
	}
}

bool overlay_reaches(const struct net *net, const struct net_network *network, bool is_v6)
{
	for (size_t i = 0; i < net->n_switches; i++) {
		const struct net_switch *sw = &net->switches[i];

		for (size_t k = 0; sw->vtep && sw->vtep_is_v6 == is_v6 && k < network->n_ports; k++)
			if (network->ports[k].switch_glob && net_glob(network->ports[k].switch_glob, sw->name))
				return true;
	}
	return false;
}

/* Labels are no choice where frames are steered by tunnel. */
static uint32_t vni_of(const char *name, bool spare_labels)
{
	uint32_t vni = (uint32_t) (net_hash(name, strlen(name)) & ((1u << VNI_BITS) - 1));

	if (spare_labels && vni >= NET_TE_FIRST_VNI)
		vni %= NET_TE_FIRST_VNI;
	return vni ? vni : 1;
}

/* By name: the ends of links are looked up later. */
static bool has_link(const struct net *net, const struct net_switch *sw)
{
	for (size_t i = 0; i < 2 * net->n_links; i++) {
		const char *name = net->links[i / 2].ends[i & 1].switch_name;

		if (name && !strcmp(name, sw->name))
			return true;
	}
	return false;
}

static void take_tunnels(const struct net *net, struct net_network *network)
{
	network->tunnels = true;
	if (network->vni)
		return;
	network->vni = vni_of(network->name, has_tunnel_edges(net));
	network->vni_is_chosen = true;
}

static bool has_uplink(const struct net *net, const struct net_network *network, const struct net_switch *sw)
{
	for (size_t k = 0; k < network->n_uplinks; k++)
		if (network->uplinks[k].switch_name
		    && net_switch_by_name(net, network->uplinks[k].switch_name) == (uint32_t) (sw - net->switches))
			return true;
	return false;
}

/* A VLAN of which not every switch has an uplink: the others are reached by
 * tunnels, when they and one that has an uplink have a vtep of one kind. */
static void settle_mixed(const struct net *net, struct net_network *network, const bool *seen)
{
	bool is_outside[2] = { false }, is_on_trunk[2] = { false };

	for (size_t i = 0; i < net->n_switches; i++) {
		const struct net_switch *sw = &net->switches[i];
		bool on_trunk = has_uplink(net, network, sw);

		if (!sw->vtep || (!seen[i] && !on_trunk))
			continue;
		(on_trunk ? is_on_trunk : is_outside)[sw->vtep_is_v6] = true;
	}
	if ((is_outside[0] && is_on_trunk[0]) || (is_outside[1] && is_on_trunk[1]))
		take_tunnels(net, network);
}

/* VTEPs that are no switches of ours need one of ours that can reach them. */
static void check_foreign(const struct net *net, const struct net_network *network, const struct reach *reach,
			  struct diag *diag)
{
	for (size_t i = 0; i < network->n_vteps; i++) {
		const struct net_switch *end = &net->vteps[network->vteps[i]].end;

		if (network->transport == NET_VLAN || network->n_uplinks)
			diag_add(diag, end->where, DIAG_TUNNEL,
				 "vtep \"%s\" is in network \"%s\", which travels by VLAN", end->name, network->name);
		else if (!reach->n_with)
			diag_add(diag, end->where, DIAG_TUNNEL,
				 "vtep \"%s\" is in network \"%s\", and no switch with ports there has a \"vtep\"",
				 end->name, network->name);
		else if (end->vtep && end->vtep_is_v6 != reach->with->vtep_is_v6)
			diag_add(diag, end->where, DIAG_TUNNEL,
				 "vtep \"%s\" is in network \"%s\" with another kind of address than switch \"%s\": "
				 "one kind cannot reach the other", end->name, network->name, reach->with->name);
	}
}

void overlays_settle(struct net *net, struct diag *diag)
{
	bool *seen = xheap_alloc(net->n_switches);

	for (size_t i = 0; i < net->n_networks; i++) {
		struct net_network *network = &net->networks[i];
		struct reach reach;

		if (!network->name)
			continue;
		reach_of(net, network, seen, &reach);
		if (network->vni >= NET_TE_FIRST_VNI && has_tunnel_edges(net))
			diag_add(diag, network->where, DIAG_LABEL,
				 "network \"%s\" has `vni: %u`, and %u-%u are labels of steered frames in tunnels; use a "
				 "lower one", network->name, network->vni, NET_TE_FIRST_VNI, NET_TE_LAST_VNI);
		check_foreign(net, network, &reach, diag);
		if (network->transport == NET_VLAN) {
			settle_mixed(net, network, seen);
			continue;
		}
		if (network->transport == NET_LOCAL && reach.n_with + network->n_vteps >= 2 && reach.n_with
		    && !network->n_uplinks)
			network->transport = NET_VXLAN;
		if (network->transport != NET_VXLAN)
			continue;
		take_tunnels(net, network);
		if (reach.other)
			diag_add(diag, reach.other_where, DIAG_TUNNEL,
				 "network \"%s\" has switches with IPv4 and IPv6 vteps (\"%s\", \"%s\"): one kind cannot "
				 "reach the other", network->name, reach.with->name, reach.other->name);
		if (!reach.n_with)
			diag_add(diag, network->where, DIAG_TUNNEL,
				 "network \"%s\" has `transport: vxlan` and none of its switches has a \"vtep\"",
				 network->name);
		else if (reach.n_without && !has_link(net, reach.without))
			diag_add(diag, reach.where, DIAG_NO_VTEP,
				 "switch \"%s\" has ports in network \"%s\" and no \"vtep\": no other switch reaches "
				 "them%s", reach.without->name, network->name,
				 reach.n_without > 1 ? "; it is not the only one" : "");
	}
	free(seen);
}
