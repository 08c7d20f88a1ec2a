/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in from other switches: by tunnels, by links, and the probes that look for both.
 *
 * By a tunnel come frames of those switches that have ports in the network, and
 * of the VTEPs that the file puts there; any other sender, known elsewhere or not,
 * is dropped on a row of that network. A switch that may let in the LAN without
 * being the gateway (view_is_suspect) is not heard by the gateway, and by others
 * only when it means one host: what it floods comes from the gateway already. */
#include "apps/discover.h"
#include "apps/ingress.h"
#include "apps/loop.h"
#include "apps/tag.h"
#include "apps/tunnel.h"
#include "topo/ways.h"

enum { PROBE_RATE = 1000, PROBE_BURST = 1000 };         /* per second and switch */

static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };

/* --- tunnels ----------------------------------------------------------------------- */

/* One row about frames from one of the peer's VTEPs. */
static void from_vtep_row(const struct scene *scene, struct out *out, const struct view_network *vn,
			  const struct view_member *here, const struct net_switch *peer, const struct net_vtep_at *vtep,
			  enum ingress_row row, bool wanted)
{
	struct build *b = out->build;
	bool is_unicast = row == ROW_TUNNEL_UNICAST, passes = row != ROW_FENCED && tunnel_network(scene, vn)->tags == NET_TAGS_PASS;
	if (passes)
		row = is_unicast ? ROW_TUNNEL_UNICAST_TAGS : ROW_TUNNEL_TAGS;
	out_row(out, &ingress_rows[row], tunnel_object(scene, peer));
	match_u(b, FIELD_IN_PORT, tunnel_port(scene, vn, here));
	match_u(b, FIELD_TUN_ID, tunnel_network(scene, vn)->vni);
	if (vtep->is_v6)
		match_bytes(b, FIELD_TUN_IPV6_SRC, vtep->bytes, NULL);
	else
		match_bytes(b, FIELD_TUN_SRC, vtep->bytes, NULL);
	if (row != ROW_FENCED && !passes)
		match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	if (is_unicast)
		match_bytes(b, FIELD_ETH_DST, (const uint8_t[6]) { 0 }, group_bit);
	if (!wanted) {
		out_unwant(out, here->sw);
		return;
	}
	if (row != ROW_FENCED)
		ingress_go_on(scene, b, here->sw, tunnel_network(scene, vn), CLASS_TUNNEL, NULL);
	out_want(out, here->sw);
}

/* Which of them it sends from is chosen by its routes. */
static void from_peer_row(const struct scene *scene, struct out *out, const struct view_network *vn,
			  const struct view_member *here, const struct net_switch *peer, enum ingress_row row, bool wanted)
{
	for (size_t i = 0; i < peer->n_vteps; i++)
		from_vtep_row(scene, out, vn, here, peer, &peer->vteps[i], row, wanted);
}

static uint32_t index_of(const struct scene *scene, const struct net_switch *sw)
{
	return (uint32_t) (sw - scene->net->switches);
}

void ingress_from_peer(const struct scene *scene, struct out *out, const struct view_network *vn,
		      const struct view_member *here, const struct net_switch *peer, bool is_member)
{
	uint32_t index = view_switch(scene->view, here->sw)->index;
	bool is_ours = tunnel_is_ours(scene, peer);
	bool is_suspect = is_member && is_ours && tunnel_is_fenced(scene, vn, peer);
	bool floods = is_member && !is_suspect && (is_ours ? ways_floods(scene->view, vn, index_of(scene, peer), index)
						   : ways_is_head(scene->view, vn, index));
	from_peer_row(scene, out, vn, here, peer, ROW_TUNNEL, floods);
	/* Nobody else could be the gateway, and everybody is a head. */
	if (tunnel_network(scene, vn)->physical.n_ports < 2 && !view_ways(scene->view))
		return;
	from_peer_row(scene, out, vn, here, peer, ROW_TUNNEL_UNICAST,
		      is_suspect ? !tunnel_is_gateway(scene, vn, here->sw) : is_member && is_ours && !floods);
	from_peer_row(scene, out, vn, here, peer, ROW_FENCED, is_suspect);
}

void ingress_tunnel(const struct scene *scene, struct out *out, const struct view_switch *vs)
{
	for (uint32_t n = 0; n < scene->net->n_networks; n++) {
		const struct view_network *vn = view_network(scene->view, n);
		const struct view_member *here = view_member(vn, vs->sw);
		const struct net_network *network = &scene->net->networks[n];
		if (!here || tunnel_port(scene, vn, here) == NET_NONE)
			continue;
		for (size_t i = 0; i < vn->n_members; i++) {
			const struct net_switch *peer = tunnel_peer(scene, vn->members[i].sw);
			if (peer && &vn->members[i] != here)
				ingress_from_peer(scene, out, vn, here, peer, true);
		}
		const struct net_switch *foreign;
		for (size_t i = 0; (foreign = tunnel_foreign(scene, vn, i)); i++)
			ingress_from_peer(scene, out, vn, here, foreign, true);
		out_row(out, &ingress_rows[ROW_NO_PEER], scene->net->objects[network->object].id);
		match_u(out->build, FIELD_IN_PORT, vs->tunnel);
		match_u(out->build, FIELD_TUN_ID, network->vni);
		out_want(out, vs->sw);
	}
	out_row(out, &ingress_rows[ROW_PROBE], vs->object);
	match_u(out->build, FIELD_IN_PORT, vs->tunnel);
	match_u(out->build, FIELD_TUN_ID, 0);
	out_want(out, vs->sw);
	out_row(out, &ingress_rows[ROW_NO_VNI], vs->object);
	match_u(out->build, FIELD_IN_PORT, vs->tunnel);
	out_want(out, vs->sw);
}

