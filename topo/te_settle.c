/* SPDX-License-Identifier: Apache-2.0 */
/* The edges: where traffic can be steered. */
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"
#include "topo/te_job.h"

enum { MAX_EDGES = 20000, MESH_COST = 10 };
#define MBIT 1e6

/* --- edges ------------------------------------------------------------------------- */

static void add_links(struct net *net)
{
	for (uint32_t i = 0; i < net->n_links; i++) {
		const struct net_link *link = &net->links[i];

		net->edges[net->n_edges++] = (struct net_edge) {
			.name = link->name, .sw = { link->ends[0].sw, link->ends[1].sw }, .link = i,
			.mbps = (double) link->rate / MBIT, .cost = link->cost, .drain = link->drain, .where = link->where,
			.srlg = link->srlg, .delay_us = link->delay_us, .underlay = NET_NONE, .vtep = { NET_NONE, NET_NONE },
			.nic = { NET_NONE, NET_NONE },
		};
	}
}

static void add_tunnels(struct net *net)
{
	for (uint32_t i = 0; i < net->n_tunnels; i++) {
		const struct net_tunnel *tunnel = &net->tunnels[i];

		net->edges[net->n_edges++] = (struct net_edge) {
			.name = tunnel->name, .sw = { tunnel->ends[0].sw, tunnel->ends[1].sw }, .link = NET_NONE,
			.mbps = (double) tunnel->rate / MBIT, .cost = tunnel->cost, .drain = tunnel->drain,
			.where = tunnel->where, .srlg = tunnel->srlg, .delay_us = tunnel->delay_us,
			.underlay = tunnel->underlay, .vtep = { tunnel->vtep[0], tunnel->vtep[1] },
			.bfd = { tunnel->bfd[0].port, tunnel->bfd[1].port }, .nic = { NET_NONE, NET_NONE },
		};
	}
}

static bool can_join(const struct net *net, uint32_t underlay, uint32_t a, uint32_t b, uint32_t vtep[2])
{
	const struct net_switch *left = &net->switches[a], *right = &net->switches[b];

	vtep[0] = vtep_in(left, underlay);
	vtep[1] = vtep_in(right, underlay);
	return vtep[0] != NET_NONE && vtep[1] != NET_NONE && left->vteps[vtep[0]].is_v6 == right->vteps[vtep[1]].is_v6;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct net_edge *) a)->name, ((const struct net_edge *) b)->name);
}

/* Without a word about tunnels: all there can be in each underlay. */
static void add_meshes(struct net *net)
{
	struct net_edge *first = net->edges + net->n_edges;
	uint32_t vtep[2];

	for (uint32_t u = 0; u < net->n_underlays; u++)
		for (uint32_t a = 0; a < net->n_switches; a++)
			for (uint32_t b = a + 1; b < net->n_switches; b++) {
				if (!can_join(net, u, a, b, vtep))
					continue;
				net->edges[net->n_edges++] = (struct net_edge) {
					.name = arena_printf(net->arena, "%s-%s@%s", net->switches[a].name,
							     net->switches[b].name, net->underlays[u].name),
					.sw = { a, b }, .link = NET_NONE, .nic = { NET_NONE, NET_NONE }, .cost = MESH_COST, .underlay = u, .vtep = { vtep[0], vtep[1] }, .is_implied = true,
					.where = net->underlays[u].where,
				};
			}
	qsort(first, (size_t) (net->edges + net->n_edges - first), sizeof *first, by_name);
}

static size_t count_meshes(const struct net *net)
{
	size_t n = 0;

	for (size_t u = 0; u < net->n_underlays; u++) {
		size_t in = 0;

		for (size_t i = 0; i < net->n_switches; i++)
			in += vtep_in(&net->switches[i], (uint32_t) u) != NET_NONE;
		n += in * (in ? in - 1 : 0) / 2;
	}
	return n;
}

/* Of the host's NIC in the tunnel's underlay; 0 = not said. */
static double nic_mbps(const struct net *net, const struct net_edge *edge, size_t end)
{
	const struct net_switch *sw = &net->switches[edge->sw[end]];
	uint64_t rate = edge->vtep[end] < sw->n_vteps ? sw->vteps[edge->vtep[end]].rate : 0;

	return (double) (rate ? rate : net->underlays[edge->underlay].rate) / MBIT;
}

