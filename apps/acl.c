/* SPDX-License-Identifier: Apache-2.0 */
/* acl: the tables around the rules. Which lists stand where, classes of
 * addresses, connection tracking.
 *
 * A frame that comes in by an edge port carries the lists of its port, network
 * and switch in registers and meets them in that order; where it goes out it is
 * given the lists of that port and meets them the other way round. Tracking is
 * asked once, before the first list, and a new connection is remembered once,
 * behind the last: so both directions are judged by what was known when the
 * frame came in. docs/explanation/stateful.md. */
#include "apps/acl_impl.h"

#include <stdlib.h>

#include "apps/apps.h"
#include "topo/arena.h"

static const enum field registers[] = { FIELD_LIST_PORT, FIELD_LIST_NETWORK, FIELD_LIST_SWITCH };

static const struct stage stages[N_DIRECTIONS][N_PLACES] = {
	[ACL_IN] = {
		{ TABLE_ACL_PORT, TABLE_ACL_NETWORK, FIELD_LIST_PORT },
		{ TABLE_ACL_NETWORK, TABLE_ACL_SWITCH, FIELD_LIST_NETWORK },
		{ TABLE_ACL_SWITCH, TABLE_L2_SRC, FIELD_LIST_SWITCH },
	},
	[ACL_OUT] = {
		{ TABLE_ACL_OUT_PORT, TABLE_ACL_COMMIT, FIELD_LIST_PORT },
		{ TABLE_ACL_OUT_NETWORK, TABLE_ACL_OUT_PORT, FIELD_LIST_NETWORK },
		{ TABLE_ACL_OUT_SWITCH, TABLE_ACL_OUT_NETWORK, FIELD_LIST_SWITCH },
	},
};

/* --- which lists ------------------------------------------------------------------------ */

static const struct net_switch *declared(const struct scene *scene, uint32_t sw)
{
	const struct view_switch *vs = view_switch(scene->view, sw);
	return vs && vs->index != NET_NONE ? &scene->net->switches[vs->index] : NULL;
}

static uint32_t list_of_switch(const struct scene *scene, uint32_t sw, enum acl_direction direction)
{
	const struct net_switch *net_switch = declared(scene, sw);
	return net_switch ? net_switch->acl.at[direction].acl : NET_NONE;
}

/* The lists that a use meets; false when there is none. */
static bool lists_of(const struct scene *scene, uint32_t sw, const struct view_use *use,
		     enum acl_direction direction, uint32_t ret_lists[N_PLACES])
{
	const struct net_network *network = &scene->net->networks[use->network];
	ret_lists[AT_PORT] = ret_lists[AT_NETWORK] = ret_lists[AT_SWITCH] = NET_NONE;
	if (use->is_uplink)
		return false;
	/* A port of `physical` has no entry, and so no list of its own. */
	if (!use->is_physical)
		ret_lists[AT_PORT] = network->ports[use->entry].acl.at[direction].acl;
	ret_lists[AT_NETWORK] = network->acl.at[direction].acl;
	ret_lists[AT_SWITCH] = list_of_switch(scene, sw, direction);
	return ret_lists[AT_PORT] != NET_NONE || ret_lists[AT_NETWORK] != NET_NONE || ret_lists[AT_SWITCH] != NET_NONE;
}

bool acl_judges(const struct scene *scene, uint32_t sw, uint32_t network)
{
	return scene->net->networks[network].is_judged || list_of_switch(scene, sw, ACL_IN) != NET_NONE
		|| list_of_switch(scene, sw, ACL_OUT) != NET_NONE;
}

bool acl_guards(const struct scene *scene, uint32_t sw, const struct view_use *use)
{
	uint32_t lists[N_PLACES];
	return lists_of(scene, sw, use, ACL_OUT, lists);
}

static void set_lists(const struct scene *scene, struct build *b, const uint32_t lists[N_PLACES], bool also_none)
{
	for (size_t i = 0; i < N_PLACES; i++)
		if (lists[i] != NET_NONE || also_none)
			act_set_u(b, registers[i], lists[i] == NET_NONE ? 0 : scene->net->acls[lists[i]].id);
}

void acl_set_lists(const struct scene *scene, struct build *b, uint32_t sw, const struct view_use *use,
		   enum acl_direction direction)
{
	uint32_t lists[N_PLACES];
	if (lists_of(scene, sw, use, direction, lists))
		set_lists(scene, b, lists, false);
}

static bool is_stateful(const struct scene *scene, uint32_t list)
{
	return list != NET_NONE && scene->net->acls[list].stateful;
}

/* Is tracking asked about the network on this switch? */
static bool is_tracked(const struct scene *scene, uint32_t sw, const struct net_network *network)
{
	return network->is_tracked || is_stateful(scene, list_of_switch(scene, sw, ACL_IN))
		|| is_stateful(scene, list_of_switch(scene, sw, ACL_OUT));
}

