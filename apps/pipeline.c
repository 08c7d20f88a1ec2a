/* SPDX-License-Identifier: Apache-2.0 */
/* The pipeline as data: what each table may match, set and do, and the page of
 * the manual that is printed from it. A row that breaks this does not build. */
#include "apps/pipeline.h"

#include <inttypes.h>
#include <stdio.h>

#include "apps/app.h"

#define LISTS (FIELD_BIT(REG7) | FIELD_BIT(REG8) | FIELD_BIT(REG9))

/* What a rule may ask for. */
#define JUDGED (LISTS | FIELD_BIT(REG4) | FIELD_BIT(REG5) | FIELD_BIT(REG6) \
	| FIELD_BIT(ETH_SRC) | FIELD_BIT(ETH_DST) | FIELD_BIT(ETH_TYPE) | FIELD_BIT(IP_PROTO) | FIELD_BIT(IP_DSCP) \
	| FIELD_BIT(IPV4_SRC) | FIELD_BIT(IPV4_DST) | FIELD_BIT(IPV6_SRC) | FIELD_BIT(IPV6_DST) \
	| FIELD_BIT(TCP_SRC) | FIELD_BIT(TCP_DST) | FIELD_BIT(UDP_SRC) | FIELD_BIT(UDP_DST) \
	| FIELD_BIT(SCTP_SRC) | FIELD_BIT(SCTP_DST) | FIELD_BIT(CONJ_ID) | FIELD_BIT(CT_STATE) | FIELD_BIT(CT_MARK))

/* The tag or tunnel to the next switch. */
#define LEAVES (FIELD_BIT(VLAN_VID) | FIELD_BIT(VLAN_PCP) | FIELD_BIT(TUN_ID) | FIELD_BIT(TUN_SRC) | FIELD_BIT(TUN_DST) \
	| FIELD_BIT(TUN_IPV6_SRC) | FIELD_BIT(TUN_IPV6_DST))

#define JUDGE(NAME, ID, NEXT, SET, HELP) { \
	.name = NAME, .owner = "acl", .id = ID, .match = JUDGED, .set = SET, \
	.next = TABLE_BIT(NEXT) | TABLE_BIT(ACL_DENIED), .punts = true, .help = HELP, \
	.miss = "dropped: a list whose rules are not there yet", \
}

