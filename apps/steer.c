/* SPDX-License-Identifier: Apache-2.0 */
/* steer: frames for a host behind another switch take the paths that are laid out for
 * them, and the next best one while a port on it is dead.
 *
 * A frame that enters the net here comes from output. Its connection's slot says which
 * path it takes, and gets the label of it. Frames of others come from ingress with a label
 * and leave with the next one. Open vSwitch itself chooses between the two steps of a
 * choice (fast failover), so nobody waits for a controller. */
#include "apps/apps.h"
#include "apps/steer.h"
#include "apps/tunnel.h"

enum row { ROW_PATH, ROW_SPLIT, ROW_SLOT, ROW_TRANSIT, ROW_DETOUR, ROW_LOST, ROW_NO_PATH, ROW_NO_SLOT, ROW_NO_LABEL,
	   N_ROWS };

static const struct app_row rows[N_ROWS] = {
	[ROW_PATH] = { "path", TABLE_PATH, 100, "network, peer", "by its path, or the detour, with a label or the network's tag" },
	[ROW_SPLIT] = { "split", TABLE_PATH, 90, "network, peer", "several paths: the connection's slot by a hash of addresses and ports" },
	[ROW_SLOT] = { "slot", TABLE_SLOT, 100, "network, peer, slot", "by the slot's path, or the detour" },
	[ROW_TRANSIT] = { "transit", TABLE_TRANSIT, 100, "in_port, label", "by the next hop with the next label, or the detour" },
	[ROW_DETOUR] = { "detour", TABLE_TRANSIT, 90, "in_port, label", "a frame on a detour: by the next hop with the next label" },
	[ROW_LOST] = { "transit-lost", TABLE_TRANSIT, 80, "in_port, label", "drop: the ports of the next hop and of the detour are not there" },
	[ROW_NO_PATH] = { "no-path", TABLE_PATH, 0, "anything", "drop" },
	[ROW_NO_SLOT] = { "no-slot", TABLE_SLOT, 0, "anything", "drop" },
	[ROW_NO_LABEL] = { "no-label", TABLE_TRANSIT, 0, "anything", "drop" },
};

/* The group first: a row is built while nothing else is. 0: one step, no group. */
static uint32_t group_for(const struct steer_place *place, const struct leaves *leaves)
{
	return leaves->n == 2 ? steer_group(place->groups, place->out, place->vs->sw, leaves) : 0;
}

static void act(const struct steer_place *place, uint32_t group, const struct leaves *leaves)
{
	if (group)
		act_group(place->out->build, group);
	else if (leaves->n)
		steer_act(place->out->build, &leaves->at[0]);
	out_want(place->out, place->vs->sw);
}

static void begin(const struct steer_place *place, enum row row, const struct steer_pair *pair)
{
	const struct net_switch *to = &place->scene->net->switches[pair->to];
	out_row(place->out, &rows[row], tunnel_object(place->scene, to));
	match_u(place->out->build, FIELD_NETWORK, place->scene->net->networks[pair->network].id);
	match_u(place->out->build, FIELD_PEER, to->peer);
}

bool steer_is_split(const struct steer_pair *pair) { return pair->n_choices > 1 && pair->n_slots > 1; }

/* Some choice has a port here: see steer_pair(). */
struct leaves steer_leaves_of_slot(const struct steer_place *place, const struct steer_pair *pair, uint32_t slot)
{
	struct leaves leaves;
	uint32_t i = pair->slots[slot];
	do {
		leaves = steer_leaves(place->scene, place->vs->sw, pair->network, &pair->choices[i], 0);
		i = (i + 1) % pair->n_choices;
	} while (!leaves.n && i != pair->slots[slot]);
	return leaves;
}

static void put_slot(const struct steer_place *place, const struct steer_pair *pair, uint32_t slot, bool wanted)
{
	struct leaves leaves = { .n = 0 };
	uint32_t group = 0;
	if (wanted) {
		leaves = steer_leaves_of_slot(place, pair, slot);
		group = group_for(place, &leaves);
	}
	begin(place, steer_is_split(pair) ? ROW_SLOT : ROW_PATH, pair);
	if (steer_is_split(pair))
		match_u(place->out->build, FIELD_SLOT, slot);
	if (wanted)
		act(place, group, &leaves);
	else
		out_unwant(place->out, place->vs->sw);
}

