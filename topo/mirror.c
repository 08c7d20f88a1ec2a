/* SPDX-License-Identifier: Apache-2.0 */
/* `mirror` of port entries: where copies of a port's traffic go. A port that is named
 * there is for copies only: it is in no network, and no glob means it. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

static bool parse_mirror(const struct section_scene *scene, const struct section_at *at,
			 const struct section_key *key, const struct yaml_node *node, void *member)
{
	struct net_mirror_to *to = member;
	const char *sw, *port;

	if (!section_switch_port(scene, at, key, node, &sw, &port))
		return false;
	bool is_long = strlen(port) > NET_MAX_PORT_NAME;
	if (is_long || strpbrk(port, "*?")) {
		section_complain(scene, at, key, node->where, DIAG_MIRROR,
				 arena_printf(scene->arena, is_long ? "is \"%.150s\"; OpenFlow tells %d characters of a port's name"
					      : "is \"%.150s\"; name one port there, no glob", node->text, NET_MAX_PORT_NAME));
		return false;
	}
	*to = (struct net_mirror_to) { .switch_glob = sw, .port = port, .where = node->where };
	return true;
}

static void schema_mirror(const struct section_key *key, FILE *out)
{
	(void) key;
	fputs("\"type\": \"string\", \"pattern\": \"^[A-Za-z0-9*?][A-Za-z0-9._*?-]*:"
	      "[A-Za-z0-9._+@=#%~-]+$\"", out);
}

const struct section_type section_mirror = {
	.title = "switch:port",
	.parse = parse_mirror,
	.schema = schema_mirror,
};

/* --- all of them ------------------------------------------------------------------------ */

static int by_port(const void *a_, const void *b_)
{
	const struct net_mirror *a = a_, *b = b_;
	int order = strcmp(a->to.port, b->to.port);

	if (!order)
		order = strcmp(a->to.switch_glob, b->to.switch_glob);
	if (order)
		return order;
	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	return a->entry < b->entry ? -1 : a->entry > b->entry;
}

static size_t collect(const struct net *net, struct net_mirror *mirrors)
{
	size_t n = 0;

	for (uint32_t i = 0; i < net->n_networks; i++)
		for (uint32_t k = 0; k < net->networks[i].n_ports; k++) {
			if (!net->networks[i].ports[k].mirror.port)
				continue;
			if (mirrors)
				mirrors[n] = (struct net_mirror) {net->networks[i].ports[k].mirror, i, k};
			n++;
		}
	return n;
}

const struct net_mirror *net_mirror_of(const struct net *net, const char *switch_name, const char *port_name)
{
	size_t low = 0, high = net->n_mirrors;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(net->mirrors[middle].to.port, port_name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < net->n_mirrors && !strcmp(net->mirrors[low].to.port, port_name); low++)
		if (net_glob(net->mirrors[low].to.switch_glob, switch_name))
			return &net->mirrors[low];
	return NULL;
}

/* --- what cannot be ------------------------------------------------------------------------ */

/* Copies stay on the switch: what goes from switch to switch is the network's. */
static void check_switch(const struct net_port *port, struct diag *diag)
{
	if (!port->switch_glob || !strcmp(port->switch_glob, port->mirror.switch_glob))
		return;
	diag_add(diag, port->mirror.where, DIAG_MIRROR,
		 "\"%s:%s\" cannot be copied to \"%s:%s\": copies stay on the switch; write \"%s\" before the colon there too",
		 port->switch_glob, port->port_glob, port->mirror.switch_glob, port->mirror.port, port->switch_glob);
}

static void check_tunnel(const struct net *net, const struct net_mirror_to *to, struct diag *diag)
{
	for (size_t i = 0; i < net->n_switches; i++) {
		const char *name = net->switches[i].name;

		if (!net_glob(to->switch_glob, name) || !net_is_tunnel(net, name, to->port))
			continue;
		diag_add(diag, to->where, DIAG_MIRROR,
			 "\"%s:%s\" is the tunnel port of switch \"%s\"; it cannot take copies", to->switch_glob, to->port, name);
		return;
	}
}

static void check_alone(const struct net *net, const char *sw, const char *port, const char *what, struct where where,
			struct diag *diag)
{
	const struct net_mirror *mirror = net_mirror_of(net, sw, port);

	if (mirror)
		diag_add(diag, where, DIAG_MIRROR,
			 "\"%s:%s\" takes copies (line %u) and nothing else; it cannot be %s", sw, port,
			 mirror->to.where.line, what);
}

static void check_ends(const struct net *net, const struct net_uplink *ends, size_t n, const char *what, struct diag *diag)
{
	for (size_t i = 0; i < n; i++)
		if (ends[i].switch_name && ends[i].port)
			check_alone(net, ends[i].switch_name, ends[i].port, what, ends[i].where, diag);
}

