/* SPDX-License-Identifier: Apache-2.0 */
/* te_cut: what is left of guarantees when a link fails.
 *
 * All guarantees are placed over the links there are, and anew without each link (and all that
 * fails with it) that this takes; others lose nothing, for the placement stays as it is.
 * Traffic without a guarantee is taken to make way. Pure. */
#ifndef TOPO_TE_CUT_H
#define TOPO_TE_CUT_H

#include "topo/te_job.h"

/* Of a pair of net->te.reserves. */
struct te_cut {
	double kept;                    /* after the worst cut, of what is guaranteed: 0 to 1 */
	uint32_t edge;                  /* that cut; NET_NONE: none leaves less than all */
	uint32_t n_short;               /* cuts that do, all of a risk counted as one */
	double now;                     /* without a cut */
};

/* is_up, mbps: as for te_job_links(). Fills one per reserve. work: arcs that may be looked at, about. Returns how many of
 * the links that guarantees take were not tried for want of it. */
size_t te_cuts(const struct net *, const bool *is_up, const double (*mbps)[2], uint64_t work, struct te_cut *ret);

/* As much of the net as te_cuts() needs, in the arena: good when the net is gone. */
struct net *te_cut_net(struct arena *, const struct net *);

#endif
