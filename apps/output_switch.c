/* SPDX-License-Identifier: Apache-2.0 */
/* How what is for a host behind another switch, or behind a VTEP, leaves this one. */
#include "apps/output.h"
#include "apps/steer.h"
#include "apps/tunnel.h"
#include "topo/ways.h"

/* Does this switch send to VTEPs what is for all? */
bool output_is_head(const struct place *place)
{
	return place->tunnel != NET_NONE
		&& ways_is_head(place->scene->view, place->vn, view_switch(place->scene->view, place->sw)->index);
}

void output_put_peer(struct build *b, const struct net_switch *peer, uint32_t tunnel)
{
	if (peer->vtep_is_v6)
		act_set_bytes(b, FIELD_TUN_IPV6_DST, peer->vtep_bytes);
	else
		act_set_u(b, FIELD_TUN_DST, peer->peer);
	act_output(b, tunnel);
}

static void begin_to_peer(const struct scene *scene, struct out *out, enum output_row row, uint32_t network_id,
			  const struct net_switch *peer)
{
	out_row(out, &output_rows[row], tunnel_object(scene, peer));
	match_u(out->build, FIELD_NETWORK, network_id);
	match_u(out->build, FIELD_OUT, OUT_SWITCH);
	match_u(out->build, FIELD_PEER, peer->peer);
}

/* What comes by links and tunnels has been steered already, or goes the plain way all along. */
static void to_path(const struct place *place, uint32_t index, enum class class, bool wanted)
{
	const struct scene *scene = place->scene;
	begin_to_peer(scene, place->out, ROW_STEERED, place->vn->id, &scene->net->switches[index]);
	match_u(place->out->build, FIELD_CLASS, class);
	if (!wanted) {
		out_unwant(place->out, place->sw);
		return;
	}
	act_goto(place->out->build, TABLE_PATH);
	out_want(place->out, place->sw);
}

/* The LAN delivers by itself. */
static void steer_to(const struct place *place, uint32_t index, enum way_kind kind, bool is_ours)
{
	uint32_t network = (uint32_t) (place->vn - view_network(place->scene->view, 0));
	if (!view_steer(place->scene->view))
		return;
	bool wanted = kind != WAY_LAN && steer_pair(place->scene, place->sw, network, index);
	to_path(place, index, CLASS_EDGE, wanted);
	to_path(place, index, CLASS_UPLINK, wanted && is_ours);
}

/* How what is for a host behind that switch leaves this one. */
void output_switch(const struct place *place, uint32_t index)
{
	const struct scene *scene = place->scene;
	const struct net_network *network = tunnel_network(scene, place->vn);
	struct build *b = place->out->build;
	const struct view_member *here = view_member(place->vn, place->sw);
	const struct way way = ways_to(scene->view, place->vn, here, index);
	bool is_ours = ways_from_lan(scene->view, place->vn, here, way, index);
	steer_to(place, index, way.kind, is_ours);
	if (!is_ours) {
		begin_to_peer(scene, place->out, ROW_NOT_OURS, place->vn->id, &scene->net->switches[index]);
		match_u(b, FIELD_IN_PORT, here->uplink);
		out_want(place->out, place->sw);
	}
	switch (way.kind) {
	case WAY_NONE:
	case WAY_LAN:           /* l2_dst names the port itself */
		return;
	case WAY_LINK:
		begin_to_peer(scene, place->out, ROW_SWITCH, place->vn->id, &scene->net->switches[index]);
		output_put_tag(b, network->link_vlan, true);
		act_output(b, way.ofport);
		break;
	case WAY_TUNNEL:
		begin_to_peer(scene, place->out, ROW_SWITCH, place->vn->id, &scene->net->switches[index]);
		act_set_u(b, FIELD_TUN_ID, network->vni);
		output_put_peer(b, &scene->net->switches[way.peer], way.ofport);
		break;
	}
	out_want(place->out, place->sw);
}

/* An island has one way to a VTEP that is no switch of ours, both ways: its head. So
 * what that VTEP floods to all of them is taken in once, and it knows one of us. */
static void to_foreign(const struct place *place, const struct net_switch *foreign)
{
	const struct scene *scene = place->scene;
	const struct net_network *network = tunnel_network(scene, place->vn);
	struct build *b = place->out->build;
	struct way way = ways_to_head(scene->view, place->vn, view_switch(scene->view, place->sw)->index);
	if (!output_is_head(place) && way.kind != WAY_LINK)
		return;
	begin_to_peer(scene, place->out, ROW_SWITCH, place->vn->id, foreign);
	if (output_is_head(place)) {
		act_set_u(b, FIELD_TUN_ID, network->vni);
		output_put_peer(b, foreign, place->tunnel);
	} else {
		output_put_tag(b, network->link_vlan, true);
		act_output(b, way.ofport);
	}
	out_want(place->out, place->sw);
}

void output_switches(const struct place *place)
{
	for (size_t i = 0; i < place->vn->n_members; i++) {
		const struct view_switch *vs = view_switch(place->scene->view, place->vn->members[i].sw);
		if (vs->sw != place->sw && vs->index != NET_NONE)
			output_switch(place, vs->index);
	}
	const struct net_switch *foreign;
	for (size_t i = 0; (foreign = tunnel_foreign(place->scene, place->vn, i)); i++)
		to_foreign(place, foreign);
}

/* The same pair may have lost the last of its ports, or got the first. */
void output_resteer(const struct place *place, uint32_t index)
{
	const struct scene *scene = place->scene;
	const struct view_member *here = view_member(place->vn, place->sw);
	uint32_t there = view_switch_by_index(scene->view, index);
	struct way way = { .kind = WAY_LAN };
	if (here && there != NET_NONE && view_member(place->vn, there))
		way = ways_to(scene->view, place->vn, here, index);
	steer_to(place, index, way.kind, way.kind != WAY_LAN && ways_from_lan(scene->view, place->vn, here, way, index));
}

void output_switch_gone(const struct place *place, const struct net_switch *peer)
{
	begin_to_peer(place->scene, place->out, ROW_SWITCH, place->vn->id, peer);
	out_unwant(place->out, place->sw);
	steer_to(place, (uint32_t) (peer - place->scene->net->switches), WAY_LAN, false);
}
