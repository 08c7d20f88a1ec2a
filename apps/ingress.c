/* SPDX-License-Identifier: Apache-2.0 */
/* ingress: which network a frame is in, by its port and tag (IEEE 802.1Q,
 * clause 6.9), and what is never let in at all.
 *
 * What falls through has a row of its own per port, so that a wrong tag, a port
 * in no network and a port that is switched off are three different counters.
 * By a tunnel come frames of those switches that have ports in the network, and
 * of the VTEPs that the file puts there; any other sender, known elsewhere or not,
 * is dropped on a row of that network. A switch that may let in the LAN without
 * being the gateway (view_is_suspect) is not heard by the gateway, and by others
 * only when it means one host: what it floods comes from the gateway already. */
#include "apps/acl.h"
#include "apps/app.h"
#include "apps/apps.h"
#include "apps/discover.h"
#include "apps/ingress.h"
#include "apps/guard.h"
#include "apps/l2.h"
#include "apps/loop.h"
#include "apps/storm.h"
#include "apps/tunnel.h"
#include "topo/ways.h"

enum row {
	ROW_LINK_PROBE, ROW_STRAY_PROBE, ROW_RESERVED, ROW_DISCOVERY, ROW_GROUP_SOURCE, ROW_LOOP_PROBE, ROW_QUARANTINE,
	ROW_TUNNEL, ROW_TUNNEL_UNICAST, ROW_FENCED, ROW_LABEL_TUNNEL, ROW_PROBE, ROW_LABEL_END, ROW_LABEL,
	ROW_UNTAGGED, ROW_PRIORITY_TAGGED, ROW_TAGGED, ROW_GUEST_TAG, ROW_LINK, ROW_LINK_UNICAST,
	ROW_STANDBY, ROW_STANDBY_TAGGED,
	ROW_WRONG_TAG, ROW_LINK_REST, ROW_LINK_UNUSED, ROW_NO_PEER, ROW_NO_NETWORK, ROW_NO_VNI, ROW_DISABLED, ROW_MISS,
	N_ROWS
};

