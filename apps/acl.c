/* SPDX-License-Identifier: Apache-2.0 */
/* acl: the tables around the rules. Which lists stand where, classes of
 * addresses, connection tracking.
 *
 * A frame that comes in by an edge port carries the lists of its port, network
 * and switch in registers and meets them in that order; where it goes out it is
 * given the lists of that port and meets them the other way round. Tracking is
 * asked once, before the first list, and a new connection is remembered once,
 * behind the last: so both directions are judged by what was known when the
 * frame came in. docs/explanation/stateful.md. */
#include "apps/acl.h"

#include <stdlib.h>
#include <string.h>

#include "apps/apps.h"
#include "topo/arena.h"

/* The same kinds of rows in every table that judges. */
enum stage_row {
	STAGE_CUT, STAGE_REPLY, STAGE_RELATED, STAGE_KEPT, STAGE_NEED_RULE, STAGE_NEED, STAGE_RULE, STAGE_NO_LIST,
	STAGE_END, STAGE_MISS, N_STAGE_ROWS
};

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

enum row {
	ROW_ARP = 6 * N_STAGE_ROWS, ROW_ND, ROW_DHCP, ROW_TRACK, ROW_UNTRACKED,
	ROW_FROM, ROW_NO_FROM, ROW_TO, ROW_NO_TO,
	ROW_AT, ROW_AT_NOTHING,
	ROW_GROUP_FRAME, ROW_UNCUT, ROW_COMMIT, ROW_NO_COMMIT,
	ROW_MARK_CUT, ROW_DENIED,
	N_ROWS
};

static const struct app_row rows[N_ROWS] = {
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

static const enum field registers[] = { FIELD_LIST_PORT, FIELD_LIST_NETWORK, FIELD_LIST_SWITCH };
enum { AT_PORT, AT_NETWORK, AT_SWITCH, N_PLACES };

static const struct stage stages[N_DIRECTIONS][N_PLACES] = {
	[ACL_IN] = {
		{ TABLE_ACL_PORT, TABLE_ACL_NETWORK, FIELD_LIST_PORT },
		{ TABLE_ACL_NETWORK, TABLE_ACL_SWITCH, FIELD_LIST_NETWORK },
		{ TABLE_ACL_SWITCH, TABLE_L2_SRC, FIELD_LIST_SWITCH },
	},
	[ACL_OUT] = {
		{ TABLE_ACL_OUT_PORT, TABLE_ACL_COMMIT, FIELD_LIST_PORT },
		{ TABLE_ACL_OUT_NETWORK, TABLE_ACL_OUT_PORT, FIELD_LIST_NETWORK },
		{ TABLE_ACL_OUT_SWITCH, TABLE_ACL_OUT_NETWORK, FIELD_LIST_SWITCH },
	},
};

/* --- which lists ------------------------------------------------------------------------ */

static const struct net_switch *declared(const struct scene *scene, uint32_t sw)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	return vs && vs->index != NET_NONE ? &scene->net->switches[vs->index] : NULL;
}

static uint32_t list_of_switch(const struct scene *scene, uint32_t sw, enum acl_direction direction)
{
	const struct net_switch *net_switch = declared(scene, sw);
	return net_switch ? net_switch->acl.at[direction].acl : NET_NONE;
}

/* The lists that a use meets; false when there is none. */
static bool lists_of(const struct scene *scene, uint32_t sw, const struct view_use *use,
		     enum acl_direction direction, uint32_t ret_lists[N_PLACES])
{
	const struct net_network *network = &scene->net->networks[use->network];
	ret_lists[AT_PORT] = ret_lists[AT_NETWORK] = ret_lists[AT_SWITCH] = NET_NONE;
	if (use->is_uplink)
		return false;
	/* A port of `physical` has no entry, and so no list of its own. */
	if (!use->is_physical)
		ret_lists[AT_PORT] = network->ports[use->entry].acl.at[direction].acl;
	ret_lists[AT_NETWORK] = network->acl.at[direction].acl;
	ret_lists[AT_SWITCH] = list_of_switch(scene, sw, direction);
	return ret_lists[AT_PORT] != NET_NONE || ret_lists[AT_NETWORK] != NET_NONE || ret_lists[AT_SWITCH] != NET_NONE;
}

