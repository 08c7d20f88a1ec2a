/* SPDX-License-Identifier: Apache-2.0 */
/* Sources that connections get by `snat` are nobody's, so the switches answer for them:
 * whoever asks, by broadcast or, to see whether it is alive, by unicast. What hosts say
 * of such an address is dropped. There by the file, whoever has spoken. */
#include "apps/arp.h"

#include <string.h>

#include "apps/acl.h"

enum { TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd, PROTO_ICMPV6 = 58, SOLICITATION = 135, ADVERTISEMENT = 136 };

static void begin_claim(struct out *out, enum arp_row row, const struct net *net, uint32_t n, unsigned icmpv6_type)
{
	struct build *b = out->build;
	out_row(out, &arp_rows[row], net->objects[net->networks[n].object].id);
	match_u(b, FIELD_NETWORK, net->networks[n].id);
	match_u(b, FIELD_CLASS, CLASS_EDGE);
	match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	match_u(b, FIELD_ETH_TYPE, icmpv6_type ? TYPE_IPV6 : TYPE_ARP);
	if (!icmpv6_type)
		return;
	match_u(b, FIELD_IP_PROTO, PROTO_ICMPV6);
	match_u(b, FIELD_ICMPV6_TYPE, icmpv6_type);
}

static void claims(struct out *out, const struct view_switch *vs, const struct net *net, uint32_t n,
		   const struct net_address *ip)
{
	static const struct { enum arp_row row; unsigned type; enum field field; } kinds[2][2] = {
		{ { ARP_SNAT_CLAIM4, 0, FIELD_ARP_SPA } },
		{ { ARP_SNAT_CLAIM_NS, SOLICITATION, FIELD_IPV6_SRC }, { ARP_SNAT_CLAIM_NA, ADVERTISEMENT, FIELD_ND_TARGET } },
	};
	for (size_t i = 0; i <= ip->is_v6; i++) {
		begin_claim(out, kinds[ip->is_v6][i].row, net, n, kinds[ip->is_v6][i].type);
		match_bytes(out->build, kinds[ip->is_v6][i].field, ip->bytes, NULL);
		if (has_meter(vs->max_meters, METER_GUARD))
			act_controller(out->build, CLAIM_BYTES, METER_GUARD);
		out_want(out, vs->sw);
	}
}

static void questions(struct out *out, const struct view_switch *vs, const struct net *net, uint32_t n,
		      const struct net_address *ip, bool reports)
{
	static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };
	struct build *b = out->build;
	begin_claim(out, ip->is_v6 ? ARP_ASKS_SNAT6 : ARP_ASKS_SNAT4, net, n, ip->is_v6 ? SOLICITATION : 0);
	match_bytes(b, ip->is_v6 ? FIELD_ND_TARGET : FIELD_ARP_TPA, ip->bytes, NULL);
	if (reports)
		act_controller(b, CLAIM_BYTES, has_meter(vs->max_meters, METER_CLAIM) ? METER_CLAIM : 0);
	act_goto(b, TABLE_ARP);
	out_want(out, vs->sw);
	for (size_t i = 0; i < 2; i++) {
		out_row(out, &arp_rows[ip->is_v6 ? ARP_SNAT6 : ARP_SNAT4], net->objects[net->networks[n].object].id);
		match_u(b, FIELD_NETWORK, net->networks[n].id);
		match_bytes(b, FIELD_ETH_DST, i ? acl_snat_mac : group_bit, i ? NULL : group_bit);
		arp_put_answer(b, ip->is_v6, ip->bytes, acl_snat_mac);
		out_want(out, vs->sw);
	}
}

/* Two words of the file may share an address. */
static bool is_first(const struct net_network *network, size_t at, const struct net_address *ip)
{
	for (size_t i = 0; i < at; i++) {
		const struct net_address *other = network->snats[i]->of[ip->is_v6];
		if (other && !memcmp(other->bytes, ip->bytes, sizeof ip->bytes))
			return false;
	}
	return true;
}

void arp_snat_rows(struct out *out, const struct view_switch *vs, const struct net *net, uint32_t n, bool reports)
{
	const struct net_network *network = &net->networks[n];
	for (size_t i = 0; i < network->n_snats; i++) {
		for (size_t is_v6 = 0; is_v6 < 2; is_v6++) {
			const struct net_address *ip = network->snats[i]->of[is_v6];
			if (!ip || !is_first(network, i, ip))
				continue;
			claims(out, vs, net, n, ip);
			questions(out, vs, net, n, ip, reports);
		}
	}
}
