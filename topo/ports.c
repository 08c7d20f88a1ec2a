/* SPDX-License-Identifier: Apache-2.0 */
/* The entries of `ports` and `uplinks`: switch:port, and what holds there. */
#include <string.h>

#include "topo/model.h"

enum { MAX_HOSTS = 1000000 };
#define MIN_RATE 100000ULL              /* bit/s */
#define MAX_RATE 1000000000000ULL

bool section_switch_port(const struct section_scene *scene, const struct section_at *at, const struct section_key *key,
			 const struct yaml_node *node, const char **ret_switch, const char **ret_port)
{
	struct complaint complaint;
	size_t switch_len, port_len;
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!scalar_port(in, &switch_len, &port_len, &complaint)) {
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
		return false;
	}
	*ret_switch = arena_strndup(scene->arena, in.text, switch_len);
	*ret_port = arena_strndup(scene->arena, in.text + switch_len + 1, port_len);
	return true;
}

static bool parse_port(const struct section_scene *scene, const struct section_at *at,
		       const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_port *port = member;

	if (!section_switch_port(scene, at, key, node, &port->switch_glob, &port->port_glob))
		return false;
	port->is_glob = strpbrk(port->switch_glob, "*?") || strpbrk(port->port_glob, "*?");
	return true;
}

static bool parse_uplink(const struct section_scene *scene, const struct section_at *at,
			 const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_uplink *uplink = member;
	struct net_port port;

	if (!parse_port(scene, at, key, node, &port))
		return false;
	if (port.is_glob) {
		section_complain(scene, at, key, node->where, DIAG_UPLINK,
				 arena_printf(scene->arena, "is \"%s:%s\"; name one port here, no glob",
					      port.switch_glob, port.port_glob));
		return false;
	}
	uplink->switch_name = port.switch_glob;
	uplink->port = port.port_glob;
	return true;
}

static bool parse_tag(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct scalar in;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!strcmp(in.text, "native")) {
		*(uint16_t *) member = NET_UNTAGGED;
		return true;
	}
	if (scalar_guess(in.text) != SCALAR_STRING)
		return section_uint16.parse(scene, at, key, node, member);
	section_complain(scene, at, key, node->where, DIAG_TYPE,
			 arena_printf(scene->arena, "is \"%.60s\"; write native, or a number from 1 to %d",
				      in.text, NET_MAX_VID));
	return false;
}

static void schema_port(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9*?][A-Za-z0-9._*?-]*:"
	      "[A-Za-z0-9._*?+@=#%~-]+$\"", out);
}

static void schema_uplink(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9][A-Za-z0-9._-]*:"
	      "[A-Za-z0-9._+@=#%~-]+$\"", out);
}

static void schema_tag(const struct section_key *key, FILE *out)
{
	fputs("\"anyOf\": [{\"const\": \"native\"}, {", out);
	section_uint16.schema(key, out);
	fputs("}]", out);
}

static void range_tag(const struct section_key *key, FILE *out)
{
	fputs("`native` or ", out);
	section_uint16.range(key, out);
}

static const struct section_type type_port = {
	.title = "switch:port",
	.parse = parse_port,
	.schema = schema_port,
};

const struct section_type section_uplink_port = {
	.title = "switch:port",
	.parse = parse_uplink,
	.schema = schema_uplink,
};

static const struct section_type type_tag = {
	.title = "VLAN id",
	.parse = parse_tag,
	.schema = schema_tag,
	.range = range_tag,
};

