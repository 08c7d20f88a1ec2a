/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of rows of acl, as data: the code takes table and priority from here,
 * the manual and `weft name` the words. */
#include "apps/acl_impl.h"

#define STAGE_ROWS(PREFIX, TABLE) \
	{ PREFIX "-connection-cut", TABLE, PRIORITY_CUT, "list, reply, mark = cut", "a rule ended the connection: drop" }, \
	{ PREFIX "-reply", TABLE, PRIORITY_REPLY, "list, reply", "reply of an allowed connection: go on" }, \
	{ PREFIX "-related", TABLE, PRIORITY_RELATED, "list, related", "ICMP error about an allowed connection: go on" }, \
	{ PREFIX "-kept", TABLE, PRIORITY_KEPT, "list, established", "`established: keep`: go on" }, \
	{ PREFIX "-rule-of-need", TABLE, PRIORITY_NEED_RULE, "list, need, what the rule asks for", \
		"what a rule says that names ARP, ND or DHCP" }, \
	{ PREFIX "-need", TABLE, PRIORITY_NEED, "list, need", "ARP, ND, DHCP that no rule names: go on" }, \
	{ PREFIX "-rule", TABLE, PRIORITY_RULE, "list, what the rule asks for", "what the rule says" }, \
	{ PREFIX "-no-list", TABLE, PRIORITY_NO_LIST, "list = 0", "go on" }, \
	{ PREFIX "-end-of-list", TABLE, PRIORITY_END, "list", "nothing matched: denied" }, \
	{ PREFIX "-no-such-list", TABLE, 0, "anything", "drop: the list is not there yet" }


const struct app_row acl_rows[N_ROWS] = {
	STAGE_ROWS("port", TABLE_ACL_PORT),
	STAGE_ROWS("network", TABLE_ACL_NETWORK),
	STAGE_ROWS("switch", TABLE_ACL_SWITCH),
	STAGE_ROWS("out-switch", TABLE_ACL_OUT_SWITCH),
	STAGE_ROWS("out-network", TABLE_ACL_OUT_NETWORK),
	STAGE_ROWS("out-port", TABLE_ACL_OUT_PORT),
	[ROW_ARP] = { "needs-arp", TABLE_CONNTRACK, 300, "eth_type ARP", "need = ARP; go to acl_from" },
	[ROW_ND] = { "needs-nd", TABLE_CONNTRACK, 290, "ICMPv6 types 133 to 137", "need = ND; go to acl_from" },
	[ROW_DHCP] = { "needs-dhcp", TABLE_CONNTRACK, 280, "UDP 67/68, 546/547", "need = DHCP; go to acl_from" },
	[ROW_TRACK] = { "track", TABLE_CONNTRACK, 100, "network, IPv4 or IPv6",
		"look up in the network's zone; go to acl_from" },
	[ROW_UNTRACKED] = { "untracked", TABLE_CONNTRACK, 0, "anything", "go to acl_from" },
	[ROW_FROM] = { "source-class", TABLE_ACL_FROM, 1000, "source prefix (its length is added to the priority)",
		"from = the groups that hold it; go to acl_to" },
	[ROW_NO_FROM] = { "source-in-none", TABLE_ACL_FROM, 0, "anything", "in no group: go to acl_to" },
	[ROW_TO] = { "destination-class", TABLE_ACL_TO, 1000, "destination prefix (its length is added to the priority)",
		"to = the groups that hold it; go to acl_port" },
	[ROW_NO_TO] = { "destination-in-none", TABLE_ACL_TO, 0, "anything", "in no group: go to acl_port" },
	[ROW_AT] = { "guarded-port", TABLE_ACL_AT, 100, "network, out = port",
		"lists = those of the port, its network, its switch; go to acl_out_switch" },
	[ROW_AT_NOTHING] = { "elsewhere", TABLE_ACL_AT, 0, "anything",
		"a flood, another switch, or a port without lists: go to acl_commit" },
	[ROW_GROUP_FRAME] = { "group-frame", TABLE_ACL_COMMIT, 300, "eth_dst a group address",
		"nobody replies to it from there: go to output" },
	[ROW_UNCUT] = { "uncut", TABLE_ACL_COMMIT, 200, "network, established, mark = cut",
		"allowed again: the mark is taken off; go to output" },
	[ROW_COMMIT] = { "commit", TABLE_ACL_COMMIT, 100, "network, new", "remember the connection; go to output" },
	[ROW_NO_COMMIT] = { "no-commit", TABLE_ACL_COMMIT, 0, "anything", "go to output" },
	[ROW_BACK] = { "addressed-to-source", TABLE_CONNTRACK, 120, "network, IPv4 or IPv6, eth_dst the MAC address of `snat`",
		"look up in the network's zone and translate back; go to acl_back" },
	[ROW_STRAY] = { "no-reply", TABLE_CONNTRACK, 110, "network, eth_dst the MAC address of `snat`",
		"drop: neither IP nor ARP, no host has that address" },
	[ROW_BACK_CUT] = { "translated-connection-cut", TABLE_ACL_BACK, 110, "mark = cut", "a rule ended the connection: drop" },
	[ROW_CLIENT] = { "translate-back", TABLE_ACL_BACK, 100, "reply, label of a translation",
		"eth_dst = the MAC address in the label; go to acl_from" },
	[ROW_NO_CLIENT] = { "no-such-connection", TABLE_ACL_BACK, 0, "anything",
		"drop: to an address of `snat`, and no reply of a connection that is known" },
	[ROW_TRANSLATED_UNCUT] = { "translated-uncut", TABLE_ACL_COMMIT, 270, "network, not a reply, mark = cut, label of this `snat`",
		"allowed again: the mark is taken off; translated as before; go to acl_sent" },
	[ROW_TRANSLATED] = { "translated", TABLE_ACL_COMMIT, 260, "network, not a reply, label of this `snat`",
		"the connection has another source, and keeps it; go to acl_sent" },
	[ROW_FORGOTTEN] = { "translation-gone", TABLE_ACL_COMMIT, 250, "network, not a reply, label of a translation",
		"drop: the file does not have that `snat` any more" },
	[ROW_TRANSLATE] = { "translate", TABLE_ACL_COMMIT, 240, "network, new, snat",
		"the connection gets the source of `snat` and is remembered; go to acl_sent" },
	[ROW_UNFIT] = { "not-translatable", TABLE_ACL_COMMIT, 230, "network, invalid, snat",
		"drop: it would show the address that `snat` hides" },
	[ROW_SENT] = { "translated-source", TABLE_ACL_SENT, 100, "translated",
		"eth_src = the MAC address of `snat`; go to output" },
	[ROW_OLDER] = { "older-than-snat", TABLE_ACL_SENT, 90, "label of a translation",
		"the connection was there before the rule and keeps its source; go to output" },
	[ROW_NO_SOURCE] = { "no-source-free", TABLE_ACL_SENT, 0, "anything",
		"drop: no port of the source is free, or the table of connections is full" },
	[ROW_MARK_CUT] = { "mark-cut", TABLE_ACL_DENIED, 100, "network, established, not a reply", "mark = cut; drop" },
	[ROW_COPY_DENIED] = { "copy-denied", TABLE_ACL_DENIED, 110, "peer = flooded",
		"drop: it says nothing of the connection, which is that of another port" },
	[ROW_DENIED] = { "denied", TABLE_ACL_DENIED, 0, "anything", "drop" },
};