/* No tunnel carries more than what it goes through at its ends. What several of a switch go through is a NIC, and they share it. */
static void find_nics(struct net *net)
{
	uint32_t *n_tunnels = xheap_alloc(net->n_switches * net->n_underlays * sizeof *n_tunnels + 1), n = 0;
	double *mbps = xheap_alloc(net->n_switches * net->n_underlays * sizeof *mbps + 1);

	for (size_t i = 0; i < net->n_edges; i++) {
		struct net_edge *edge = &net->edges[i];

		for (size_t e = 0; e < 2 && edge->underlay != NET_NONE; e++) {
			double rate = edge->sw[e] == NET_NONE ? 0 : nic_mbps(net, edge, e);
			if (!(rate > 0))
				continue;
			if (!(edge->mbps > 0) || rate < edge->mbps)
				edge->mbps = rate;
			mbps[edge->sw[e] * net->n_underlays + edge->underlay] = rate;
			n += n_tunnels[edge->sw[e] * net->n_underlays + edge->underlay]++ == 1;
		}
	}
	net->nics = arena_new_array(net->arena, struct net_nic, n);
	for (uint32_t i = 0; i < net->n_switches * net->n_underlays; i++) {
		if (n_tunnels[i] > 1)
			net->nics[net->n_nics++] = (struct net_nic) { i / (uint32_t) net->n_underlays, i % (uint32_t) net->n_underlays,
								      mbps[i] };
		n_tunnels[i] = n_tunnels[i] > 1 ? (uint32_t) net->n_nics - 1 : NET_NONE;
	}
	for (size_t i = 0; i < net->n_edges; i++)
		for (size_t e = 0; e < 2 && net->edges[i].underlay != NET_NONE; e++)
			if (net->edges[i].sw[e] != NET_NONE)
				net->edges[i].nic[e] = n_tunnels[net->edges[i].sw[e] * net->n_underlays + net->edges[i].underlay];
	free(n_tunnels);
	free(mbps);
}

static int by_risk(const void *a_, const void *b_, void *net_)
{
	const struct net *net = net_;
	uint32_t a = *(const uint32_t *) a_, b = *(const uint32_t *) b_;
	int order = strcmp(net->edges[a].srlg, net->edges[b].srlg);

	return order ? order : a < b ? -1 : 1;
}

/* The first edge of a risk gives it its number. */
static void number_risks(struct net *net, struct diag *diag)
{
	uint32_t *order = xheap_alloc(net->n_edges * sizeof *order), n = 0;

	for (uint32_t i = 0; i < net->n_edges; i++)
		if (net->edges[i].srlg)
			order[n++] = i;
	qsort_r(order, n, sizeof *order, by_risk, net);
	for (uint32_t i = 0, end; i < n; i = end) {
		const struct net_edge *first = &net->edges[order[i]];

		for (end = i; end < n && !strcmp(net->edges[order[end]].srlg, first->srlg); end++)
			net->edges[order[end]].risk = order[i] + 1;
		if (end == i + 1)
			diag_add(diag, first->where, DIAG_LONE_RISK, "link \"%s\" alone has `srlg: %s`", first->name,
				 first->srlg);
	}
	free(order);
}

static void make_edges(struct net *net, struct diag *diag)
{
	size_t n = net->n_links + net->n_tunnels, n_mesh = net->n_tunnels ? 0 : count_meshes(net);

	if (n + n_mesh > MAX_EDGES) {
		diag_add(diag, n_mesh ? net->underlays[0].where : net->links[0].where, DIAG_TOO_LARGE,
			 "there are %zu links and tunnels; the most is %d%s", n + n_mesh, MAX_EDGES,
			 n_mesh ? "; name those that matter under \"links\": [switch, switch]" : "");
		return;
	}
	net->edges = arena_new_array(net->arena, struct net_edge, n + n_mesh);
	add_links(net);
	add_tunnels(net);
	if (n_mesh)
		add_meshes(net);
	find_nics(net);
	number_risks(net, diag);
}

uint32_t net_edge_by_name(const struct net *net, const char *name)
{
	for (uint32_t i = 0; i < net->n_edges; i++)
		if (!strcmp(net->edges[i].name, name))
			return i;
	return NET_NONE;
}

/* --- findings ---------------------------------------------------------------------- */

/* Placement says which of them stay in use while all others live. */
static void check_drained(const struct net *net, struct diag *diag)
{
	struct place_link *links = xheap_alloc(net->n_edges * sizeof *links);
	double (*mbps)[2] = xheap_alloc(net->n_edges * sizeof *mbps);

	for (size_t i = 0; i < net->n_edges; i++)
		mbps[i][0] = mbps[i][1] = 1;
	te_job_links(net, NULL, (const double (*)[2]) mbps, links);
	for (size_t i = 0; i < net->n_edges; i++)
		if (net->edges[i].drain && !links[i].down)
			diag_add(diag, net->edges[i].where, DIAG_DRAIN,
				 "link \"%s\" is to be drained, and nothing else joins what it joins: it keeps its traffic",
				 net->edges[i].name);
	free(links);
	free(mbps);
}

void te_settle(struct net *net, struct diag *diag)
{
	make_edges(net, diag);
	for (size_t i = 0; i < net->n_edges; i++)
		for (size_t e = 0; e < 2; e++)
			if (net->edges[i].sw[e] == NET_NONE)
				return;         /* told of already */
	if (!net->n_edges && net->te.is_given)
		diag_add(diag, net->te.where, DIAG_NO_EDGES,
			 "\"te\" is there, and neither \"links\" nor \"underlays\" with two switches: nothing can be steered");
	if (net->n_edges)
		check_drained(net, diag);
	te_wishes_settle(net, diag);
}

void te_finish(struct net *net)
{
	for (size_t i = 0; i < net->n_links; i++)
		net->edges[i].object = net->links[i].object;
}
