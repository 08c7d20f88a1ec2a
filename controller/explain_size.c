/* SPDX-License-Identifier: Apache-2.0 */
/* How large packets may be on the way between both ends: one of a given size, and those
 * that hosts send when nobody has told them how large. */
#include "controller/explain_impl.h"

void explain_judge_size(struct explaining *e, struct explain_leg *leg)
{
	uint32_t size = e->question->size, piece = explain_is_cut(e) ? explain_hosts_mtu(e) : size;
	if (!size || !leg->passes || !leg->over_tunnel || piece <= leg->tunnel_mtu)
		return;
	leg->passes = false;
	leg->cause = (struct explain_cause) {
		.kind = "mtu",
		.text = explain_printf(e, piece == size ? "a packet of %u bytes does not fit: the tunnel carries %u"
				       : "a packet of %u bytes does not fit, nor do its fragments: the tunnel carries %u", size, leg->tunnel_mtu),
		.cure = explain_printf(e, "give the hosts an MTU of %u (ip link set eth0 mtu %u), or the underlay one of %u more", leg->tunnel_mtu,
				       leg->tunnel_mtu, piece - leg->tunnel_mtu),
		.sw = NULL, .line = e->net->networks[e->network].where.line,
	};
}

/* What fits through all tunnels on the way, there and back; 0 = there is none. */
static uint32_t room(const struct explain *x)
{
	uint32_t least = 0;
	for (unsigned d = 0; d < x->n_directions; d++) {
		for (size_t i = 0; i < x->directions[d].n_legs; i++) {
			const struct explain_leg *leg = &x->directions[d].legs[i];
			if (leg->passes && !leg->is_answered && leg->over_tunnel && leg->tunnel_mtu && (!least || leg->tunnel_mtu < least))
				least = leg->tunnel_mtu;
		}
	}
	return least;
}

/* Small packets pass, and that is why nobody thinks of it. */
void explain_note_size(struct explaining *e)
{
	uint32_t least = room(e->x), sent;
	if (e->network == NET_NONE || !least || explain_says(&e->protocol) || e->protocol.kind == EXPLAIN_ARP)
		return;
	const struct net_network *network = &e->net->networks[e->network];
	const char *who;
	sent = net_hosts_mtu(network);
	if (sent)
		who = explain_printf(e, "%s of network %s send packets of up to %u bytes", network->mtu ? "hosts" : "machines on the LAN", network->name,
				     sent);
	else
		who = explain_printf(e, "hosts that were not told send packets of up to %u bytes", sent = NET_ETHERNET_MTU);
	if (sent <= least)
		return;
	const char *text = explain_printf(e, "%s, the tunnels on the way carry %u: larger ones are lost without a word", who, least);
	const char *cure = explain_printf(e, "give the hosts an MTU of %u%s, or the underlay %u more bytes; ask with --size: docs/howto/mtu.md", least,
					  network->mtu ? "" : " and write `mtu` at the network", sent - least);
	explain_cause_add(&e->x->notes, "mtu", text, cure, NULL, network->mtu ? network->mtu_where.line : network->where.line);
}
