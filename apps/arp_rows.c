/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of claim, arp and advert. */
#include "apps/arp.h"

const struct app_row arp_rows[N_ARP_ROWS] = {
	[ARP_PROBE_ANSWER] = { "probe-answer", TABLE_CLAIM, 400, "eth_dst = weftd's own",
		"report and drop: a host answers whether it is there" },
	[ARP_ANNOUNCE] = { "announcement", TABLE_CLAIM, 310, "network, class = edge, eth_src, arp, sender = target",
		"a host announces its known address (RFC 5227): go to l2_dst, which floods it" },
	[ARP_ADVERT] = { "router-advert", TABLE_CLAIM, 305, "network, class = edge, router advertisement",
		"report: for the address of a router nobody answers; go to l2_dst" },
	[ARP_CLAIM4] = { "address4", TABLE_CLAIM, 300, "network, class = edge, eth_src, arp, sender's address",
		"known host, known address: go to arp; gone after an hour without" },
	[ARP_CLAIM6] = { "address6", TABLE_CLAIM, 290, "network, class = edge, eth_src, icmpv6, ipv6_src",
		"known host, known address: go to arp; gone after an hour without" },
	[ARP_ROUTER] = { "address6-router", TABLE_CLAIM, 285, "network, class = edge, eth_src, icmpv6, ipv6_src",
		"the same of an IPv6 router, for which nobody answers" },
	[ARP_RIVAL4] = { "rival4", TABLE_CLAIM, 260, "network, class = uplink, arp, sender's address",
		"the address of a host of this switch, from outside: report, and go to l2_dst" },
	[ARP_RIVAL6] = { "rival6", TABLE_CLAIM, 250, "network, class = uplink, neighbour solicitation, ipv6_src",
		"the address of a host of this switch, from outside: report, and go to l2_dst" },
	[ARP_PROBE4] = { "free-address4", TABLE_CLAIM, 220, "arp, sender's address 0.0.0.0",
		"is the address free? (RFC 5227): go to l2_dst, which floods it" },
	[ARP_PROBE6] = { "free-address6", TABLE_CLAIM, 210, "neighbour solicitation, ipv6_src ::",
		"is the address free? (RFC 4862): go to l2_dst, which floods it" },
	[ARP_FULL] = { "addresses-full", TABLE_CLAIM, 200, "network, eth_src",
		"the host has 16 addresses: no more are reported; go to l2_dst" },
	[ARP_NEW4] = { "new-address4", TABLE_CLAIM, 120, "network, class = edge, arp",
		"unknown address: report, and go to l2_dst" },
	[ARP_NEW_NS] = { "new-address6", TABLE_CLAIM, 110, "network, class = edge, neighbour solicitation",
		"unknown address: report, and go to l2_dst" },
	[ARP_NEW_NA] = { "new-advert6", TABLE_CLAIM, 100, "network, class = edge, neighbour advertisement",
		"unknown address: report, and go to l2_dst" },
	[ARP_PASS] = { "no-claim", TABLE_CLAIM, 0, "anything", "go to l2_dst" },
	[ARP_BESIDE4] = { "beside4", TABLE_ARP, 320, "network, in_port, arp request, target",
		"the host is behind that port and hears it itself: go to l2_dst" },
	[ARP_BESIDE6] = { "beside6", TABLE_ARP, 310, "network, in_port, neighbour solicitation, target",
		"the host is behind that port and hears it itself: go to l2_dst" },
	[ARP_ANSWER4] = { "answer4", TABLE_ARP, 300, "network, eth_dst a group address, arp request, target",
		"becomes the reply, out = in_port; go to output" },
	[ARP_ANSWER6] = { "answer6", TABLE_ARP, 290, "network, eth_dst a group address, neighbour solicitation, target",
		"becomes the advertisement; go to advert" },
	[ARP_NO_ANSWER] = { "no-answer", TABLE_ARP, 0, "anything", "go to l2_dst" },
	[ARP_ND] = { "answer6-option", TABLE_ADVERT, 100, "neighbour advertisement",
		"the target's address is written into it, out = in_port; go to output" },
	[ARP_ND_MISS] = { "no-advert", TABLE_ADVERT, 0, "anything", "drop" },
	[ARP_BOUND4] = { "bound-address4", TABLE_CLAIM, 280, "network, class = edge, eth_src, arp, sender's address",
		"from the MAC address of the port that is bound to it, and unknown yet: report, and go to l2_dst" },
	[ARP_TAKEN4] = { "taken-address4", TABLE_CLAIM, 275, "network, class = edge, arp, sender's address",
		"report and drop: a port is bound to that address, and it is not this one" },
	[ARP_BOUND_NS] = { "bound-address6", TABLE_CLAIM, 270,
		"network, class = edge, eth_src, neighbour solicitation, ipv6_src",
		"from the MAC address of the port that is bound to it, and unknown yet: report, and go to l2_dst" },
	[ARP_TAKEN_NS] = { "taken-address6", TABLE_CLAIM, 265, "network, class = edge, neighbour solicitation, ipv6_src",
		"report and drop: a port is bound to that address, and it is not this one" },
	[ARP_BOUND_NA] = { "bound-advert6", TABLE_CLAIM, 340, "network, class = edge, eth_src, neighbour advertisement, target",
		"from the MAC address of the port that is bound to it: go to l2_dst" },
	[ARP_TAKEN_NA] = { "taken-advert6", TABLE_CLAIM, 335, "network, class = edge, neighbour advertisement, target",
		"report and drop: a port is bound to that address, and it is not this one" },
	[ARP_SNAT_CLAIM4] = { "snat-claim4", TABLE_CLAIM, 325, "network, class = edge, arp, sender's address",
		"report and drop: an address of `snat`, which no host has" },
	[ARP_SNAT_CLAIM_NS] = { "snat-claim6", TABLE_CLAIM, 320, "network, class = edge, neighbour solicitation, ipv6_src",
		"report and drop: an address of `snat`, which no host has" },
	[ARP_SNAT_CLAIM_NA] = { "snat-advert6", TABLE_CLAIM, 315, "network, class = edge, neighbour advertisement, target",
		"report and drop: an address of `snat`, which no host has" },
	[ARP_ASKS_SNAT4] = { "asks-for-snat4", TABLE_CLAIM, 207, "network, class = edge, arp, target's address",
		"unknown address, asks for one of `snat`: report, and go to arp" },
	[ARP_ASKS_SNAT6] = { "asks-for-snat6", TABLE_CLAIM, 205, "network, class = edge, neighbour solicitation, target",
		"unknown address, asks for one of `snat`: report, and go to arp" },
	[ARP_SNAT4] = { "snat4", TABLE_ARP, 304, "network, eth_dst a group address or that of `snat`, arp request, target",
		"becomes the reply, with the MAC address of `snat`, out = in_port; go to output" },
	[ARP_SNAT6] = { "snat6", TABLE_ARP, 294,
		"network, eth_dst a group address or that of `snat`, neighbour solicitation, target",
		"becomes the advertisement, with the MAC address of `snat`; go to advert" },
};