static const struct section_key port_keys[] = {
	{
		.name = "port",
		.type = &type_port,
		.offset = 0,
		.is_required = true,
		.help = "The port, by the name of its interface. Either side may hold `*` (any run of "
			"characters) and `?` (any one): then a new port that matches joins by itself. Globs "
			"match neither an uplink nor the bridge's own LOCAL port. Quote what starts with `*`. "
			"OpenFlow tells 15 characters of a name.",
	}, {
		.name = "tag",
		.type = &type_tag,
		.offset = offsetof(struct net_port, tag),
		.min = 1,
		.max = NET_MAX_VID,
		.initial = "native",
		.help = "The 802.1Q tag that frames of this network carry there. A port may stand in "
			"several networks with a tag in each; untagged (`native`) in one at most.",
	}, {
		.name = "max_hosts",
		.type = &section_uint,
		.offset = offsetof(struct net_port, max_hosts),
		.min = 0,
		.max = MAX_HOSTS,
		.otherwise = "4096",
		.help = "How many hosts of this network may be learned on the port, so that no VM fills the "
			"switches with addresses it makes up; with 0 nothing comes "
			"in there and frames only go out. Those already learned are not hurt.",
	}, {
		.name = "on_limit",
		.type = &section_word,
		.offset = offsetof(struct net_port, on_limit),
		.words = guard_limits,
		.initial = "drop",
		.help = "What becomes of a host beyond `max_hosts`. `drop`: it is not let in, counted and reported. "
			"`report`: it is let in and reported. `shut`: the port lets nothing of this network in any more, "
			"for a minute at first, then for twice as long each time, up to an hour; `weft show ports` says "
			"why and for how long.",
	}, {
		.name = "sticky",
		.type = &section_bool,
		.offset = offsetof(struct net_port, sticky),
		.initial = "false",
		.help = "The first `max_hosts` hosts (with `sticky` 1 unless it is given) stay the port's own: silence does not make "
			"room for others, and no other port can have them as long as this one is there.",
	}, {
		.name = "trust",
		.type = &section_guards,
		.offset = offsetof(struct net_port, trust),
		.words = guard_words,
		.otherwise = "nothing",
		.help = "What `guard` of the network does not hold here: `dhcp` at a DHCP server, `ra` at a router, `source` and "
			"`arp` at what speaks for others; `all` for all of it. Uplinks, `physical` ports, links and tunnels are "
			"trusted.",
	}, {
		.name = "guard",
		.type = &section_bool,
		.offset = offsetof(struct net_port, guard),
		.initial = "true",
		.help = "`false`: the port is bound to nothing, and `guard` of the network does not hold here. Its `mac` and "
			"`ip` then only say who answers for them.",
	}, {
		.name = "flood",
		.type = &section_bool,
		.offset = offsetof(struct net_port, flood),
		.initial = "true",
		.help = "Whether frames to an unknown unicast address may leave here.",
	}, {
		.name = "hairpin",
		.type = &section_bool,
		.offset = offsetof(struct net_port, hairpin),
		.initial = "false",
		.help = "Whether frames may go back out where they came from, for hosts that share the port.",
	}, {
		.name = "enable",
		.type = &section_bool,
		.offset = offsetof(struct net_port, enable),
		.initial = "true",
		.help = "`false` shuts the port, in every network: nothing in, nothing out.",
	}, {
		.name = "mac",
		.type = &section_mac,
		.offset = offsetof(struct net_port, mac),
		.otherwise = "none",
		.help = "The MAC address of the host there. The port is bound to it: what it sends with another source "
			"is dropped, counted and reported, and so is what other edge ports of the network send with it. "
			"`guard: false` at the port spares both.",
	}, {
		.name = "ip",
		.type = &section_ips,
		.offset = offsetof(struct net_port, ips),
		.otherwise = "none",
		.help = "The IP addresses of that host. Who asks for them is answered with its `mac` from the "
			"start, whether the host has spoken or not (see `arp` of the network). The port is bound to "
			"them too: IPv4, IPv6, ARP and neighbour discovery from or about other addresses are dropped, "
			"but for what a host needs to get going: DHCP, the link-local address of its MAC, and what it "
			"asks before it has an address. Without `ip` the port is bound to the MAC alone. What other edge ports say of "
			"these addresses by ARP and neighbour discovery is dropped; IP packets that they send from there only with "
			"`source` in `guard` of the network, for a router may forward them.",
	}, {
		.name = "acl",
		.type = &section_acl,
		.offset = offsetof(struct net_port, acl.at[ACL_IN]),
		.otherwise = "none",
		.help = "The list of `acls` for what the port sends into this network, before that of the network.",
	}, {
		.name = "acl_out",
		.type = &section_acl,
		.offset = offsetof(struct net_port, acl.at[ACL_OUT]),
		.otherwise = "none",
		.help = "The list for what this network delivers to the port.",
	}, {
		.name = "loop_guard",
		.type = &section_bool,
		.offset = offsetof(struct net_port, loop_guard),
		.otherwise = "`loop_guard` of the network",
		.help = "The same for this port: `false` where one machine may speak by several ports at a time.",
	}, {
		.name = "storm",
		.type = &section_map,
		.offset = offsetof(struct net_port, storm),
		.section = &storm_section,
		.otherwise = "`storm` of the network",
		.help = "What this port may send into this network, where it differs from the network's limits; `none` takes a limit away.",
	}, {
		.name = "rate",
		.type = &section_rate,
		.offset = offsetof(struct net_port, rate),
		.otherwise = "as much as it can",
		.help = "How many bits a second the port may send into this network, frames with their Ethernet headers, from `100kbit` "
			"to `1Tbit`. What is beyond is dropped by the bridge, counted and told; a quarter of a second's worth may come "
			"in one go. What is delivered to the port is not limited. A limit needs a meter in the bridge; Open vSwitch "
			"has them.",
	}, {
		.name = "mirror",
		.type = &section_mirror,
		.offset = offsetof(struct net_port, mirror),
		.otherwise = "nowhere",
		.help = "A port of the same switch that gets a copy of all that this one sends and of all that is delivered to it, in "
			"every network, with the tags that its host sees, and a frame once. Before the colon it says the same as `port`. "
			"The mirror port does nothing else: it is in no network, globs do not mean it, and what comes in there is "
			"dropped and counted. Several ports may have one mirror port; a port has one, a switch at most 32.",
	},
};

