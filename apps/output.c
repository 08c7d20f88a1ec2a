/* SPDX-License-Identifier: Apache-2.0 */
/* output: the last step. A port number becomes that port with its tag on it, a
 * flood becomes the list of the network's ports.
 *
 * Open vSwitch never sends a frame out of the port it came in by, unless told
 * so in words (IN_PORT); that is the split horizon, and hairpin ports get rows
 * of their own. Ports that are down stay in the lists, so that a flap sends
 * nothing. Inside the pipeline frames have no tag: a list starts with the
 * untagged ports, goes on with one copy for each other switch that has ports in
 * the network (head-end replication), then one tag is pushed and only its VID
 * changes; the links of the network's tree come last. All tunnels are one port,
 * so what came by a tunnel never goes into one: the split horizon of a full mesh.
 * What goes to a port with rules for what is delivered there goes as a copy
 * through these rules, by itself. */
#include <stdlib.h>

#include "apps/acl.h"
#include "apps/app.h"
#include "apps/apps.h"
#include "apps/steer.h"
#include "apps/tunnel.h"
#include "topo/arena.h"
#include "topo/ways.h"

enum row {
	ROW_PORT_HAIRPIN, ROW_FLOOD_HAIRPIN, ROW_UNKNOWN_HAIRPIN,
	ROW_PORT, ROW_STEERED, ROW_NOT_OURS, ROW_SWITCH, ROW_FLOOD, ROW_UNKNOWN, ROW_MISS,
	N_ROWS
};

static const struct app_row rows[N_ROWS] = {
	[ROW_PORT_HAIRPIN] = { "port-hairpin", TABLE_OUTPUT, 200,
		"network, out = port = in_port", "back to the port (`hairpin: true`), with its tag" },
	[ROW_FLOOD_HAIRPIN] = { "flood-hairpin", TABLE_OUTPUT, 190,
		"network, out = flood, in_port", "as flood, and back to the port it came from" },
	[ROW_UNKNOWN_HAIRPIN] = { "unknown-hairpin", TABLE_OUTPUT, 180,
		"network, out = unknown, in_port", "as unknown, and back to the port it came from" },
	[ROW_PORT] = { "port", TABLE_OUTPUT, 100, "network, out = port", "to the port, with its tag" },
	[ROW_STEERED] = { "steered", TABLE_OUTPUT, 97, "network, out = another switch, peer, class = edge or uplink",
		"enters the net here, and a path to that switch is laid out: go on to it" },
	[ROW_NOT_OURS] = { "not-ours", TABLE_OUTPUT, 96, "network, out = another switch, peer, in_port = uplink",
		"drop: the LAN told several switches, and another one passes it on" },
	[ROW_SWITCH] = { "switch-to", TABLE_OUTPUT, 95, "network, out = another switch, peer",
		"by the link that leads to that switch, with the network's tag, "
		"or into the tunnel to it or to that VTEP, with its VNI" },
	[ROW_FLOOD] = { "flood", TABLE_OUTPUT, 90,
		"network, out = flood",
		"to all ports of the network, each with its tag, to each other switch that has some, and to the network's `vteps`" },
	[ROW_UNKNOWN] = { "unknown", TABLE_OUTPUT, 80,
		"network, out = unknown", "as flood, without the ports with `flood: false`" },
	[ROW_MISS] = { "no-such-out", TABLE_OUTPUT, 0, "anything", "drop" },
};

/* A port in a network. */
struct leg {
	const struct view_port *port;
	const struct view_use *use;
};

/* By network, then untagged first, then by tag and port. */
static int compare_legs(const void *a_, const void *b_)
{
	const struct leg *a = a_, *b = b_;
	if (a->use->network != b->use->network)
		return a->use->network < b->use->network ? -1 : 1;
	if (a->use->tag != b->use->tag)
		return a->use->tag < b->use->tag ? -1 : 1;
	return a->port->ofport < b->port->ofport ? -1 : a->port->ofport > b->port->ofport;
}

/* All open legs of a switch, or those in one network. */
static struct leg *collect(const struct view *view, const struct view_switch *vs, uint32_t network, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < vs->n_ports; i++)
		n += vs->ports[i].n_uses;
	struct leg *legs = xheap_alloc(n * sizeof *legs);
	n = 0;
	for (size_t i = 0; i < vs->n_ports; i++)
		for (size_t u = 0; u < vs->ports[i].n_uses; u++)
			if ((network == NET_NONE || vs->ports[i].uses[u].network == network)
			    && view_use_is_open(view, &vs->ports[i].uses[u]))
				legs[n++] = (struct leg) { &vs->ports[i], &vs->ports[i].uses[u] };
	qsort(legs, n, sizeof *legs, compare_legs);
	*ret_n = n;
	return legs;
}