bool acl_judges(const struct scene *scene, uint32_t sw, uint32_t network)
{
	return scene->net->networks[network].is_judged || list_of_switch(scene, sw, ACL_IN) != NET_NONE
		|| list_of_switch(scene, sw, ACL_OUT) != NET_NONE;
}

bool acl_guards(const struct scene *scene, uint32_t sw, const struct view_use *use)
{
	uint32_t lists[N_PLACES];
	return lists_of(scene, sw, use, ACL_OUT, lists);
}

static void set_lists(const struct scene *scene, struct build *b, const uint32_t lists[N_PLACES], bool also_none)
{
	for (size_t i = 0; i < N_PLACES; i++)
		if (lists[i] != NET_NONE || also_none)
			act_set_u(b, registers[i], lists[i] == NET_NONE ? 0 : scene->net->acls[lists[i]].id);
}

void acl_set_lists(const struct scene *scene, struct build *b, uint32_t sw, const struct view_use *use,
		   enum acl_direction direction)
{
	uint32_t lists[N_PLACES];
	if (lists_of(scene, sw, use, direction, lists))
		set_lists(scene, b, lists, false);
}

static bool is_stateful(const struct scene *scene, uint32_t list)
{
	return list != NET_NONE && scene->net->acls[list].stateful;
}

/* Is tracking asked about the network on this switch? */
static bool is_tracked(const struct scene *scene, uint32_t sw, const struct net_network *network)
{
	return network->is_tracked || is_stateful(scene, list_of_switch(scene, sw, ACL_IN))
		|| is_stateful(scene, list_of_switch(scene, sw, ACL_OUT));
}

/* --- one switch ------------------------------------------------------------------------- */

struct compiling {
	const struct scene *scene;
	struct out *out;
	const struct view_switch *vs;
	bool *used[N_DIRECTIONS][N_PLACES];     /* lists that stand there, by index */
};

static void begin(const struct compiling *c, enum row row, uint64_t object)
{
	out_row(c->out, &rows[row], object);
}

static void go(const struct compiling *c, enum table next)
{
	act_goto(c->out->build, next);
	out_want(c->out, c->vs->sw);
}

static void mark_need(const struct compiling *c, enum need need)
{
	act_set_u(c->out->build, FIELD_NEED, need);
	go(c, TABLE_ACL_FROM);
}

/* --- conntrack -------------------------------------------------------------------------- */

enum {
	ETH_IPV4 = 0x0800, ETH_ARP = 0x0806, ETH_IPV6 = 0x86dd, IP_UDP = 17, IP_ICMP6 = 58,
	ND_FIRST = 133, ND_LAST = 137,          /* RFC 4861, section 4 */
	DHCP_SERVER = 67, DHCP_CLIENT = 68,     /* RFC 2131, section 4.1 */
	DHCP6_PORTS = 546, DHCP6_MASK = 0xfffe, /* 546 and 547: RFC 8415, section 7.2 */
};

static void begin_ip(const struct compiling *c, enum row row, uint16_t eth_type, uint8_t proto)
{
	begin(c, row, c->vs->object);
	match_u(c->out->build, FIELD_ETH_TYPE, eth_type);
	match_u(c->out->build, FIELD_IP_PROTO, proto);
}

static void needs(const struct compiling *c)
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

