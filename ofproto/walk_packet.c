/* SPDX-License-Identifier: Apache-2.0 */
/* walk_packet: a frame as Open vSwitch sees it, and the changes that actions
 * make, in the frame and in the flow. Own parser, one tag deep like the
 * switch's default (other_config:vlan-limit=1). */
#include "ofproto/walk_impl.h"
#include "ofproto/wire.h"

enum {
	MACS = 12, ETH = 14, TAG = 4, PRESENT = 0x1000, SNAP = 8, TYPE_MIN = 0x600,
	ARP_OP = 6, ARP_SHA = 8, ARP_SPA = 14, ARP_THA = 18, ARP_TPA = 24, ARP = 28,
	IP4 = 20, IP4_CHECKSUM = 10, IP4_SRC = 12, IP4_DST = 16, IP6 = 40, IP6_SRC = 8, IP6_DST = 24,
	ICMP6_CHECKSUM = 2, ND_RESERVED = 4, ND_TARGET = 8, ND_OPTION = 24, ND_LL = 26, ND = 24, ND_WITH_LL = 32,
	ND_SOLICITATION = 135, ND_ADVERTISEMENT = 136, ND_SLL = 1, ND_TLL = 2,
	ICMP = 1, TCP = 6, UDP = 17, ICMP6 = 58, SCTP = 132,
	HOPS = 0, ROUTING = 43, FRAGMENT = 44, AH = 51, OPTIONS = 60, EXTENSION = 8,
};

static bool is_tag(uint16_t type) { return type == 0x8100 || type == 0x88a8; }

static bool has_tag(const struct walk_packet *p, int n)
{
	return (p->flow.vlans[n].tci & htons(PRESENT)) != 0;
}

/* Where the layer above Ethernet stands, behind the tags that are known. */
static size_t l3_at(const struct walk_packet *p)
{
	return (size_t) ETH + (has_tag(p, 0) ? TAG : 0) + (has_tag(p, 1) ? TAG : 0);
}

/* --- parsing ---------------------------------------------------------------------- */

static uint16_t parse_type(const struct walk_packet *p, size_t at)
{
	static const uint8_t snap[6] = {0xaa, 0xaa, 0x03, 0, 0, 0};
	uint16_t type = wire_u16(p->frame + at);

	if (type >= TYPE_MIN)
		return type;
	if (p->size - at - 2 >= SNAP && !memcmp(p->frame + at + 2, snap, 6)
	    && wire_u16(p->frame + at + 8) >= TYPE_MIN)
		return wire_u16(p->frame + at + 8);
	return FLOW_DL_TYPE_NONE;
}

static void parse_arp(struct flow *f, const uint8_t *l3, size_t size)
{
	static const uint8_t head[6] = {0, 1, 8, 0, 6, 4};

	if (size < ARP || memcmp(l3, head, sizeof(head)))
		return;
	if (!l3[ARP_OP])
		f->nw_proto = l3[ARP_OP + 1];
	memcpy(&f->nw_src, l3 + ARP_SPA, 4);
	memcpy(&f->nw_dst, l3 + ARP_TPA, 4);
	memcpy(&f->arp_sha, l3 + ARP_SHA, 6);
	memcpy(&f->arp_tha, l3 + ARP_THA, 6);
}

static void parse_ports(struct flow *f, const uint8_t *l4, size_t size)
{
	size_t min = f->nw_proto == TCP ? 20 : f->nw_proto == SCTP ? 12 : 8;

	if (size < min)
		return;
	if (f->nw_proto == TCP || f->nw_proto == UDP || f->nw_proto == SCTP) {
		memcpy(&f->tp_src, l4, 2);
		memcpy(&f->tp_dst, l4 + 2, 2);
	}
	/* Type and code. */
	if (f->nw_proto == (f->dl_type == htons(0x86dd) ? ICMP6 : ICMP)) {
		f->tp_src = htons(l4[0]);
		f->tp_dst = htons(l4[1]);
	}
}

static void parse_ipv4(struct flow *f, const uint8_t *l3, size_t size)
{
	size_t header = size >= IP4 ? (l3[0] & 15u) * 4u : 0;

	if (header < IP4 || header > size)
		return;
	memcpy(&f->nw_src, l3 + IP4_SRC, 4);
	memcpy(&f->nw_dst, l3 + IP4_DST, 4);
	f->nw_proto = l3[9];
	f->nw_tos = l3[1];
	f->nw_ttl = l3[8];
	if (wire_u16(l3 + 6) & 0x3fff)
		f->nw_frag = FLOW_NW_FRAG_ANY;
	if (wire_u16(l3 + 6) & 0x1fff)
		f->nw_frag |= FLOW_NW_FRAG_LATER;
	/* To rules no fragment has ports, not even the first (OFPC_FRAG_NORMAL). */
	if (!f->nw_frag)
		parse_ports(f, l3 + header, size - header);
}

