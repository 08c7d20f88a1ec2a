/* SPDX-License-Identifier: Apache-2.0 */
/* What the entries with globs match, as far as the file alone can tell: ones
 * that hide each other, that match no switch, that two networks share; and
 * switches that nothing matches. All of it warnings. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

enum {
	/* Pairs are compared one by one; beyond these a file is checked no further. */
	MAX_SHADOWS = 500,
	MAX_OVERLAPS = 2000,
};

struct glob {
	const struct net_network *network;
	const struct net_port *port;
};

static void check_shadows(const struct net_network *network, struct diag *diag)
{
	size_t n = network->n_ports < MAX_SHADOWS ? network->n_ports : MAX_SHADOWS;

	for (size_t i = 1; i < n; i++) {
		const struct net_port *hidden = &network->ports[i];

		for (size_t k = 0; k < i && hidden->is_glob; k++) {
			const struct net_port *over = &network->ports[k];

			if (!over->is_glob || !over->switch_glob
			    || !net_glob_covers(over->switch_glob, hidden->switch_glob)
			    || !net_glob_covers(over->port_glob, hidden->port_glob))
				continue;
			if (strcmp(over->switch_glob, hidden->switch_glob)
			    || strcmp(over->port_glob, hidden->port_glob))
				diag_add(diag, hidden->where, DIAG_SHADOWED,
					 "port \"%s:%s\" in network \"%s\" never matches: \"%s:%s\" at line %u comes first",
					 hidden->switch_glob, hidden->port_glob, network->name,
					 over->switch_glob, over->port_glob, over->where.line);
			break;
		}
	}
}

/* Marks the switches that a side of an entry names; false when there is none. */
static bool mark_used(const struct net *net, const char *glob, bool *used)
{
	bool is_any = false;

	if (!strpbrk(glob, "*?")) {
		uint32_t sw = net_switch_by_name(net, glob);

		if (sw != NET_NONE)
			used[sw] = true;
		return true;
	}
	for (size_t i = 0; i < net->n_switches; i++) {
		if (!net_glob(glob, net->switches[i].name))
			continue;
		used[i] = true;
		is_any = true;
	}
	return is_any;
}

static void check_port_name(const struct net_network *network, const struct net_port *port,
			    struct diag *diag)
{
	if (!port->is_glob && port->port_glob && strlen(port->port_glob) > NET_MAX_PORT_NAME)
		diag_add(diag, port->where, DIAG_SHADOWED,
			 "port \"%s:%s\" in network \"%s\" never matches: OpenFlow cuts names after %d characters",
			 port->switch_glob, port->port_glob, network->name, NET_MAX_PORT_NAME);
}

static void mark_network(const struct net *net, const struct net_network *network, bool *used,
			 struct diag *diag)
{
	const char *before = "";
	bool is_any = true;

	for (size_t i = 0; i < network->n_ports; i++) {
		const struct net_port *port = &network->ports[i];

		if (!port->switch_glob)
			continue;
		check_port_name(network, port, diag);
		/* The same glob again and again is the common case. */
		if (strcmp(before, port->switch_glob))
			is_any = mark_used(net, port->switch_glob, used);
		before = port->switch_glob;
		if (net->n_switches && !is_any)
			diag_add(diag, port->where, DIAG_SHADOWED,
				 "port \"%s:%s\" in network \"%s\" never matches: no declared switch is \"%s\"",
				 port->switch_glob, port->port_glob, network->name, port->switch_glob);
	}
	for (size_t i = 0; i < network->n_uplinks; i++)
		if (network->uplinks[i].sw != NET_NONE)
			used[network->uplinks[i].sw] = true;
	for (size_t i = 0; i < network->physical.n_ports; i++)
		if (network->physical.ports[i].sw != NET_NONE)
			used[network->physical.ports[i].sw] = true;
}

/* What could not be read may well have been the port that is missed here, so
 * these two are told of a file without errors only. */
static void check_idle(const struct net *net, const bool *used, struct diag *diag)
{
	for (size_t i = 0; i < net->n_networks; i++)
		if (!net->networks[i].n_ports)
			diag_add(diag, net->networks[i].where, DIAG_NO_PORTS,
				 "network \"%s\" has no ports", net->networks[i].name);
	for (size_t i = 0; i < net->n_switches; i++)
		if (!used[i])
			diag_add(diag, net->switches[i].where, DIAG_UNUSED_SWITCH,
				 "switch \"%s\" has no port in any network", net->switches[i].name);
}

/* One finding per glob: its first rival says enough. */
static void check_overlaps(const struct net *net, struct diag *diag)
{
	struct glob *globs = xheap_alloc(MAX_OVERLAPS * sizeof *globs);
	size_t n = 0;

	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];

		for (size_t k = 0; k < network->n_ports && n < MAX_OVERLAPS; k++)
			if (network->ports[k].is_glob)
				globs[n++] = (struct glob) {network, &network->ports[k]};
	}
	for (size_t i = 1; i < n; i++) {
		const struct net_port *b = globs[i].port;

		for (size_t k = 0; k < i; k++) {
			const struct net_port *a = globs[k].port;

			if (globs[k].network == globs[i].network || a->tag != b->tag
			    || !net_globs_meet(a->port_glob, b->port_glob)
			    || !net_globs_meet(a->switch_glob, b->switch_glob)
			    || (!strcmp(a->port_glob, b->port_glob)
				&& !strcmp(a->switch_glob, b->switch_glob)))
				continue;
			diag_add(diag, b->where, DIAG_OVERLAP,
				 "\"%s:%s\" in network \"%s\" and \"%s:%s\" in network \"%s\" (line %u) can match "
				 "one port; it would stand in \"%s\" only", b->switch_glob, b->port_glob,
				 globs[i].network->name, a->switch_glob, a->port_glob,
				 globs[k].network->name, a->where.line, globs[k].network->name);
			break;
		}
	}
	free(globs);
}

void globs_check(const struct net *net, struct diag *diag)
{
	bool *used = xheap_alloc(net->n_switches);

	for (size_t i = 0; i < net->n_networks; i++) {
		check_shadows(&net->networks[i], diag);
		mark_network(net, &net->networks[i], used, diag);
	}
	if (!diag_n_errors(diag))
		check_idle(net, used, diag);
	check_overlaps(net, diag);
	free(used);
}
