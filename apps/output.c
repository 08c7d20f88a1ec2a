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
 * changes. All tunnels are one port, so what came by a tunnel never goes into
 * one: the split horizon of a full mesh. What goes to a port with rules for
 * what is delivered there goes as a copy through these rules, by itself. */
#include <stdlib.h>

#include "apps/acl.h"
#include "apps/app.h"
#include "apps/apps.h"
#include "apps/tunnel.h"
#include "topo/arena.h"

enum row {
	ROW_PORT_HAIRPIN, ROW_FLOOD_HAIRPIN, ROW_UNKNOWN_HAIRPIN,
	ROW_PORT, ROW_TUNNEL, ROW_FLOOD, ROW_UNKNOWN, ROW_MISS,
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
	[ROW_TUNNEL] = { "tunnel-to", TABLE_OUTPUT, 95, "network, out = tunnel, peer",
		"into the tunnel to that switch, with the network's VNI" },
	[ROW_FLOOD] = { "flood", TABLE_OUTPUT, 90,
		"network, out = flood", "to all ports of the network, each with its tag, and to each other switch that has some" },
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

/* All legs of a switch, or those in one network. */
static struct leg *collect(const struct view_switch *vs, uint32_t network, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < vs->n_ports; i++)
		n += vs->ports[i].n_uses;
	struct leg *legs = xheap_alloc(n * sizeof *legs);
	n = 0;
	for (size_t i = 0; i < vs->n_ports; i++)
		for (size_t u = 0; u < vs->ports[i].n_uses; u++)
			if (network == NET_NONE || vs->ports[i].uses[u].network == network)
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

static const struct net_switch *peer_at(const struct place *place, size_t member)
{
	uint32_t sw = place->vn->members[member].sw;
	return place->tunnel == NET_NONE || sw == place->sw ? NULL : tunnel_peer(place->scene, sw);
}

static void put_peer(struct build *b, const struct net_switch *peer, uint32_t tunnel)
{
	if (peer->vtep_is_v6)
		act_set_bytes(b, FIELD_TUN_IPV6_DST, peer->vtep_bytes);
	else
		act_set_u(b, FIELD_TUN_DST, peer->peer);
	act_output(b, tunnel);
}

static void begin_to_peer(const struct scene *scene, struct out *out, uint32_t network_id,
			  const struct net_switch *peer)
{
	out_row(out, &rows[ROW_TUNNEL], tunnel_object(scene, peer));
	match_u(out->build, FIELD_NETWORK, network_id);
	match_u(out->build, FIELD_OUT, OUT_TUNNEL);
	match_u(out->build, FIELD_PEER, peer->peer);
}

static void to_peers(const struct place *place)
{
	struct build *b = place->out->build;
	for (size_t i = 0; i < place->vn->n_members; i++) {
		const struct net_switch *peer = peer_at(place, i);
		if (!peer)
			continue;
		begin_to_peer(place->scene, place->out, place->vn->id, peer);
		act_set_u(b, FIELD_TUN_ID, tunnel_network(place->scene, place->vn)->vni);
		put_peer(b, peer, place->tunnel);
		out_want(place->out, place->sw);
	}
}

/* Every peer in a list; returns how many ports' worth of room that took. */
static size_t list_peers(const struct place *place, size_t listed)
{
	struct build *b = place->out->build;
	bool is_first = true;
	for (size_t i = 0; i < place->vn->n_members && listed + FLOOD_PEER_ROOM <= FLOOD_MAX_PORTS; i++) {
		const struct net_switch *peer = peer_at(place, i);
		if (!peer)
			continue;
		if (is_first)
			act_set_u(b, FIELD_TUN_ID, tunnel_network(place->scene, place->vn)->vni);
		is_first = false;
		put_peer(b, peer, place->tunnel);
		listed += FLOOD_PEER_ROOM;
	}
	return listed;
}

/* --- lists ------------------------------------------------------------------------- */

static size_t list_legs(const struct place *place, enum out_to code, const struct leg *back,
			bool tagged, size_t listed)
{
	struct build *b = place->out->build;
	uint16_t tag = NET_UNTAGGED;
	for (size_t i = 0; i < place->n_legs && listed < FLOOD_MAX_PORTS; i++) {
		const struct leg *leg = &place->legs[i];
		bool is_late = leg->use->tag != NET_UNTAGGED && !acl_guards(place->scene, place->sw, leg->use);
		if ((code == OUT_UNKNOWN && !leg->use->flood) || is_late != tagged)
			continue;
		if (acl_guards(place->scene, place->sw, leg->use)) {
			listed += FLOOD_GUARDED_ROOM;
			act_again(b, FIELD_OUT, leg->port->ofport, TABLE_ACL_AT);
			continue;
		}
		listed++;
		if (leg->use->tag != tag)
			put_tag(b, leg->use->tag, tag == NET_UNTAGGED);
		tag = leg->use->tag;
		if (back && leg->port == back->port)
			act_output_in_port(b);
		else
			act_output(b, leg->port->ofport);
	}
	return listed;
}

/* A list; back: the hairpin port whose own row this is, or null. */
static void to_list(const struct place *place, enum row row, enum out_to code, const struct leg *back,
		    uint64_t object)
{
	struct build *b = place->out->build;
	out_row(place->out, &rows[row], object);
	match_u(b, FIELD_NETWORK, place->vn->id);
	match_u(b, FIELD_OUT, code);
	if (back)
		match_u(b, FIELD_IN_PORT, back->port->ofport);
	size_t listed = list_legs(place, code, back, false, 0);
	listed = list_peers(place, listed);
	list_legs(place, code, back, true, listed);
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
			       const struct leg *legs, size_t n)
{
	const struct view_network *vn = view_network(scene->view, legs[0].use->network);
	return (struct place) {
		.scene = scene, .out = out, .sw = sw, .vn = vn,
		.tunnel = tunnel_port(scene, vn, view_member(vn, sw)), .legs = legs, .n_legs = n,
	};
}

static void compile_network(const struct scene *scene, struct out *out, uint32_t sw,
			    const struct leg *legs, size_t n)
{
	const struct place place = make_place(scene, out, sw, legs, n);
	compile_lists(&place);
	to_peers(&place);
	for (size_t i = 0; i < n; i++) {
		to_port(out, sw, &legs[i], false);
		if (legs[i].use->hairpin)
			to_port(out, sw, &legs[i], true);
	}
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	size_t n, from = 0;
	if (!vs)
		return;
	struct leg *legs = collect(vs, NET_NONE, &n);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && legs[i].use->network == legs[from].use->network)
			continue;
		compile_network(scene, out, sw, &legs[from], i - from);
		from = i;
	}
	free(legs);
	out_row(out, &rows[ROW_MISS], vs->object);
	out_want(out, sw);
}

static void peer_changed(const struct scene *scene, struct out *out, const struct view_network *vn,
			 const struct view_member *member, const struct net_switch *peer, bool is_member)
{
	size_t n;
	struct leg *legs = collect(view_switch(scene->view, member->sw),
				   (uint32_t) (vn - view_network(scene->view, 0)), &n);
	const struct place place = make_place(scene, out, member->sw, legs, n);
	compile_lists(&place);
	if (is_member) {
		to_peers(&place);
	} else {
		begin_to_peer(scene, out, vn->id, peer);
		out_unwant(out, member->sw);
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
	case FACT_SWITCH_UP:
	case FACT_MEMBER:
		return true;
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
	    || !rule_match_u(rule, FIELD_OUT, &to) || to != OUT_TUNNEL || !rule_match_u(rule, FIELD_PEER, &peer))
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
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(SWITCH_UP) | FACT_BIT(MEMBER),
	.compile = compile,
	.patch = patch,
	.recover = recover,
	.greet = tunnel_greet,
	.tick = tunnel_tick,
};