const struct table_contract pipeline[N_TABLES] = {
	[TABLE_INGRESS] = {
		.name = "ingress", .owner = "ingress", .id = 0,
		.match = FIELD_BIT(IN_PORT) | FIELD_BIT(VLAN_VID) | FIELD_BIT(ETH_SRC) | FIELD_BIT(ETH_DST)
			| FIELD_BIT(TUN_ID) | FIELD_BIT(TUN_SRC) | FIELD_BIT(TUN_IPV6_SRC) | FIELD_BIT(REG15),
		.set = FIELD_BIT(REG0) | FIELD_BIT(REG1) | FIELD_BIT(REG10) | FIELD_BIT(REG13) | FIELD_BIT(METADATA) | FIELD_BIT(VLAN_VID) | LISTS,
		.next = TABLE_BIT(L2_SRC) | TABLE_BIT(CONNTRACK) | TABLE_BIT(GUARD) | TABLE_BIT(STORM) | TABLE_BIT(TRANSIT),
		.punts = true,
		.outputs = true,
		.meters = true,
		.again = TABLE_BIT(INGRESS),
		.help = "what a `mirror` shall have is copied, `rate` goes through a meter; port and tag, or tunnel and VNI, become the "
			"network register; the tag is taken off",
		.miss = "dropped: a port the controller has not heard of yet",
	},
	[TABLE_GUARD] = {
		.name = "guard", .owner = "guard", .id = 10,
		.match = FIELD_BIT(REG0) | FIELD_BIT(IN_PORT) | FIELD_BIT(ETH_SRC) | FIELD_BIT(ETH_TYPE) | FIELD_BIT(VLAN_VID)
			| FIELD_BIT(ARP_SPA) | FIELD_BIT(ARP_TPA) | FIELD_BIT(ARP_SHA) | FIELD_BIT(IPV4_SRC) | FIELD_BIT(IPV4_DST)
			| FIELD_BIT(IPV6_SRC) | FIELD_BIT(IP_PROTO) | FIELD_BIT(UDP_SRC) | FIELD_BIT(UDP_DST)
			| FIELD_BIT(ICMPV6_TYPE) | FIELD_BIT(ND_TARGET) | FIELD_BIT(IP_TTL) | FIELD_BIT(IP_FRAG),
		.set = FIELD_BIT(REG11),
		.next = TABLE_BIT(GUARD_ND) | TABLE_BIT(CONNTRACK) | TABLE_BIT(L2_SRC) | TABLE_BIT(STORM),
		.punts = true,
		.help = "only of guarded ports: bound and leased addresses, DHCP servers, routers, ports that are shut",
		.miss = "dropped: a port whose guard is not there yet",
	},
	[TABLE_GUARD_ND] = {
		.name = "guard_nd", .owner = "guard", .id = 13,
		.match = FIELD_BIT(REG0) | FIELD_BIT(IN_PORT) | FIELD_BIT(ETH_SRC) | FIELD_BIT(ETH_TYPE) | FIELD_BIT(IP_PROTO)
			| FIELD_BIT(ICMPV6_TYPE) | FIELD_BIT(ND_TARGET),
		.next = TABLE_BIT(CONNTRACK) | TABLE_BIT(L2_SRC) | TABLE_BIT(STORM),
		.punts = true,
		.help = "IPv6 from an address of the sender: what advertisements are about",
		.miss = "dropped: a port whose guard is not there yet",
	},
	[TABLE_STORM] = {
		.name = "storm", .owner = "storm", .id = 14,
		.match = FIELD_BIT(REG0) | FIELD_BIT(IN_PORT) | FIELD_BIT(ETH_DST),
		.next = TABLE_BIT(L2_SRC) | TABLE_BIT(CONNTRACK),
		.meters = true,
		.help = "ports with `storm` limits: broadcast and multicast go through a meter",
		.miss = "dropped: cannot be",
	},
	[TABLE_CONNTRACK] = {
		.name = "conntrack", .owner = "acl", .id = 20,
		.match = FIELD_BIT(REG0) | FIELD_BIT(ETH_DST) | FIELD_BIT(ETH_TYPE) | FIELD_BIT(IP_PROTO) | FIELD_BIT(ICMPV6_TYPE)
			| FIELD_BIT(UDP_SRC) | FIELD_BIT(UDP_DST),
		.set = FIELD_BIT(REG6),
		.next = TABLE_BIT(ACL_FROM) | TABLE_BIT(ACL_BACK),
		.tracks = true,
		.help = "ARP, ND and DHCP are marked; IP of networks with stateful lists is looked up in their zone",
		.miss = "does not happen: the last row goes on",
	},
	[TABLE_ACL_BACK] = {
		.name = "acl_back", .owner = "acl", .id = 21,
		.match = FIELD_BIT(CT_STATE) | FIELD_BIT(CT_MARK) | FIELD_BIT(CT_LABEL),
		.set = FIELD_BIT(ETH_DST),
		.next = TABLE_BIT(ACL_FROM),
		.help = "replies of connections whose source is translated, addressed to who began them again",
		.miss = "dropped: no such connection",
	},
	[TABLE_ACL_FROM] = {
		.name = "acl_from", .owner = "acl", .id = 22,
		.match = FIELD_BIT(ETH_TYPE) | FIELD_BIT(IPV4_SRC) | FIELD_BIT(IPV6_SRC),
		.set = FIELD_BIT(REG4),
		.next = TABLE_BIT(ACL_TO),
		.help = "source address to the set of groups that hold it",
		.miss = "does not happen: the last row goes on",
	},
	[TABLE_ACL_TO] = {
		.name = "acl_to", .owner = "acl", .id = 24,
		.match = FIELD_BIT(ETH_TYPE) | FIELD_BIT(IPV4_DST) | FIELD_BIT(IPV6_DST),
		.set = FIELD_BIT(REG5),
		.next = TABLE_BIT(ACL_PORT),
		.help = "destination address to the set of groups that hold it",
		.miss = "does not happen: the last row goes on",
	},
	[TABLE_ACL_PORT] = JUDGE("acl_port", 30, ACL_NETWORK, 0, "`acl` of the port it came by"),
	[TABLE_ACL_NETWORK] = JUDGE("acl_network", 32, ACL_SWITCH, 0, "`acl` of the network"),
	[TABLE_ACL_SWITCH] = JUDGE("acl_switch", 34, L2_SRC, 0, "`acl` of the switch"),
	[TABLE_L2_SRC] = {
		.name = "l2_src", .owner = "l2", .id = 60,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG1) | FIELD_BIT(REG10) | FIELD_BIT(IN_PORT) | FIELD_BIT(ETH_SRC)
			| FIELD_BIT(ETH_TYPE) | FIELD_BIT(VLAN_VID),
		.set = FIELD_BIT(REG3),
		.next = TABLE_BIT(CLAIM),
		.punts = true,
		.help = "known hosts pass; unknown ones at the edge pass and are reported",
		.miss = "dropped: no such network on this switch",
	},
	[TABLE_CLAIM] = {
		.name = "claim", .owner = "arp", .id = 64,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG1) | FIELD_BIT(ETH_SRC) | FIELD_BIT(ETH_DST)
			| FIELD_BIT(ETH_TYPE) | FIELD_BIT(VLAN_VID) | FIELD_BIT(ARP_SPA) | FIELD_BIT(ARP_TPA) | FIELD_BIT(IP_PROTO) | FIELD_BIT(ICMPV6_TYPE)
			| FIELD_BIT(IPV6_SRC) | FIELD_BIT(ND_TARGET),
		.next = TABLE_BIT(ARP) | TABLE_BIT(L2_DST),
		.punts = true,
		.help = "who says by ARP or neighbour discovery that an IP address is its own; news is reported",
		.miss = "passed on to l2_dst: says nothing about addresses, or not at the edge",
	},
	[TABLE_ARP] = {
		.name = "arp", .owner = "arp", .id = 65,
		.match = FIELD_BIT(REG0) | FIELD_BIT(IN_PORT) | FIELD_BIT(ETH_DST) | FIELD_BIT(ETH_TYPE)
			| FIELD_BIT(VLAN_VID) | FIELD_BIT(ARP_OP) | FIELD_BIT(ARP_TPA) | FIELD_BIT(IP_PROTO) | FIELD_BIT(ICMPV6_TYPE) | FIELD_BIT(ND_TARGET),
		.set = FIELD_BIT(ETH_SRC) | FIELD_BIT(ETH_DST) | FIELD_BIT(ARP_OP) | FIELD_BIT(ARP_SPA)
			| FIELD_BIT(ARP_TPA) | FIELD_BIT(ARP_SHA) | FIELD_BIT(ARP_THA) | FIELD_BIT(IPV6_SRC)
			| FIELD_BIT(IPV6_DST) | FIELD_BIT(ICMPV6_TYPE) | FIELD_BIT(ND_RESERVED)
			| FIELD_BIT(ND_OPTION) | FIELD_BIT(REG2) | FIELD_BIT(IN_PORT),
		.next = TABLE_BIT(ADVERT) | TABLE_BIT(L2_DST) | TABLE_BIT(OUTPUT),
		.help = "questions for a known host are turned into its answer",
		.miss = "passed on to l2_dst: no question, or for nobody known",
	},
	[TABLE_ADVERT] = {
		.name = "advert", .owner = "arp", .id = 66,
		.match = FIELD_BIT(ETH_TYPE) | FIELD_BIT(VLAN_VID) | FIELD_BIT(IP_PROTO) | FIELD_BIT(ICMPV6_TYPE),
		.set = FIELD_BIT(ND_TLL) | FIELD_BIT(REG2) | FIELD_BIT(IN_PORT),
		.next = TABLE_BIT(OUTPUT),
		.help = "second half of an IPv6 answer: the option can be written once the frame is an advertisement",
		.miss = "dropped: cannot be",
	},
	[TABLE_L2_DST] = {
		.name = "l2_dst", .owner = "l2", .id = 70,
		.match = FIELD_BIT(REG0) | FIELD_BIT(ETH_DST) | FIELD_BIT(IN_PORT),
		.set = FIELD_BIT(REG2) | FIELD_BIT(REG3),
		.next = TABLE_BIT(OUTPUT) | TABLE_BIT(ACL_AT),
		.meters = true,
		.help = "network and destination become the port to leave by, or a flood",
		.miss = "dropped: no such network on this switch",
	},
	[TABLE_ACL_AT] = {
		.name = "acl_at", .owner = "acl", .id = 78,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG2),
		.set = LISTS,
		.next = TABLE_BIT(ACL_OUT_SWITCH) | TABLE_BIT(ACL_COMMIT),
		.help = "the port it leaves by has lists; copies of a flood come here one by one",
		.miss = "does not happen: the last row goes on",
	},
	[TABLE_ACL_OUT_SWITCH] = JUDGE("acl_out_switch", 80, ACL_OUT_NETWORK, 0, "`acl_out` of the switch"),
	[TABLE_ACL_OUT_NETWORK] = JUDGE("acl_out_network", 82, ACL_OUT_PORT, FIELD_BIT(REG14), "`acl_out` of the network"),
	[TABLE_ACL_OUT_PORT] = JUDGE("acl_out_port", 84, ACL_COMMIT, FIELD_BIT(REG14), "`acl_out` of the port it leaves by"),
	[TABLE_ACL_COMMIT] = {
		.name = "acl_commit", .owner = "acl", .id = 90,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG14) | FIELD_BIT(ETH_DST) | FIELD_BIT(ETH_TYPE) | FIELD_BIT(CT_STATE)
			| FIELD_BIT(CT_MARK) | FIELD_BIT(CT_LABEL),
		.next = TABLE_BIT(OUTPUT) | TABLE_BIT(ACL_SENT),
		.tracks = true,
		.help = "a new connection that passed every list is remembered; `snat` gives it another source",
		.miss = "does not happen: the last row goes on",
	},
	[TABLE_ACL_SENT] = {
		.name = "acl_sent", .owner = "acl", .id = 92,
		.match = FIELD_BIT(CT_STATE) | FIELD_BIT(CT_LABEL),
		.set = FIELD_BIT(ETH_SRC),
		.next = TABLE_BIT(OUTPUT),
		.help = "what has got another source gets the MAC address to that",
		.miss = "dropped: no source was free",
	},
	[TABLE_OUTPUT] = {
		.name = "output", .owner = "output", .id = 100,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG1) | FIELD_BIT(REG2) | FIELD_BIT(REG3) | FIELD_BIT(IN_PORT)
			| FIELD_BIT(REG15),
		.set = FIELD_BIT(VLAN_VID) | FIELD_BIT(VLAN_PCP) | FIELD_BIT(TUN_ID) | FIELD_BIT(TUN_DST) | FIELD_BIT(TUN_IPV6_DST),
		.next = TABLE_BIT(PATH),
		.outputs = true,
		.again = TABLE_BIT(ACL_AT),
		.help = "the port's tag, or what takes it to another switch, is put on; Open vSwitch never sends a frame back by itself",
		.miss = "dropped: the port has left the network",
	},
	[TABLE_PATH] = {
		.name = "path", .owner = "steer", .id = 102,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG3),
		.set = FIELD_BIT(REG12) | LEAVES,
		.next = TABLE_BIT(SLOT),
		.outputs = true,
		.help = "to another switch by the path for it, or by a slot of several",
		.miss = "dropped: cannot be",
	},
	[TABLE_SLOT] = {
		.name = "slot", .owner = "steer", .id = 104,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG3) | FIELD_BIT(REG12),
		.set = LEAVES,
		.outputs = true,
		.help = "the slot's path",
		.miss = "dropped: cannot be",
	},
	[TABLE_TRANSIT] = {
		.name = "transit", .owner = "steer", .id = 106,
		.match = FIELD_BIT(IN_PORT) | FIELD_BIT(REG13),
		.set = LEAVES,
		.outputs = true,
		.help = "frames on their way between two other switches, by the label they came with",
		.miss = "dropped: cannot be",
	},
	[TABLE_ACL_DENIED] = {
		.name = "acl_denied", .owner = "acl", .id = 110,
		.match = FIELD_BIT(REG0) | FIELD_BIT(REG3) | FIELD_BIT(ETH_TYPE) | FIELD_BIT(CT_STATE),
		.tracks = true,
		.help = "denied by a stateful list: a connection that was allowed before is marked as cut",
		.miss = "dropped",
	},
};