/* --- links ------------------------------------------------------------------------- */

static void from_link(const struct scene *scene, struct out *out, const struct view_switch *vs,
		      const struct view_port *port, uint32_t n)
{
	const struct view_network *vn = view_network(scene->view, n);
	const struct view_member *member = view_member(vn, vs->sw);
	const struct net_uplink *other = &scene->net->links[port->link].ends[!port->link_end];
	bool is_suspect = view_is_suspect(scene->view, vn, view_switch_by_index(scene->view, other->sw));
	bool in_tree = !is_suspect && ways_in_tree(scene->view, vn, port->link);
	struct build *b = out->build;
	if (!member || !member->transit || (is_suspect && tunnel_is_gateway(scene, vn, vs->sw)))
		return;
	out_row(out, &ingress_rows[in_tree ? ROW_LINK : ROW_LINK_UNICAST],
		scene->net->objects[scene->net->links[port->link].object].id);
	match_u(b, FIELD_IN_PORT, port->ofport);
	match_u(b, FIELD_VLAN_VID, VLAN_PRESENT | scene->net->networks[n].link_vlan);
	if (!in_tree)
		match_bytes(b, FIELD_ETH_DST, (const uint8_t[6]) { 0 }, group_bit);
	tag_take(b);
	ingress_go_on(scene, b, vs->sw, &scene->net->networks[n], CLASS_LINK, NULL);
	out_want(out, vs->sw);
}

void ingress_link(const struct scene *scene, struct out *out, const struct view_switch *vs,
			 const struct view_port *port)
{
	bool is_used = ways_use_link(scene->view, port->link);
	for (uint32_t n = 0; is_used && n < scene->net->n_networks; n++)
		from_link(scene, out, vs, port, n);
	out_row(out, &ingress_rows[is_used ? ROW_LINK_REST : ROW_LINK_UNUSED],
		scene->net->objects[scene->net->links[port->link].object].id);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	out_want(out, vs->sw);
}

/* --- probes ------------------------------------------------------------------------ */

/* Probes have a meter of their own: what VMs cause must not look like a dead link. */
void ingress_probes(const struct scene *scene, struct out *out, const struct view_switch *vs)
{
	bool has = has_meter(vs->max_meters, METER_PROBE), tunnels = scene->net->n_edges > scene->net->n_links;
	if (has && (scene->net->n_links || (tunnels && vs->tunnel != NET_NONE))) {
		build_meter(out->build, METER_PROBE, true, PROBE_RATE, PROBE_BURST);
		out_want(out, vs->sw);
	}
	for (size_t i = 0; i < vs->n_ports; i++) {
		const struct view_port *port = &vs->ports[i];
		if (port->link == NET_NONE && !(tunnels && port->tunnel))
			continue;
		out_row(out, &ingress_rows[ROW_LINK_PROBE], port->link == NET_NONE ? vs->object
			: scene->net->objects[scene->net->links[port->link].object].id);
		match_u(out->build, FIELD_IN_PORT, port->ofport);
		match_bytes(out->build, FIELD_ETH_DST, discover_dst, NULL);
		act_controller(out->build, DISCOVER_BYTES, has ? METER_PROBE : 0);
		out_want(out, vs->sw);
	}
	if (!scene->net->n_links)
		return;
	out_row(out, &ingress_rows[ROW_STRAY_PROBE], vs->object);
	match_bytes(out->build, FIELD_ETH_DST, discover_dst, NULL);
	act_controller(out->build, DISCOVER_BYTES, has_meter(vs->max_meters, METER_PUNT) ? METER_PUNT : 0);
	out_want(out, vs->sw);
}

/* Every edge port may see one. */
void ingress_loop_probe(struct out *out, const struct view_switch *vs)
{
	if (has_meter(vs->max_meters, METER_LOOP)) {
		build_meter(out->build, METER_LOOP, true, LOOP_RATE, LOOP_BURST);
		out_want(out, vs->sw);
	}
	out_row(out, &ingress_rows[ROW_LOOP_PROBE], vs->object);
	match_bytes(out->build, FIELD_ETH_DST, loop_dst, NULL);
	act_controller(out->build, LOOP_BYTES, has_meter(vs->max_meters, METER_LOOP) ? METER_LOOP : 0);
	out_want(out, vs->sw);
}
