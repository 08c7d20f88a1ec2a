/* SPDX-License-Identifier: Apache-2.0 */
/* The section `vteps`: ends of tunnels that are no switches of ours, like a plain
 * VXLAN device of a Linux host or a hardware gateway.
 *
 * Who is behind one is said by the file (`macs`) and never learned: what comes
 * by a tunnel may then neither take a VM's address away nor fill a table, a
 * restart needs no memory of it, and no frame is reported twice. What is not
 * named is reached by the flood of unknown unicast. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

enum { NETWORK_MAX_VTEPS = 256 };       /* of one network: each is one more copy of every flood */

static bool parse_mac(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct complaint complaint;
	struct scalar in;
	uint64_t mac;
	uint8_t *bytes = member;

	if (!section_scalar(scene, at, key, node, &in))
		return false;
	if (!scalar_mac(in, &mac, &complaint)) {
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
		return false;
	}
	if (!mac || mac >> 40 & 1) {
		section_complain(scene, at, key, node->where, DIAG_RANGE,
				 arena_printf(scene->arena, "is %s, which is no address of a host", in.text));
		return false;
	}
	for (int i = 0; i < 6; i++)
		bytes[i] = (uint8_t) (mac >> 8 * (5 - i));
	return true;
}

static void schema_mac(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}$\"", out);
}

static const struct section_type type_mac = {
	.title = "MAC address",
	.parse = parse_mac,
	.schema = schema_mac,
};

static const struct section_key mac_keys[] = {
	{
		.name = "mac",
		.type = &type_mac,
		.offset = offsetof(struct net_vtep_mac, bytes),
		.is_required = true,
		.help = "The address of a host behind the VTEP, in quotes.",
	},
};

static const struct section macs_section = {
	.name = "host",
	.help = "One host: a text, or a map.",
	.example = "macs: [\"52:54:00:aa:00:50\"]\n",
	.size = sizeof(struct net_vtep_mac),
	.where_offset = offsetof(struct net_vtep_mac, where),
	.keys = mac_keys,
	.n_keys = sizeof mac_keys / sizeof *mac_keys,
	.short_key = "mac",
};

static const struct section_key stand_keys[] = {
	{
		.name = "network",
		.type = &section_text,
		.offset = offsetof(struct net_vtep_stand, name),
		.is_required = true,
		.help = "The name of a network that travels by VXLAN.",
	},
};

static const struct section stands_section = {
	.name = "membership",
	.help = "One network: its name, or a map.",
	.example = "networks: [office]\n",
	.size = sizeof(struct net_vtep_stand),
	.where_offset = offsetof(struct net_vtep_stand, where),
	.keys = stand_keys,
	.n_keys = sizeof stand_keys / sizeof *stand_keys,
	.short_key = "network",
};

static const struct section_key keys[] = {
	{
		.name = "vtep",
		.type = &section_address,
		.offset = offsetof(struct net_vtep, end.vtep),
		.is_required = true,
		.help = "Its address in the underlay. It speaks VXLAN on UDP port 4789.",
	}, {
		.name = "networks",
		.type = &section_list,
		.offset = offsetof(struct net_vtep, stands),
		.count_offset = offsetof(struct net_vtep, n_stands),
		.section = &stands_section,
		.otherwise = "all that have ports on a switch with a `vtep` of that kind, and no `transport: vlan`",
		.help = "The networks it is in, each under its `vni`. Frames of any other VNI are dropped and "
			"counted. It must send floods to the `vtep` of every switch of these networks itself: "
			"what comes by a tunnel goes to local ports only.",
	}, {
		.name = "macs",
		.type = &section_list,
		.offset = offsetof(struct net_vtep, macs),
		.count_offset = offsetof(struct net_vtep, n_macs),
		.section = &macs_section,
		.otherwise = "every host behind it is reached by floods",
		.help = "The hosts behind it, in all of its networks. Frames to them go there only. A port of "
			"a switch that claims one of these addresses is not let in. Hosts behind the VTEP that are "
			"not listed are unknown unicast: flooded, or dropped where the network says `flood: false`.",
	}, {
		.name = "description",
		.type = &section_text,
		.offset = offsetof(struct net_vtep, end.description),
		.otherwise = "none",
		.help = "A text for people.",
	},
};

/* Commenting out the last network must not put it into all of them. */
static void check(const struct section_scene *scene, const struct section_at *at,
		  const struct yaml_node *map, void *item)
{
	struct net_vtep *vtep = item;
	const struct yaml_node *networks = map ? yaml_get(map, "networks") : NULL;

	vtep->is_everywhere = !networks;
	if (networks && !vtep->n_stands
	    && (networks->kind == YAML_SEQ || (networks->kind == YAML_SCALAR && !networks->quoted
					       && scalar_guess(networks->text) == SCALAR_NULL)))
		diag_add(scene->diag, networks->where, DIAG_MISSING,
			 "\"networks\" in %s is there and names none; leave the key out to put it into all",
			 section_at_text(scene, at));
}