enum table pipeline_by_id(uint8_t id)
{
	switch (id) {
#define TABLE(NAME, ID) case ID: return TABLE_##NAME;
	TABLES
#undef TABLE
	}
	return N_TABLES;
}

/* --- the manual -------------------------------------------------------------------- */

static const char *const field_words[N_FIELDS] = {
	[FIELD_IN_PORT] = "in_port", [FIELD_REG0] = "reg0", [FIELD_REG1] = "reg1", [FIELD_REG2] = "reg2",
	[FIELD_ETH_SRC] = "eth_src", [FIELD_ETH_DST] = "eth_dst", [FIELD_VLAN_VID] = "vlan_vid",
	[FIELD_REG3] = "reg3", [FIELD_REG5] = "reg5", [FIELD_TUN_ID] = "tun_id", [FIELD_TUN_SRC] = "tun_src",
	[FIELD_TUN_DST] = "tun_dst", [FIELD_TUN_IPV6_SRC] = "tun_ipv6_src",
	[FIELD_TUN_IPV6_DST] = "tun_ipv6_dst", [FIELD_ETH_TYPE] = "eth_type", [FIELD_IP_PROTO] = "ip_proto",
	[FIELD_IPV6_SRC] = "ipv6_src", [FIELD_IPV6_DST] = "ipv6_dst", [FIELD_ARP_OP] = "arp_op",
	[FIELD_ARP_SPA] = "arp_spa", [FIELD_ARP_TPA] = "arp_tpa", [FIELD_ARP_SHA] = "arp_sha",
	[FIELD_ARP_THA] = "arp_tha", [FIELD_ICMPV6_TYPE] = "icmpv6_type", [FIELD_ND_TARGET] = "nd_target",
	[FIELD_ND_TLL] = "nd_tll", [FIELD_ND_RESERVED] = "nd_reserved", [FIELD_ND_OPTION] = "nd_options_type",
	[FIELD_REG4] = "reg4", [FIELD_REG6] = "reg6", [FIELD_REG7] = "reg7", [FIELD_REG8] = "reg8",
	[FIELD_REG9] = "reg9", [FIELD_REG10] = "reg10", [FIELD_IP_DSCP] = "ip_dscp", [FIELD_IP_TTL] = "ip_ttl",
	[FIELD_IP_FRAG] = "ip_frag",
	[FIELD_IPV4_SRC] = "ipv4_src", [FIELD_IPV4_DST] = "ipv4_dst", [FIELD_TCP_SRC] = "tcp_src",
	[FIELD_TCP_DST] = "tcp_dst", [FIELD_UDP_SRC] = "udp_src", [FIELD_UDP_DST] = "udp_dst",
	[FIELD_SCTP_SRC] = "sctp_src", [FIELD_SCTP_DST] = "sctp_dst", [FIELD_CONJ_ID] = "conj_id",
	[FIELD_CT_STATE] = "ct_state", [FIELD_CT_MARK] = "ct_mark", [FIELD_REG12] = "reg12", [FIELD_REG13] = "reg13",
	[FIELD_REG11] = "reg11", [FIELD_REG14] = "reg14", [FIELD_CT_LABEL] = "ct_label",
	[FIELD_REG15] = "reg15", [FIELD_METADATA] = "metadata", [FIELD_VLAN_PCP] = "vlan_pcp",
};