static uint64_t object_of(const struct compiling *c, uint32_t object)
{
	return c->scene->net->objects[object].id;
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

/* --- classes ---------------------------------------------------------------------------- */

static void mark_groups(const struct net_acl *acl, enum acl_side side, bool *groups)
{
	for (size_t i = 0; i < acl->n_rules; i++) {
		const struct net_end *end = side == SIDE_FROM ? &acl->rules[i].from : &acl->rules[i].to;
		for (size_t g = 0; g < end->n_groups; g++)
			groups[end->groups[g]] = true;
	}
}

static void class_row(const struct compiling *c, enum acl_side side, const struct net_class_prefix *at)
{
	const struct net_class *class = &c->scene->net->sides[side].classes[at->class];
	const struct app_row *row = &rows[side == SIDE_FROM ? ROW_FROM : ROW_TO];
	struct build *b = c->out->build;
	build_flow(b, row->table, (uint16_t) (row->priority + at->prefix.len),
		   out_cookie(c->out, object_of(c, c->scene->net->groups[class->groups[0]].object)));
	match_u(b, FIELD_ETH_TYPE, at->prefix.is_v6 ? ETH_IPV6 : ETH_IPV4);
	acl_match_prefix(b, side, &at->prefix);
	act_set_u(b, side == SIDE_FROM ? FIELD_FROM : FIELD_TO, class->id);
	go(c, side == SIDE_FROM ? TABLE_ACL_TO : TABLE_ACL_PORT);
}

/* Only what the lists that stand on this switch ask for. */
static void classes(const struct compiling *c, enum acl_side side)
{
	const struct net *net = c->scene->net;
	bool *groups = xheap_alloc(net->n_groups), *wanted = xheap_alloc(net->sides[side].n_classes);
	for (int d = 0; d < N_DIRECTIONS; d++)
		for (int p = 0; p < N_PLACES; p++)
			for (size_t i = 0; i < net->n_acls; i++)
				if (c->used[d][p][i])
					mark_groups(&net->acls[i], side, groups);
	for (size_t i = 0; i < net->sides[side].n_classes; i++)
		for (size_t g = 0; g < net->sides[side].classes[i].n_groups; g++)
			wanted[i] |= groups[net->sides[side].classes[i].groups[g]];
	for (size_t i = 0; i < net->sides[side].n_prefixes; i++)
		if (wanted[net->sides[side].prefixes[i].class])
			class_row(c, side, &net->sides[side].prefixes[i]);
	free(groups);
	free(wanted);
}

/* --- lists ------------------------------------------------------------------------------ */

static void at_port(const struct compiling *c, const struct view_port *port, const struct view_use *use)
{
	uint32_t lists[N_PLACES];
	if (!lists_of(c->scene, c->vs->sw, use, ACL_OUT, lists))
		return;
	begin(c, ROW_AT, use->object);
	match_u(c->out->build, FIELD_NETWORK, use->id);
	match_u(c->out->build, FIELD_OUT, port->ofport);
	set_lists(c->scene, c->out->build, lists, true);
	go(c, TABLE_ACL_OUT_SWITCH);
}

/* Which lists stand where on this switch; false when no frame comes near any. One
 * that only passes from link to link does: ingress sends it here. */
static bool find_used(const struct compiling *c)
{
	bool any = false;
	for (size_t p = 0; p < c->vs->n_ports; p++) {
		const struct view_port *port = &c->vs->ports[p];
		for (size_t u = 0; u < port->n_uses; u++) {
			any |= acl_judges(c->scene, c->vs->sw, port->uses[u].network);
			for (enum acl_direction d = ACL_IN; d < N_DIRECTIONS; d++) {
				uint32_t lists[N_PLACES];
				lists_of(c->scene, c->vs->sw, &port->uses[u], d, lists);
				for (size_t i = 0; i < N_PLACES; i++)
					if (lists[i] != NET_NONE)
						c->used[d][i][lists[i]] = true;
			}
		}
	}
	for (uint32_t n = 0; !any && n < c->scene->net->n_networks; n++)
		any = view_member(view_network(c->scene->view, n), c->vs->sw) && acl_judges(c->scene, c->vs->sw, n);
	return any;
}

static void stage_rows(const struct compiling *c, enum acl_direction direction, size_t place)
{
	const struct stage *stage = &stages[direction][place];
	const struct net *net = c->scene->net;
	for (size_t i = 0; i < net->n_acls; i++)
		if (c->used[direction][place][i])
			acl_list_rows(c->scene, c->out, c->vs, stage, &net->acls[i]);
	build_flow(c->out->build, stage->table, PRIORITY_NO_LIST, out_cookie(c->out, c->vs->object));
	match_u(c->out->build, stage->list, 0);
	go(c, stage->next);
	build_flow(c->out->build, stage->table, 0, out_cookie(c->out, c->vs->object));
	out_want(c->out, c->vs->sw);
}

static void meters(const struct compiling *c)
{
	if (!c->vs->max_meters)
		return;
	build_meter(c->out->build, METER_LOG, true, LOG_RATE, LOG_BURST);
	out_want(c->out, c->vs->sw);
	build_meter(c->out->build, METER_REJECT, true, REJECT_RATE, REJECT_BURST);
	out_want(c->out, c->vs->sw);
}

/* The last row of a table that only adds to what is known. */
static void pass(const struct compiling *c, enum row row, enum table next)
{
	begin(c, row, c->vs->object);
	go(c, next);
}

static void fixed_rows(const struct compiling *c)
{
	static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };
	needs(c);
	pass(c, ROW_UNTRACKED, TABLE_ACL_FROM);
	pass(c, ROW_NO_FROM, TABLE_ACL_TO);
	pass(c, ROW_NO_TO, TABLE_ACL_PORT);
	pass(c, ROW_AT_NOTHING, TABLE_ACL_COMMIT);
	pass(c, ROW_NO_COMMIT, TABLE_OUTPUT);
	begin(c, ROW_GROUP_FRAME, c->vs->object);
	match_bytes(c->out->build, FIELD_ETH_DST, group_bit, group_bit);
	go(c, TABLE_OUTPUT);
	begin(c, ROW_DENIED, c->vs->object);
	out_want(c->out, c->vs->sw);
}

