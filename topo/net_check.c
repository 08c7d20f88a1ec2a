/* SPDX-License-Identifier: Apache-2.0 */
/* Who stands where: all entries of all networks on one list, sorted so that
 * what clashes is adjacent. Globs take part by their text; what they match is
 * globs_check's question. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

struct stand {
	const char *sw, *port;
	const struct net_network *network;
	uint16_t tag;                   /* on the wire; uplinks: the network's VLAN */
	bool is_uplink;                 /* or a physical port */
	const char *alone;              /* "an end of a link", "a BFD port": then no network, and tags do not matter */
	bool has_no_tag;                /* an uplink whose `vlan` is missing: told of already */
	struct where where;
};

static const char end_of_link[] = "an end of a link";

static int by_where(const struct where *a, const struct where *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->col < b->col ? -1 : a->col > b->col;
}

static int by_port(const struct stand *a, const struct stand *b)
{
	int order = strcmp(a->sw, b->sw);

	return order ? order : strcmp(a->port, b->port);
}

static int by_network(const void *a_, const void *b_)
{
	const struct stand *a = a_, *b = b_;
	int order = by_port(a, b);

	if (order)
		return order;
	if (a->network != b->network)
		return a->network < b->network ? -1 : 1;
	return by_where(&a->where, &b->where);
}

static int by_tag(const void *a_, const void *b_)
{
	const struct stand *a = a_, *b = b_;
	int order = by_port(a, b);

	if (order)
		return order;
	if (a->tag != b->tag)
		return a->tag < b->tag ? -1 : 1;
	return by_where(&a->where, &b->where);
}

static size_t list_stands(const struct net *net, struct stand *stands)
{
	size_t n = 0;

	for (size_t i = 0; i < net->n_links; i++)
		for (size_t e = 0; e < 2; e++)
			stands[n++] = (struct stand) {
				.sw = net->links[i].ends[e].switch_name,
				.port = net->links[i].ends[e].port,
				.alone = end_of_link,
				.where = net->links[i].ends[e].where,
			};
	for (size_t i = 0; i < net->n_tunnels; i++)
		for (size_t e = 0; e < 2 && net->tunnels[i].bfd[e].port; e++)
			stands[n++] = (struct stand) {
				.sw = net->tunnels[i].bfd[e].switch_name,
				.port = net->tunnels[i].bfd[e].port,
				.alone = "a BFD port",
				.where = net->tunnels[i].bfd[e].where,
			};

	for (size_t i = 0; i < net->n_networks; i++) {
		const struct net_network *network = &net->networks[i];

		for (size_t k = 0; k < network->n_ports; k++) {
			const struct net_port *port = &network->ports[k];

			if (port->switch_glob)
				stands[n++] = (struct stand) {
					.sw = port->switch_glob,
					.port = port->port_glob,
					.network = network,
					.tag = port->tag,
					.where = port->where,
				};
		}
		for (size_t k = 0; k < network->n_uplinks; k++) {
			const struct net_uplink *uplink = &network->uplinks[k];

			if (uplink->switch_name)
				stands[n++] = (struct stand) {
					.sw = uplink->switch_name,
					.port = uplink->port,
					.network = network,
					.tag = uplink->vlan,
					.is_uplink = true,
					.has_no_tag = !uplink->vlan,
					.where = uplink->where,
				};
		}
		for (size_t k = 0; k < network->physical.n_ports; k++) {
			const struct net_uplink *port = &network->physical.ports[k];

			if (port->switch_name)
				stands[n++] = (struct stand) {
					.sw = port->switch_name,
					.port = port->port,
					.network = network,
					.tag = port->vlan,
					.is_uplink = true,
					.where = port->where,
				};
		}
	}
	return n;
}

/* Sorted by port, what stands alone comes first: it has no network. */
static void check_links_alone(const struct stand *stands, size_t n, struct diag *diag)
{
	const struct stand *first = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct stand *again = &stands[i];

		if (!first || by_port(first, again))
			first = again->alone ? again : NULL;
		else if (again->alone == end_of_link && first->alone == end_of_link)
			diag_add(diag, again->where, DIAG_LINK,
				 "\"%s:%s\" is an end of two links; the other one is at line %u", again->sw, again->port,
				 first->where.line);
		else if (again->alone)
			diag_add(diag, again->where, DIAG_LINK,
				 "\"%s:%s\" is %s, and %s at line %u; it cannot be both", again->sw, again->port,
				 again->alone, first->alone, first->where.line);
		else
			diag_add(diag, again->where, DIAG_LINK,
				 "\"%s:%s\" is %s (line %u); it cannot be a port of network \"%s\"", again->sw,
				 again->port, first->alone, first->where.line, again->network->name);
	}
}

