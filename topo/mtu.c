/* SPDX-License-Identifier: Apache-2.0 */
/* How large a packet is that a network carries between hosts, and whether that is
 * enough for those in it. All in bytes of an IP packet, as `ip link` counts.
 *
 * A VXLAN frame is the guest's with 14 bytes of its Ethernet header, 8 of VXLAN
 * (RFC 7348, 5), 8 of UDP and 20 or 40 of IP before it. Open vSwitch does not cut
 * it and tells nobody when it does not fit. */
#include <string.h>

#include "topo/model.h"

enum {
	OVERHEAD_V4 = 14 + 8 + 8 + 20,
	OVERHEAD_V6 = 14 + 8 + 8 + 40,
	LAN_MTU = 1500,                 /* IEEE 802.3: what machines on a LAN have when nobody says otherwise */
};

static uint32_t overhead(const struct net_switch *sw)
{
	return sw->vtep_is_v6 ? OVERHEAD_V6 : OVERHEAD_V4;
}

/* The switch whose underlay is the narrowest of those in the network, or null. */
static const struct net_switch *narrowest(const struct net *net, const struct net_network *network)
{
	const struct net_switch *found = NULL;

	for (size_t i = 0; i < net->n_switches; i++) {
		const struct net_switch *sw = &net->switches[i];
		bool is_in = false;

		for (size_t k = 0; sw->vtep && !is_in && k < network->n_ports; k++)
			is_in = network->ports[k].switch_glob && net_glob(network->ports[k].switch_glob, sw->name);
		for (size_t k = 0; sw->vtep && !is_in && k < network->physical.n_ports; k++)
			is_in = network->physical.ports[k].switch_name
				&& !strcmp(network->physical.ports[k].switch_name, sw->name);
		if (is_in && (!found || sw->underlay_mtu - overhead(sw) < found->underlay_mtu - overhead(found)))
			found = sw;
	}
	return found;
}

static void settle_network(const struct net *net, struct net_network *network, struct diag *diag)
{
	const struct net_switch *sw = network->tunnels ? narrowest(net, network) : NULL;
	bool meets_lan = network->physical.n_ports || network->n_uplinks;
	uint32_t mtu = network->mtu ? network->mtu : meets_lan ? LAN_MTU : 0;
	struct where where = network->mtu ? network->mtu_where
		: network->physical.n_ports ? network->physical.where : network->where;

	if (!sw)
		return;
	network->guest_mtu = sw->underlay_mtu - overhead(sw);
	if (mtu > network->guest_mtu)
		diag_add(diag, where, DIAG_MTU,
			 "the hosts of network \"%s\" send packets of %u bytes, its tunnels carry %u (the underlay of "
			 "switch \"%s\" has %u, VXLAN takes %u): larger ones are lost without a word; give the "
			 "underlay %u (`underlay_mtu`), or the hosts %u (`mtu`)", network->name, mtu,
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