/* The network on one switch, and how it goes on to others. */
struct place {
	const struct scene *scene;
	struct out *out;
	uint32_t sw;
	const struct view_network *vn;
	uint32_t tunnel;                /* ofport, NET_NONE = none */
	const struct leg *legs;
	size_t n_legs;
};

static void put_tag(struct build *b, uint16_t tag, bool is_first)
{
	if (tag == NET_UNTAGGED)
		return;
	if (is_first)
		act_push_vlan(b);
	act_set_u(b, FIELD_VLAN_VID, VLAN_PRESENT | tag);
}

/* The port itself; in_port set: the row for frames that came from there. */
static void to_port(struct out *out, uint32_t sw, const struct leg *leg, bool hairpin)
{
	struct build *b = out->build;
	out_row(out, &rows[hairpin ? ROW_PORT_HAIRPIN : ROW_PORT], leg->use->object);
	match_u(b, FIELD_NETWORK, leg->use->id);
	match_u(b, FIELD_OUT, leg->port->ofport);
	if (hairpin)
		match_u(b, FIELD_IN_PORT, leg->port->ofport);
	put_tag(b, leg->use->tag, true);
	if (hairpin)
		act_output_in_port(b);
	else
		act_output(b, leg->port->ofport);
	out_want(out, sw);
}

/* --- tunnels ----------------------------------------------------------------------- */

/* A switch that gets floods by tunnel, or null. */
static const struct net_switch *peer_at(const struct place *place, size_t member)
{
	uint32_t sw = place->vn->members[member].sw;
	const struct net_switch *peer = place->tunnel == NET_NONE || sw == place->sw ? NULL : tunnel_peer(place->scene, sw);
	uint32_t here = view_switch(place->scene->view, place->sw)->index;
	return peer && ways_floods(place->scene->view, place->vn, here, view_switch(place->scene->view, sw)->index)
		? peer : NULL;
}

/* Does this switch send to VTEPs what is for all? */
static bool is_head(const struct place *place)
{
	return place->tunnel != NET_NONE
		&& ways_is_head(place->scene->view, place->vn, view_switch(place->scene->view, place->sw)->index);
}

static void put_peer(struct build *b, const struct net_switch *peer, uint32_t tunnel)
{
	if (peer->vtep_is_v6)
		act_set_bytes(b, FIELD_TUN_IPV6_DST, peer->vtep_bytes);
	else
		act_set_u(b, FIELD_TUN_DST, peer->peer);
	act_output(b, tunnel);
}

static void begin_to_peer(const struct scene *scene, struct out *out, enum row row, uint32_t network_id,
			  const struct net_switch *peer)
{
	out_row(out, &rows[row], tunnel_object(scene, peer));
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
static void to_switch(const struct place *place, uint32_t index)
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
		put_tag(b, network->link_vlan, true);
		act_output(b, way.ofport);
		break;
	case WAY_TUNNEL:
		begin_to_peer(scene, place->out, ROW_SWITCH, place->vn->id, &scene->net->switches[index]);
		act_set_u(b, FIELD_TUN_ID, network->vni);
		put_peer(b, &scene->net->switches[way.peer], way.ofport);
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
	if (!is_head(place) && way.kind != WAY_LINK)
		return;
	begin_to_peer(scene, place->out, ROW_SWITCH, place->vn->id, foreign);
	if (is_head(place)) {
		act_set_u(b, FIELD_TUN_ID, network->vni);
		put_peer(b, foreign, place->tunnel);
	} else {
		put_tag(b, network->link_vlan, true);
		act_output(b, way.ofport);
	}
	out_want(place->out, place->sw);
}

static void to_switches(const struct place *place)
{
	for (size_t i = 0; i < place->vn->n_members; i++) {
		const struct view_switch *vs = view_switch(place->scene->view, place->vn->members[i].sw);
		if (vs->sw != place->sw && vs->index != NET_NONE)
			to_switch(place, vs->index);
	}
	const struct net_switch *foreign;
	for (size_t i = 0; (foreign = tunnel_foreign(place->scene, place->vn, i)); i++)
		to_foreign(place, foreign);
}

