/* SPDX-License-Identifier: Apache-2.0 */
/* te_job: edges and wishes of the file as place asks for them. Node i is switch i
 * of the net, link i is edge i.
 *
 * A NIC that several tunnels of a switch share is a link, too, one for each direction, that
 * leads to a node of its own; and a tunnel, then, is two links between such nodes. So
 * arcs of placement are not arcs of edges there: te_map knows which is which. Outside of
 * the search all paths are arcs of edges. */
#ifndef TOPO_TE_JOB_H
#define TOPO_TE_JOB_H

#include "topo/net.h"
#include "topo/place.h"

struct arena;

/* What a link may be filled to, of its rate: the rest is for bursts. */
#define TE_HEADROOM 0.95

/* Fills one place_link per edge. is_up: per edge, null = all are. mbps: per edge
 * what it can carry each way, in full; null = what the file says, and where it
 * says nothing, nothing. An edge to be drained is down, except where it is the only
 * way between two parts of the network. */
void te_job_links(const struct net *, const bool *is_up, const double (*mbps)[2], struct place_link *ret_links);

struct te_map {
	uint32_t n_edges, n_nics, n_nodes, n_links;
	uint32_t *to;                   /* per arc of edges: its arc of placement */
	uint32_t *from;                 /* per arc of placement: its arc of edges, or PLACE_NONE: a NIC */
	uint32_t (*nic)[2];             /* per arc of edges: the NICs it leaves and enters by, as arcs beyond those
					 * of edges: 2 * (n_edges + nic) out, and one more in; PLACE_NONE = none */
};
/* In the arena; outlives the net. Without NICs numbers are the same on both sides. */
struct te_map *te_map_new(struct arena *, const struct net *);
/* The edges' links and those of NICs: n_links of them. */
struct place_link *te_map_links(struct arena *, const struct te_map *, const struct net *, const struct place_link *edges);
/* The link of a NIC's arc, numbered as in `nic`. */
uint32_t te_map_nic_link(const struct te_map *, uint32_t arc);
/* A placement of edges as one for the search, and back; in an arena of its own. */
struct placement *te_map_in(const struct te_map *, const struct placement *);
struct placement *te_map_out(const struct te_map *, const struct placement *);

/* Pins, avoids and the latency ceiling, but for those of one network; in the arena. */
const struct place_rule *te_job_rules(const struct net *, const struct te_map *, struct arena *, size_t *ret_n);

struct te_own;
/* Those that hold for the way of a network, over links that are edges. */
const struct place_rule *te_job_rules_of(const struct net *, const struct te_own *, struct arena *, size_t *ret_n);

/* What the guarantees keep for the pair: its demand is never below. */
double te_job_reserved(const struct net *, uint32_t from, uint32_t to);
/* Index into net->te.reserves, or NET_NONE. */
uint32_t te_job_reserve(const struct net *, uint32_t from, uint32_t to);

#endif