/* Of the options the first one, when it is a link-layer address. */
static void parse_icmp6(struct flow *f, const uint8_t *l4, size_t size)
{
	if (f->nw_proto != ICMP6 || size < 8)
		return;
	f->tp_src = htons(l4[0]);
	f->tp_dst = htons(l4[1]);
	if ((l4[0] != ND_SOLICITATION && l4[0] != ND_ADVERTISEMENT) || l4[1] || size < ND)
		return;
	memcpy(&f->igmp_group_ip4, l4 + ND_RESERVED, 4);
	memcpy(&f->nd_target, l4 + ND_TARGET, 16);
	if (size < ND_WITH_LL || l4[ND_OPTION + 1] != 1)
		return;
	f->tcp_flags = htons(l4[ND_OPTION]);
	if (l4[ND_OPTION] == ND_SLL)
		memcpy(&f->arp_sha, l4 + ND_LL, 6);
	else if (l4[ND_OPTION] == ND_TLL)
		memcpy(&f->arp_tha, l4 + ND_LL, 6);
}

static bool is_extension(uint8_t proto)
{
	return proto == HOPS || proto == ROUTING || proto == FRAGMENT || proto == AH || proto == OPTIONS;
}

/* Looks behind extension headers (RFC 8200, 4) as the userspace datapath does; false: they are cut off. The rest of
 * what a later fragment carries is nobody's to know. */
static bool parse_extensions(struct flow *f, const uint8_t *p, size_t size, size_t *ret_used)
{
	size_t at = 0;

	while (is_extension(f->nw_proto)) {
		if (size - at < EXTENSION)
			return false;
		const uint8_t *header = p + at;
		size_t n = f->nw_proto == FRAGMENT ? EXTENSION : f->nw_proto == AH ? (header[1] + 2u) * 4u : (header[1] + 1u) * 8u;
		bool is_fragment = f->nw_proto == FRAGMENT;

		f->nw_proto = header[0];
		if (n > size - at)
			return false;
		at += n;
		if (!is_fragment || !wire_u16(header + 2))
			continue;
		f->nw_frag = FLOW_NW_FRAG_ANY;
		if (wire_u16(header + 2) & 0xfff8) {
			f->nw_frag |= FLOW_NW_FRAG_LATER;
			f->nw_proto = FRAGMENT;
			break;
		}
	}
	*ret_used = at;
	return true;
}

static void parse_ipv6(struct walk_packet *p, const uint8_t *l3, size_t size)
{
	struct flow *f = &p->flow;

	if (size < IP6)
		return;
	memcpy(&f->ipv6_src, l3 + IP6_SRC, 16);
	memcpy(&f->ipv6_dst, l3 + IP6_DST, 16);
	f->nw_proto = l3[6];
	if (!parse_extensions(f, l3 + IP6, size - IP6, &p->extensions)) {
		f->nw_proto = f->nw_frag = 0;
		return;
	}
	f->nw_tos = (uint8_t) (wire_u16(l3) >> 4);
	f->nw_ttl = l3[7];
	/* To rules no fragment has ports, nor a type. */
	if (f->nw_frag)
		return;
	parse_ports(f, l3 + IP6 + p->extensions, size - IP6 - p->extensions);
	parse_icmp6(f, l3 + IP6 + p->extensions, size - IP6 - p->extensions);
}

bool walk_packet_init(struct walk_packet *p, const uint8_t *frame, size_t size)
{
	struct flow *f = &p->flow;
	size_t l3, l3_size;

	memset(f, 0, sizeof(*f));
	p->extensions = 0;
	if (size < ETH || size > WALK_MAX_FRAME - 2 * TAG)
		return false;
	memcpy(p->frame, frame, size);
	p->size = size;
	memcpy(&f->dl_dst, frame, 6);
	memcpy(&f->dl_src, frame + 6, 6);
	if (is_tag(wire_u16(frame + MACS)) && size >= ETH + TAG) {
		f->vlans[0].tpid = htons(wire_u16(frame + MACS));
		f->vlans[0].tci = htons(wire_u16(frame + ETH) | PRESENT);
	}
	l3 = l3_at(p);
	f->dl_type = htons(parse_type(p, l3 - 2));
	l3_size = size - l3;
	switch (ntohs(f->dl_type)) {
	case 0x0800:
		parse_ipv4(f, frame + l3, l3_size);
		break;
	case 0x0806:
		parse_arp(f, frame + l3, l3_size);
		break;
	case 0x86dd:
		parse_ipv6(p, frame + l3, l3_size);
		break;
	default:
		break;
	}
	return true;
}