static void print_fields(FILE *to, uint64_t fields)
{
	const char *comma = "";
	for (unsigned f = 0; f < N_FIELDS; f++) {
		if (!(fields >> f & 1))
			continue;
		fprintf(to, "%s%s", comma, field_words[f]);
		comma = ", ";
	}
	fputs(comma[0] ? " | " : "- | ", to);
}

static void print_next(FILE *to, const struct table_contract *table)
{
	const char *comma = "";
	for (unsigned t = 0; t < N_TABLES; t++) {
		if (!(table->next >> t & 1))
			continue;
		fprintf(to, "%s%s", comma, pipeline[t].name);
		comma = ", ";
	}
	if (table->outputs) {
		fprintf(to, "%sports", comma);
		comma = ", ";
	}
	if (table->punts)
		fprintf(to, "%scontroller", comma);
	fputs(" | ", to);
}

static void print_tables(FILE *to)
{
	fputs("## Tables\n\n"
	      "| table | number | app | what it does | matches | sets | goes to | without a row |\n"
	      "|---|---|---|---|---|---|---|---|\n", to);
	for (unsigned t = 0; t < N_TABLES; t++) {
		const struct table_contract *table = &pipeline[t];
		fprintf(to, "| %s | %u | %s | %s | ", table->name, table->id, table->owner, table->help);
		print_fields(to, table->match);
		print_fields(to, table->set);
		print_next(to, table);
		fprintf(to, "%s |\n", table->miss);
	}
	fputs("\nEvery table ends with a row of priority 0 that has a cookie and counts, so that no frame is\n"
	      "dropped without a name. Numbers between those in use are kept for tables to come.\n\n", to);
}