void steer_put_pair(const struct steer_place *place, const struct steer_pair *pair, bool wanted)
{
	for (uint32_t slot = 0; slot < (steer_is_split(pair) ? pair->n_slots : 1); slot++)
		put_slot(place, pair, slot, wanted);
	if (!steer_is_split(pair))
		return;
	begin(place, ROW_SPLIT, pair);
	if (!wanted) {
		out_unwant(place->out, place->vs->sw);
		return;
	}
	act_multipath(place->out->build, FIELD_SLOT, pair->n_slots);
	act_goto(place->out->build, TABLE_SLOT);
	out_want(place->out, place->vs->sw);
}

static bool find_in_port(const struct steer_place *place, const struct steer_transit *transit, uint32_t *ret_in_port)
{
	uint32_t sw, watch;
	return view_edge_place(place->scene->view, transit->edge, transit->end, &sw, ret_in_port, &watch)
		&& sw == place->vs->sw && transit->choice.n_steps;
}

bool steer_leaves_of_transit(const struct steer_place *place, const struct steer_transit *transit, struct leaves *ret)
{
	uint32_t in_port;
	if (!find_in_port(place, transit, &in_port))
		return false;
	*ret = steer_leaves(place->scene, place->vs->sw, transit->network, &transit->choice, in_port);
	return true;
}

/* Tunnels of a switch are one port, and a label says the same whichever peer sends it: such
 * rows are made once for each, all alike. */
void steer_put_transit(const struct steer_place *place, const struct steer_transit *transit, bool wanted)
{
	const struct net *net = place->scene->net;
	const struct net_edge *edge = &net->edges[transit->edge];
	struct leaves leaves;
	uint32_t in_port;
	if (!find_in_port(place, transit, &in_port))
		return;
	steer_leaves_of_transit(place, transit, &leaves);
	uint32_t group = wanted ? group_for(place, &leaves) : 0;
	enum row row = !leaves.n ? ROW_LOST : transit->is_detour ? ROW_DETOUR : ROW_TRANSIT;
	uint32_t object = edge->link == NET_NONE ? net->networks[transit->network].object : edge->object;
	out_row(place->out, &rows[row], net->objects[object].id);
	match_u(place->out->build, FIELD_IN_PORT, in_port);
	match_u(place->out->build, FIELD_LABEL, transit->label);
	if (wanted)
		act(place, group, &leaves);
	else
		out_unwant(place->out, place->vs->sw);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	const struct steer *steer = view_steer(scene->view);
	size_t n;
	if (!vs || vs->index == NET_NONE || !steer)
		return;
	const struct steer_place place = { scene, out, vs, steer_groups_new() };
	const struct steer_pair *pairs = steer_pairs_of(steer, vs->index, &n);
	for (size_t i = 0; i < n; i++)
		if (steer_pair(scene, sw, pairs[i].network, pairs[i].to))
			steer_put_pair(&place, &pairs[i], true);
	const struct steer_transit *transits = steer_transits_of(steer, vs->index, &n);
	for (size_t i = 0; i < n; i++)
		steer_put_transit(&place, &transits[i], true);
	for (enum row row = ROW_NO_PATH; row <= ROW_NO_LABEL; row++) {
		out_row(out, &rows[row], vs->object);
		out_want(out, sw);
	}
	steer_groups_free(place.groups);
}

/* A port that only went up or down keeps its rows: that is what groups are for. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	(void) scene;
	(void) out;
	return fact->kind == FACT_PORT && !fact->uses_changed;
}

const struct app app_steer = {
	.name = "steer",
	.help = "paths between switches, split by connection, with a detour for when a port dies",
	.rows = rows,
	.n_rows = N_ROWS,
	.tables = TABLE_BIT(PATH) | TABLE_BIT(SLOT) | TABLE_BIT(TRANSIT),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(STEER),
	.compile = compile,
	.patch = patch,
	.resteer = steer_resteer,
};