static const struct app_row rows[N_ROWS] = {
	[ROW_LINK_PROBE] = { "link-probe", TABLE_INGRESS, 1020,
		"in_port of a link or a tunnel, eth_dst of probes", "report: where does it come from, and does it come at all?" },
	[ROW_STRAY_PROBE] = { "stray-probe", TABLE_INGRESS, 1010,
		"eth_dst of probes", "report: a cable leads where the file has none" },
	[ROW_LOOP_PROBE] = { "loop-probe", TABLE_INGRESS, 1005,
		"eth_dst of probes for loops", "report: which port sees what another one sent?" },
	[ROW_QUARANTINE] = { "quarantined", TABLE_INGRESS, 140,
		"in_port, no tag or the tag of a network",
		"drop: the port makes a loop, `weft show ports` says for how long; class is set to the how-manieth time in a row it is" },
	[ROW_RESERVED] = { "reserved-group", TABLE_INGRESS, 1000,
		"eth_dst 01:80:c2:00:00:00 to 0f", "drop: bridge protocols end at the bridge (IEEE 802.1Q, table 8-1)" },
	[ROW_DISCOVERY] = { "vendor-group", TABLE_INGRESS, 990,
		"eth_dst 01:00:0c:cc:cc:cc, :cd", "drop: CDP, VTP, DTP, PVST end at the bridge" },
	[ROW_GROUP_SOURCE] = { "group-source", TABLE_INGRESS, 900,
		"eth_src a group address", "drop: no frame comes from a group" },
	[ROW_TUNNEL] = { "tunnel", TABLE_INGRESS, 130,
		"in_port, tun_id, tun_src; no tag, or the network says `tags: pass`",
		"from a switch that has ports in the network, or one of its `vteps`: set network and class, go on" },
	[ROW_TUNNEL_UNICAST] = { "tunnel-unicast", TABLE_INGRESS, 128,
		"in_port, tun_id, tun_src, eth_dst no group; tags as tunnel",
		"from a switch that floods by another way, or may let in the LAN too: as tunnel, for one host only" },
	[ROW_FENCED] = { "fenced", TABLE_INGRESS, 127,
		"in_port, tun_id, tun_src", "drop: from a switch that may let in the LAN and is not the gateway" },
	[ROW_LABEL_TUNNEL] = { "label-tunnel", TABLE_INGRESS, 126,
		"in_port, tun_id, tun_src; tags as tunnel", "a label instead of the VNI: on a path between two other switches, go on to transit" },
	[ROW_LABEL_END] = { "label-end", TABLE_INGRESS, 124,
		"in_port, tun_id, tun_src; tags as tunnel", "a label that ends here: as tunnel" },
	[ROW_LABEL] = { "label", TABLE_INGRESS, 97,
		"in_port, tag", "a label instead of the network's tag: take it off, go on to transit" },
	[ROW_PROBE] = { "tunnel-probe", TABLE_INGRESS, 125,
		"in_port, tun_id 0", "drop: sent by weftd so that the switches find each other in the underlay" },
	[ROW_UNTAGGED] = { "untagged", TABLE_INGRESS, 120,
		"in_port, no tag", "set network and class, go on" },
	[ROW_PRIORITY_TAGGED] = { "priority-tagged", TABLE_INGRESS, 110,
		"in_port, tag with VID 0", "as untagged; the tag is taken off" },
	[ROW_TAGGED] = { "tagged", TABLE_INGRESS, 100,
		"in_port, tag", "take the tag off, set network and class, go on" },
	[ROW_LINK] = { "link", TABLE_INGRESS, 99,
		"in_port, tag", "a link of the network's tree: take the tag off, set network and class, go on" },
	[ROW_LINK_UNICAST] = { "link-unicast", TABLE_INGRESS, 98,
		"in_port, tag, eth_dst no group", "another link: as link, for one host only" },
	[ROW_GUEST_TAG] = { "guest-tag", TABLE_INGRESS, 90,
		"in_port, any tag", "the network says `tags: pass`: as untagged; the tag stays on" },
	[ROW_STANDBY] = { "standby", TABLE_INGRESS, 95,
		"in_port, no tag", "drop: this physical port is not in use, another one is" },
	[ROW_STANDBY_TAGGED] = { "standby-tagged", TABLE_INGRESS, 92,
		"in_port, tag", "drop: this physical port is not in use, another one is" },
	[ROW_WRONG_TAG] = { "wrong-tag", TABLE_INGRESS, 50,
		"in_port", "drop: this port is in no network with that tag, or without one" },
	[ROW_LINK_REST] = { "link-rest", TABLE_INGRESS, 49,
		"in_port", "drop: no network with that tag passes here, or what is for all comes by another link" },
	[ROW_LINK_UNUSED] = { "link-unused", TABLE_INGRESS, 48,
		"in_port", "drop: no probe has shown yet that this cable is where the file says, or one has shown another" },
	[ROW_NO_PEER] = { "unknown-vtep", TABLE_INGRESS, 45,
		"in_port, tun_id",
		"drop: the sender has no port in this network, or the frame a tag; or one of the network's `vteps` floods to a switch whose island has another head" },
	[ROW_NO_VNI] = { "unknown-vni", TABLE_INGRESS, 35,
		"in_port", "drop: no network that has ports here has this VNI" },
	[ROW_NO_NETWORK] = { "no-network", TABLE_INGRESS, 40,
		"in_port", "drop: this port is in no network" },
	[ROW_DISABLED] = { "disabled", TABLE_INGRESS, 30,
		"in_port", "drop: the file says enable: false" },
	[ROW_MISS] = { "unknown-port", TABLE_INGRESS, 0, "anything", "drop" },
};

enum { PROBE_RATE = 1000, PROBE_BURST = 1000 };         /* per second and switch */

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

/* Rules stand on the way of networks that have some, guards and limits on that of the ports. */
void ingress_go_on(const struct scene *scene, struct build *b, uint32_t sw, const struct net_network *network,
		   enum class class, const struct view_use *use)
{
	enum table next = acl_judges(scene, sw, (uint32_t) (network - scene->net->networks)) ? TABLE_CONNTRACK : TABLE_L2_SRC;
	act_set_u(b, FIELD_NETWORK, network->id);
	act_set_u(b, FIELD_CLASS, class);
	if (network->tags == NET_TAGS_PASS)
		act_set_u(b, FIELD_TAGS, 1);
	if (use && guard_watches(scene, use))
		act_goto(b, TABLE_GUARD);
	else
		act_goto(b, use ? storm_before(use, next) : next);
}