enum {
	TYPE_ARP = 0x0806, TYPE_IPV6 = 0x86dd, PROTO_ICMPV6 = 58,
	OP_REQUEST = 1, OP_REPLY = 2,
	ROUTER_ADVERT = 134, SOLICITATION = 135, ADVERTISEMENT = 136,
	/* RFC 4861, 4.4: solicited and override; 4.6.1: target link-layer address. */
	ND_FLAGS = 0x60000000, ND_TARGET_LL = 2,
};

const uint8_t arp_asker[6] = { 0x02, 'w', 'e', 'f', 't', 0x01 };
static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };
static const uint8_t nobody[16];

static void want_or_not(struct out *out, uint32_t sw, bool wanted)
{
	if (wanted)
		out_want(out, sw);
	else
		out_unwant(out, sw);
}

static void report(struct out *out, const struct view_switch *vs)
{
	act_controller(out->build, CLAIM_BYTES, has_meter(vs->max_meters, METER_CLAIM) ? METER_CLAIM : 0);
}

/* What a guest has tagged itself (`tags: pass`) is about another segment of its own. */
static void match_type(struct build *b, uint16_t eth_type)
{
	match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	match_u(b, FIELD_ETH_TYPE, eth_type);
}

static void match_arp(struct build *b) { match_type(b, TYPE_ARP); }

/* type 0: any. */
static void match_icmpv6(struct build *b, unsigned type)
{
	match_type(b, TYPE_IPV6);
	match_u(b, FIELD_IP_PROTO, PROTO_ICMPV6);
	if (type)
		match_u(b, FIELD_ICMPV6_TYPE, type);
}

static void pass(struct out *out, const struct view_switch *vs, enum arp_row row)
{
	out_row(out, &arp_rows[row], vs->object);
	act_goto(out->build, TABLE_L2_DST);
	out_want(out, vs->sw);
}

