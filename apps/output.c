/* SPDX-License-Identifier: Apache-2.0 */
/* output: the last step. A port number becomes that port with its tag on it, a
 * flood becomes the list of the network's ports.
 *
 * Open vSwitch never sends a frame out of the port it came in by, unless told
 * so in words (IN_PORT); that is the split horizon, and hairpin ports get rows
 * of their own. Ports that are down stay in the lists, so that a flap sends
 * nothing. Inside the pipeline frames have no tag: a list starts with the
 * untagged ports, then one tag is pushed and only its VID changes. */
#include <stdlib.h>

#include "apps/app.h"
#include "apps/apps.h"
#include "topo/arena.h"

enum row {
	ROW_PORT_HAIRPIN, ROW_FLOOD_HAIRPIN, ROW_UNKNOWN_HAIRPIN,
	ROW_PORT, ROW_FLOOD, ROW_UNKNOWN, ROW_MISS,
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
	[ROW_FLOOD] = { "flood", TABLE_OUTPUT, 90,
		"network, out = flood", "to all ports of the network, each with its tag" },
	[ROW_UNKNOWN] = { "unknown", TABLE_OUTPUT, 80,
		"network, out = unknown", "to all ports of the network with `flood: true`" },
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

static struct leg *collect(const struct view_switch *vs, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < vs->n_ports; i++)
		n += vs->ports[i].n_uses;
	struct leg *legs = xheap_alloc(n * sizeof *legs);
	*ret_n = n;
	n = 0;
	for (size_t i = 0; i < vs->n_ports; i++)
		for (size_t u = 0; u < vs->ports[i].n_uses; u++)
			legs[n++] = (struct leg) { &vs->ports[i], &vs->ports[i].uses[u] };
	qsort(legs, n, sizeof *legs, compare_legs);
	return legs;
}

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

/* A list; back: the hairpin port whose own row this is, or null. */
static void to_list(struct out *out, uint32_t sw, const struct leg *legs, size_t n,
		    enum row row, enum out_to code, const struct leg *back, uint64_t object)
{
	struct build *b = out->build;
	uint16_t tag = NET_UNTAGGED;
	size_t listed = 0;

	out_row(out, &rows[row], object);
	match_u(b, FIELD_NETWORK, legs[0].use->id);
	match_u(b, FIELD_OUT, code);
	if (back)
		match_u(b, FIELD_IN_PORT, back->port->ofport);
	for (size_t i = 0; i < n && listed < FLOOD_MAX_PORTS; i++) {
		if (code == OUT_UNKNOWN && !legs[i].use->flood)
			continue;
		listed++;
		if (legs[i].use->tag != tag)
			put_tag(b, legs[i].use->tag, tag == NET_UNTAGGED);
		tag = legs[i].use->tag;
		if (back && legs[i].port == back->port)
			act_output_in_port(b);
		else
			act_output(b, legs[i].port->ofport);
	}
	out_want(out, sw);
}

static void compile_network(const struct scene *scene, struct out *out, uint32_t sw,
			    const struct leg *legs, size_t n)
{
	const struct net_network *network = &scene->net->networks[legs[0].use->network];
	uint64_t object = scene->net->objects[network->object].id;

	to_list(out, sw, legs, n, ROW_FLOOD, OUT_FLOOD, NULL, object);
	if (network->flood)
		to_list(out, sw, legs, n, ROW_UNKNOWN, OUT_UNKNOWN, NULL, object);
	for (size_t i = 0; i < n; i++) {
		const struct view_use *use = legs[i].use;
		to_port(out, sw, &legs[i], false);
		if (!use->hairpin)
			continue;
		to_port(out, sw, &legs[i], true);
		to_list(out, sw, legs, n, ROW_FLOOD_HAIRPIN, OUT_FLOOD, &legs[i], use->object);
		if (network->flood && use->flood)
			to_list(out, sw, legs, n, ROW_UNKNOWN_HAIRPIN, OUT_UNKNOWN, &legs[i], use->object);
	}
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	size_t n, from = 0;
	if (!vs)
		return;
	struct leg *legs = collect(vs, &n);
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

/* A port that only went up or down keeps its rows. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	(void) scene;
	(void) out;
	return fact->kind == FACT_PORT && !fact->uses_changed;
}

const struct app app_output = {
	.name = "output",
	.help = "tags per port, floods, hairpin",
	.rows = rows,
	.n_rows = N_ROWS,
	.tables = TABLE_BIT(OUTPUT),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE),
	.compile = compile,
	.patch = patch,
};
