/* SPDX-License-Identifier: Apache-2.0 */
/* te_job: edges and wishes of the file as place asks for them. Node i is switch i
 * of the net, link i is edge i. */
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

/* Pins, avoids and the latency ceiling; in the arena. */
const struct place_rule *te_job_rules(const struct net *, struct arena *, size_t *ret_n);

/* What the guarantees keep for the pair: its demand is never below. */
double te_job_reserved(const struct net *, uint32_t from, uint32_t to);

#endif
