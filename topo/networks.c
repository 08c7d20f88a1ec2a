/* SPDX-License-Identifier: Apache-2.0 */
/* The section `networks`: one layer-2 segment each. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

enum {
	/* OpenFlow 1.3, 7.3.4.1: idle_timeout has 16 bits. Below 5 s, silence
	 * between two keepalives would already end a host. */
	AGEING_MIN = 5,
	AGEING_MAX = 65535,
	MAX_VNI = (1 << 24) - 1,        /* RFC 7348, 5 */
	MAX_HOSTS = 1000000,
};

static const char *const tags[] = {"drop", "pass", NULL};       /* enum net_tags */
static const char *const transports[] = {"vlan", "vxlan", NULL};      /* NET_VLAN and on */
static const char *const arps[] = {"answer", "flood", NULL};
static const char *const later[] = {"gateway", "gateways", "dhcp", NULL};

static const struct section_key keys[] = {
	{
		.name = "ports",
		.type = &section_list,
		.offset = offsetof(struct net_network, ports),
		.count_offset = offsetof(struct net_network, n_ports),
		.section = &ports_section,
		.otherwise = "no ports",
		.help = "The edge ports of the network: `switch:port`, or a map of the keys below. "
			"Of several entries for one port the exact one counts, else the first one. Of two "
			"networks that claim one tag of a port, the one that names the port exactly has it, "
			"else the first by name; the other is shown as a conflict.",
	}, {
		.name = "max_hosts",
		.type = &section_uint,
		.offset = offsetof(struct net_network, max_hosts),
		.min = 1,
		.max = MAX_HOSTS,
		.otherwise = "no limit",
		.help = "How many hosts may be learned in the whole network. Hosts beyond it are not "
			"learned and counted; those already learned are not hurt.",
	}, {
		.name = "flood",
		.type = &section_bool,
		.offset = offsetof(struct net_network, flood),
		.initial = "true",
		.help = "Whether frames to an unknown unicast address are flooded. `false` wins over "
			"`true` at a port. Broadcast and multicast are flooded in any case.",
	}, {
		.name = "arp",
		.type = &section_word,
		.offset = offsetof(struct net_network, arp),
		.words = arps,
		.otherwise = "`answer`",
		.help = "What becomes of ARP requests and IPv6 neighbour solicitations. `answer`: for known hosts "
			"the switch answers where the question comes in, and nobody else hears of it; what nobody "
			"is known to have is flooded. `flood`: all of them are flooded.",
	}, {
		.name = "ageing",
		.type = &section_duration,
		.offset = offsetof(struct net_network, ageing),
		.min = AGEING_MIN,
		.max = AGEING_MAX,
		.initial = "300s",
		.help = "How long after its last frame a learned host is forgotten; 0 means never.",
	}, {
		.name = "transport",
		.type = &section_word,
		.offset = offsetof(struct net_network, transport),
		.words = transports,
		.otherwise = "`vxlan` when at least two switches of its ports have a `vtep`, or one has and there is "
			     "one in `vteps`, else each switch by itself",
		.help = "How the network travels between switches. `vlan`: each host has the trunk, and "
			"the network is a VLAN on the `uplinks`. `vxlan`: by tunnels between the switches "
			"that have ports in it.",
	}, {
		.name = "vlan",
		.type = &section_uint16,
		.offset = offsetof(struct net_network, vlan),
		.min = 1,
		.max = NET_MAX_VID,
		.otherwise = "none; must be there with `transport: vlan` unless each uplink has its own",
		.help = "The VLAN id on the uplinks.",
	}, {
		.name = "uplinks",
		.type = &section_list,
		.offset = offsetof(struct net_network, uplinks),
		.count_offset = offsetof(struct net_network, n_uplinks),
		.section = &uplinks_section,
		.otherwise = "none; must be there with `transport: vlan`",
		.help = "The ports to the trunk, at most one per switch, no globs.",
	}, {
		.name = "vni",
		.type = &section_uint,
		.offset = offsetof(struct net_network, vni),
		.min = 1,
		.max = MAX_VNI,
		.otherwise = "with `transport: vxlan`, made from the name",
		.help = "The VXLAN network identifier, unique in the file. Frames on the wire carry it.",
	}, {
		.name = "link_vlan",
		.type = &section_uint16,
		.offset = offsetof(struct net_network, link_vlan),
		.min = 1,
		.max = NET_MAX_VID,
		.otherwise = "`vlan`, else made from the name",
		.help = "The VLAN id of the network on `links`, unique in the file.",
	}, {
		.name = "physical",
		.type = &section_map,
		.offset = offsetof(struct net_network, physical),
		.section = &physical_section,
		.otherwise = "none",
		.help = "Where the network meets the LAN: the machines behind one port of one switch are on the "
			"same segment as the VMs of all switches.",
	}, {
		.name = "mtu",
		.type = &section_uint,
		.offset = offsetof(struct net_network, mtu),
		.min = NET_MIN_MTU,
		.max = MODEL_MAX_MTU,
		.otherwise = "not said",
		.help = "The MTU that the network's hosts have, in bytes; physical machines usually have 1500. When "
			"its tunnels carry less, that is a warning. It sets nothing at the hosts.",
	}, {
		.name = "subnet",
		.type = &section_prefix,
		.offset = offsetof(struct net_network, subnet),
		.otherwise = "none",
		.help = "The IP prefix that the network's hosts use.",
	}, {
		.name = "tags",
		.type = &section_word,
		.offset = offsetof(struct net_network, tags),
		.words = tags,
		.initial = "drop",
		.help = "What becomes of VLAN tags that guests put on themselves. `drop`: such frames are "
			"dropped and counted. `pass`: they are payload and arrive as they were sent; a port "
			"without a `tag` in this network can then be in no other. Where the network itself has a "
			"tag, the bridge needs `other_config:vlan-limit=2`.",
	}, {
		.name = "acl",
		.type = &section_acl,
		.offset = offsetof(struct net_network, acl.at[ACL_IN]),
		.otherwise = "none",
		.help = "The list of `acls` for what the network's edge ports and its `physical` port send; uplinks, "
			"links and tunnels are not judged. A frame must pass the list of its port, of its network and "
			"of its switch.",
	}, {
		.name = "acl_out",
		.type = &section_acl,
		.offset = offsetof(struct net_network, acl.at[ACL_OUT]),
		.otherwise = "none",
		.help = "The list for what is delivered to these ports, also from other switches.",
	}, {
		.name = "guard",
		.type = &section_guards,
		.offset = offsetof(struct net_network, guard),
		.words = guard_words,
		.otherwise = "nothing",
		.help = "What the edge ports are watched for; a port says what it is trusted with by `trust`. `dhcp`: no DHCP "
			"server there (of IPv4 and IPv6), and what the others lease is learned. `source`: IP only from "
			"addresses that are leased to the sender, or declared by `ip` at the port. `arp`: ARP and neighbour "
			"discovery only about such addresses. `ra`: no router advertisements and redirects. `all`: all of it.",
	}, {
		.name = "slaac",
		.type = &section_slaac,
		.offset = offsetof(struct net_network, slaac),
		.otherwise = "none",
		.help = "With `source` or `arp` in `guard`: IPv6 prefixes in which hosts give themselves addresses (RFC 4862). An address "
			"there belongs to the host that asked first whether it is free, or spoke first, until nothing came from it for an "
			"hour; 64 a port at most. Prefixes that routers announce are not taken from them: write them here.",
	}, {
		.name = "ct_zone",
		.type = &section_uint,
		.offset = offsetof(struct net_network, ct_zone),
		.min = 1,
		.max = ACL_MAX_ZONE,
		.otherwise = "made from the name",
		.help = "The connection tracking zone of stateful lists; only for networks whose zones from their names "
			"are the same.",
	}, {
		.name = "storm",
		.type = &section_map,
		.offset = offsetof(struct net_network, storm),
		.section = &storm_section,
		.otherwise = "no limit",
		.help = "How many broadcast, multicast and unknown unicast frames a second each of the network's ports and its `physical` port may send. A port can have limits of its own.",
	}, {
		.name = "loop_guard",
		.type = &section_bool,
		.offset = offsetof(struct net_network, loop_guard),
		.initial = "true",
		.help = "Whether an edge port that makes a loop is closed in this network for a while: one whose own frames come "
			"back, or where a MAC goes to and fro between it and others. 10 s the first time, twice as long each time "
			"in a row, 10 minutes at most; forgotten after 10 quiet minutes. Uplinks and `physical` ports are never "
			"closed.",
	}, {
		.name = "description",
		.type = &section_text,
		.offset = offsetof(struct net_network, description),
		.otherwise = "none",
		.help = "A text for people.",
	},
};