/* --- tags --------------------------------------------------------------------------- */

void walk_packet_pop(struct walk_packet *p)
{
	if (!has_tag(p, 0))
		return;
	memmove(p->flow.vlans, p->flow.vlans + 1, sizeof(p->flow.vlans) - sizeof(p->flow.vlans[0]));
	memset(&p->flow.vlans[FLOW_MAX_VLAN_HEADERS - 1], 0, sizeof(p->flow.vlans[0]));
	memmove(p->frame + MACS, p->frame + MACS + TAG, p->size - MACS - TAG);
	p->size -= TAG;
}

bool walk_packet_push(struct walk_packet *p, uint16_t tpid)
{
	if (p->size + TAG > WALK_MAX_FRAME || has_tag(p, 1))
		return false;
	memmove(p->flow.vlans + 1, p->flow.vlans, sizeof(p->flow.vlans) - sizeof(p->flow.vlans[0]));
	p->flow.vlans[0].tpid = htons(tpid);
	p->flow.vlans[0].tci = htons(PRESENT);
	memmove(p->frame + MACS + TAG, p->frame + MACS, p->size - MACS);
	wire_put_u16(p->frame + MACS, tpid);
	wire_put_u16(p->frame + ETH, 0);
	p->size += TAG;
	return true;
}

/* --- fields ---------------------------------------------------------------------------- */

