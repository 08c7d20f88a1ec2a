/* SPDX-License-Identifier: Apache-2.0 */
/* The ways between switches that traffic can be steered over. */
#include "topo/model.h"

void te_settle(struct net *net)
{
	net->te = (struct net_te) { .above = 0.7, .interval_s = 10, .max_paths = 4 };
	net->edges = arena_new_array(net->arena, struct net_edge, net->n_links);
	for (uint32_t i = 0; i < net->n_links; i++) {
		const struct net_link *link = &net->links[i];

		net->edges[net->n_edges++] = (struct net_edge) {
			.name = link->name, .sw = { link->ends[0].sw, link->ends[1].sw }, .link = i,
			.cost = link->cost, .where = link->where, .object = link->object,
		};
	}
}
