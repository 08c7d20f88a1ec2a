/* SPDX-License-Identifier: Apache-2.0 */
/* The MTUs of a lab: the underlay has what the file declares, a VM what the file
 * says of its network's hosts, or else what fits into the network's tunnels. */
#include "controller/lab_plan.h"

static unsigned larger(unsigned a, unsigned b) { return a > b ? a : b; }

static unsigned mtu_of(const struct net_network *network)
{
	return network->mtu ? network->mtu : network->guest_mtu ? network->guest_mtu : NET_ETHERNET_MTU;
}

/* One for all interfaces of a VM: what every network it stands in can carry. */
static unsigned vm_mtu(const struct net *net, const struct lab_vm *vm)
{
	unsigned mtu = 0;

	for (size_t i = 0; i < vm->n_stands; i++) {
		const struct net_network *network = &net->networks[net_network_by_name(net, vm->stands[i].network)];

		if (!mtu || mtu_of(network) < mtu)
			mtu = mtu_of(network);
	}
	return mtu ? mtu : NET_ETHERNET_MTU;
}

void lab_plan_mtus(struct making *making)
{
	struct lab_plan *plan = making->plan;
	const struct net *net = making->net;

	plan->underlay_mtu = plan->lan_mtu = NET_ETHERNET_MTU;
	for (size_t i = 0; i < plan->n_hosts; i++) {
		uint32_t sw = net_switch_by_name(net, plan->hosts[i].name);

		plan->hosts[i].underlay_mtu = sw == NET_NONE ? net->underlay_mtu : net->switches[sw].underlay_mtu;
		plan->underlay_mtu = larger(plan->underlay_mtu, plan->hosts[i].underlay_mtu);
	}
	for (size_t i = 0; i < net->n_networks; i++)
		plan->lan_mtu = larger(plan->lan_mtu, mtu_of(&net->networks[i]));
	for (size_t i = 0; i < plan->n_vms; i++)
		plan->vms[i].mtu = vm_mtu(net, &plan->vms[i]);
}