bool net_guards_loops(const struct net_network *network, const struct net_port *port)
{
	return port->says_loop_guard ? port->loop_guard : network->loop_guard;
}

/* Where a key of the network stands, else the network itself. */
static struct where where_of(const struct yaml_node *map, const char *key,
			     const struct net_network *network)
{
	const struct yaml_node *value = yaml_get(map, key);

	return value ? value->where : network->where;
}

/* What each uplink carries; true when one has no VLAN id. */
static bool settle_uplinks(struct net_network *network)
{
	bool is_missing = !network->n_uplinks && !network->vlan;

	for (size_t i = 0; i < network->n_uplinks; i++) {
		if (!network->uplinks[i].vlan)
			network->uplinks[i].vlan = network->vlan;
		is_missing |= !network->uplinks[i].vlan;
	}
	return is_missing;
}

static void check(const struct section_scene *scene, const struct section_at *at,
		  const struct yaml_node *map, void *item)
{
	struct net_network *network = item;
	bool has_uplinks = yaml_get(map, "uplinks"), has_vlan = yaml_get(map, "vlan");
	bool has_transport = yaml_get(map, "transport");

	if (!network->max_hosts)
		network->max_hosts = NET_NONE;
	if (network->transport == NET_VLAN && yaml_get(map, "physical"))
		diag_add(scene->diag, where_of(map, "physical", network), DIAG_UPLINK,
			 "%s has `transport: vlan` and \"physical\": with both it would meet the LAN twice; "
			 "the machines on VLAN %u are in it already", section_at_text(scene, at), network->vlan);
	network->mtu_where = where_of(map, "mtu", network);
	if (network->arp == NET_ARP_DEFAULT)
		network->arp = NET_ARP_ANSWER;
	if (network->transport == NET_VLAN) {
		if (settle_uplinks(network) && !has_vlan)
			diag_add(scene->diag, where_of(map, "transport", network), DIAG_MISSING,
				 "%s has `transport: vlan` and no \"vlan\"", section_at_text(scene, at));
		if (!has_uplinks)
			diag_add(scene->diag, where_of(map, "transport", network), DIAG_MISSING,
				 "%s has `transport: vlan` and no \"uplinks\"", section_at_text(scene, at));
		return;
	}
	bool no_vlan = !has_transport || network->transport == NET_VXLAN;

	if (has_uplinks && no_vlan)
		diag_add(scene->diag, where_of(map, "uplinks", network), DIAG_UPLINK,
			 "\"uplinks\" in %s needs `transport: vlan`", section_at_text(scene, at));
	if (has_vlan && no_vlan)
		diag_add(scene->diag, where_of(map, "vlan", network), DIAG_UPLINK,
			 "\"vlan\" in %s needs `transport: vlan`; the tag of a port is written "
			 "{port: switch:port, tag: N}", section_at_text(scene, at));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct net_network *) a)->name, ((const struct net_network *) b)->name);
}