static void networks(const struct compiling *c)
{
	const struct scene *scene = c->scene;
	for (uint32_t n = 0; n < scene->net->n_networks; n++) {
		const struct net_network *network = &scene->net->networks[n];
		if (!view_member(view_network(scene->view, n), c->vs->sw) || !is_tracked(scene, c->vs->sw, network))
			continue;
		track(c, network, false);
		track(c, network, true);
	}
	for (size_t p = 0; p < c->vs->n_ports; p++)
		for (size_t u = 0; u < c->vs->ports[p].n_uses; u++)
			at_port(c, &c->vs->ports[p], &c->vs->ports[p].uses[u]);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	struct compiling c = { .scene = scene, .out = out, .vs = view_switch(scene->view, sw) };
	size_t n = scene->net->n_acls;
	if (!c.vs || !n)
		return;
	bool *used = xheap_alloc(n * N_DIRECTIONS * N_PLACES);
	for (size_t i = 0; i < N_DIRECTIONS * N_PLACES; i++)
		c.used[i / N_PLACES][i % N_PLACES] = used + i * n;
	if (find_used(&c)) {
		meters(&c);
		for (enum acl_direction d = ACL_IN; d < N_DIRECTIONS; d++)
			for (size_t place = 0; place < N_PLACES; place++)
				stage_rows(&c, d, place);
		classes(&c, SIDE_FROM);
		classes(&c, SIDE_TO);
		fixed_rows(&c);
		networks(&c);
	}
	free(used);
}

/* A port that only went up or down keeps its rows; without lists there are none. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	(void) out;
	return !scene->net->n_acls || (fact->kind == FACT_PORT && !fact->uses_changed);
}

const struct app app_acl = {
	.name = "acl",
	.help = "rules of who may speak to whom, connection tracking",
	.rows = rows,
	.n_rows = N_ROWS,
	.spans = true,
	.tables = TABLE_BIT(CONNTRACK) | TABLE_BIT(ACL_FROM) | TABLE_BIT(ACL_TO) | TABLE_BIT(ACL_PORT)
		| TABLE_BIT(ACL_NETWORK) | TABLE_BIT(ACL_SWITCH) | TABLE_BIT(ACL_AT) | TABLE_BIT(ACL_OUT_SWITCH)
		| TABLE_BIT(ACL_OUT_NETWORK) | TABLE_BIT(ACL_OUT_PORT) | TABLE_BIT(ACL_COMMIT) | TABLE_BIT(ACL_DENIED),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(WAYS),
	.compile = compile,
	.patch = patch,
	.packet_in = acl_packet_in,
};