static void let_in(const struct scene *scene, struct out *out, uint32_t sw, const struct view_port *port,
		   const struct view_use *use, enum row row, uint16_t vlan_vid)
{
	struct build *b = out->build;
	out_row(out, &rows[row], use->object);
	match_u(b, FIELD_IN_PORT, port->ofport);
	if (row == ROW_GUEST_TAG)
		match_um(b, FIELD_VLAN_VID, VLAN_PRESENT, VLAN_PRESENT);
	else
		match_u(b, FIELD_VLAN_VID, vlan_vid);
	if (row != ROW_GUEST_TAG && vlan_vid & VLAN_PRESENT)
		act_pop_vlan(b);
	if (!use->is_uplink)
		acl_set_lists(scene, b, sw, use, ACL_IN);
	ingress_go_on(scene, b, sw, &scene->net->networks[use->network], use->is_uplink ? CLASS_UPLINK : CLASS_EDGE, use);
	out_want(out, sw);
}

/* --- tunnels ----------------------------------------------------------------------- */

/* One row about frames from one of the peer's VTEPs. */
static void from_vtep_row(const struct scene *scene, struct out *out, const struct view_network *vn,
			  const struct view_member *here, const struct net_switch *peer, const struct net_vtep_at *vtep,
			  enum row row, bool wanted)
{
	struct build *b = out->build;
	out_row(out, &rows[row], tunnel_object(scene, peer));
	match_u(b, FIELD_IN_PORT, tunnel_port(scene, vn, here));
	match_u(b, FIELD_TUN_ID, tunnel_network(scene, vn)->vni);
	if (vtep->is_v6)
		match_bytes(b, FIELD_TUN_IPV6_SRC, vtep->bytes, NULL);
	else
		match_bytes(b, FIELD_TUN_SRC, vtep->bytes, NULL);
	if (row != ROW_FENCED && tunnel_network(scene, vn)->tags != NET_TAGS_PASS)
		match_u(b, FIELD_VLAN_VID, VLAN_NONE);
	if (row == ROW_TUNNEL_UNICAST)
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
			  const struct view_member *here, const struct net_switch *peer, enum row row, bool wanted)
{
	for (size_t i = 0; i < peer->n_vteps; i++)
		from_vtep_row(scene, out, vn, here, peer, &peer->vteps[i], row, wanted);
}

static uint32_t index_of(const struct scene *scene, const struct net_switch *sw)
{
	return (uint32_t) (sw - scene->net->switches);
}

static void from_peer(const struct scene *scene, struct out *out, const struct view_network *vn,
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
		const struct net_switch *foreign;
		for (size_t i = 0; (foreign = tunnel_foreign(scene, vn, i)); i++)
			from_peer(scene, out, vn, here, foreign, true);
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
	out_row(out, &rows[in_tree ? ROW_LINK : ROW_LINK_UNICAST],
		scene->net->objects[scene->net->links[port->link].object].id);
	match_u(b, FIELD_IN_PORT, port->ofport);
	match_u(b, FIELD_VLAN_VID, VLAN_PRESENT | scene->net->networks[n].link_vlan);
	if (!in_tree)
		match_bytes(b, FIELD_ETH_DST, (const uint8_t[6]) { 0 }, group_bit);
	act_pop_vlan(b);
	ingress_go_on(scene, b, vs->sw, &scene->net->networks[n], CLASS_LINK, NULL);
	out_want(out, vs->sw);
}

static void compile_link(const struct scene *scene, struct out *out, const struct view_switch *vs,
			 const struct view_port *port)
{
	bool is_used = ways_use_link(scene->view, port->link);
	for (uint32_t n = 0; is_used && n < scene->net->n_networks; n++)
		from_link(scene, out, vs, port, n);
	out_row(out, &rows[is_used ? ROW_LINK_REST : ROW_LINK_UNUSED],
		scene->net->objects[scene->net->links[port->link].object].id);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	out_want(out, vs->sw);
}

/* Probes have a meter of their own: what VMs cause must not look like a dead link. */
static void compile_probes(const struct scene *scene, struct out *out, const struct view_switch *vs)
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
		out_row(out, &rows[ROW_LINK_PROBE], port->link == NET_NONE ? vs->object
			: scene->net->objects[scene->net->links[port->link].object].id);
		match_u(out->build, FIELD_IN_PORT, port->ofport);
		match_bytes(out->build, FIELD_ETH_DST, discover_dst, NULL);
		act_controller(out->build, DISCOVER_BYTES, has ? METER_PROBE : 0);
		out_want(out, vs->sw);
	}
	if (!scene->net->n_links)
		return;
	out_row(out, &rows[ROW_STRAY_PROBE], vs->object);
	match_bytes(out->build, FIELD_ETH_DST, discover_dst, NULL);
	act_controller(out->build, DISCOVER_BYTES, has_meter(vs->max_meters, METER_PUNT) ? METER_PUNT : 0);
	out_want(out, vs->sw);
}

