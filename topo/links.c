/* SPDX-License-Identifier: Apache-2.0 */
/* The section `links`: cables between bridges, and the tags of networks on them. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

enum { MAX_COST = 65535 };

static bool parse_end(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, struct net_uplink *end)
{
	end->where = node->where;
	if (node->kind == YAML_SCALAR && node->len && !strchr(node->text, ':')) {
		section_complain(scene, at, key, node->where, DIAG_LINK,
				 arena_printf(scene->arena, "names no port of \"%.60s\": write switch:port; tunnels "
					      "between hosts need no line here", node->text));
		return false;
	}
	return section_uplink_port.parse(scene, at, key, node, end);
}

static bool parse_between(const struct section_scene *scene, const struct section_at *at,
			  const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_uplink *ends = member;

	if (node->kind != YAML_SEQ || node->n_items != 2) {
		section_complain(scene, at, key, node->where, DIAG_LINK,
				 "must name the two ends: [switch:port, switch:port]");
		return false;
	}
	bool first = parse_end(scene, at, key, node->items[0], &ends[0]);
	return parse_end(scene, at, key, node->items[1], &ends[1]) && first;
}

static void schema_between(const struct section_key *key, FILE *out)
{
	fputs("\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": {", out);
	section_uplink_port.schema(key, out);
	putc('}', out);
}

static const struct section_type type_between = {
	.title = "two of switch:port",
	.parse = parse_between,
	.schema = schema_between,
};

static const char *const later[] = {"rate", "srlg", "drain", NULL};

static const struct section_key keys[] = {
	{
		.name = "between",
		.type = &type_between,
		.offset = offsetof(struct net_link, ends),
		.is_required = true,
		.help = "The two ends, `switch:port` each, without globs. The switches must be declared.",
	}, {
		.name = "cost",
		.type = &section_uint,
		.offset = offsetof(struct net_link, cost),
		.min = 1,
		.max = MAX_COST,
		.initial = "10",
		.help = "Frames take the way whose costs add up to the least.",
	},
};

const struct section links_section = {
	.name = "link",
	.help = "A cable between two bridges, or a veth or patch pair: an 802.1Q trunk that carries every network. "
		"Links may form rings and be doubled: what is for one host takes the cheapest way, what is for all "
		"goes along a tree.",
	.example = "links:\n"
		   "  - {between: [kvm1:eth3, kvm3:eth3], cost: 20}\n",
	.size = sizeof(struct net_link),
	.where_offset = offsetof(struct net_link, where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.later = later,
};

/* --- the model --------------------------------------------------------------------- */

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct net_link *) a)->name, ((const struct net_link *) b)->name);
}

static int by_end(const struct net_uplink *a, const struct net_uplink *b)
{
	int order = strcmp(a->switch_name, b->switch_name);

	return order ? order : strcmp(a->port, b->port);
}

/* The ends in order, so that one cable has one name. */
static void name_link(struct net *net, struct net_link *link)
{
	if (by_end(&link->ends[0], &link->ends[1]) > 0) {
		struct net_uplink end = link->ends[0];

		link->ends[0] = link->ends[1];
		link->ends[1] = end;
	}
	link->name = arena_printf(net->arena, "%s:%s-%s:%s", link->ends[0].switch_name, link->ends[0].port,
				  link->ends[1].switch_name, link->ends[1].port);
}

static int by_vlan(const void *a_, const void *b_)
{
	const struct net_network *a = *(const struct net_network *const *) a_;
	const struct net_network *b = *(const struct net_network *const *) b_;

	if (a->link_vlan != b->link_vlan)
		return a->link_vlan < b->link_vlan ? -1 : 1;
	return a->where.line < b->where.line ? -1 : a->where.line > b->where.line;
}

/* A tag that is left out depends on nothing but the network itself. */
static void choose_tags(struct net *net, struct diag *diag)
{
	size_t n = net->n_networks;
	const struct net_network **order = arena_new_array(net->arena, const struct net_network *, n);

	for (size_t i = 0; i < n; i++) {
		struct net_network *network = &net->networks[i];

		order[i] = network;
		if (network->link_vlan)
			continue;
		network->link_vlan_is_chosen = true;
		network->link_vlan = network->vlan ? network->vlan
			: (uint16_t) (1 + net_hash(network->name, strlen(network->name)) % NET_MAX_VID);
	}
	qsort(order, n, sizeof *order, by_vlan);
	for (size_t i = 1; i < n; i++)
		if (order[i]->link_vlan == order[i - 1]->link_vlan)
			diag_add(diag, order[i]->where, DIAG_DUPLICATE_VALUE,
				 "network \"%s\" has VLAN %u on links, as network \"%s\" (line %u); write a "
				 "\"link_vlan\" for one of the two", order[i]->name, order[i]->link_vlan,
				 order[i - 1]->name, order[i - 1]->where.line);
}

void links_settle(struct net *net, struct diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < net->n_links; i++) {
		struct net_link *link = &net->links[i];

		if (!link->ends[0].switch_name || !link->ends[1].switch_name)
			continue;
		name_link(net, link);
		net->links[n++] = *link;
	}
	net->n_links = n;
	if (n)
		qsort(net->links, n, sizeof *net->links, by_name);
	for (size_t i = 0; i < n; i++) {
		struct net_link *link = &net->links[i];

		for (size_t e = 0; e < 2; e++)
			link->ends[e].sw = net_switch_by_name(net, link->ends[e].switch_name);
		if (link->ends[0].sw == link->ends[1].sw && link->ends[0].sw != NET_NONE)
			diag_add(diag, link->where, DIAG_LINK, "link \"%s\" leads from switch \"%s\" to itself",
				 link->name, link->ends[0].switch_name);
	}
	if (n && net->n_networks && net->networks[0].name)
		choose_tags(net, diag);
}
