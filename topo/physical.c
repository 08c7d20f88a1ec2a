/* SPDX-License-Identifier: Apache-2.0 */
/* The section `physical` of a network: the ports by which it meets the LAN. */
#include <string.h>

#include "topo/model.h"

static const struct section_key keys[] = {
	{
		.name = "port",
		.type = &section_uplink_port,
		.offset = offsetof(struct net_physical, single),
		.otherwise = "`ports`",
		.help = "The port to the LAN, without globs.",
	}, {
		.name = "ports",
		.type = &section_list,
		.offset = offsetof(struct net_physical, ports),
		.count_offset = offsetof(struct net_physical, n_ports),
		.section = &uplinks_section,
		.otherwise = "`port`",
		.help = "Several ports to the same LAN, on a switch each. One is used at a time: the first whose "
			"switch is connected and whose link is up. The others let nothing in and out, so there "
			"is no loop; when the one in use dies, the next one takes over.",
	}, {
		.name = "vlan",
		.type = &section_uint16,
		.offset = offsetof(struct net_physical, vlan),
		.min = 1,
		.max = NET_MAX_VID,
		.otherwise = "untagged",
		.help = "The VLAN id of the network on the LAN.",
	}, {
		.name = "untagged",
		.type = &section_bool,
		.offset = offsetof(struct net_physical, untagged),
		.initial = "false",
		.help = "`true` says in words what leaving out `vlan` says: frames on the LAN carry no tag.",
	}, {
		.name = "storm",
		.type = &section_map,
		.offset = offsetof(struct net_physical, storm),
		.section = &storm_section,
		.otherwise = "`storm` of the network",
		.help = "What all machines of the LAN together may send, where it differs from the network's limits.",
	},
};

/* An unknown key has been told of, and was probably meant to be the port. */
static bool is_misspelt(const struct yaml_node *map)
{
	for (size_t i = 0; map && i < map->n_items; i++) {
		size_t k = 0;

		while (k < sizeof keys / sizeof *keys && strcmp(keys[k].name, map->keys[i]->text))
			k++;
		if (k == sizeof keys / sizeof *keys && strncmp(map->keys[i]->text, "x-", 2))
			return true;
	}
	return false;
}

static void check(const struct section_scene *scene, const struct section_at *at,
		  const struct yaml_node *map, void *item)
{
	struct net_physical *physical = item;
	bool has_port = map && yaml_get(map, "port"), has_ports = map && yaml_get(map, "ports");
	const char *stands = section_at_text(scene, at);

	if (has_port && has_ports)
		diag_add(scene->diag, yaml_get(map, "port")->where, DIAG_UPLINK,
			 "%s has \"port\" and \"ports\"; keep one of the two", stands);
	else if (!has_port && !physical->n_ports && !is_misspelt(map))
		diag_add(scene->diag, physical->where, DIAG_MISSING,
			 "%s has no \"port\", and it must have one: {port: switch:port, vlan: N}", stands);
	if (map && physical->untagged && yaml_get(map, "vlan"))
		diag_add(scene->diag, yaml_get(map, "vlan")->where, DIAG_UPLINK,
			 "%s has `untagged: true` and \"vlan\"; keep one of the two", stands);
	for (size_t i = 0; i < physical->n_ports; i++)
		if (!physical->ports[i].vlan)
			physical->ports[i].vlan = physical->vlan;
	if (!has_port || has_ports || !physical->single.switch_name)
		return;
	physical->single.vlan = physical->vlan;
	physical->single.where = yaml_get(map, "port")->where;
	physical->ports = arena_new_array(scene->arena, struct net_uplink, 1);
	physical->ports[0] = physical->single;
	physical->n_ports = 1;
}

const struct section physical_section = {
	.name = "segment",
	.help = "The physical segment of a network: machines behind a port of one host are on one segment with "
		"the VMs on all hosts. They are learned like VMs. A MAC that stands on a VM's port whose link is "
		"up is not taken away by a frame from the LAN.",
	.example = "physical: {ports: [kvm3:eno2, kvm1:eno2], vlan: 20}\n",
	.size = sizeof(struct net_physical),
	.where_offset = offsetof(struct net_physical, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.check = check,
};
