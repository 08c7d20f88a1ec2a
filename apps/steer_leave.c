/* SPDX-License-Identifier: Apache-2.0 */
/* From a choice of edges to ports, tags and tunnels of one switch. */
#include <string.h>

#include "apps/steer.h"

const uint8_t *steer_vtep(const struct scene *scene, uint32_t edge, unsigned end, bool *ret_is_v6)
{
	const struct net_edge *e = &scene->net->edges[edge];
	const struct net_switch *sw = &scene->net->switches[e->sw[end]];
	if (e->vtep[end] < sw->n_vteps) {
		*ret_is_v6 = sw->vteps[e->vtep[end]].is_v6;
		return sw->vteps[e->vtep[end]].bytes;
	}
	*ret_is_v6 = sw->vtep_is_v6;
	return sw->vtep_bytes;
}

static bool leave_by(const struct scene *scene, uint32_t sw, uint32_t network, const struct steer_step *step,
		     uint32_t in_port, struct leave *ret)
{
	const struct net_edge *edge = &scene->net->edges[step->edge];
	const struct net_network *net = &scene->net->networks[network];
	uint32_t at;
	memset(ret, 0, sizeof *ret);
	if (!view_edge_place(scene->view, step->edge, step->end, &at, &ret->ofport, &ret->watch) || at != sw)
		return false;
	ret->is_back = ret->ofport == in_port;
	if (edge->link != NET_NONE) {
		ret->vlan = step->label ? (uint16_t) step->label : net->link_vlan;
		return true;
	}
	ret->vni = step->label ? step->label : net->vni;
	memcpy(ret->dst, steer_vtep(scene, step->edge, !step->end, &ret->is_v6), 16);
	ret->is_relay = in_port && ret->is_v6;
	ret->has_src = scene->net->switches[edge->sw[step->end]].n_vteps > 1;
	if (ret->has_src)
		memcpy(ret->src, steer_vtep(scene, step->edge, step->end, &ret->is_v6), 16);
	return true;
}

/* Two steps that live and die together are one. */
struct leaves steer_leaves(const struct scene *scene, uint32_t sw, uint32_t network, const struct steer_choice *choice,
			   uint32_t in_port)
{
	struct leaves leaves = { .n = 0 };
	for (unsigned i = 0; i < choice->n_steps; i++) {
		struct leave leave;
		if (leave_by(scene, sw, network, &choice->steps[i], in_port, &leave)
		    && (!leaves.n || leave.watch != leaves.at[0].watch))
			leaves.at[leaves.n++] = leave;
	}
	return leaves;
}

const struct steer_pair *steer_pair(const struct scene *scene, uint32_t sw, uint32_t network, uint32_t to)
{
	const struct steer *steer = view_steer(scene->view);
	const struct view_switch *vs = view_switch(scene->view, sw);
	const struct steer_pair *pair = steer && vs->index != NET_NONE ? steer_find(steer, network, vs->index, to) : NULL;
	for (uint32_t i = 0; pair && i < pair->n_choices; i++)
		if (steer_leaves(scene, sw, network, &pair->choices[i], 0).n)
			return pair;
	return NULL;
}
