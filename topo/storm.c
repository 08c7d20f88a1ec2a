/* SPDX-License-Identifier: Apache-2.0 */
/* The section `storm` of a network, of its ports and of its physical segment: how
 * many frames a second a port may send that go to everybody. */
#include <string.h>

#include "topo/model.h"

enum { MAX_PPS = 10000000 };

static bool parse_limit(const struct section_scene *scene, const struct section_at *at,
			const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;
	uint64_t pps;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!strcmp(in.text, "none")) {
		*(uint32_t *) member = NET_NONE;
		return true;
	}
	if (!scalar_packets(in, key->min, key->max, &pps, &complaint)) {
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
		return false;
	}
	*(uint32_t *) member = (uint32_t) pps;
	return true;
}

static void schema_limit(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^(none|[1-9][0-9]*[kM]?pps)$\"", out);
}

static void range_limit(const struct section_key *key, FILE *out)
{
	fprintf(out, "`%upps` to `%upps`, or `none`", (unsigned) key->min, (unsigned) key->max);
}

static const struct section_type type_limit = {
	.title = "packets per second",
	.parse = parse_limit,
	.schema = schema_limit,
	.range = range_limit,
};

static const struct section_key keys[] = {
	{
		.name = "broadcast",
		.type = &type_limit,
		.offset = offsetof(struct net_storm, pps[STORM_BROADCAST]),
		.min = 1,
		.max = MAX_PPS,
		.otherwise = "at a network `none`, else what the network says",
		.help = "Frames to ff:ff:ff:ff:ff:ff, ARP and DHCP among them.",
	}, {
		.name = "multicast",
		.type = &type_limit,
		.offset = offsetof(struct net_storm, pps[STORM_MULTICAST]),
		.min = 1,
		.max = MAX_PPS,
		.otherwise = "at a network `none`, else what the network says",
		.help = "Frames to any other group address, IPv6 neighbour solicitations among them.",
	}, {
		.name = "unknown",
		.type = &type_limit,
		.offset = offsetof(struct net_storm, pps[STORM_UNKNOWN]),
		.min = 1,
		.max = MAX_PPS,
		.otherwise = "at a network `none`, else what the network says",
		.help = "Frames to a MAC address that no host is known to have.",
	},
};

const char *net_storm_word(enum net_storm_kind kind) { return kind == LIMIT_RATE ? "rate" : keys[kind].name; }

uint32_t net_storm_limit(const struct net_storm *network, const struct net_storm *port, enum net_storm_kind kind)
{
	uint32_t pps = port->pps[kind] ? port->pps[kind] : network->pps[kind];

	return pps == NET_NONE ? 0 : pps;
}

bool storm_is_said(const struct net_storm *storm)
{
	return storm->pps[STORM_BROADCAST] || storm->pps[STORM_MULTICAST] || storm->pps[STORM_UNKNOWN];
}

void storm_print(const struct net_storm *storm, FILE *out)
{
	const char *comma = "{";

	for (unsigned kind = 0; kind < N_STORMS; kind++) {
		if (!storm->pps[kind])
			continue;
		if (storm->pps[kind] == NET_NONE)
			fprintf(out, "%s%s: none", comma, keys[kind].name);
		else
			fprintf(out, "%s%s: %upps", comma, keys[kind].name, storm->pps[kind]);
		comma = ", ";
	}
	putc('}', out);
}

const struct section storm_section = {
	.name = "storm limit",
	.help = "How many frames a second each port may send into the network that go to everybody: packets per "
		"second and port, with one second's worth in one go. What is beyond is dropped by the bridge, counted "
		"and told. Limits need meters in the bridge, one each; Open vSwitch has them. Links, tunnels and uplinks "
		"are not limited: what comes by them was let in by an edge port.",
	.example = "storm: {broadcast: 1000pps, multicast: 1000pps, unknown: 500pps}\n",
	.size = sizeof(struct net_storm),
	.where_offset = offsetof(struct net_storm, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
};
