/* SPDX-License-Identifier: Apache-2.0 */
/* The section `links`: cables between bridges, and the tags of networks on them;
 * and tunnels, which are told apart by having no ports (tunnels.c). */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

enum { MAX_COST = 65535, MAX_DELAY_US = 10000000 };

static bool parse_end(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, struct net_uplink *end)
{
	struct complaint complaint;

	end->where = node->where;
	if (node->kind != YAML_SCALAR || !node->len || strchr(node->text, ':') || memchr(node->text, '\0', node->len))
		return section_uplink_port.parse(scene, at, key, node, end);
	if (!scalar_name((struct scalar) { node->text, node->quoted }, &complaint)) {
		section_complain(scene, at, key, node->where, complaint.code, complaint.text);
		return false;
	}
	end->switch_name = arena_strdup(scene->arena, node->text);
	return true;
}

static bool parse_between(const struct section_scene *scene, const struct section_at *at,
			  const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_uplink *ends = member;

	if (node->kind != YAML_SEQ || node->n_items != 2) {
		section_complain(scene, at, key, node->where, DIAG_LINK,
				 "must name the two ends: [switch:port, switch:port], or for a tunnel [switch, switch]");
		return false;
	}
	bool first = parse_end(scene, at, key, node->items[0], &ends[0]);
	return parse_end(scene, at, key, node->items[1], &ends[1]) && first;
}

static bool parse_bfd(const struct section_scene *scene, const struct section_at *at,
		      const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_uplink *ends = member;

	if (node->kind != YAML_SEQ || node->n_items != 2) {
		section_complain(scene, at, key, node->where, DIAG_STEER_LINK,
				 "must name a port at each end: [switch:port, switch:port]");
		return false;
	}
	for (size_t i = 0; i < 2; i++) {
		ends[i].where = node->items[i]->where;
		if (!section_uplink_port.parse(scene, at, key, node->items[i], &ends[i]))
			return false;
	}
	return true;
}