/* Every edge port may see one. */
static void compile_loop_probe(struct out *out, const struct view_switch *vs)
{
	if (has_meter(vs->max_meters, METER_LOOP)) {
		build_meter(out->build, METER_LOOP, true, LOOP_RATE, LOOP_BURST);
		out_want(out, vs->sw);
	}
	out_row(out, &rows[ROW_LOOP_PROBE], vs->object);
	match_bytes(out->build, FIELD_ETH_DST, loop_dst, NULL);
	act_controller(out->build, LOOP_BYTES, has_meter(vs->max_meters, METER_LOOP) ? METER_LOOP : 0);
	out_want(out, vs->sw);
}

/* --- the rest ---------------------------------------------------------------------- */

static void stand_by(struct out *out, uint32_t sw, const struct view_port *port, const struct view_use *use)
{
	bool tagged = use->tag != NET_UNTAGGED;
	out_row(out, &rows[tagged ? ROW_STANDBY_TAGGED : ROW_STANDBY], use->object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	match_u(out->build, FIELD_VLAN_VID, tagged ? VLAN_PRESENT | use->tag : VLAN_NONE);
	out_want(out, sw);
}

/* Who reads the row back knows by it how long it is to be there. */
static void shut_out(struct out *out, uint32_t sw, const struct view_port *port, const struct view_use *use)
{
	out_row(out, &rows[ROW_QUARANTINE], use->object);
	match_u(out->build, FIELD_IN_PORT, port->ofport);
	match_u(out->build, FIELD_VLAN_VID, use->tag == NET_UNTAGGED ? VLAN_NONE : VLAN_PRESENT | use->tag);
	act_set_u(out->build, FIELD_CLASS, use->quarantine.level);
	out_want(out, sw);
}

static void compile_port(const struct scene *scene, struct out *out, const struct view_switch *vs,
			 const struct view_port *port)
{
	enum row rest = port->disabled ? ROW_DISABLED : port->n_uses ? ROW_WRONG_TAG : ROW_NO_NETWORK;

	for (size_t i = 0; i < port->n_uses; i++) {
		const struct view_use *use = &port->uses[i];
		bool passes = scene->net->networks[use->network].tags == NET_TAGS_PASS;
		if (use->quarantine.on) {
			shut_out(out, vs->sw, port, use);
		} else if (!view_use_is_open(scene->view, use)) {
			stand_by(out, vs->sw, port, use);
		} else if (use->tag == NET_UNTAGGED) {
			let_in(scene, out, vs->sw, port, use, ROW_UNTAGGED, VLAN_NONE);
			let_in(scene, out, vs->sw, port, use, passes ? ROW_GUEST_TAG : ROW_PRIORITY_TAGGED,
			       VLAN_PRESENT);
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
	compile_probes(scene, out, vs);
	compile_loop_probe(out, vs);
	for (size_t i = 0; i < vs->n_ports; i++) {
		if (vs->ports[i].link != NET_NONE)
			compile_link(scene, out, vs, &vs->ports[i]);
		else if (!vs->ports[i].tunnel)
			compile_port(scene, out, vs, &vs->ports[i]);
	}
	if (vs->tunnel != NET_NONE)
		compile_tunnel(scene, out, vs);
	ingress_labels(scene, out, vs, &rows[ROW_LABEL], &rows[ROW_LABEL_TUNNEL], &rows[ROW_LABEL_END]);
}

/* A port that only went up or down keeps its rows. A switch that joins or leaves
 * a network changes one row on each other switch there. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	tunnel_for_changed(scene, fact, out, from_peer);
	switch (fact->kind) {
	case FACT_PORT:
		return !fact->uses_changed;
	case FACT_SWITCH_READY:
		return !fact->uses_changed;
	case FACT_SWITCH_UP:
	case FACT_MEMBER:
		return !view_ways(scene->view);
	default:
		return false;
	}
}

static void recover_quarantine(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
			       const struct view_port *port, struct reply *reply)
{
	uint64_t vid, level;
	if (!port || !rule_match_u(rule, FIELD_VLAN_VID, &vid) || !rule_set_u(rule, FIELD_CLASS, &level)
	    || level > VIEW_QUARANTINE_LEVELS)
		return;
	uint16_t tag = vid == VLAN_NONE ? NET_UNTAGGED : (uint16_t) (vid & ~(uint64_t) VLAN_PRESENT);
	for (size_t i = 0; i < port->n_uses; i++) {
		struct fact fact = {
			.kind = FACT_QUARANTINE, .sw = sw, .ofport = port->ofport, .network = port->uses[i].id, .recovered = true,
			.age_s = duration_s, .level = (uint8_t) level, .old_sw = NET_NONE, .time_ms = scene->now_ms,
		};
		if (port->uses[i].tag != tag)
			continue;
		reply->fact(reply->ctx, &fact);
		return;
	}
}

/* A physical port that lets frames in says: the network meets the LAN here. A
 * fence says where it may do so too. Both are in nobody's memory but the rows'. */
static void recover(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
		    struct reply *reply)
{
	uint64_t in_port, network = 0, tun_id, peer;
	if (rule->kind != RULE_FLOW || !rule_match_u(rule, FIELD_IN_PORT, &in_port))
		return;
	struct fact fact = { .kind = FACT_GATEWAY, .sw = sw, .recovered = true, .time_ms = scene->now_ms };
	const struct view_port *port = view_port(scene->view, sw, (uint32_t) in_port);
	if (port && port->link != NET_NONE) {
		/* It was in use, with networks or without. */
		if (rule_priority(rule) != rows[ROW_LINK_REST].priority)
			return;
		fact.kind = FACT_LINK;
		fact.ofport = port->ofport;
		reply->fact(reply->ctx, &fact);
	} else if (rule_priority(rule) == rows[ROW_QUARANTINE].priority) {
		recover_quarantine(scene, sw, rule, duration_s, port, reply);
	} else if (rule_set_u(rule, FIELD_NETWORK, &network)) {
		const struct view_use *use = port ? view_use(port, (uint32_t) network) : NULL;
		if (!use || !use->is_physical)
			return;
		fact.network = use->id;
		fact.ofport = port->ofport;
		reply->fact(reply->ctx, &fact);
	} else if (rule_priority(rule) == rows[ROW_FENCED].priority && rule_match_u(rule, FIELD_TUN_ID, &tun_id)
		   && rule_match_u(rule, FIELD_TUN_SRC, &peer)) {
		uint32_t index = net_switch_by_peer(scene->net, (uint32_t) peer);
		const struct net_network *behind = tunnel_by_vni(scene, (uint32_t) tun_id);
		if (index == NET_NONE || !behind)
			return;
		fact.unconfirmed = true;
		fact.network = behind->id;
		fact.sw = view_switch_by_name(scene->view, scene->net->switches[index].name);
		reply->fact(reply->ctx, &fact);
	}
}

static void packet_in(const struct scene *scene, const struct app_punt *punt, struct reply *reply)
{
	if (loop_is_probe(punt))
		loop_packet_in(scene, punt, reply);
	else
		discover_packet_in(scene, punt, reply);
}

static void greet(const struct scene *scene, const struct fact *fact, struct reply *reply)
{
	discover_greet(scene, fact, reply);
	loop_greet(scene, fact, reply);
}

static void tick(const struct scene *scene, uint32_t sw, uint64_t second, struct reply *reply)
{
	(void) second;
	loop_tick(scene, sw, reply);
}

const struct app app_ingress = {
	.name = "ingress",
	.help = "port and tag to network; what is never let in",
	.rows = rows,
	.n_rows = N_ROWS,
	.tables = TABLE_BIT(INGRESS),
	.reads = FACT_BIT(NET) | FACT_BIT(PROBE_LOST) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(SWITCH_UP) | FACT_BIT(MEMBER)
		| FACT_BIT(SWITCH_READY) | FACT_BIT(GATEWAY) | FACT_BIT(LINK) | FACT_BIT(WAYS) | FACT_BIT(STEER)
		| FACT_BIT(QUARANTINE) | FACT_BIT(QUARANTINE_OVER),
	.compile = compile,
	.patch = patch,
	.recover = recover,
	.packet_in = packet_in,
	.greet = greet,
	.tick = tick,
	.soon = discover_soon,
};