static void print_registers(FILE *to)
{
	fprintf(to, "## Registers\n\n"
		"| register | name | value |\n|---|---|---|\n"
		"| reg0 | network | hash of the network's name; `weft name` prints the name |\n"
		"| reg1 | class | %d = edge port, %d = uplink, %d = tunnel, %d = link |\n"
		"| reg2 | out | OpenFlow port to leave by, 0x%x = flood, 0x%x = flood of unknown unicast, 0x%x = another switch |\n"
		"| reg3 | peer | with out = another switch: its IPv4 vtep as a number, else a hash of its IPv6 vtep or name; "
		"0x%x = flooded, in networks with rules |\n"
		"| reg4, reg5 | from, to | hash of the groups that hold the source and the destination address; 0 = none |\n"
		"| reg6 | need | %d = ARP, %d = neighbour discovery, %d = DHCP |\n"
		"| reg7, reg8, reg9 | lists | hash of the name of the port's, the network's and the switch's list; 0 = none |\n"
		"| reg10 | tags | 1 = the network passes tags that guests put on |\n"
		"| reg11 | until | seconds since 1970: when a lease ends, a port opens again; never matched, for restarts only |\n"
		"| reg12 | slot | number of the connection's slot: which path of several it takes |\n"
		"| reg13 | label | the VID or VNI by which a frame on a path came |\n"
		"| reg14 | snat | hash of the source addresses that a new connection gets; 0 = it keeps its own |\n"
		"| reg15 | copied | OpenFlow port of the mirror that has a copy of the frame, as it came in; 0 = none |\n"
		"| metadata | priority | priority (PCP) of the tag with which the frame came in, for the one with which it leaves |\n\n",
		CLASS_EDGE, CLASS_UPLINK, CLASS_TUNNEL, CLASS_LINK, OUT_FLOOD, OUT_UNKNOWN, OUT_SWITCH,
		PEER_FLOODED, NEED_ARP, NEED_ND, NEED_DHCP);
}

