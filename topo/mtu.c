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

static uint32_t overhead(const struct net_switch *sw)
{
	return sw->vtep_is_v6 ? OVERHEAD_V6 : OVERHEAD_V4;
}

/* Has the network ports on that switch, or may it have? */
static bool is_in(const struct net *net, const struct net_network *network, const struct net_switch *sw)
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

/* The switch whose underlay is the narrowest of those in the network, or null. */
static const struct net_switch *narrowest(const struct net *net, const struct net_network *network)
{
	const struct net_switch *found = NULL;

	for (size_t i = 0; i < net->n_switches; i++) {
		const struct net_switch *sw = &net->switches[i];

		if (sw->vtep && is_in(net, network, sw)
		    && (!found || sw->underlay_mtu - overhead(sw) < found->underlay_mtu - overhead(found)))
			found = sw;
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
	const struct net_switch *sw = network->tunnels ? narrowest(net, network) : NULL;
	uint32_t mtu = net_hosts_mtu(network);
	struct where where = network->mtu ? network->mtu_where
		: network->physical.n_ports ? network->physical.where : network->where;

	if (!sw)
		return;
	network->guest_mtu = sw->underlay_mtu - overhead(sw);
	if (mtu > network->guest_mtu)
		diag_add(diag, where, DIAG_MTU,
			 "%s of network \"%s\" send packets of %u bytes, its tunnels carry %u (the underlay of "
			 "switch \"%s\" has %u, VXLAN takes %u): larger ones are lost without a word; give the "
			 "underlay %u (`underlay_mtu`), or all hosts %u (`mtu`)",
			 network->mtu ? "the hosts" : "machines on the LAN", network->name, mtu,
			 network->guest_mtu, sw->name, sw->underlay_mtu, overhead(sw), mtu + overhead(sw),
			 network->guest_mtu);
}

void mtus_settle(struct net *net, struct diag *diag)
{
	for (size_t i = 0; i < net->n_switches; i++)
		if (!net->switches[i].underlay_mtu)
			net->switches[i].underlay_mtu = net->underlay_mtu;
	for (size_t i = 0; i < net->n_networks; i++)
		settle_network(net, &net->networks[i], diag);
}
