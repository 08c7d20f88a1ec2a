/* SPDX-License-Identifier: Apache-2.0 */
/* output: the last step. A port number becomes that port with its tag on it, a
 * flood becomes the list of the network's ports.
 *
 * Open vSwitch never sends a frame out of the port it came in by, unless told
 * so in words (IN_PORT); that is the split horizon, and hairpin ports get rows
 * of their own. All tunnels are one port, so what came by a tunnel never goes
 * into one: the split horizon of a full mesh.
 *
 * A mirror port gets a frame once: ingress says (register copied) which one has it
 * already. An answer that the switch makes of a frame has that register from the
 * question, and no in_port any more. docs/explanation/mirrors.md. */
#include <stdlib.h>

#include "apps/apps.h"
#include "apps/output.h"
#include "apps/tag.h"
#include "apps/tunnel.h"
#include "topo/arena.h"
#include "topo/steer.h"
#include "topo/ways.h"

const struct app_row output_rows[N_OUTPUT_ROWS] = {
	[ROW_PORT_HAIRPIN] = { "port-hairpin", TABLE_OUTPUT, 200,
		"network, out = port = in_port", "back to the port (`hairpin: true`), with its tag" },
	[ROW_FLOOD_HAIRPIN] = { "flood-hairpin", TABLE_OUTPUT, 190,
		"network, out = flood, in_port", "as flood, and back to the port it came from" },
	[ROW_UNKNOWN_HAIRPIN] = { "unknown-hairpin", TABLE_OUTPUT, 180,
		"network, out = unknown, in_port", "as unknown, and back to the port it came from" },
	[ROW_PORT] = { "port", TABLE_OUTPUT, 100, "network, out = port", "to the port, with its tag; a copy to its mirror port" },
	[ROW_STEERED] = { "steered", TABLE_OUTPUT, 97, "network, out = another switch, peer, class = edge or uplink",
		"enters the net here, and a path to that switch is laid out: go on to it" },
	[ROW_NOT_OURS] = { "not-ours", TABLE_OUTPUT, 96, "network, out = another switch, peer, in_port = uplink",
		"drop: the LAN told several switches, and another one passes it on" },
	[ROW_SWITCH] = { "switch-to", TABLE_OUTPUT, 95, "network, out = another switch, peer",
		"by the link that leads to that switch, with the network's tag, "
		"or into the tunnel to it or to that VTEP, with its VNI" },
	[ROW_FLOOD] = { "flood", TABLE_OUTPUT, 90,
		"network, out = flood",
		"to all ports of the network, each with its tag, to each other switch that has some, and to the network's `vteps`; "
		"one copy to each of their mirror ports" },
	[ROW_UNKNOWN] = { "unknown", TABLE_OUTPUT, 80,
		"network, out = unknown", "as flood, without the ports with `flood: false`" },
	[ROW_PORT_ANSWER] = { "answer-copied", TABLE_OUTPUT, 130, "network, out = port with `mirror`, in_port = 0",
		"an answer that the switch has made of a question: to the port, with its tag, and a copy to its mirror port" },
	[ROW_PORT_COPIED] = { "port-has-copy", TABLE_OUTPUT, 120, "network, out = port with `mirror`, copied = its mirror port",
		"to the port, with its tag: the mirror port got it as it came in" },
	[ROW_FLOOD_COPIED] = { "flood-has-copy", TABLE_OUTPUT, 92, "network, out = flood, copied = a mirror port",
		"as flood, without a copy to that mirror port" },
	[ROW_UNKNOWN_COPIED] = { "unknown-has-copy", TABLE_OUTPUT, 82, "network, out = unknown, copied = a mirror port",
		"as unknown, without a copy to that mirror port" },
	[ROW_MISS] = { "no-such-out", TABLE_OUTPUT, 0, "anything", "drop" },
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
	for (size_t i = 0; i < vs->n_ports; i++) {
		uint32_t mirror = view_mirror(view, vs->sw, &vs->ports[i]);
		for (size_t u = 0; u < vs->ports[i].n_uses; u++)
			if ((network == NET_NONE || vs->ports[i].uses[u].network == network) && ways_open(view, vs->sw, &vs->ports[i].uses[u]))
				legs[n++] = (struct leg) { &vs->ports[i], &vs->ports[i].uses[u], mirror };
	}
	qsort(legs, n, sizeof *legs, compare_legs);
	*ret_n = n;
	return legs;
}