static void print_labels(FILE *to)
{
	fprintf(to, "A connection whose source is translated has in its `ct_label` from bit %d on the MAC address of who began\n"
		"it, and from bit %d on reg14. `ct_mark` 1 = a rule has ended the connection.\n\n", LABEL_MAC_BIT, LABEL_SNAT_BIT);
}

static void print_cookies(FILE *to)
{
	fprintf(to, "## Cookies, groups and meters\n\n"
		"A cookie is `0x%02" PRIx64 "` (8 bits: the row is weft's), the number of the app (8 bits), and a hash of the\n"
		"name of what the row is there for (48 bits): a port entry, a network or a switch of the file.\n"
		"It never comes from a position, so inserting a line renumbers nothing. Rows with another\n"
		"first byte belong to others and are never touched. Group ids 0x%x-0x%x and meter ids\n"
		"0x%x-0x%x are weft's.\n\n"
		"| app | number | what it does |\n|---|---|---|\n",
		(uint64_t) COOKIE_OURS, (unsigned) GROUP_OURS_FIRST, (unsigned) GROUP_OURS_LAST,
		(unsigned) METER_OURS_FIRST, (unsigned) METER_OURS_LAST);
	for (size_t i = 0; i < n_apps; i++)
		fprintf(to, "| %s | %u | %s |\n", apps[i].app->name, apps[i].number, apps[i].app->help);
	fputc('\n', to);
}

static void print_rows(FILE *to)
{
	fputs("## Rows\n", to);
	for (size_t i = 0; i < n_apps; i++) {
		const struct app *app = apps[i].app;
		fprintf(to, "\n### %s\n\n| row | table | priority | matches | does |\n|---|---|---|---|---|\n",
			app->name);
		for (size_t r = 0; r < app->n_rows; r++)
			fprintf(to, "| %s | %s | %u%s | %s | %s |\n", app->rows[r].name,
				pipeline[app->rows[r].table].name, app->rows[r].priority, app->spans ? " on" : "",
				app->rows[r].match, app->rows[r].does);
	}
}

void pipeline_print_reference(FILE *to)
{
	fputs("# Pipeline and cookies\n\n"
	      "What weft writes into a bridge: OpenFlow 1.3 tables, registers of Open vSwitch, and the\n"
	      "cookie that says for each row why it is there.\n\n    ", to);
	for (unsigned t = 0; t < N_TABLES; t++)
		fprintf(to, "%s%s", t ? " -> " : "", pipeline[t].name);
	fputs("\n\n", to);
	print_tables(to);
	print_registers(to);
	print_labels(to);
	print_cookies(to);
	print_rows(to);
}