static const struct section_key uplink_keys[] = {
	{
		.name = "port",
		.type = &section_uplink_port,
		.offset = 0,
		.is_required = true,
		.help = "The port to the trunk, without globs.",
	}, {
		.name = "vlan",
		.type = &section_uint16,
		.offset = offsetof(struct net_uplink, vlan),
		.min = 1,
		.max = NET_MAX_VID,
		.otherwise = "`vlan` of the network",
		.help = "The network's VLAN id on this port, where the physical network numbers it otherwise.",
	},
};

static void check_port(const struct section_scene *scene, const struct section_at *at,
		       const struct yaml_node *map, void *item)
{
	struct net_port *port = item;

	if (!map || !yaml_get(map, "max_hosts"))
		port->max_hosts = port->sticky ? 1 : NET_NONE;
	port->says_loop_guard = map && yaml_get(map, "loop_guard");
	if (port->rate && (port->rate < MIN_RATE || port->rate > MAX_RATE))
		diag_add(scene->diag, yaml_get(map, "rate")->where, DIAG_RANGE,
			 "\"rate\" in %s is out of range; it must be from 100kbit to 1Tbit", section_at_text(scene, at));
	guard_check(scene, at, map, port);
	port_addresses_check(scene, at, map, port);
}

const struct section ports_section = {
	.name = "port",
	.help = "One port, or with globs many: a text `switch:port`, or a map.",
	.example = "ports:\n"
		   "  - kvm1:vm-web1\n"
		   "  - {port: \"*:trunk?\", tag: 20, max_hosts: 10}\n",
	.size = sizeof(struct net_port),
	.where_offset = offsetof(struct net_port, where),
	.keys = port_keys,
	.n_keys = sizeof port_keys / sizeof *port_keys,
	.short_key = "port",
	.check = check_port,
};

const struct section uplinks_section = {
	.name = "uplink",
	.help = "One port to the trunk: a text `switch:port`, or a map.",
	.example = "uplinks: [kvm1:eno2, {port: kvm2:eno2, vlan: 31}]\n",
	.size = sizeof(struct net_uplink),
	.where_offset = offsetof(struct net_uplink, where),
	.keys = uplink_keys,
	.n_keys = sizeof uplink_keys / sizeof *uplink_keys,
	.short_key = "port",
};