/* --- lists ------------------------------------------------------------------------------ */

static void at_port(const struct compiling *c, const struct view_port *port, const struct view_use *use)
{
	uint32_t lists[N_PLACES];
	if (!lists_of(c->scene, c->vs->sw, use, ACL_OUT, lists))
		return;
	begin(c, ROW_AT, use->object);
	match_u(c->out->build, FIELD_NETWORK, use->id);
	match_u(c->out->build, FIELD_OUT, port->ofport);
	set_lists(c->scene, c->out->build, lists, true);
	go(c, TABLE_ACL_OUT_SWITCH);
}

/* Which lists stand where on this switch; false when no frame comes near any. One
 * that only passes from link to link does: ingress sends it here. */
static bool find_used(const struct compiling *c)
{
	bool any = false;
	for (size_t p = 0; p < c->vs->n_ports; p++) {
		const struct view_port *port = &c->vs->ports[p];
		for (size_t u = 0; u < port->n_uses; u++) {
			any |= acl_judges(c->scene, c->vs->sw, port->uses[u].network);
			for (enum acl_direction d = ACL_IN; d < N_DIRECTIONS; d++) {
				uint32_t lists[N_PLACES];
				lists_of(c->scene, c->vs->sw, &port->uses[u], d, lists);
				for (size_t i = 0; i < N_PLACES; i++)
					if (lists[i] != NET_NONE)
						c->used[d][i][lists[i]] = true;
			}
		}
	}
	for (uint32_t n = 0; !any && n < c->scene->net->n_networks; n++)
		any = view_member(view_network(c->scene->view, n), c->vs->sw) && acl_judges(c->scene, c->vs->sw, n);
	return any;
}

static void stage_rows(const struct compiling *c, enum acl_direction direction, size_t place)
{
	const struct stage *stage = &stages[direction][place];
	const struct net *net = c->scene->net;
	for (size_t i = 0; i < net->n_acls; i++)
		if (c->used[direction][place][i])
			acl_list_rows(c->scene, c->out, c->vs, stage, &net->acls[i]);
	build_flow(c->out->build, stage->table, PRIORITY_NO_LIST, out_cookie(c->out, c->vs->object));
	match_u(c->out->build, stage->list, 0);
	go(c, stage->next);
	build_flow(c->out->build, stage->table, 0, out_cookie(c->out, c->vs->object));
	out_want(c->out, c->vs->sw);
}

static void meters(const struct compiling *c)
{
	if (has_meter(c->vs->max_meters, METER_LOG)) {
		build_meter(c->out->build, METER_LOG, true, LOG_RATE, LOG_BURST);
		out_want(c->out, c->vs->sw);
	}
	if (has_meter(c->vs->max_meters, METER_REJECT)) {
		build_meter(c->out->build, METER_REJECT, true, REJECT_RATE, REJECT_BURST);
		out_want(c->out, c->vs->sw);
	}
}

/* The last row of a table that only adds to what is known. */
static void pass(const struct compiling *c, enum row row, enum table next)
{
	begin(c, row, c->vs->object);
	go(c, next);
}

static void fixed_rows(const struct compiling *c)
{
	static const uint8_t group_bit[6] = { 0x01, 0, 0, 0, 0, 0 };
	acl_need_rows(c);
	pass(c, ROW_UNTRACKED, TABLE_ACL_FROM);
	pass(c, ROW_NO_FROM, TABLE_ACL_TO);
	pass(c, ROW_NO_TO, TABLE_ACL_PORT);
	pass(c, ROW_AT_NOTHING, TABLE_ACL_COMMIT);
	pass(c, ROW_NO_COMMIT, TABLE_OUTPUT);
	begin(c, ROW_GROUP_FRAME, c->vs->object);
	match_bytes(c->out->build, FIELD_ETH_DST, group_bit, group_bit);
	go(c, TABLE_OUTPUT);
	begin(c, ROW_COPY_DENIED, c->vs->object);
	match_u(c->out->build, FIELD_PEER, PEER_FLOODED);
	out_want(c->out, c->vs->sw);
	begin(c, ROW_DENIED, c->vs->object);
	out_want(c->out, c->vs->sw);
}

static void networks(const struct compiling *c)
{
	const struct scene *scene = c->scene;
	bool translates = false;
	for (uint32_t n = 0; n < scene->net->n_networks; n++) {
		const struct net_network *network = &scene->net->networks[n];
		if (!view_member(view_network(scene->view, n), c->vs->sw) || !is_tracked(scene, c->vs->sw, network))
			continue;
		acl_track_rows(c, network);
		acl_snat_rows(c, network);
		translates |= network->n_snats > 0;
	}
	if (translates)
		acl_snat_fixed_rows(c);
	for (size_t p = 0; p < c->vs->n_ports; p++)
		for (size_t u = 0; u < c->vs->ports[p].n_uses; u++)
			at_port(c, &c->vs->ports[p], &c->vs->ports[p].uses[u]);
}