static void schema_between(const struct section_key *key, FILE *out)
{
	fputs("\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": {\"anyOf\": [{", out);
	section_uplink_port.schema(key, out);
	fputs("}, {\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9][A-Za-z0-9._-]*$\"}]}", out);
}

static void schema_bfd(const struct section_key *key, FILE *out)
{
	fputs("\"type\": \"array\", \"minItems\": 2, \"maxItems\": 2, \"items\": {", out);
	section_uplink_port.schema(key, out);
	putc('}', out);
}

static const struct section_type type_between = {
	.title = "two of switch:port, or two switches",
	.parse = parse_between,
	.schema = schema_between,
};

static const struct section_type type_bfd = {
	.title = "two of switch:port",
	.parse = parse_bfd,
	.schema = schema_bfd,
};

static const struct section_key keys[] = {
	{
		.name = "between",
		.type = &type_between,
		.offset = offsetof(struct link_entry, link.ends),
		.is_required = true,
		.help = "The two ends. A cable: `switch:port` each, without globs. A tunnel: the two switches; both have "
			"a `vtep` of one kind. The switches must be declared.",
	}, {
		.name = "cost",
		.type = &section_uint,
		.offset = offsetof(struct link_entry, link.cost),
		.min = 1,
		.max = MAX_COST,
		.initial = "10",
		.help = "Frames take the way whose costs add up to the least, until that is too busy.",
	}, {
		.name = "rate",
		.type = &section_rate,
		.offset = offsetof(struct link_entry, link.rate),
		.otherwise = "a cable: what the port says; a tunnel: `rate` of its underlay, else 10Gbit",
		.help = "How much it carries, each way.",
	}, {
		.name = "srlg",
		.type = &section_text,
		.offset = offsetof(struct link_entry, link.srlg),
		.otherwise = "fails alone",
		.help = "A name for what it shares with others, like a duct or a provider's router. Those with one name fail "
			"together: what stands by for one of them is none of the others. One name each.",
	}, {
		.name = "drain",
		.type = &section_bool,
		.offset = offsetof(struct link_entry, link.drain),
		.initial = "false",
		.help = "`true` moves traffic off it that can be steered elsewhere, before somebody works on it.",
	}, {
		.name = "delay",
		.type = &section_delay,
		.offset = offsetof(struct link_entry, link.delay_us),
		.min = 1,
		.max = MAX_DELAY_US,
		.otherwise = "not said, and counted as none",
		.help = "How long a frame takes over it, for `max_delay` of `te`.",
	}, {
		.name = "underlay",
		.type = &section_text,
		.offset = offsetof(struct link_entry, underlay_name),
		.otherwise = "the main one",
		.help = "Of a tunnel: the underlay that it goes through, where there are `underlays`.",
	}, {
		.name = "bfd",
		.type = &type_bfd,
		.offset = offsetof(struct link_entry, bfd),
		.otherwise = "it is alive while both switches have their tunnel port",
		.help = "Of a tunnel: a port at each end that does nothing but run BFD (RFC 5880) to the other, a VXLAN port "
			"with `remote_ip` and a `key` of its own. It tells whether the tunnel lives. The port is in no network "
			"and no glob matches it. A cable needs none: BFD runs on its own ports.",
	},
};

static void check(const struct section_scene *scene, const struct section_at *at,
		  const struct yaml_node *map, void *item)
{
	static const char *const of_tunnels[] = { "underlay", "bfd" };
	struct link_entry *entry = item;
	struct net_uplink *ends = entry->link.ends;

	if (!ends[0].switch_name || !ends[1].switch_name)
		return;
	if (!ends[0].port != !ends[1].port)
		diag_add(scene->diag, ends[ends[0].port != NULL].where, DIAG_LINK,
			 "\"between\" in %s names a port of \"%s\" and none of \"%s\": a cable has two, a tunnel none",
			 section_at_text(scene, at), ends[!ends[0].port].switch_name, ends[ends[0].port != NULL].switch_name);
	entry->is_tunnel = !ends[0].port && !ends[1].port;
	entry->is_bad = !ends[0].port != !ends[1].port;
	for (size_t i = 0; i < 2 && map && !entry->is_tunnel && !entry->is_bad; i++) {
		const struct yaml_node *node = yaml_get(map, of_tunnels[i]);

		if (node)
			diag_add(scene->diag, node->where, DIAG_STEER_LINK,
				 "\"%s\" in %s is for tunnels: links without ports", of_tunnels[i],
				 section_at_text(scene, at));
	}
}

const struct section links_section = {
	.name = "link",
	.help = "With ports: a cable between two bridges, or a veth or patch pair: an 802.1Q trunk that carries every "
		"network. Links may form rings and be doubled: what is for one host takes the cheapest way, what is for "
		"all goes along a tree. Without ports: a tunnel that traffic may be steered over.",
	.example = "links:\n"
		   "  - {between: [kvm1:eth3, kvm3:eth3], cost: 20, rate: 10Gbit}\n"
		   "  - {between: [kvm1, kvm2], rate: 1Gbit, srlg: duct-7}\n",
	.size = sizeof(struct link_entry),
	.where_offset = offsetof(struct link_entry, link.where),
	.keys = keys,
	.n_keys = sizeof keys / sizeof *keys,
	.check = check,
};

/* --- the model --------------------------------------------------------------------- */

/* Cables and tunnels live apart from here on. */
void links_split(struct net *net, const struct link_entry *entries, size_t n)
{
	net->links = arena_new_array(net->arena, struct net_link, n);
	net->tunnels = arena_new_array(net->arena, struct net_tunnel, n);
	for (size_t i = 0; i < n; i++) {
		const struct link_entry *entry = &entries[i];
		const struct net_link *link = &entry->link;

		if (!link->ends[0].switch_name || !link->ends[1].switch_name || entry->is_bad)
			continue;
		if (!entry->is_tunnel) {
			net->links[net->n_links++] = *link;
			continue;
		}
		net->tunnels[net->n_tunnels++] = (struct net_tunnel) {
			.ends = { link->ends[0], link->ends[1] }, .underlay_name = entry->underlay_name,
			.bfd = { entry->bfd[0], entry->bfd[1] }, .rate = link->rate, .cost = link->cost,
			.srlg = link->srlg, .drain = link->drain, .delay_us = link->delay_us, .where = link->where,
		};
	}
}

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

static bool is_label(const struct net *net, uint16_t vlan)
{
	return vlan >= net->te.label_first && vlan <= net->te.label_last;
}

/* A tag that is no label, from the name alone. */
static uint16_t tag_of(const struct net *net, const char *name)
{
	unsigned below = net->te.label_first - 1u, above = NET_MAX_VID - net->te.label_last;
	unsigned at = (unsigned) (net_hash(name, strlen(name)) % (below + above));

	return (uint16_t) (at < below ? 1 + at : net->te.label_last + 1 + at - below);
}

/* A tag that is left out depends on nothing but the network itself, and the labels. */
static void choose_tags(struct net *net, struct diag *diag)
{
	size_t n = net->n_networks;
	const struct net_network **order = arena_new_array(net->arena, const struct net_network *, n);

	for (size_t i = 0; i < n; i++) {
		struct net_network *network = &net->networks[i];

		order[i] = network;
		if (network->link_vlan && is_label(net, network->link_vlan))
			diag_add(diag, network->where, DIAG_LABEL,
				 "network \"%s\" has `link_vlan: %u`, and %u-%u are labels of steered frames on links; "
				 "use another one, or set `labels` of `te`", network->name, network->link_vlan,
				 net->te.label_first, net->te.label_last);
		if (network->link_vlan)
			continue;
		network->link_vlan_is_chosen = true;
		network->link_vlan = network->vlan && !is_label(net, network->vlan) ? network->vlan
										    : tag_of(net, network->name);
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
	size_t n = net->n_links;

	for (size_t i = 0; i < n; i++)
		name_link(net, &net->links[i]);
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
