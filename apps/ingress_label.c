/* SPDX-License-Identifier: Apache-2.0 */
/* Frames that come with a label: taken off, and on to transit. Unlike the network's tag a
 * label is good on a cable that no probe has confirmed yet: one that came back is used by
 * the switch at its other end at once. On a wrong cable it is not. */
#include <string.h>

#include "apps/ingress.h"
#include "apps/steer.h"

static void match_peer(const struct scene *scene, struct build *b, const struct steer_transit *transit)
{
	bool is_v6;
	const uint8_t *vtep = steer_vtep(scene, transit->edge, !transit->end, &is_v6);
	match_u(b, FIELD_TUN_ID, transit->label);
	match_bytes(b, is_v6 ? FIELD_TUN_IPV6_SRC : FIELD_TUN_SRC, vtep, NULL);
	if (scene->net->networks[transit->network].tags != NET_TAGS_PASS)
		match_u(b, FIELD_VLAN_VID, VLAN_NONE);
}

static void let_in(const struct scene *scene, struct out *out, uint32_t sw, const struct steer_transit *transit,
		   uint32_t in_port, const struct app_row *row)
{
	const struct net_edge *edge = &scene->net->edges[transit->edge];
	const struct net_network *network = &scene->net->networks[transit->network];
	bool is_cable = edge->link != NET_NONE;
	struct build *b = out->build;
	out_row(out, row, scene->net->objects[edge->object].id);
	match_u(b, FIELD_IN_PORT, in_port);
	if (is_cable) {
		match_u(b, FIELD_VLAN_VID, VLAN_PRESENT | transit->label);
		act_pop_vlan(b);
	} else {
		match_peer(scene, b, transit);
	}
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
	for (size_t i = 0; i < n; i++) {
		uint32_t link = scene->net->edges[transits[i].edge].link, sw, in_port, watch;
		if (!view_edge_place(scene->view, transits[i].edge, transits[i].end, &sw, &in_port, &watch)
		    || sw != vs->sw || (link != NET_NONE && view_link(scene->view, link)->wrong))
			continue;
		enum ingress_row row = link != NET_NONE ? ROW_LABEL
			: transits[i].choice.n_steps ? ROW_LABEL_TUNNEL : ROW_LABEL_END;
		let_in(scene, out, sw, &transits[i], in_port, &ingress_rows[row]);
	}
}