static void check_entry(const struct net *net, const struct net_network *network, const struct net_port *port,
			struct diag *diag)
{
	if (port->mirror.port) {
		check_switch(port, diag);
		check_tunnel(net, &port->mirror, diag);
	}
	if (!port->switch_glob || port->is_glob)
		return;
	if (port->mirror.port && !strcmp(port->mirror.port, port->port_glob)
	    && !strcmp(port->mirror.switch_glob, port->switch_glob))
		diag_add(diag, port->mirror.where, DIAG_MIRROR, "\"%s:%s\" cannot be its own mirror", port->switch_glob,
			 port->port_glob);
	else
		check_alone(net, port->switch_glob, port->port_glob,
			    arena_printf(net->arena, "a port of network \"%s\"", network->name), port->where, diag);
}

struct source {
	const struct net_network *network;
	const struct net_port *port;
};

static int by_source(const void *a_, const void *b_)
{
	const struct net_port *a = ((const struct source *) a_)->port, *b = ((const struct source *) b_)->port;
	int order = strcmp(a->switch_glob, b->switch_glob);

	if (!order)
		order = strcmp(a->port_glob, b->port_glob);
	if (order)
		return order;
	return a->mirror.where.line < b->mirror.where.line ? -1 : a->mirror.where.line > b->mirror.where.line;
}

/* A frame carries the number of one mirror port that has it. */
static void check_one_each(const struct net *net, size_t n, struct diag *diag)
{
	struct source *sources = arena_new_array(net->arena, struct source, n);

	n = 0;
	for (size_t i = 0; i < net->n_networks; i++)
		for (size_t k = 0; k < net->networks[i].n_ports; k++) {
			const struct net_port *port = &net->networks[i].ports[k];

			if (port->mirror.port && port->switch_glob && !port->is_glob)
				sources[n++] = (struct source) {&net->networks[i], port};
		}
	qsort(sources, n, sizeof *sources, by_source);
	for (size_t i = 1; i < n; i++) {
		const struct net_port *a = sources[i - 1].port, *b = sources[i].port;

		if (strcmp(a->switch_glob, b->switch_glob) || strcmp(a->port_glob, b->port_glob)
		    || !strcmp(a->mirror.port, b->mirror.port))
			continue;
		diag_add(diag, b->mirror.where, DIAG_MIRROR_TWICE,
			 "\"%s:%s\" is copied to \"%s\" already (line %u, network \"%s\"); it has one mirror in all its networks",
			 b->switch_glob, b->port_glob, a->mirror.port, a->mirror.where.line, sources[i - 1].network->name);
	}
}

/* Of those that copies can go to on that switch, null = any: the first one too many. */
static bool check_number(const struct net *net, const char *sw, struct diag *diag)
{
	size_t n = 0;

	for (size_t i = 0; i < net->n_mirrors; i++) {
		const struct net_mirror_to *to = &net->mirrors[i].to;

		if ((sw && !net_glob(to->switch_glob, sw)) || ++n <= NET_MAX_MIRRORS)
			continue;
		diag_add(diag, to->where, DIAG_MIRROR, "\"%s:%s\" is one mirror port too many: a switch may have %d",
			 to->switch_glob, to->port, NET_MAX_MIRRORS);
		return false;
	}
	return true;
}

static void check_numbers(const struct net *net, struct diag *diag)
{
	if (!net->n_switches)
		check_number(net, NULL, diag);
	for (size_t i = 0; i < net->n_switches; i++)
		if (!check_number(net, net->switches[i].name, diag))
			return;
}

void mirrors_settle(struct net *net, struct diag *diag)
{
	size_t n = collect(net, NULL);

	if (!n)
		return;
	net->mirrors = arena_new_array(net->arena, struct net_mirror, n);
	collect(net, net->mirrors);
	qsort(net->mirrors, n, sizeof *net->mirrors, by_port);
	for (size_t i = 0; i < n; i++)
		if (!net->n_mirrors || strcmp(net->mirrors[net->n_mirrors - 1].to.port, net->mirrors[i].to.port)
		    || strcmp(net->mirrors[net->n_mirrors - 1].to.switch_glob, net->mirrors[i].to.switch_glob))
			net->mirrors[net->n_mirrors++] = net->mirrors[i];
	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];

		for (size_t k = 0; k < network->n_ports; k++)
			check_entry(net, network, &network->ports[k], diag);
		check_ends(net, network->uplinks, network->n_uplinks, "an uplink", diag);
		check_ends(net, network->physical.ports, network->physical.n_ports, "a physical port", diag);
	}
	for (size_t i = 0; i < net->n_links; i++)
		check_ends(net, net->links[i].ends, 2, "an end of a link", diag);
	for (size_t i = 0; i < net->n_tunnels; i++)
		check_ends(net, net->tunnels[i].bfd, 2, "a BFD port", diag);
	check_one_each(net, n, diag);
	check_numbers(net, diag);
}