/* RFC 1624, equation 3, for n (even) bytes that change under a checksum. */
static void checksum_update(uint8_t *checksum, const uint8_t *was, const uint8_t *is, size_t n)
{
	uint32_t sum = (uint16_t) ~wire_u16(checksum);

	for (size_t i = 0; i < n; i += 2)
		sum += (uint32_t) (uint16_t) ~wire_u16(was + i) + wire_u16(is + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	wire_put_u16(checksum, (uint16_t) ~sum);
}

/* The checksum of the layer above, which covers the addresses, or null. */
static uint8_t *l4_checksum(struct walk_packet *p, size_t l4, uint8_t proto)
{
	size_t at = l4 + (proto == TCP ? 16u : proto == UDP ? 6u : 2u);

	if ((proto != TCP && proto != UDP && proto != ICMP6) || at + 2 > p->size)
		return NULL;
	if (proto == UDP && !wire_u16(p->frame + at))
		return NULL;            /* none was made */
	return p->frame + at;
}

static void set_ip(struct walk_packet *p, size_t at, const uint8_t *value, size_t n)
{
	size_t l3 = l3_at(p), l4 = n == 4 ? l3 + (p->frame[l3] & 15u) * 4u : l3 + IP6 + p->extensions;
	bool first = n == 16 || !(wire_u16(p->frame + l3 + 6) & 0x1fff);
	uint8_t *checksum = first && !(n == 4 && p->flow.nw_proto == ICMP6)
		? l4_checksum(p, l4, p->flow.nw_proto) : NULL;

	if (checksum)
		checksum_update(checksum, p->frame + at, value, n);
	if (n == 4)
		checksum_update(p->frame + l3 + IP4_CHECKSUM, p->frame + at, value, n);
	memcpy(p->frame + at, value, n);
}

/* Where the field stands in the frame; 0 = nowhere, it is metadata; -1 = walk
 * does not know it. */
static long field_at(const struct walk_packet *p, enum mf_field_id id)
{
	size_t l3 = l3_at(p), icmp6 = l3 + IP6 + p->extensions;

	switch ((int) id) {
	case MFF_TUN_ID: case MFF_TUN_SRC: case MFF_TUN_DST:
	case MFF_TUN_IPV6_SRC: case MFF_TUN_IPV6_DST:
	case MFF_REG0: case MFF_REG1: case MFF_REG2: case MFF_REG3: case MFF_REG4: case MFF_REG5:
	case MFF_REG6: case MFF_REG7: case MFF_REG8: case MFF_REG9: case MFF_REG10:
	case MFF_REG11:
	case MFF_REG12: case MFF_REG13: case MFF_REG14: case MFF_REG15:
	case MFF_CT_LABEL:
	case MFF_METADATA: case MFF_IN_PORT:
	case MFF_ETH_DST:               /* not metadata, but at 0 */
		return 0;
	case MFF_ETH_SRC:
		return 6;
	case MFF_VLAN_VID: case MFF_VLAN_PCP:
		return ETH;
	case MFF_IPV4_SRC:
		return (long) l3 + IP4_SRC;
	case MFF_IPV4_DST:
		return (long) l3 + IP4_DST;
	case MFF_IPV6_SRC:
		return (long) l3 + IP6_SRC;
	case MFF_IPV6_DST:
		return (long) l3 + IP6_DST;
	case MFF_ARP_OP:
		return (long) l3 + ARP_OP;
	case MFF_ARP_SPA:
		return (long) l3 + ARP_SPA;
	case MFF_ARP_TPA:
		return (long) l3 + ARP_TPA;
	case MFF_ARP_SHA:
		return (long) l3 + ARP_SHA;
	case MFF_ARP_THA:
		return (long) l3 + ARP_THA;
	case MFF_ICMPV6_TYPE:
		return (long) icmp6;
	case MFF_ND_TARGET:
		return (long) icmp6 + ND_TARGET;
	case MFF_ND_RESERVED:
		return (long) icmp6 + ND_RESERVED;
	case MFF_ND_OPTIONS_TYPE:
		return (long) icmp6 + ND_OPTION;
	case MFF_ND_TLL:                /* an option of another type stays as it is */
		return (long) icmp6 + ND_LL;
	default:
		return -1;
	}
}

/* Bytes that the checksum of ICMPv6 covers, by whole words of 16 bits. */
static void write_icmp6(struct walk_packet *p, size_t at, const uint8_t *value, size_t n)
{
	size_t l4 = l3_at(p) + IP6 + p->extensions, from = at - (at - l4) % 2, to = at + n + (at + n - l4) % 2;
	uint8_t is[20];

	if (to > p->size)
		return;
	memcpy(is, p->frame + from, to - from);
	memcpy(is + (at - from), value, n);
	checksum_update(p->frame + l4 + ICMP6_CHECKSUM, p->frame + from, is, to - from);
	memcpy(p->frame + from, is, to - from);
}

static void write_tci(struct walk_packet *p)
{
	/* The bit says "tagged" in a flow and "drop eligible" in a frame. */
	wire_put_u16(p->frame + ETH, ntohs(p->flow.vlans[0].tci) & (uint16_t) ~PRESENT);
}

static void write_field(struct walk_packet *p, const struct mf_field *mf, size_t at)
{
	union mf_value is;

	mf_get_value(mf, &p->flow, &is);
	switch ((int) mf->id) {
	case MFF_VLAN_VID: case MFF_VLAN_PCP:
		write_tci(p);
		break;
	case MFF_ND_TLL:
		if (p->frame[at - ND_LL + ND_OPTION] == ND_TLL)
			write_icmp6(p, at, (const uint8_t *) &is, mf->n_bytes);
		break;
	case MFF_ND_OPTIONS_TYPE:       /* mf_get_value() takes the wrong byte of it */
		write_icmp6(p, at, (const uint8_t[1]) {(uint8_t) ntohs(p->flow.tcp_flags)}, 1);
		break;
	case MFF_ICMPV6_TYPE: case MFF_ND_TARGET: case MFF_ND_RESERVED:
		write_icmp6(p, at, (const uint8_t *) &is, mf->n_bytes);
		break;
	case MFF_IPV4_SRC: case MFF_IPV4_DST: case MFF_IPV6_SRC: case MFF_IPV6_DST:
		set_ip(p, at, (const uint8_t *) &is, mf->n_bytes);
		break;
	default:
		memcpy(p->frame + at, &is, mf->n_bytes);
		break;
	}
}

bool walk_packet_set(struct walk_packet *p, const struct mf_field *mf, const union mf_value *value,
		     const union mf_value *mask)
{
	long at = field_at(p, mf->id);

	if (at < 0)
		return false;
	/* Prerequisites were matched, but a cut frame may lack the field. */
	if ((size_t) at + mf->n_bytes > p->size || (is_tag(ntohs(p->flow.dl_type)) && at > ETH))
		return true;
	if ((mf->id == MFF_VLAN_VID || mf->id == MFF_VLAN_PCP) && !has_tag(p, 0))
		return true;
	mf_set_flow_value_masked(mf, value, mask, &p->flow);
	if (at > 0 || mf->id == MFF_ETH_DST)
		write_field(p, mf, (size_t) at);
	return true;
}
