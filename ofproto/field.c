/* SPDX-License-Identifier: Apache-2.0 */
/* field: names and OXM headers, and finding a value in a rule's bytes. What the
 * library encodes is held against this table by a test. */
#include "ofproto/field.h"

#include "ofproto/wire.h"

#define OXM(NUMBER, SIZE) (0x80000000u | (NUMBER) << 9 | (SIZE))        /* class OFPXMC_OPENFLOW_BASIC */
#define NXM(NUMBER, SIZE) (0x00010000u | (NUMBER) << 9 | (SIZE))        /* class OFPXMC_NXM_1 */

const struct field_info field_infos[N_FIELDS] = {
	[FIELD_IN_PORT] = {"in_port", OXM(0u, 4u), 4},
	[FIELD_REG0] = {"reg0", NXM(0u, 4u), 4},
	[FIELD_REG1] = {"reg1", NXM(1u, 4u), 4},
	[FIELD_REG2] = {"reg2", NXM(2u, 4u), 4},
	[FIELD_REG3] = {"reg3", NXM(3u, 4u), 4},
	[FIELD_REG4] = {"reg4", NXM(4u, 4u), 4},
	[FIELD_REG5] = {"reg5", NXM(5u, 4u), 4},
	[FIELD_TUN_ID] = {"tun_id", OXM(38u, 8u), 8},
	[FIELD_TUN_SRC] = {"tun_src", NXM(31u, 4u), 4},
	[FIELD_TUN_DST] = {"tun_dst", NXM(32u, 4u), 4},
	[FIELD_TUN_IPV6_SRC] = {"tun_ipv6_src", NXM(109u, 16u), 16},
	[FIELD_TUN_IPV6_DST] = {"tun_ipv6_dst", NXM(110u, 16u), 16},
	[FIELD_ETH_SRC] = {"eth_src", OXM(4u, 6u), 6},
	[FIELD_ETH_DST] = {"eth_dst", OXM(3u, 6u), 6},
	[FIELD_ETH_TYPE] = {"eth_type", OXM(5u, 2u), 2},
	[FIELD_VLAN_VID] = {"vlan_vid", OXM(6u, 2u), 2},
	[FIELD_VLAN_PCP] = {"vlan_pcp", OXM(7u, 1u), 1},
	[FIELD_IP_PROTO] = {"ip_proto", OXM(10u, 1u), 1},
	[FIELD_IPV4_SRC] = {"ipv4_src", OXM(11u, 4u), 4},
	[FIELD_IPV4_DST] = {"ipv4_dst", OXM(12u, 4u), 4},
	[FIELD_IPV6_SRC] = {"ipv6_src", OXM(26u, 16u), 16},
	[FIELD_IPV6_DST] = {"ipv6_dst", OXM(27u, 16u), 16},
	[FIELD_ARP_OP] = {"arp_op", OXM(21u, 2u), 2},
	[FIELD_ARP_SPA] = {"arp_spa", OXM(22u, 4u), 4},
	[FIELD_ARP_TPA] = {"arp_tpa", OXM(23u, 4u), 4},
	[FIELD_ARP_SHA] = {"arp_sha", OXM(24u, 6u), 6},
	[FIELD_ARP_THA] = {"arp_tha", OXM(25u, 6u), 6},
	[FIELD_ICMPV6_TYPE] = {"icmpv6_type", OXM(29u, 1u), 1},
	[FIELD_ND_TARGET] = {"nd_target", OXM(31u, 16u), 16},
	[FIELD_ND_TLL] = {"nd_tll", OXM(33u, 6u), 6},
	/* Experimenter fields of Open vSwitch, whose headers are longer: not looked for. */
	[FIELD_ND_RESERVED] = {"nd_reserved", 0, 4},
	[FIELD_ND_OPTION] = {"nd_options_type", 0, 1},
	[FIELD_REG6] = {"reg6", NXM(6u, 4u), 4},
	[FIELD_REG7] = {"reg7", NXM(7u, 4u), 4},
	[FIELD_REG8] = {"reg8", NXM(8u, 4u), 4},
	[FIELD_REG9] = {"reg9", NXM(9u, 4u), 4},
	[FIELD_REG10] = {"reg10", NXM(10u, 4u), 4},
	[FIELD_CT_STATE] = {"ct_state", NXM(105u, 4u), 4},
	[FIELD_CT_MARK] = {"ct_mark", NXM(107u, 4u), 4},
	[FIELD_CONJ_ID] = {"conj_id", NXM(37u, 4u), 4},
	[FIELD_IP_DSCP] = {"ip_dscp", OXM(8u, 1u), 1},
	[FIELD_TCP_SRC] = {"tcp_src", OXM(13u, 2u), 2},
	[FIELD_TCP_DST] = {"tcp_dst", OXM(14u, 2u), 2},
	[FIELD_UDP_SRC] = {"udp_src", OXM(15u, 2u), 2},
	[FIELD_UDP_DST] = {"udp_dst", OXM(16u, 2u), 2},
	[FIELD_SCTP_SRC] = {"sctp_src", OXM(17u, 2u), 2},
	[FIELD_SCTP_DST] = {"sctp_dst", OXM(18u, 2u), 2},
	[FIELD_REG12] = {"reg12", NXM(12u, 4u), 4},
	[FIELD_REG13] = {"reg13", NXM(13u, 4u), 4},
	[FIELD_REG11] = {"reg11", NXM(11u, 4u), 4},
	[FIELD_IP_TTL] = {"ip_ttl", NXM(29u, 1u), 1},
	[FIELD_IP_FRAG] = {"ip_frag", NXM(26u, 1u), 1},
	[FIELD_REG14] = {"reg14", NXM(14u, 4u), 4},
	[FIELD_REG15] = {"reg15", NXM(15u, 4u), 4},
	[FIELD_METADATA] = {"metadata", OXM(2u, 8u), 8},
	[FIELD_CT_LABEL] = {"ct_label", NXM(108u, 16u), 16},
};

