/* SPDX-License-Identifier: Apache-2.0 */
/* The ways between switches that traffic can be steered over. */
#include "topo/model.h"

void te_settle(struct net *net)
{
	net->te = (struct net_te) { .goal = NET_TE_BALANCE, .mode = NET_TE_APPLY, .above = 0.7, .below = 0.63,
				    .interval_s = 10, .max_paths = 4, .hold_up_s = 30,
				    .label_first = 2048, .label_last = NET_MAX_VID };
	net->edges = arena_new_array(net->arena, struct net_edge, net->n_links);
	for (uint32_t i = 0; i < net->n_links; i++) {
		const struct net_link *link = &net->links[i];

		net->edges[net->n_edges++] = (struct net_edge) {
			.name = link->name, .sw = { link->ends[0].sw, link->ends[1].sw }, .link = i,
			.cost = link->cost, .where = link->where, .object = link->object,
			.underlay = NET_NONE, .vtep = { NET_NONE, NET_NONE },
		};
	}
}