void output_put_tag(struct build *b, uint16_t tag, bool is_first)
{
	if (tag == NET_UNTAGGED)
		return;
	if (is_first)
		tag_put(b, tag);
	else
		tag_change(b, tag);
}

/* The port itself. Hairpin: for frames that came from there, so its mirror port has them. */
static void to_port(struct out *out, uint32_t sw, const struct leg *leg, enum output_row row)
{
	struct build *b = out->build;
	out_row(out, &output_rows[row], leg->use->object);
	match_u(b, FIELD_NETWORK, leg->use->id);
	match_u(b, FIELD_OUT, leg->port->ofport);
	if (row == ROW_PORT_HAIRPIN)
		match_u(b, FIELD_IN_PORT, leg->port->ofport);
	else if (row == ROW_PORT_ANSWER)
		match_u(b, FIELD_IN_PORT, 0);
	else if (row == ROW_PORT_COPIED)
		match_u(b, FIELD_COPIED, leg->mirror);
	output_put_tag(b, leg->use->tag, true);
	if (row == ROW_PORT_HAIRPIN)
		act_output_in_port(b);
	else
		act_output(b, leg->port->ofport);
	if (leg->mirror != NET_NONE && (row == ROW_PORT || row == ROW_PORT_ANSWER))
		act_output(b, leg->mirror);
	out_want(out, sw);
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
	output_lists(&place);
	output_switches(&place);
	for (size_t i = 0; i < n; i++) {
		to_port(out, sw, &legs[i], ROW_PORT);
		if (legs[i].use->hairpin)
			to_port(out, sw, &legs[i], ROW_PORT_HAIRPIN);
		if (legs[i].mirror == NET_NONE)
			continue;
		to_port(out, sw, &legs[i], ROW_PORT_ANSWER);
		to_port(out, sw, &legs[i], ROW_PORT_COPIED);
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
	out_row(out, &output_rows[ROW_MISS], vs->object);
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
	output_lists(&place);
	if (is_member) {
		output_switch(&place, (uint32_t) (peer - scene->net->switches));
	} else {
		output_switch_gone(&place, peer);
	}
	free(legs);
}

static void resteer_pair(const struct scene *scene, struct out *out, uint32_t sw, const struct steer_pair *pair)
{
	const struct view_network *vn = view_network(scene->view, pair->network);
	const struct view_member *here = view_member(vn, sw);
	size_t n;
	/* It has left the network: there are none of its rows. */
	if (!here)
		return;
	struct leg *legs = collect(scene->view, view_switch(scene->view, sw), pair->network, &n);
	const struct place place = make_place(scene, out, sw, vn, legs, n);
	if (n || (view_ways(scene->view) && here->transit))
		output_resteer(&place, pair->to);
	free(legs);
}

static bool resteer(const struct scene *scene, uint32_t sw, const struct steer *before, struct out *out)
{
	uint32_t index = view_switch(scene->view, sw)->index;
	size_t n;
	if (index == NET_NONE)
		return true;
	struct steer_pair_change *changes = steer_pairs_changed(before, view_steer(scene->view), index, &n);
	for (size_t i = 0; i < n; i++)
		resteer_pair(scene, out, sw, changes[i].now ? changes[i].now : changes[i].before);
	free(changes);
	return true;
}

static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	return tunnel_patch(scene, fact, out, peer_changed);
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
	.rows = output_rows,
	.n_rows = N_OUTPUT_ROWS,
	.tables = TABLE_BIT(OUTPUT),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(SWITCH_UP) | FACT_BIT(MEMBER)
		| FACT_BIT(SWITCH_READY) | FACT_BIT(GATEWAY) | FACT_BIT(WAYS) | FACT_BIT(STEER) | FACT_BIT(QUARANTINE)
		| FACT_BIT(QUARANTINE_OVER),
	.compile = compile,
	.patch = patch,
	.resteer = resteer,
	.recover = recover,
	.greets = FACT_BIT(SWITCH_UP) | FACT_BIT(PORT),
	.greet = tunnel_greet,
	.tick = tunnel_tick,
};
