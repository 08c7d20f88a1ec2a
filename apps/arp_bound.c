/* SPDX-License-Identifier: Apache-2.0 */
/* IP addresses that ports are bound to: what other edge ports say about them is
 * dropped and reported where it comes in, so nobody's table is changed by it, and the
 * answers for their owner go on. They are there by the file, whoever has spoken. */
#include "apps/arp.h"

#include <string.h>

enum { TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd, PROTO_ICMPV6 = 58, SOLICITATION = 135, ADVERTISEMENT = 136 };

static void begin(struct out *out, enum arp_row row, uint32_t network_id, const uint8_t *mac, uint64_t object,
		  bool is_v6)
{
	struct build *b = out->build;
	out_row(out, &arp_rows[row], object);
	match_u(b, FIELD_NETWORK, network_id);
	match_u(b, FIELD_CLASS, CLASS_EDGE);
	match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	if (mac)
		match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	match_u(b, FIELD_ETH_TYPE, is_v6 ? TYPE_IPV6 : TYPE_ARP);
}

/* type: of ICMPv6, 0 = ARP. */
static void match_claim(struct build *b, unsigned type, const uint8_t *ip)
{
	if (!type) {
		match_bytes(b, FIELD_ARP_SPA, ip, NULL);
		return;
	}
	match_u(b, FIELD_IP_PROTO, PROTO_ICMPV6);
	match_u(b, FIELD_ICMPV6_TYPE, type);
	match_bytes(b, type == SOLICITATION ? FIELD_IPV6_SRC : FIELD_ND_TARGET, ip, NULL);
}

/* The owner is let by; reported where that makes a row of its own, see arp_claim(). */
static void two_rows(struct out *out, const struct view_switch *vs, uint32_t network_id, const struct net_port *port,
		     const struct net_address *ip, uint64_t object, unsigned type, bool reports)
{
	enum arp_row bound = !type ? ARP_BOUND4 : type == SOLICITATION ? ARP_BOUND_NS : ARP_BOUND_NA;
	struct build *b = out->build;
	begin(out, bound, network_id, port->mac.bytes, object, ip->is_v6);
	match_claim(b, type, ip->bytes);
	if (reports && type != ADVERTISEMENT)
		act_controller(b, CLAIM_BYTES, has_meter(vs->max_meters, METER_CLAIM) ? METER_CLAIM : 0);
	act_goto(b, TABLE_L2_DST);
	out_want(out, vs->sw);

	begin(out, bound + 1, network_id, NULL, object, ip->is_v6);
	match_claim(b, type, ip->bytes);
	if (has_meter(vs->max_meters, METER_GUARD))
		act_controller(b, CLAIM_BYTES, METER_GUARD);
	out_want(out, vs->sw);
}

static bool has_ip(const struct net_port *port, const uint8_t mac[6], const struct net_address *ip)
{
	for (size_t i = 0; !memcmp(port->mac.bytes, mac, 6) && i < port->ips.n; i++)
		if (port->ips.items[i].is_v6 == ip->is_v6 && !memcmp(port->ips.items[i].bytes, ip->bytes, 16))
			return true;
	return false;
}

void arp_bound_rows(struct out *out, const struct view_switch *vs, const struct net *net, uint32_t n, bool reports)
{
	const struct net_network *network = &net->networks[n];
	for (size_t i = 0; i < network->n_bound; i++) {
		const struct net_port *port = &network->ports[network->bound[i]];
		uint64_t object = net->objects[port->object].id;
		for (size_t k = 0; k < port->ips.n; k++) {
			const struct net_address *ip = &port->ips.items[k];
			/* One MAC at several ports may have its addresses at each. */
			if (i && has_ip(&network->ports[network->bound[i - 1]], port->mac.bytes, ip))
				continue;
			if (!ip->is_v6)
				two_rows(out, vs, network->id, port, ip, object, 0, reports);
			for (unsigned type = SOLICITATION; ip->is_v6 && type <= ADVERTISEMENT; type++)
				two_rows(out, vs, network->id, port, ip, object, type, reports);
		}
	}
}