void arp_switch_rows(struct out *out, const struct view_switch *vs)
{
	struct build *b = out->build;
	if (has_meter(vs->max_meters, METER_CLAIM)) {
		build_meter(b, METER_CLAIM, true, CLAIM_RATE, CLAIM_BURST);
		out_want(out, vs->sw);
	}
	out_row(out, &arp_rows[ARP_PROBE_ANSWER], vs->object);
	match_bytes(b, FIELD_ETH_DST, arp_asker, NULL);
	report(out, vs);
	out_want(out, vs->sw);

	out_row(out, &arp_rows[ARP_PROBE4], vs->object);
	match_arp(b);
	match_u(b, FIELD_ARP_SPA, 0);
	act_goto(b, TABLE_L2_DST);
	out_want(out, vs->sw);

	out_row(out, &arp_rows[ARP_PROBE6], vs->object);
	match_icmpv6(b, SOLICITATION);
	match_bytes(b, FIELD_IPV6_SRC, nobody, NULL);
	act_goto(b, TABLE_L2_DST);
	out_want(out, vs->sw);

	pass(out, vs, ARP_PASS);
	pass(out, vs, ARP_NO_ANSWER);

	out_row(out, &arp_rows[ARP_ND], vs->object);
	match_icmpv6(b, ADVERTISEMENT);
	act_move(b, FIELD_ETH_SRC, FIELD_ND_TLL);
	act_move(b, FIELD_IN_PORT, FIELD_OUT);
	act_forget_in_port(b);
	act_goto(b, TABLE_OUTPUT);
	out_want(out, vs->sw);
	out_row(out, &arp_rows[ARP_ND_MISS], vs->object);
	out_want(out, vs->sw);
}

static void news(struct out *out, const struct view_switch *vs, enum arp_row row, uint32_t network_id,
		 uint64_t object, unsigned icmpv6_type)
{
	struct build *b = out->build;
	out_row(out, &arp_rows[row], object);
	match_u(b, FIELD_NETWORK, network_id);
	match_u(b, FIELD_CLASS, CLASS_EDGE);
	if (icmpv6_type)
		match_icmpv6(b, icmpv6_type);
	else
		match_arp(b);
	report(out, vs);
	act_goto(b, TABLE_L2_DST);
	out_want(out, vs->sw);
}

void arp_network_rows(struct out *out, const struct view_switch *vs, const struct net *net, uint32_t network)
{
	uint32_t id = net->networks[network].id;
	uint64_t object = net->objects[net->networks[network].object].id;
	news(out, vs, ARP_ADVERT, id, object, ROUTER_ADVERT);
	news(out, vs, ARP_NEW4, id, object, 0);
	news(out, vs, ARP_NEW_NS, id, object, SOLICITATION);
	news(out, vs, ARP_NEW_NA, id, object, ADVERTISEMENT);
}

/* --- one address -------------------------------------------------------------------- */

static void begin_claim(struct out *out, enum arp_row row, uint32_t network_id, const uint8_t mac[6],
			const uint8_t *ip, uint64_t object)
{
	struct build *b = out->build;
	bool is_v6 = row == ARP_CLAIM6 || row == ARP_ROUTER;
	out_row(out, &arp_rows[row], object);
	build_plain(b);
	match_u(b, FIELD_NETWORK, network_id);
	match_u(b, FIELD_CLASS, CLASS_EDGE);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	if (is_v6) {
		match_icmpv6(b, 0);
		match_bytes(b, FIELD_IPV6_SRC, ip, NULL);
	} else {
		match_arp(b);
		match_bytes(b, FIELD_ARP_SPA, ip, NULL);
	}
	if (row == ARP_ANNOUNCE)
		match_bytes(b, FIELD_ARP_TPA, ip, NULL);
}

static void put_claim(struct out *out, uint32_t sw, enum arp_row row, const struct binding *b, uint64_t object,
		      bool wanted)
{
	begin_claim(out, row, b->network, b->mac, b->ip, object);
	if (row != ARP_ANNOUNCE && !b->declared)
		build_idle(out->build, CLAIM_IDLE_S);
	act_goto(out->build, row == ARP_ANNOUNCE ? TABLE_L2_DST : TABLE_ARP);
	want_or_not(out, sw, wanted);
}

void arp_claim(struct out *out, uint32_t sw, const struct binding *b, uint64_t object, bool wanted)
{
	if (!b->is_v6) {
		put_claim(out, sw, ARP_ANNOUNCE, b, object, wanted);
		put_claim(out, sw, ARP_CLAIM4, b, object, wanted);
		return;
	}
	put_claim(out, sw, ARP_CLAIM6, b, object, wanted && !b->router);
	put_claim(out, sw, ARP_ROUTER, b, object, wanted && b->router);
}

void arp_unclaim(struct out *out, uint32_t sw, uint32_t network_id, const uint8_t mac[6], bool is_v6,
		 const uint8_t *ip)
{
	begin_claim(out, is_v6 ? ARP_CLAIM6 : ARP_ANNOUNCE, network_id, mac, ip, 0);
	out_unwant(out, sw);
	begin_claim(out, is_v6 ? ARP_ROUTER : ARP_CLAIM4, network_id, mac, ip, 0);
	out_unwant(out, sw);
}

