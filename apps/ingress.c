/* SPDX-License-Identifier: Apache-2.0 */
/* ingress: which network a frame is in, by its port and tag (IEEE 802.1Q,
 * clause 6.9), and what is never let in at all.
 *
 * What falls through has a row of its own per port, so that a wrong tag, a port
 * in no network and a port that is switched off are three different counters.
 * By a tunnel come frames of those switches that have ports in the network; any
 * other sender, known elsewhere or not, is dropped on a row of that network. */
#include "apps/acl.h"
#include "apps/app.h"
#include "apps/apps.h"
#include "apps/tunnel.h"

enum row {
	ROW_RESERVED, ROW_DISCOVERY, ROW_GROUP_SOURCE, ROW_TUNNEL, ROW_PROBE,
	ROW_UNTAGGED, ROW_PRIORITY_TAGGED, ROW_TAGGED,
	ROW_WRONG_TAG, ROW_NO_PEER, ROW_NO_NETWORK, ROW_NO_VNI, ROW_DISABLED, ROW_MISS,
	N_ROWS
};

static const struct app_row rows[N_ROWS] = {
	[ROW_RESERVED] = { "reserved-group", TABLE_INGRESS, 1000,
		"eth_dst 01:80:c2:00:00:00 to 0f", "drop: bridge protocols end at the bridge (IEEE 802.1Q, table 8-1)" },
	[ROW_DISCOVERY] = { "vendor-group", TABLE_INGRESS, 990,
		"eth_dst 01:00:0c:cc:cc:cc, :cd", "drop: CDP, VTP, DTP, PVST end at the bridge" },
	[ROW_GROUP_SOURCE] = { "group-source", TABLE_INGRESS, 900,
		"eth_src a group address", "drop: no frame comes from a group" },
	[ROW_TUNNEL] = { "tunnel", TABLE_INGRESS, 130,
		"in_port, tun_id, tun_src, no tag", "from a switch that has ports in the network: set network and class, go on" },
	[ROW_PROBE] = { "tunnel-probe", TABLE_INGRESS, 125,
		"in_port, tun_id 0", "drop: sent by weftd so that the switches find each other in the underlay" },
	[ROW_UNTAGGED] = { "untagged", TABLE_INGRESS, 120,
		"in_port, no tag", "set network and class, go on" },
	[ROW_PRIORITY_TAGGED] = { "priority-tagged", TABLE_INGRESS, 110,
		"in_port, tag with VID 0", "as untagged; the tag is taken off" },
	[ROW_TAGGED] = { "tagged", TABLE_INGRESS, 100,
		"in_port, tag", "take the tag off, set network and class, go on" },
	[ROW_WRONG_TAG] = { "wrong-tag", TABLE_INGRESS, 50,
		"in_port", "drop: this port is in no network with that tag, or without one" },
	[ROW_NO_PEER] = { "unknown-vtep", TABLE_INGRESS, 45,
		"in_port, tun_id", "drop: the sender has no port in this network, or the frame a tag" },
	[ROW_NO_VNI] = { "unknown-vni", TABLE_INGRESS, 35,
		"in_port", "drop: no network that has ports here has this VNI" },
	[ROW_NO_NETWORK] = { "no-network", TABLE_INGRESS, 40,
		"in_port", "drop: this port is in no network" },
	[ROW_DISABLED] = { "disabled", TABLE_INGRESS, 30,
		"in_port", "drop: the file says enable: false" },
	[ROW_MISS] = { "unknown-port", TABLE_INGRESS, 0, "anything", "drop" },
};

static const uint8_t reserved[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x00 };
static const uint8_t reserved_mask[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xf0 };
static const uint8_t discovery[2][6] = {
	{ 0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcc },
	{ 0x01, 0x00, 0x0c, 0xcc, 0xcc, 0xcd },
};
static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };

static void never_let_in(struct out *out, uint32_t sw, uint64_t object)
{
	out_row(out, &rows[ROW_RESERVED], object);
	match_bytes(out->build, FIELD_ETH_DST, reserved, reserved_mask);
	out_want(out, sw);
	for (size_t i = 0; i < 2; i++) {
		out_row(out, &rows[ROW_DISCOVERY], object);
		match_bytes(out->build, FIELD_ETH_DST, discovery[i], NULL);
		out_want(out, sw);
	}
	out_row(out, &rows[ROW_GROUP_SOURCE], object);
	match_bytes(out->build, FIELD_ETH_SRC, group_bit, group_bit);
	out_want(out, sw);
	out_row(out, &rows[ROW_MISS], object);
	out_want(out, sw);
}

/* Rules stand on the way of networks that have some. */
static enum table after(const struct scene *scene, uint32_t sw, uint32_t network)
{
	return acl_judges(scene, sw, network) ? TABLE_CONNTRACK : TABLE_L2_SRC;
}