static void compile(const struct scene *scene, uint32_t sw, struct out *out)
{
	struct compiling c = { .scene = scene, .out = out, .vs = view_switch(scene->view, sw) };
	size_t n = scene->net->n_acls;
	if (!c.vs || !n)
		return;
	bool *used = xheap_alloc(n * N_DIRECTIONS * N_PLACES);
	for (size_t i = 0; i < N_DIRECTIONS * N_PLACES; i++)
		c.used[i / N_PLACES][i % N_PLACES] = used + i * n;
	if (find_used(&c)) {
		meters(&c);
		for (enum acl_direction d = ACL_IN; d < N_DIRECTIONS; d++)
			for (size_t place = 0; place < N_PLACES; place++)
				stage_rows(&c, d, place);
		acl_group_rows(&c, SIDE_FROM);
		acl_group_rows(&c, SIDE_TO);
		fixed_rows(&c);
		networks(&c);
	}
	free(used);
}

/* --- patch ------------------------------------------------------------------------------ */

/* Does another port of the switch have all rows there that this use needs, but
 * for those of the port itself? */
static bool is_like_another(const struct compiling *c, const struct view_port *port, const struct view_use *use)
{
	bool has_network = false, has_lists[N_DIRECTIONS][N_PLACES] = { { false } };
	for (size_t p = 0; p < c->vs->n_ports; p++) {
		for (size_t u = 0; &c->vs->ports[p] != port && u < c->vs->ports[p].n_uses; u++) {
			const struct view_use *other = &c->vs->ports[p].uses[u];
			has_network |= other->network == use->network;
			for (enum acl_direction d = ACL_IN; d < N_DIRECTIONS; d++) {
				uint32_t wanted[N_PLACES], there[N_PLACES];
				lists_of(c->scene, c->vs->sw, use, d, wanted);
				lists_of(c->scene, c->vs->sw, other, d, there);
				for (size_t i = 0; i < N_PLACES; i++)
					has_lists[d][i] |= wanted[i] == NET_NONE || wanted[i] == there[i];
			}
		}
	}
	for (size_t i = 0; i < N_DIRECTIONS * N_PLACES; i++)
		has_network &= has_lists[i / N_PLACES][i % N_PLACES];
	return has_network;
}

static bool patch_port(const struct compiling *c, const struct view_port *port)
{
	for (size_t u = 0; u < port->n_uses; u++)
		if (acl_judges(c->scene, c->vs->sw, port->uses[u].network) && !is_like_another(c, port, &port->uses[u]))
			return false;
	for (size_t u = 0; u < port->n_uses; u++)
		at_port(c, port, &port->uses[u]);
	return true;
}

/* A port that only went up or down keeps its rows; a new one among others of its
 * kind has one row; without lists there are none. */
static bool patch(const struct scene *scene, const struct fact *fact, struct out *out)
{
	if (!scene->net->n_acls)
		return true;
	if (fact->kind != FACT_PORT || fact->port_replaced)
		return false;
	if (!fact->uses_changed)
		return true;
	struct compiling c = { .scene = scene, .out = out, .vs = view_switch(scene->view, fact->sw) };
	const struct view_port *port = view_port(scene->view, fact->sw, fact->ofport);
	return c.vs && port && patch_port(&c, port);
}

const struct app app_acl = {
	.name = "acl",
	.help = "rules of who may speak to whom, connection tracking",
	.rows = acl_rows,
	.n_rows = N_ROWS,
	.spans = true,
	.tables = TABLE_BIT(CONNTRACK) | TABLE_BIT(ACL_BACK) | TABLE_BIT(ACL_FROM) | TABLE_BIT(ACL_TO) | TABLE_BIT(ACL_PORT)
		| TABLE_BIT(ACL_NETWORK) | TABLE_BIT(ACL_SWITCH) | TABLE_BIT(ACL_AT) | TABLE_BIT(ACL_OUT_SWITCH)
		| TABLE_BIT(ACL_OUT_NETWORK) | TABLE_BIT(ACL_OUT_PORT) | TABLE_BIT(ACL_COMMIT) | TABLE_BIT(ACL_SENT)
		| TABLE_BIT(ACL_DENIED),
	.reads = FACT_BIT(NET) | FACT_BIT(PORT) | FACT_BIT(PORT_GONE) | FACT_BIT(WAYS),
	.compile = compile,
	.patch = patch,
	.packet_in = acl_packet_in,
};