/* Every peer in a list; returns how many ports' worth of room that took. */
static size_t list_peers(const struct place *place, size_t listed)
{
	struct build *b = place->out->build;
	bool is_first = true;
	for (size_t i = 0; i < place->vn->n_members && listed + FLOOD_PEER_ROOM <= FLOOD_MAX_PORTS; i++) {
		const struct net_switch *peer = peer_at(place, i);
		if (!peer || tunnel_is_fenced(place->scene, place->vn, peer))
			continue;
		if (is_first)
			act_set_u(b, FIELD_TUN_ID, tunnel_network(place->scene, place->vn)->vni);
		is_first = false;
		put_peer(b, peer, place->tunnel);
		listed += FLOOD_PEER_ROOM;
	}
	const struct net_switch *foreign;
	for (size_t i = 0; is_head(place) && listed + FLOOD_PEER_ROOM <= FLOOD_MAX_PORTS
		     && (foreign = tunnel_foreign(place->scene, place->vn, i)); i++) {
		if (is_first)
			act_set_u(b, FIELD_TUN_ID, tunnel_network(place->scene, place->vn)->vni);
		is_first = false;
		put_peer(b, foreign, place->tunnel);
		listed += FLOOD_PEER_ROOM;
	}
	return listed;
}

/* --- lists ------------------------------------------------------------------------- */

/* A list being written: how much room is taken, and the tag the frame has. */
struct list {
	size_t listed;
	uint16_t tag;
};

static void list_tag(struct build *b, struct list *list, uint16_t tag)
{
	if (tag != list->tag)
		put_tag(b, tag, list->tag == NET_UNTAGGED);
	list->tag = tag;
	list->listed++;
}

static void list_legs(const struct place *place, enum out_to code, const struct leg *back,
		      bool tagged, struct list *list)
{
	struct build *b = place->out->build;
	for (size_t i = 0; i < place->n_legs && list->listed < FLOOD_MAX_PORTS; i++) {
		const struct leg *leg = &place->legs[i];
		bool is_guarded = acl_guards(place->scene, place->sw, leg->use);
		bool is_late = leg->use->tag != NET_UNTAGGED && !is_guarded;
		if ((code == OUT_UNKNOWN && !leg->use->flood) || is_late != tagged)
			continue;
		if (is_guarded) {
			list->listed += FLOOD_GUARDED_ROOM;
			act_again(b, FIELD_OUT, leg->port->ofport, TABLE_ACL_AT);
			continue;
		}
		list_tag(b, list, leg->use->tag);
		if (back && leg->port == back->port)
			act_output_in_port(b);
		else
			act_output(b, leg->port->ofport);
	}
}

/* The links of the network's tree. */
static void list_links(const struct place *place, struct list *list)
{
	const struct view_switch *vs = view_switch(place->scene->view, place->sw);
	for (size_t i = 0; i < vs->n_ports && list->listed < FLOOD_MAX_PORTS; i++) {
		const struct view_port *port = &vs->ports[i];
		if (port->link == NET_NONE || !ways_in_tree(place->scene->view, place->vn, port->link))
			continue;
		list_tag(place->out->build, list, tunnel_network(place->scene, place->vn)->link_vlan);
		act_output(place->out->build, port->ofport);
	}
}

/* A list; back: the hairpin port whose own row this is, or null. */
static void to_list(const struct place *place, enum row row, enum out_to code, const struct leg *back,
		    uint64_t object)
{
	struct build *b = place->out->build;
	struct list list = { .tag = NET_UNTAGGED };
	out_row(place->out, &rows[row], object);
	match_u(b, FIELD_NETWORK, place->vn->id);
	match_u(b, FIELD_OUT, code);
	if (back)
		match_u(b, FIELD_IN_PORT, back->port->ofport);
	list_legs(place, code, back, false, &list);
	list.listed = list_peers(place, list.listed);
	list_legs(place, code, back, true, &list);
	list_links(place, &list);
	out_want(place->out, place->sw);
}

/* The rows that name other switches: these change when one joins or leaves. */
static void compile_lists(const struct place *place)
{
	const struct net_network *network = tunnel_network(place->scene, place->vn);
	uint64_t object = place->scene->net->objects[network->object].id;

	to_list(place, ROW_FLOOD, OUT_FLOOD, NULL, object);
	if (network->flood)
		to_list(place, ROW_UNKNOWN, OUT_UNKNOWN, NULL, object);
	for (size_t i = 0; i < place->n_legs; i++) {
		const struct view_use *use = place->legs[i].use;
		if (!use->hairpin)
			continue;
		to_list(place, ROW_FLOOD_HAIRPIN, OUT_FLOOD, &place->legs[i], use->object);
		if (network->flood && use->flood)
			to_list(place, ROW_UNKNOWN_HAIRPIN, OUT_UNKNOWN, &place->legs[i], use->object);
	}
}

static struct place make_place(const struct scene *scene, struct out *out, uint32_t sw,
			       const struct view_network *vn, const struct leg *legs, size_t n)
{
	return (struct place) {
		.scene = scene, .out = out, .sw = sw, .vn = vn,
		.tunnel = tunnel_port(scene, vn, view_member(vn, sw)), .legs = legs, .n_legs = n,
	};
}