static void let_in(const struct scene *scene, struct out *out, uint32_t sw, const struct view_port *port,
		   const struct view_use *use, enum row row, uint16_t vlan_vid)
{
	struct build *b = out->build;
	out_row(out, &rows[row], use->object);
	match_u(b, FIELD_IN_PORT, port->ofport);
	match_u(b, FIELD_VLAN_VID, vlan_vid);
	if (vlan_vid & VLAN_PRESENT)
		act_pop_vlan(b);
	act_set_u(b, FIELD_NETWORK, use->id);
	act_set_u(b, FIELD_CLASS, use->is_uplink ? CLASS_UPLINK : CLASS_EDGE);
	if (!use->is_uplink)
		acl_set_lists(scene, b, sw, use, ACL_IN);
	act_goto(b, after(scene, sw, use->network));
	out_want(out, sw);
}

/* --- tunnels ----------------------------------------------------------------------- */

static void begin_tunnel(const struct scene *scene, struct out *out, const struct view_network *vn,
			 uint32_t ofport, const struct net_switch *peer)
{
	struct build *b = out->build;
	out_row(out, &rows[ROW_TUNNEL], tunnel_object(scene, peer));
	match_u(b, FIELD_IN_PORT, ofport);
	match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	match_u(b, FIELD_TUN_ID, tunnel_network(scene, vn)->vni);
	if (peer->vtep_is_v6)
		match_bytes(b, FIELD_TUN_IPV6_SRC, peer->vtep_bytes, NULL);
	else
		match_u(b, FIELD_TUN_SRC, peer->peer);
}

static void from_peer(const struct scene *scene, struct out *out, const struct view_network *vn,
		      const struct view_member *member, const struct net_switch *peer, bool is_member)
{
	begin_tunnel(scene, out, vn, tunnel_port(scene, vn, member), peer);
	if (!is_member) {
		out_unwant(out, member->sw);
		return;
	}
	act_set_u(out->build, FIELD_NETWORK, vn->id);
	act_set_u(out->build, FIELD_CLASS, CLASS_TUNNEL);
	act_goto(out->build, after(scene, member->sw, (uint32_t) (vn - view_network(scene->view, 0))));
	out_want(out, member->sw);
}

static void compile_tunnel(const struct scene *scene, struct out *out, const struct view_switch *vs)
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
				from_peer(scene, out, vn, here, peer, true);
		}
		out_row(out, &rows[ROW_NO_PEER], scene->net->objects[network->object].id);
		match_u(out->build, FIELD_IN_PORT, vs->tunnel);
		match_u(out->build, FIELD_TUN_ID, network->vni);
		out_want(out, vs->sw);
	}
	out_row(out, &rows[ROW_PROBE], vs->object);
	match_u(out->build, FIELD_IN_PORT, vs->tunnel);
	match_u(out->build, FIELD_TUN_ID, 0);
	out_want(out, vs->sw);
	out_row(out, &rows[ROW_NO_VNI], vs->object);
	match_u(out->build, FIELD_IN_PORT, vs->tunnel);
	out_want(out, vs->sw);
}

/* --- the rest ---------------------------------------------------------------------- */

static void compile_port(const struct scene *scene, struct out *out, const struct view_switch *vs, const struct view_port *port)
{
	enum row rest = port->disabled ? ROW_DISABLED : port->n_uses ? ROW_WRONG_TAG : ROW_NO_NETWORK;

	for (size_t i = 0; i < port->n_uses; i++) {
		const struct view_use *use = &port->uses[i];
		if (use->tag == NET_UNTAGGED) {
			let_in(scene, out, vs->sw, port, use, ROW_UNTAGGED, VLAN_NONE);
			let_in(scene, out, vs->sw, port, use, ROW_PRIORITY_TAGGED, VLAN_PRESENT);
		} else {
			let_in(scene, out, vs->sw, port, use, ROW_TAGGED, VLAN_PRESENT | use->tag);
		}
	}
	out_row(out, &rows[rest], port->n_uses ? port->uses[0].object : vs->object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	out_want(out, vs->sw);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	if (!vs)
		return;
	never_let_in(out, sw, vs->object);
	for (size_t i = 0; i < vs->n_ports; i++)
		if (!vs->ports[i].tunnel)
			compile_port(scene, out, vs, &vs->ports[i]);
	if (vs->tunnel != NET_NONE)
		compile_tunnel(scene, out, vs);
}

/* A port that only went up or down keeps its rows. A switch that joins or leaves
 * a network changes one row on each other switch there. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	tunnel_for_changed(scene, fact, out, from_peer);
	switch (fact->kind) {
	case FACT_PORT:
		return !fact->uses_changed;
	case FACT_SWITCH_UP:
	case FACT_MEMBER:
		return true;
	default:
		return false;
	}
}

const struct app app_ingress = {
	.name = "ingress",
	.help = "port and tag to network; what is never let in",
	.rows = rows,
	.n_rows = N_ROWS,
	.tables = TABLE_BIT(INGRESS),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(SWITCH_UP) | FACT_BIT(MEMBER),
	.compile = compile,
	.patch = patch,
};