const struct section vteps_section = {
	.name = "vtep",
	.help = "An end of tunnels that weft does not control: a VXLAN device of a Linux host, a hardware gateway.",
	.example = "vteps:\n"
		   "  nas: {vtep: 10.0.0.50, networks: [office], macs: [\"52:54:00:aa:00:50\"]}\n",
	.size = sizeof(struct net_vtep),
	.name_offset = offsetof(struct net_vtep, end.name),
	.where_offset = offsetof(struct net_vtep, end.where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.check = check,
};

/* --- addresses --------------------------------------------------------------------- */

static void compare(const struct net_switch *other, const char *what, const struct net_switch *end,
		    struct diag *diag)
{
	if (!other->peer || other->peer != end->peer)
		return;
	if (!strcmp(other->vtep, end->vtep))
		diag_add(diag, end->where, DIAG_DUPLICATE_VALUE, "vtep \"%s\" has the address of %s \"%s\" (line %u): %s",
			 end->name, what, other->name, other->where.line, end->vtep);
	else
		diag_add(diag, end->where, DIAG_ID_CLASH,
			 "the addresses of vtep \"%s\" and %s \"%s\" have one hash; change one of the two",
			 end->name, what, other->name);
}

static void check_address(const struct net *net, size_t i, struct diag *diag)
{
	struct net_switch *end = &net->vteps[i].end;

	vtep_read(end);
	if (!end->vtep)
		return;
	end->vteps = arena_new_array(net->arena, struct net_vtep_at, 1);
	end->n_vteps = 1;
	end->vteps[0] = (struct net_vtep_at) { .underlay = NET_NONE, .text = end->vtep, .is_v6 = end->vtep_is_v6,
					       .where = end->where };
	memcpy(end->vteps[0].bytes, end->vtep_bytes, sizeof end->vtep_bytes);
	if (!end->peer)
		diag_add(diag, end->where, DIAG_TUNNEL, "the address of vtep \"%s\" is no address of a host: %s",
			 end->name, end->vtep);
	uint32_t vtep, sw = end->peer ? net_switch_by_vtep(net, end->vtep_bytes, end->vtep_is_v6, &vtep) : NET_NONE;
	if (sw != NET_NONE && vtep)
		diag_add(diag, end->where, DIAG_DUPLICATE_VALUE, "vtep \"%s\" has the address of switch \"%s\" (line %u): %s",
			 end->name, net->switches[sw].name, net->switches[sw].where.line, end->vtep);
	for (size_t k = 0; end->peer && k < net->n_switches; k++)
		compare(&net->switches[k], "switch", end, diag);
	for (size_t k = 0; end->peer && k < i; k++)
		compare(&net->vteps[k].end, "vtep", end, diag);
}

/* --- networks ---------------------------------------------------------------------- */

static uint32_t find_network(const struct net *net, const char *name)
{
	for (uint32_t i = 0; i < net->n_networks; i++)
		if (!strcmp(net->networks[i].name, name))
			return i;
	return NET_NONE;
}

/* What it is in when the file names nothing. */
static void be_everywhere(const struct net *net, struct net_vtep *vtep, struct diag *diag)
{
	vtep->stands = arena_new_array(net->arena, struct net_vtep_stand, net->n_networks);
	for (uint32_t i = 0; i < net->n_networks; i++) {
		struct net_network *network = &net->networks[i];

		if (network->transport == NET_VLAN || network->n_uplinks
		    || !overlay_reaches(net, network, vtep->end.vtep_is_v6))
			continue;
		network->n_vteps++;
		vtep->stands[vtep->n_stands++] = (struct net_vtep_stand) {
			.name = network->name,
			.network = i,
			.where = vtep->end.where,
		};
	}
	if (!vtep->n_stands && vtep->end.peer)
		diag_add(diag, vtep->end.where, DIAG_TUNNEL,
			 "vtep \"%s\" is in no network: none has ports on a switch with a \"vtep\" that reaches it",
			 vtep->end.name);
}

static void find_networks(const struct net *net, struct net_vtep *vtep, const char *const *names,
			  struct diag *diag)
{
	for (size_t i = 0; i < vtep->n_stands; i++) {
		struct net_vtep_stand *stand = &vtep->stands[i];

		stand->network = stand->name ? find_network(net, stand->name) : NET_NONE;
		if (!stand->name)
			continue;
		if (stand->network == NET_NONE) {
			const char *meant = diag_did_you_mean(stand->name, names, net->n_networks);

			diag_add(diag, stand->where, DIAG_UNKNOWN_NETWORK,
				 meant ? "vtep \"%s\": there is no network \"%s\"; did you mean \"%s\"?"
				       : "vtep \"%s\": there is no network \"%s\"", vtep->end.name, stand->name, meant);
			continue;
		}
		net->networks[stand->network].n_vteps++;
		for (size_t k = 0; k < i; k++)
			if (vtep->stands[k].network == stand->network)
				diag_add(diag, stand->where, DIAG_DUPLICATE_VALUE, "vtep \"%s\" is twice in network \"%s\"",
					 vtep->end.name, stand->name);
	}
}

static int by_mac(const void *a_, const void *b_)
{
	const struct net_static *a = a_, *b = b_;
	int order = memcmp(a->mac, b->mac, 6);

	return order ? order : a->vtep < b->vtep ? -1 : a->vtep > b->vtep;
}

/* There is a finding for it already. */
static bool mac_is_unread(const uint8_t mac[6])
{
	static const uint8_t none[6];

	return !memcmp(mac, none, 6);
}

/* Which VTEPs the network has, and who is behind them. */
static void fill_network(struct net *net, uint32_t index, struct diag *diag)
{
	struct net_network *network = &net->networks[index];
	size_t n_statics = 0, most = network->n_vteps;

	network->vteps = arena_new_array(net->arena, uint32_t, most);
	network->n_vteps = 0;
	for (uint32_t i = 0; i < net->n_vteps && network->n_vteps < most; i++)
		for (size_t k = 0; k < net->vteps[i].n_stands; k++)
			if (net->vteps[i].stands[k].network == index && network->n_vteps < most) {
				network->vteps[network->n_vteps++] = i;
				n_statics += net->vteps[i].n_macs;
			}
	network->statics = arena_new_array(net->arena, struct net_static, n_statics);
	for (size_t i = 0; i < network->n_vteps; i++) {
		const struct net_vtep *vtep = &net->vteps[network->vteps[i]];

		for (size_t k = 0; k < vtep->n_macs; k++) {
			struct net_static *one = &network->statics[network->n_statics];

			if (mac_is_unread(vtep->macs[k].bytes))
				continue;
			network->n_statics++;
			memcpy(one->mac, vtep->macs[k].bytes, 6);
			one->vtep = network->vteps[i];
			one->where = vtep->macs[k].where;
		}
	}
	if (network->n_statics)
		qsort(network->statics, network->n_statics, sizeof *network->statics, by_mac);
	for (size_t i = 1; i < network->n_statics; i++)
		if (!memcmp(network->statics[i].mac, network->statics[i - 1].mac, 6))
			diag_add(diag, network->statics[i].where, DIAG_DUPLICATE_VALUE,
				 "that host is in network \"%s\" already, behind vtep \"%s\" (line %u)", network->name,
				 net->vteps[network->statics[i - 1].vtep].end.name,
				 network->statics[i - 1].where.line);
	if (most > NETWORK_MAX_VTEPS)
		diag_add(diag, network->where, DIAG_TOO_LARGE, "network \"%s\" has %zu vteps; the most is %d",
			 network->name, most, NETWORK_MAX_VTEPS);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct net_vtep *) a)->end.name, ((const struct net_vtep *) b)->end.name);
}

void foreign_settle(struct net *net, struct diag *diag)
{
	const char **names;

	if (!net->n_vteps)
		return;
	qsort(net->vteps, net->n_vteps, sizeof *net->vteps, by_name);
	names = arena_new_array(net->arena, const char *, net->n_networks);
	for (size_t i = 0; i < net->n_networks; i++)
		names[i] = net->networks[i].name;
	for (size_t i = 0; i < net->n_vteps; i++) {
		check_address(net, i, diag);
		if (net->vteps[i].is_everywhere)
			be_everywhere(net, &net->vteps[i], diag);
		else
			find_networks(net, &net->vteps[i], names, diag);
	}
	for (uint32_t i = 0; i < net->n_networks; i++)
		if (net->networks[i].n_vteps)
			fill_network(net, i, diag);
}

const struct net_vtep *net_vtep_of(const struct net *net, uint32_t network, const uint8_t mac[6])
{
	const struct net_network *n = &net->networks[network];
	size_t low = 0, high = n->n_statics;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = memcmp(n->statics[middle].mac, mac, 6);

		if (!order)
			return &net->vteps[n->statics[middle].vtep];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}