static void check_once_per_network(const struct stand *stands, size_t n, struct diag *diag)
{
	for (size_t i = 1, start = 0; i < n; i++) {
		const struct stand *first = &stands[start], *again = &stands[i];

		if (by_port(first, again) || first->network != again->network || again->alone) {
			start = i;
			continue;
		}
		if (first->is_uplink != again->is_uplink)
			diag_add(diag, again->where, DIAG_UPLINK,
				 "\"%s:%s\" is uplink and port of network \"%s\" (line %u); it cannot be both",
				 again->sw, again->port, again->network->name, first->where.line);
		else if (!again->is_uplink)
			diag_add(diag, again->where, DIAG_PORT_TWICE,
				 "port \"%s:%s\" is twice in network \"%s\"; the first one is at line %u",
				 again->sw, again->port, again->network->name, first->where.line);
	}
}

static void report_tag(const struct stand *first, const struct stand *again, struct diag *diag)
{
	if (first->is_uplink || again->is_uplink)
		diag_add(diag, again->where, DIAG_DUPLICATE_VLAN,
			 "VLAN %u on uplink \"%s:%s\" is network \"%s\" (line %u), so it cannot be network \"%s\"",
			 again->tag, again->sw, again->port, first->network->name, first->where.line,
			 again->network->name);
	else if (again->tag == NET_UNTAGGED)
		diag_add(diag, again->where, DIAG_UNTAGGED_TWICE,
			 "port \"%s:%s\" is untagged in network \"%s\" (line %u), so in network \"%s\" it needs a tag",
			 again->sw, again->port, first->network->name, first->where.line,
			 again->network->name);
	else
		diag_add(diag, again->where, DIAG_TAG_TWICE,
			 "tag %u on port \"%s:%s\" is network \"%s\" (line %u), so it cannot be network \"%s\"",
			 again->tag, again->sw, again->port, first->network->name, first->where.line,
			 again->network->name);
}

static void check_tags(const struct stand *stands, size_t n, struct diag *diag)
{
	for (size_t first = 0, i = 1; i < n; i++) {
		if (by_port(&stands[first], &stands[i]) || stands[first].tag != stands[i].tag)
			first = i;
		else if (stands[first].network != stands[i].network
			 && !stands[i].has_no_tag && !stands[first].alone && !stands[i].alone)
			report_tag(&stands[first], &stands[i], diag);
	}
}

static bool takes_all(const struct stand *stand)
{
	return stand->network && !stand->is_uplink && stand->tag == NET_UNTAGGED
	       && stand->network->tags == NET_TAGS_PASS;
}

/* Sorted by tag, so untagged ones are the first of their port. */
static void check_passed_tags(const struct stand *stands, size_t n, struct diag *diag)
{
	for (size_t first = 0, i = 1; i < n; i++) {
		if (by_port(&stands[first], &stands[i]))
			first = i;
		else if (takes_all(&stands[first]) && stands[i].tag != NET_UNTAGGED)
			diag_add(diag, stands[i].where, DIAG_TAGS,
				 "port \"%s:%s\" is untagged in network \"%s\" (line %u), which passes all tags; so it "
				 "cannot have tag %u in network \"%s\"", stands[i].sw, stands[i].port,
				 stands[first].network->name, stands[first].where.line, stands[i].tag,
				 stands[i].network->name);
	}
}

static void report_unknown(const struct net *net, struct where where, const char *what,
			   const char *sw, const char *port, const char *const *names,
			   struct diag *diag)
{
	const char *meant =
		diag_is_full(diag) ? NULL : diag_did_you_mean(sw, names, net->n_switches);

	if (meant)
		diag_add(diag, where, DIAG_UNKNOWN_SWITCH,
			 "%s \"%s:%s\": switch \"%s\" is not declared; did you mean \"%s\"?", what, sw, port,
			 sw, meant);
	else
		diag_add(diag, where, DIAG_UNKNOWN_SWITCH,
			 "%s \"%s:%s\": switch \"%s\" is not declared under \"switches\"", what, sw, port, sw);
}

static bool has_glob(const char *text)
{
	return strpbrk(text, "*?") != NULL;
}

