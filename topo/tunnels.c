/* SPDX-License-Identifier: Apache-2.0 */
/* Entries of `links` without ports: tunnels between two switches that traffic may
 * be steered over. They are no cables: frames go by tunnel without such a line too. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"

static void swap(struct net_uplink pair[2])
{
	struct net_uplink first = pair[0];

	pair[0] = pair[1];
	pair[1] = first;
}

/* The ends in order of name, and each BFD port at its end. */
static void put_in_order(struct net_tunnel *tunnel, struct diag *diag)
{
	if (strcmp(tunnel->ends[0].switch_name, tunnel->ends[1].switch_name) > 0)
		swap(tunnel->ends);
	if (!tunnel->bfd[0].port || !tunnel->bfd[1].port) {
		tunnel->bfd[0].port = tunnel->bfd[1].port = NULL;
		return;
	}
	if (strcmp(tunnel->bfd[0].switch_name, tunnel->ends[0].switch_name))
		swap(tunnel->bfd);
	for (size_t e = 0; e < 2; e++)
		if (strcmp(tunnel->bfd[e].switch_name, tunnel->ends[e].switch_name)) {
			diag_add(diag, tunnel->bfd[e].where, DIAG_STEER_LINK,
				 "\"bfd\" of the tunnel between \"%s\" and \"%s\" names \"%s:%s\"; it must name a port of "
				 "each of the two", tunnel->ends[0].switch_name, tunnel->ends[1].switch_name,
				 tunnel->bfd[e].switch_name, tunnel->bfd[e].port);
			return;
		}
}

static void report_switch(const struct net *net, const struct net_uplink *end, struct diag *diag)
{
	const char **names = arena_new_array(net->arena, const char *, net->n_switches);

	for (size_t i = 0; i < net->n_switches; i++)
		names[i] = net->switches[i].name;
	const char *meant = diag_did_you_mean(end->switch_name, names, net->n_switches);
	diag_add(diag, end->where, DIAG_UNKNOWN_SWITCH,
		 meant ? "link to \"%s\": that switch is not declared; did you mean \"%s\"?"
		       : "link to \"%s\": that switch is not declared under \"switches\"", end->switch_name, meant);
}

uint32_t vtep_in(const struct net_switch *sw, uint32_t underlay)
{
	for (uint32_t i = 0; i < sw->n_vteps; i++)
		if (underlay == NET_NONE || sw->vteps[i].underlay == underlay)
			return i;
	return NET_NONE;
}

/* Where the tunnel ends at each switch. */
static void find_vteps(const struct net *net, struct net_tunnel *tunnel, struct diag *diag)
{
	const struct net_vtep_at *at[2];

	for (size_t e = 0; e < 2; e++) {
		const struct net_switch *sw = &net->switches[tunnel->ends[e].sw];

		tunnel->vtep[e] = vtep_in(sw, tunnel->underlay);
		if (tunnel->vtep[e] != NET_NONE) {
			at[e] = &sw->vteps[tunnel->vtep[e]];
			continue;
		}
		if (tunnel->underlay == NET_NONE)
			diag_add(diag, tunnel->ends[e].where, DIAG_STEER_LINK,
				 "a link without ports is a tunnel, and switch \"%s\" has no \"vtep\"; add one, or name the ports "
				 "of a cable", sw->name);
		else
			diag_add(diag, tunnel->ends[e].where, DIAG_STEER_LINK,
				 "switch \"%s\" has no address in underlay \"%s\", so no tunnel ends there", sw->name,
				 net->underlays[tunnel->underlay].name);
		return;
	}
	if (at[0]->is_v6 != at[1]->is_v6)
		diag_add(diag, tunnel->where, DIAG_STEER_LINK,
			 "no tunnel joins \"%s\" (%s) and \"%s\" (%s): one kind of address cannot reach the other",
			 tunnel->ends[0].switch_name, at[0]->text, tunnel->ends[1].switch_name, at[1]->text);
}

static void settle_tunnel(const struct net *net, struct net_tunnel *tunnel, struct diag *diag)
{
	bool is_known = true;

	put_in_order(tunnel, diag);
	tunnel->name = arena_printf(net->arena, "%s-%s", tunnel->ends[0].switch_name, tunnel->ends[1].switch_name);
	tunnel->underlay = NET_NONE;
	tunnel->vtep[0] = tunnel->vtep[1] = NET_NONE;
	if (tunnel->underlay_name || net->n_underlays) {
		tunnel->underlay = tunnel->underlay_name ? underlay_by_name(net, tunnel->underlay_name) : 0;
		if (tunnel->underlay == NET_NONE) {
			underlay_report_unknown(net, tunnel->where, "link", tunnel->underlay_name, diag);
			is_known = false;
		} else {
			tunnel->underlay_name = net->underlays[tunnel->underlay].name;
		}
		tunnel->name = arena_printf(net->arena, "%s@%s", tunnel->name, tunnel->underlay_name);
	}
	for (size_t e = 0; e < 2; e++) {
		tunnel->ends[e].sw = tunnel->bfd[e].sw = net_switch_by_name(net, tunnel->ends[e].switch_name);
		if (tunnel->ends[e].sw != NET_NONE)
			continue;
		report_switch(net, &tunnel->ends[e], diag);
		is_known = false;
	}
	if (is_known && tunnel->ends[0].sw == tunnel->ends[1].sw)
		diag_add(diag, tunnel->where, DIAG_LINK, "the link leads from switch \"%s\" to itself",
			 tunnel->ends[0].switch_name);
	else if (is_known)
		find_vteps(net, tunnel, diag);
}

static int by_name(const void *a_, const void *b_)
{
	const struct net_tunnel *a = a_, *b = b_;
	int order = strcmp(a->name, b->name);

	return order ? order : a->where.line < b->where.line ? -1 : a->where.line > b->where.line;
}

void tunnels_settle(struct net *net, struct diag *diag)
{
	for (size_t i = 0; i < net->n_tunnels; i++)
		settle_tunnel(net, &net->tunnels[i], diag);
	if (net->n_tunnels)
		qsort(net->tunnels, net->n_tunnels, sizeof *net->tunnels, by_name);
	for (size_t i = 1; i < net->n_tunnels; i++)
		if (!strcmp(net->tunnels[i].name, net->tunnels[i - 1].name))
			diag_add(diag, net->tunnels[i].where, DIAG_STEER_LINK,
				 "tunnel \"%s\" is there already (line %u); two tunnels between the same switches go through "
				 "two underlays", net->tunnels[i].name, net->tunnels[i - 1].where.line);
}
