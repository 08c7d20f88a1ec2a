/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that come with a label: taken off, and on to transit. Unlike the network's tag a
 * label is good on a cable that no probe has confirmed yet: one that came back is used by
 * the switch at its other end at once. On a wrong cable it is not. */
#include <stdlib.h>
#include <string.h>

#include "apps/ingress.h"
#include "apps/steer.h"
#include "apps/tag.h"

static void match_peer(const struct scene *scene, struct build *b, const struct steer_transit *transit)
{
	bool is_v6;
	const uint8_t *vtep = steer_vtep(scene, transit->edge, !transit->end, &is_v6);
	match_u(b, FIELD_TUN_ID, transit->label);
	match_bytes(b, is_v6 ? FIELD_TUN_IPV6_SRC : FIELD_TUN_SRC, vtep, NULL);
	if (scene->net->networks[transit->network].tags != NET_TAGS_PASS)
		match_u(b, FIELD_VLAN_VID, VLAN_NONE);
}

/* The row of that transit, as far as it has a place here now. */
static bool begin(const struct scene *scene, struct out *out, uint32_t sw, const struct steer_transit *transit)
{
	const struct net_edge *edge = &scene->net->edges[transit->edge];
	uint32_t at, in_port, watch;
	if (!view_edge_place(scene->view, transit->edge, transit->end, &at, &in_port, &watch) || at != sw)
		return false;
	bool passes = scene->net->networks[transit->network].tags == NET_TAGS_PASS;
	enum ingress_row row = edge->link != NET_NONE ? ROW_LABEL
		: transit->choice.n_steps ? (passes ? ROW_LABEL_TUNNEL_TAGS : ROW_LABEL_TUNNEL) : passes ? ROW_LABEL_END_TAGS : ROW_LABEL_END;
	out_row(out, &ingress_rows[row], scene->net->objects[edge->object].id);
	match_u(out->build, FIELD_IN_PORT, in_port);
	if (edge->link != NET_NONE)
		match_u(out->build, FIELD_VLAN_VID, VLAN_PRESENT | transit->label);
	else
		match_peer(scene, out->build, transit);
	return true;
}

static void let_in(const struct scene *scene, struct out *out, uint32_t sw, const struct steer_transit *transit)
{
	uint32_t link = scene->net->edges[transit->edge].link;
	const struct net_network *network = &scene->net->networks[transit->network];
	bool is_cable = link != NET_NONE;
	struct build *b = out->build;
	if ((is_cable && view_link(scene->view, link)->wrong) || !begin(scene, out, sw, transit))
		return;
	if (is_cable)
		tag_take(b);
	if (transit->choice.n_steps) {
		act_set_u(b, FIELD_NETWORK, network->id);
		act_set_u(b, FIELD_CLASS, is_cable ? CLASS_LINK : CLASS_TUNNEL);
		act_set_u(b, FIELD_LABEL, transit->label);
		act_goto(b, TABLE_TRANSIT);
	} else {
		ingress_go_on(scene, b, sw, network, is_cable ? CLASS_LINK : CLASS_TUNNEL, NULL);
	}
	out_want(out, sw);
}

void ingress_labels(const struct scene *scene, struct out *out, const struct view_switch *vs)
{
	const struct steer *steer = view_steer(scene->view);
	size_t n = 0;
	const struct steer_transit *transits = steer && vs->index != NET_NONE
		? steer_transits_of(steer, vs->index, &n) : NULL;
	for (size_t i = 0; i < n; i++)
		let_in(scene, out, vs->sw, &transits[i]);
}

/* Where it goes from here is no business of ingress. */
static bool is_alike(const struct steer_transit_change *change)
{
	return change->before && change->now && change->before->network == change->now->network
		&& !change->before->choice.n_steps == !change->now->choice.n_steps;
}

bool ingress_resteer(const struct scene *scene, uint32_t sw, const struct steer *before, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	size_t n;
	if (vs->index == NET_NONE)
		return true;
	struct steer_transit_change *changes = steer_transits_changed(before, view_steer(scene->view), vs->index, &n);
	for (size_t i = 0; i < n; i++)
		if (!is_alike(&changes[i]) && changes[i].before && begin(scene, out, sw, changes[i].before))
			out_unwant(out, sw);
	for (size_t i = 0; i < n; i++)
		if (!is_alike(&changes[i]) && changes[i].now)
			let_in(scene, out, sw, changes[i].now);
	free(changes);
	return true;
}