static int by_vni(const void *a_, const void *b_)
{
	const struct net_network *a = *(const struct net_network *const *) a_;
	const struct net_network *b = *(const struct net_network *const *) b_;

	if (a->vni != b->vni)
		return a->vni < b->vni ? -1 : 1;
	if (a->where.line != b->where.line)
		return a->where.line < b->where.line ? -1 : 1;
	return a->where.col < b->where.col ? -1 : a->where.col > b->where.col;
}

void networks_settle(struct net *net, struct diag *diag)
{
	size_t n = net->n_networks;
	const struct net_network **order = arena_new_array(net->arena, const struct net_network *, n);

	if (n)
		qsort(net->networks, n, sizeof *net->networks, by_name);
	if (n > NET_MAX_NETWORKS)
		diag_add(diag, net->networks[n - 1].where, DIAG_TOO_LARGE,
			 "there are %zu networks; the most is %d", n, NET_MAX_NETWORKS);
	foreign_settle(net, diag);
	overlays_settle(net, diag);
	for (size_t i = 0; i < n; i++)
		port_addresses_settle(net, &net->networks[i], diag);
	for (size_t i = 0; i < n; i++)
		order[i] = &net->networks[i];
	qsort(order, n, sizeof *order, by_vni);
	for (size_t i = 1; i < n; i++) {
		if (order[i]->vni && order[i]->vni == order[i - 1]->vni)
			diag_add(diag, order[i]->where, DIAG_DUPLICATE_VALUE,
				 "network \"%s\" has the vni of network \"%s\" (line %u): %u%s", order[i]->name,
				 order[i - 1]->name, order[i - 1]->where.line, order[i]->vni,
				 order[i]->vni_is_chosen || order[i - 1]->vni_is_chosen
				 ? ", made from a name; write a \"vni\"" : "");
	}
}

const struct section networks_section = {
	.name = "network",
	.help = "One layer-2 segment: a broadcast domain with its own table of hosts. "
		"A port that stands in no network drops everything, counted and shown.",
	.example = "networks:\n"
		   "  office:\n"
		   "    ports:\n"
		   "      - kvm1:vm-web1\n"
		   "      - kvm*:office-*\n"
		   "      - {port: kvm2:fw0, tag: 20}\n",
	.size = sizeof(struct net_network),
	.name_offset = offsetof(struct net_network, name),
	.where_offset = offsetof(struct net_network, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.later = later,
	.check = check,
};

const char *net_transport_word(enum net_transport transport)
{
	return transport == NET_LOCAL ? "local" : transports[transport - NET_VLAN];
}
