/* SPDX-License-Identifier: Apache-2.0 */
/* What steering has to know of the view, copied: edges that are up, who has hosts of which
 * network, and between whom the LAN delivers by itself. */
#include <stdlib.h>

#include "topo/steer_private.h"
#include "topo/ways.h"

static bool is_member(const struct view_member *member)
{
	return member->n_edges || member->uplink != NET_NONE || member->remembered;
}

/* Between two switches with uplinks the LAN delivers by itself; from one to another without, it depends. */
static void see_lan(struct steer_seen *seen, const struct view *view, uint32_t n, const struct view_member *here,
		    uint32_t from)
{
	const struct view_network *vn = view_network(view, n);
	size_t n_switches = seen->net->n_switches;
	if (!seen->on_lan[n])
		seen->on_lan[n] = xheap_alloc(n_switches * n_switches * sizeof *seen->on_lan[n]);
	for (size_t i = 0; i < vn->n_members; i++) {
		uint32_t to = view_switch(view, vn->members[i].sw)->index;
		if (to != NET_NONE)
			seen->on_lan[n][n_switches * from + to] = vn->members[i].uplink != NET_NONE
				|| ways_to(view, vn, here, to).kind == WAY_LAN;
	}
}

static void see_network(struct steer_seen *seen, const struct view *view, uint32_t n)
{
	const struct view_network *vn = view_network(view, n);
	for (size_t i = 0; i < vn->n_members; i++) {
		const struct view_member *member = &vn->members[i];
		uint32_t index = view_switch(view, member->sw)->index;
		if (index == NET_NONE)
			continue;
		seen->is_member[n * seen->net->n_switches + index] |= is_member(member);
		if (member->uplink != NET_NONE)
			see_lan(seen, view, n, member, index);
	}
}

struct steer_seen *steer_seen_new(const struct view *view)
{
	const struct net *net = view_net(view);
	struct steer_seen *seen = xheap_alloc(sizeof *seen);
	*seen = (struct steer_seen) {
		.net = net, .is_up = xheap_alloc(net->n_edges * sizeof *seen->is_up),
		.is_member = xheap_alloc(net->n_networks * net->n_switches * sizeof *seen->is_member),
		.on_lan = xheap_alloc(net->n_networks * sizeof *seen->on_lan),
	};
	for (uint32_t e = 0; e < net->n_edges; e++)
		seen->is_up[e] = view_edge_is_up(view, e);
	for (uint32_t n = 0; n < net->n_networks; n++)
		see_network(seen, view, n);
	return seen;
}

void steer_seen_free(struct steer_seen *seen)
{
	if (!seen)
		return;
	for (uint32_t n = 0; n < seen->net->n_networks; n++)
		free(seen->on_lan[n]);
	free(seen->on_lan);
	free(seen->is_member);
	free(seen->is_up);
	free(seen);
}