void arp_rival(struct out *out, const struct view_switch *vs, uint32_t network_id, bool is_v6, const uint8_t *ip,
	       uint64_t object, bool wanted)
{
	struct build *b = out->build;
	out_row(out, &arp_rows[is_v6 ? ARP_RIVAL6 : ARP_RIVAL4], object);
	build_plain(b);
	match_u(b, FIELD_NETWORK, network_id);
	match_u(b, FIELD_CLASS, CLASS_UPLINK);
	if (is_v6) {
		match_icmpv6(b, SOLICITATION);
		match_bytes(b, FIELD_IPV6_SRC, ip, NULL);
	} else {
		match_arp(b);
		match_bytes(b, FIELD_ARP_SPA, ip, NULL);
	}
	report(out, vs);
	act_goto(b, TABLE_L2_DST);
	want_or_not(out, vs->sw, wanted);
}

static void match_question(struct build *b, bool is_v6, const uint8_t *ip)
{
	if (is_v6) {
		match_icmpv6(b, SOLICITATION);
		match_bytes(b, FIELD_ND_TARGET, ip, NULL);
	} else {
		match_arp(b);
		match_u(b, FIELD_ARP_OP, OP_REQUEST);
		match_bytes(b, FIELD_ARP_TPA, ip, NULL);
	}
}

void arp_beside(struct out *out, uint32_t sw, uint32_t network_id, uint32_t ofport, bool is_v6, const uint8_t *ip,
		uint64_t object, bool wanted)
{
	struct build *b = out->build;
	out_row(out, &arp_rows[is_v6 ? ARP_BESIDE6 : ARP_BESIDE4], object);
	build_plain(b);
	match_u(b, FIELD_NETWORK, network_id);
	match_u(b, FIELD_IN_PORT, ofport);
	match_question(b, is_v6, ip);
	act_goto(b, TABLE_L2_DST);
	want_or_not(out, sw, wanted);
}

static void answer4(struct build *b, const uint8_t *ip, const uint8_t mac[6])
{
	match_question(b, false, ip);
	act_move(b, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_set_bytes(b, FIELD_ETH_SRC, mac);
	act_set_u(b, FIELD_ARP_OP, OP_REPLY);
	act_move(b, FIELD_ARP_SHA, FIELD_ARP_THA);
	act_move(b, FIELD_ARP_SPA, FIELD_ARP_TPA);
	act_set_bytes(b, FIELD_ARP_SHA, mac);
	act_set_bytes(b, FIELD_ARP_SPA, ip);
	act_move(b, FIELD_IN_PORT, FIELD_OUT);
	act_forget_in_port(b);
	act_goto(b, TABLE_OUTPUT);
}

static void answer6(struct build *b, const uint8_t *ip, const uint8_t mac[6])
{
	match_question(b, true, ip);
	act_move(b, FIELD_ETH_SRC, FIELD_ETH_DST);
	act_set_bytes(b, FIELD_ETH_SRC, mac);
	act_move(b, FIELD_IPV6_SRC, FIELD_IPV6_DST);
	act_set_bytes(b, FIELD_IPV6_SRC, ip);
	act_set_u(b, FIELD_ND_RESERVED, ND_FLAGS);
	act_set_u(b, FIELD_ND_OPTION, ND_TARGET_LL);
	act_set_u(b, FIELD_ICMPV6_TYPE, ADVERTISEMENT);
	act_goto(b, TABLE_ADVERT);
}

void arp_put_answer(struct build *b, bool is_v6, const uint8_t *ip, const uint8_t mac[6])
{
	if (is_v6)
		answer6(b, ip, mac);
	else
		answer4(b, ip, mac);
}

void arp_answer(struct out *out, uint32_t sw, uint32_t network_id, bool is_v6, const uint8_t *ip,
		const uint8_t mac[6], uint64_t object, bool wanted)
{
	struct build *b = out->build;
	out_row(out, &arp_rows[is_v6 ? ARP_ANSWER6 : ARP_ANSWER4], object);
	build_plain(b);
	match_u(b, FIELD_NETWORK, network_id);
	match_bytes(b, FIELD_ETH_DST, group_bit, group_bit);
	arp_put_answer(b, is_v6, ip, mac);
	want_or_not(out, sw, wanted);
}

void arp_full(struct out *out, uint32_t sw, uint32_t network_id, const uint8_t mac[6], uint64_t object, bool wanted)
{
	struct build *b = out->build;
	out_row(out, &arp_rows[ARP_FULL], object);
	build_plain(b);
	match_u(b, FIELD_NETWORK, network_id);
	match_bytes(b, FIELD_ETH_SRC, mac, NULL);
	act_goto(b, TABLE_L2_DST);
	want_or_not(out, sw, wanted);
}
