/* SPDX-License-Identifier: Apache-2.0 */
/* Connection tracking: asked before the first list, told behind the last, and by
 * what is denied. And what is never tracked: what hosts need to speak at all. */
#include "apps/acl_impl.h"

enum {
	ETH_IPV4 = 0x0800, ETH_ARP = 0x0806, ETH_IPV6 = 0x86dd, IP_UDP = 17, IP_ICMP6 = 58,
	ND_FIRST = 133, ND_LAST = 137,          /* RFC 4861, section 4 */
	DHCP_SERVER = 67, DHCP_CLIENT = 68,     /* RFC 2131, section 4.1 */
	DHCP6_PORTS = 546, DHCP6_MASK = 0xfffe, /* 546 and 547: RFC 8415, section 7.2 */
};

static void mark_need(const struct compiling *c, enum need need)
{
	act_set_u(c->out->build, FIELD_NEED, need);
	go(c, TABLE_ACL_FROM);
}

static void begin_ip(const struct compiling *c, enum row row, uint16_t eth_type, uint8_t proto)
{
	begin(c, row, c->vs->object);
	match_u(c->out->build, FIELD_ETH_TYPE, eth_type);
	match_u(c->out->build, FIELD_IP_PROTO, proto);
}

void acl_need_rows(const struct compiling *c)
{
	static const uint16_t pairs[][2] = {
		{ DHCP_CLIENT, DHCP_SERVER }, { DHCP_SERVER, DHCP_CLIENT }, { DHCP_SERVER, DHCP_SERVER },
	};
	struct build *b = c->out->build;
	begin(c, ROW_ARP, c->vs->object);
	match_u(b, FIELD_ETH_TYPE, ETH_ARP);
	mark_need(c, NEED_ARP);
	for (uint8_t type = ND_FIRST; type <= ND_LAST; type++) {
		begin_ip(c, ROW_ND, ETH_IPV6, IP_ICMP6);
		match_u(b, FIELD_ICMPV6_TYPE, type);
		mark_need(c, NEED_ND);
	}
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
		begin_ip(c, ROW_DHCP, ETH_IPV4, IP_UDP);
		match_u(b, FIELD_UDP_SRC, pairs[i][0]);
		match_u(b, FIELD_UDP_DST, pairs[i][1]);
		mark_need(c, NEED_DHCP);
	}
	begin_ip(c, ROW_DHCP, ETH_IPV6, IP_UDP);
	match_um(b, FIELD_UDP_SRC, DHCP6_PORTS, DHCP6_MASK);
	match_um(b, FIELD_UDP_DST, DHCP6_PORTS, DHCP6_MASK);
	mark_need(c, NEED_DHCP);
}

/* A row of that kind for the IP frames of one family in the network. */
static void begin_tracked(const struct compiling *c, enum row row, const struct net_network *network, bool is_v6)
{
	begin(c, row, object_of(c, network->object));
	match_u(c->out->build, FIELD_NETWORK, network->id);
	match_u(c->out->build, FIELD_ETH_TYPE, is_v6 ? ETH_IPV6 : ETH_IPV4);
}

static void track(const struct compiling *c, const struct net_network *network, bool is_v6)
{
	struct build *b = c->out->build;
	uint32_t first = TRACKED | TRACKED_ESTABLISHED, first_mask = first | TRACKED_REPLY;

	begin_tracked(c, ROW_TRACK, network, is_v6);
	act_ct(b, network->zone, TABLE_ACL_FROM);
	out_want(c->out, c->vs->sw);

	begin_tracked(c, ROW_UNCUT, network, is_v6);
	match_um(b, FIELD_CT_STATE, first, first_mask);
	match_u(b, FIELD_CT_MARK, MARK_CUT);
	act_ct_commit(b, network->zone, 0);
	go(c, TABLE_OUTPUT);

	begin_tracked(c, ROW_COMMIT, network, is_v6);
	match_um(b, FIELD_CT_STATE, TRACKED | TRACKED_NEW, TRACKED | TRACKED_NEW | TRACKED_RELATED | TRACKED_INVALID);
	act_ct_commit(b, network->zone, 0);
	go(c, TABLE_OUTPUT);

	begin_tracked(c, ROW_MARK_CUT, network, is_v6);
	match_um(b, FIELD_CT_STATE, first, first_mask);
	act_ct_commit(b, network->zone, MARK_CUT);
	out_want(c->out, c->vs->sw);
}

void acl_track_rows(const struct compiling *c, const struct net_network *network)
{
	track(c, network, false);
	track(c, network, true);
}