static void compile_network(const struct scene *scene, struct out *out, uint32_t sw,
			    const struct view_network *vn, const struct leg *legs, size_t n)
{
	const struct place place = make_place(scene, out, sw, vn, legs, n);
	compile_lists(&place);
	to_switches(&place);
	for (size_t i = 0; i < n; i++) {
		to_port(out, sw, &legs[i], false);
		if (legs[i].use->hairpin)
			to_port(out, sw, &legs[i], true);
	}
}

/* Networks that have no port here, or none that is open, and pass all the same. */
static void compile_transit(const struct scene *scene, struct out *out, uint32_t sw, const struct leg *legs, size_t n)
{
	size_t at = 0;
	if (!view_ways(scene->view))
		return;
	for (uint32_t i = 0; i < scene->net->n_networks; i++) {
		const struct view_network *vn = view_network(scene->view, i);
		const struct view_member *member = view_member(vn, sw);
		while (at < n && legs[at].use->network < i)
			at++;
		bool has_legs = at < n && legs[at].use->network == i;
		if (!has_legs && member && member->transit)
			compile_network(scene, out, sw, vn, NULL, 0);
	}
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	size_t n, from = 0;
	if (!vs)
		return;
	struct leg *legs = collect(scene->view, vs, NET_NONE, &n);
	for (size_t i = 1; n && i <= n; i++) {
		if (i < n && legs[i].use->network == legs[from].use->network)
			continue;
		compile_network(scene, out, sw, view_network(scene->view, legs[from].use->network), &legs[from], i - from);
		from = i;
	}
	compile_transit(scene, out, sw, legs, n);
	free(legs);
	out_row(out, &rows[ROW_MISS], vs->object);
	out_want(out, sw);
}

static void peer_changed(const struct scene *scene, struct out *out, const struct view_network *vn,
			 const struct view_member *member, const struct net_switch *peer, bool is_member)
{
	size_t n;
	struct leg *legs = collect(scene->view, view_switch(scene->view, member->sw),
				   (uint32_t) (vn - view_network(scene->view, 0)), &n);
	const struct place place = make_place(scene, out, member->sw, vn, legs, n);
	/* A switch whose only port there is closed has none of these rows. */
	if (!n) {
		free(legs);
		return;
	}
	compile_lists(&place);
	if (is_member) {
		to_switch(&place, (uint32_t) (peer - scene->net->switches));
	} else {
		begin_to_peer(scene, out, ROW_SWITCH, vn->id, peer);
		out_unwant(out, member->sw);
		steer_to(&place, (uint32_t) (peer - scene->net->switches), WAY_LAN, false);
	}
	free(legs);
}

/* A port that only went up or down keeps its rows. A switch that joins or leaves
 * a network changes its lists on each other switch there. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	tunnel_for_changed(scene, fact, out, peer_changed);
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

/* A row that leads to another switch says: it has ports in the network. Worth
 * something until that switch has spoken for itself. */
static void recover(const struct scene *scene, uint32_t sw, const struct rule *rule, uint32_t duration_s,
		    struct reply *reply)
{
	uint64_t network, to, peer;
	(void) duration_s;
	if (rule->kind != RULE_FLOW || !rule_match_u(rule, FIELD_NETWORK, &network)
	    || !rule_match_u(rule, FIELD_OUT, &to) || to != OUT_SWITCH || !rule_match_u(rule, FIELD_PEER, &peer))
		return;
	uint32_t index = net_switch_by_peer(scene->net, (uint32_t) peer);
	if (index == NET_NONE)
		return;
	struct fact fact = {
		.kind = FACT_MEMBER, .sw = view_switch_by_name(scene->view, scene->net->switches[index].name),
		.network = (uint32_t) network, .old_sw = NET_NONE, .recovered = true, .time_ms = scene->now_ms,
	};
	if (fact.sw != NET_NONE && fact.sw != sw)
		reply->fact(reply->ctx, &fact);
}

const struct app app_output = {
	.name = "output",
	.help = "tags per port, tunnels to other switches, floods, hairpin",
	.rows = rows,
	.n_rows = N_ROWS,
	.tables = TABLE_BIT(OUTPUT),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(SWITCH_UP) | FACT_BIT(MEMBER)
		| FACT_BIT(SWITCH_READY) | FACT_BIT(GATEWAY) | FACT_BIT(WAYS) | FACT_BIT(STEER) | FACT_BIT(QUARANTINE)
		| FACT_BIT(QUARANTINE_OVER),
	.compile = compile,
	.patch = patch,
	.recover = recover,
	.greet = tunnel_greet,
	.tick = tunnel_tick,
};
