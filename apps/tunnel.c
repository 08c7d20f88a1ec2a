/* SPDX-License-Identifier: Apache-2.0 */
/* Who is at the other ends of a network's tunnels. */
#include "apps/tunnel.h"

const struct net_network *tunnel_network(const struct scene *scene, const struct view_network *vn)
{
	return &scene->net->networks[vn - view_network(scene->view, 0)];
}

uint32_t tunnel_port(const struct scene *scene, const struct view_network *vn,
		     const struct view_member *member)
{
	if (!tunnel_network(scene, vn)->tunnels || !view_member_is_here(member))
		return NET_NONE;
	return view_switch(scene->view, member->sw)->tunnel;
}

const struct net_switch *tunnel_peer(const struct scene *scene, uint32_t sw)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	if (!vs || vs->index == NET_NONE || !scene->net->switches[vs->index].vtep)
		return NULL;
	return &scene->net->switches[vs->index];
}

bool tunnel_is_fenced(const struct scene *scene, const struct view_network *vn, const struct net_switch *peer)
{
	uint32_t index = (uint32_t) (peer - scene->net->switches);
	return view_is_suspect(scene->view, vn, view_switch_by_index(scene->view, index));
}

bool tunnel_is_gateway(const struct scene *scene, const struct view_network *vn, uint32_t sw)
{
	const struct view_port *port;
	uint32_t at;
	return vn->gateway != NET_NONE
		&& view_gateway_place(scene->view, (uint32_t) (vn - view_network(scene->view, 0)), vn->gateway, &at, &port)
		&& at == sw;
}

const struct net_network *tunnel_by_vni(const struct scene *scene, uint32_t vni)
{
	for (size_t i = 0; i < scene->net->n_networks; i++)
		if (scene->net->networks[i].tunnels && scene->net->networks[i].vni == vni)
			return &scene->net->networks[i];
	return NULL;
}

bool tunnel_is_ours(const struct scene *scene, const struct net_switch *peer)
{
	return peer >= scene->net->switches && peer < scene->net->switches + scene->net->n_switches;
}

const struct net_switch *tunnel_foreign(const struct scene *scene, const struct view_network *vn, size_t i)
{
	const struct net_network *network = tunnel_network(scene, vn);
	return i < network->n_vteps ? &scene->net->vteps[network->vteps[i]].end : NULL;
}

uint64_t tunnel_object(const struct scene *scene, const struct net_switch *sw)
{
	return scene->net->objects[sw->object].id;
}

/* Calls for every other switch with a tunnel port in a network that the fact's switch
 * came into or left. */
static void for_changed(const struct scene *scene, const struct fact *fact, struct out *out, tunnel_cb *cb)
{
	const uint32_t *changed;
	/* With ways, who joins changes them, and then all is compiled. */
	size_t n = view_ways(scene->view) ? 0 : view_changed(scene->view, &changed);
	const struct net_switch *peer = n ? tunnel_peer(scene, fact->sw) : NULL;
	for (size_t i = 0; peer && i < n; i++) {
		const struct view_network *vn = view_network(scene->view, changed[i]);
		bool is_member = view_member(vn, fact->sw);
		for (size_t m = 0; m < vn->n_members; m++)
			if (vn->members[m].sw != fact->sw
			    && tunnel_port(scene, vn, &vn->members[m]) != NET_NONE)
				cb(scene, out, vn, &vn->members[m], peer, is_member);
	}
}

bool tunnel_patch(const struct scene *scene, const struct fact *fact, struct out *out, tunnel_cb *cb)
{
	for_changed(scene, fact, out, cb);
	switch (fact->kind) {
	case FACT_PORT:
	case FACT_SWITCH_READY:
		return !fact->uses_changed;
	case FACT_SWITCH_UP:
	case FACT_MEMBER:
		return !view_ways(scene->view);
	default:
		return false;
	}
}
