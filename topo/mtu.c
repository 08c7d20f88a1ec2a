/* SPDX-License-Identifier: Apache-2.0 */
/* How large a packet is that a network carries between hosts, and whether that is
 * enough for those in it. All in bytes of an IP packet, as `ip link` counts.
 *
 * A VXLAN frame is the guest's with 14 bytes of its Ethernet header, 8 of VXLAN
 * (RFC 7348, 5), 8 of UDP and 20 or 40 of IP before it. Open vSwitch does not cut
 * it and tells nobody when it does not fit. */
#include "topo/model.h"

enum {
	OVERHEAD_V4 = 14 + 8 + 8 + 20,
	OVERHEAD_V6 = 14 + 8 + 8 + 40,
};

/* A way into the underlay. */
struct gate {
	const struct net_switch *sw;    /* null: none */
	const struct net_underlay *underlay;    /* null: there is but one */
	uint32_t mtu, overhead;
};

static struct gate gate_of(const struct net *net, const struct net_switch *sw, const struct net_vtep_at *at)
{
	struct gate gate = { sw, NULL, sw->underlay_mtu, at->is_v6 ? OVERHEAD_V6 : OVERHEAD_V4 };

	if (at->underlay == NET_NONE)
		return gate;
	gate.underlay = &net->underlays[at->underlay];
	if (!sw->underlay_mtu_is_given || gate.underlay->mtu < gate.mtu)
		gate.mtu = gate.underlay->mtu;
	return gate;
}

bool model_is_in(const struct net *net, const struct net_network *network, const struct net_switch *sw)
{
	uint32_t index = (uint32_t) (sw - net->switches);

	for (size_t k = 0; k < network->n_ports; k++)
		if (network->ports[k].switch_glob && net_glob(network->ports[k].switch_glob, sw->name))
			return true;
	for (size_t k = 0; k < network->physical.n_ports; k++)
		if (network->physical.ports[k].sw == index)
			return true;
	for (size_t k = 0; k < network->n_uplinks; k++)
		if (network->uplinks[k].sw == index)
			return true;
	return false;
}

/* The narrowest way into an underlay of those in the network: traffic may be
 * steered over any. */
static struct gate narrowest(const struct net *net, const struct net_network *network)
{
	struct gate found = { NULL, NULL, 0, 0 };

	for (size_t i = 0; i < net->n_switches; i++) {
		const struct net_switch *sw = &net->switches[i];
		bool is_in = sw->n_vteps && model_is_in(net, network, sw);

		for (size_t k = 0; is_in && k < sw->n_vteps; k++) {
			struct gate gate = gate_of(net, sw, &sw->vteps[k]);

			if (!found.sw || gate.mtu - gate.overhead < found.mtu - found.overhead)
				found = gate;
		}
	}
	return found;
}

uint32_t net_hosts_mtu(const struct net_network *network)
{
	bool has_lan = network->physical.n_ports || network->n_uplinks;

	return network->mtu ? network->mtu : has_lan ? NET_ETHERNET_MTU : 0;
}

static void settle_network(const struct net *net, struct net_network *network, struct diag *diag)
{
	struct gate gate = { NULL, NULL, 0, 0 };
	uint32_t mtu = net_hosts_mtu(network);
	struct where where = network->mtu ? network->mtu_where
		: network->physical.n_ports ? network->physical.where : network->where;

	if (network->tunnels)
		gate = narrowest(net, network);
	if (!gate.sw)
		return;
	network->guest_mtu = gate.mtu - gate.overhead;
	if (mtu > network->guest_mtu)
		diag_add(diag, where, DIAG_MTU,
			 "%s of network \"%s\" send packets of %u bytes, its tunnels carry %u (the underlay%s%s%s of "
			 "switch \"%s\" has %u, VXLAN takes %u): larger ones are lost without a word; give the "
			 "underlay %u (`underlay_mtu`), or all hosts %u (`mtu`)",
			 network->mtu ? "the hosts" : "machines on the LAN", network->name, mtu,
			 network->guest_mtu, gate.underlay ? " \"" : "", gate.underlay ? gate.underlay->name : "",
			 gate.underlay ? "\"" : "", gate.sw->name, gate.mtu, gate.overhead, mtu + gate.overhead,
			 network->guest_mtu);
}

void mtus_settle(struct net *net, struct diag *diag)
{
	for (size_t i = 0; i < net->n_switches; i++) {
		struct net_switch *sw = &net->switches[i];

		sw->underlay_mtu_is_given = sw->underlay_mtu;
		if (!sw->underlay_mtu)
			sw->underlay_mtu = net->n_underlays && sw->n_vteps ? net->underlays[0].mtu : net->underlay_mtu;
	}
	for (size_t i = 0; i < net->n_networks; i++)
		settle_network(net, &net->networks[i], diag);
}
