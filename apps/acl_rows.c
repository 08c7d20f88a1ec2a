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
	[ROW_MARK_CUT] = { "mark-cut", TABLE_ACL_DENIED, 100, "network, established, not a reply", "mark = cut; drop" },
	[ROW_DENIED] = { "denied", TABLE_ACL_DENIED, 0, "anything", "drop" },
};