const char *field_name(enum field f) { return field_infos[f].name; }

size_t field_in_match(const struct rule *rule, enum field f)
{
	const uint8_t *value = field_infos[f].oxm ? rule_match_field(rule, field_infos[f].oxm) : NULL;

	return value ? (size_t) (value - rule->msg) : 0;
}

/* Actions and instructions begin with type and length. A set-field action goes
 * on with an OXM TLV (section 7.2.5). */
enum { TLV_LENGTH = 2, TLV_MIN = 8, SET_OXM = 4, SET_VALUE = 8 };

/* The size of the TLV at `at`, or 0 when it does not fit. */
static size_t tlv_size(const struct rule *rule, size_t at, size_t end)
{
	size_t size;

	if (at >= end || end - at < TLV_MIN)
		return 0;
	size = wire_u16(rule->msg + at + TLV_LENGTH);
	return size >= TLV_MIN && size <= end - at ? size : 0;
}

static size_t find_set(const struct rule *rule, size_t at, size_t end, uint32_t oxm, unsigned *ret_n)
{
	size_t found = 0;

	for (size_t size; (size = tlv_size(rule, at, end)) != 0; at += size) {
		if (wire_u16(rule->msg + at) == ACTION_SET_FIELD && size >= SET_VALUE + oxm_length(oxm)
		    && wire_u32(rule->msg + at + SET_OXM) == oxm) {
			found = at + SET_VALUE;
			++*ret_n;
		}
	}
	return found;
}

size_t field_in_set(const struct rule *rule, enum field f, unsigned *ret_n)
{
	size_t at;

	*ret_n = 0;
	if (rule->kind != RULE_FLOW || !field_infos[f].oxm)
		return 0;
	at = FLOW_MATCH + wire_match_padded(wire_u16(rule->msg + FLOW_MATCH + 2));
	for (size_t size; (size = tlv_size(rule, at, rule->size)) != 0; at += size)
		if (wire_u16(rule->msg + at) == INSTRUCTION_APPLY)
			return find_set(rule, at + INSTRUCTION_APPLY_HEADER, at + size, field_infos[f].oxm, ret_n);
	return 0;
}

static uint64_t value_u(const uint8_t *p, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size; i++)
		value = value << 8 | p[i];
	return value;
}

bool rule_match_u(const struct rule *rule, enum field f, uint64_t *ret_value)
{
	size_t at = field_in_match(rule, f);

	if (!at || field_infos[f].size > 8)
		return false;
	*ret_value = value_u(rule->msg + at, field_infos[f].size);
	return true;
}

bool rule_match_mac(const struct rule *rule, enum field f, uint8_t ret_mac[6])
{
	size_t at = field_in_match(rule, f);

	if (!at || field_infos[f].size != 6)
		return false;
	memcpy(ret_mac, rule->msg + at, 6);
	return true;
}

bool rule_match_bytes(const struct rule *rule, enum field f, uint8_t *ret_value)
{
	size_t at = field_in_match(rule, f);

	if (!at)
		return false;
	memcpy(ret_value, rule->msg + at, field_infos[f].size);
	return true;
}

bool rule_set_mac(const struct rule *rule, enum field f, uint8_t ret_mac[6])
{
	unsigned n;
	size_t at = field_in_set(rule, f, &n);

	if (!at || field_infos[f].size != 6)
		return false;
	memcpy(ret_mac, rule->msg + at, 6);
	return true;
}

bool rule_set_u(const struct rule *rule, enum field f, uint64_t *ret_value)
{
	unsigned n;
	size_t at = field_in_set(rule, f, &n);

	if (!at || field_infos[f].size > 8)
		return false;
	*ret_value = value_u(rule->msg + at, field_infos[f].size);
	return true;
}