/* A tunnel is no port of a network: every network goes through it. */
static void check_tunnel(const struct net *net, const struct where where, const char *sw,
			 const char *port, struct diag *diag)
{
	if (net_is_tunnel(net, sw, port))
		diag_add(diag, where, DIAG_TUNNEL,
			 "\"%s:%s\" is the tunnel port of switch \"%s\"; it cannot be a port of a network", sw, port, sw);
}

/* what: "uplink", or "physical port". */
static void check_uplinks(const struct net *net, const struct net_network *network, const char *what,
			  struct net_uplink *uplinks, size_t n, const char *const *names, struct diag *diag)
{
	for (size_t i = 0; i < n; i++) {
		struct net_uplink *uplink = &uplinks[i];

		uplink->sw = NET_NONE;
		if (!uplink->switch_name)
			continue;
		uplink->sw = net_switch_by_name(net, uplink->switch_name);
		if (uplink->sw == NET_NONE && !net->n_switches)
			diag_add(diag, uplink->where, DIAG_UPLINK,
				 "%s \"%s:%s\" needs the switch declared under \"switches\"", what,
				 uplink->switch_name, uplink->port);
		else if (uplink->sw == NET_NONE)
			report_unknown(net, uplink->where, what, uplink->switch_name, uplink->port,
				       names, diag);
		for (size_t k = 0; k < i && uplink->sw != NET_NONE; k++) {
			if (uplinks[k].sw != uplink->sw)
				continue;
			diag_add(diag, uplink->where, DIAG_UPLINK,
				 "network \"%s\" has %s %s on switch \"%s\" already (line %u); two would be a loop",
				 network->name, strchr("aeiou", what[0]) ? "an" : "a", what, uplink->switch_name,
				 uplinks[k].where.line);
			break;
		}
		if (uplink->switch_name)
			check_tunnel(net, uplink->where, uplink->switch_name, uplink->port, diag);
	}
}

static void check_ends(const struct net *net, const char *const *names, struct diag *diag)
{
	for (size_t i = 0; i < net->n_links; i++) {
		for (size_t e = 0; e < 2; e++) {
			const struct net_uplink *end = &net->links[i].ends[e];

			if (end->sw == NET_NONE)
				report_unknown(net, end->where, "link to", end->switch_name, end->port, names, diag);
			check_tunnel(net, end->where, end->switch_name, end->port, diag);
		}
	}
	for (size_t i = 0; i < net->n_tunnels; i++)
		for (size_t e = 0; e < 2 && net->tunnels[i].bfd[e].port; e++)
			check_tunnel(net, net->tunnels[i].bfd[e].where, net->tunnels[i].bfd[e].switch_name,
				     net->tunnels[i].bfd[e].port, diag);
}

static void check_declared(const struct net *net, struct diag *diag)
{
	const char **names = arena_new_array(net->arena, const char *, net->n_switches);

	for (size_t i = 0; i < net->n_switches; i++)
		names[i] = net->switches[i].name;
	check_ends(net, names, diag);
	for (size_t i = 0; i < net->n_networks; i++) {
		struct net_network *network = &net->networks[i];

		check_uplinks(net, network, "uplink", network->uplinks, network->n_uplinks, names, diag);
		check_uplinks(net, network, "physical port", network->physical.ports,
			      network->physical.n_ports, names, diag);
		for (size_t k = 0; k < network->n_ports && net->n_switches; k++) {
			const struct net_port *port = &network->ports[k];

			if (port->switch_glob && !has_glob(port->switch_glob)
			    && net_switch_by_name(net, port->switch_glob) == NET_NONE)
				report_unknown(net, port->where, "port", port->switch_glob,
					       port->port_glob, names, diag);
			if (port->switch_glob && !port->is_glob)
				check_tunnel(net, port->where, port->switch_glob, port->port_glob, diag);
		}
	}
}

void ports_check(struct net *net, struct diag *diag)
{
	size_t n = 2 * net->n_links + 2 * net->n_tunnels;

	check_declared(net, diag);
	for (size_t i = 0; i < net->n_networks; i++)
		n += net->networks[i].n_ports + net->networks[i].n_uplinks + net->networks[i].physical.n_ports;
	struct stand *stands = xheap_alloc(n * sizeof *stands);
	n = list_stands(net, stands);
	qsort(stands, n, sizeof *stands, by_network);
	check_links_alone(stands, n, diag);
	check_once_per_network(stands, n, diag);
	qsort(stands, n, sizeof *stands, by_tag);
	check_tags(stands, n, diag);
	check_passed_tags(stands, n, diag);
	free(stands);
}
