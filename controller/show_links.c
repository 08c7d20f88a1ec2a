/* SPDX-License-Identifier: Apache-2.0 */
/* show links: the cables of the file, whether they are there, and which networks
 * send what is for all over them. */
#include <stdio.h>
#include <string.h>

#include "controller/show_te.h"
#include "topo/ways.h"

static bool is_down(const struct view *view, uint32_t link, unsigned end)
{
	const struct view_port *port;
	uint32_t sw;
	return !view_link_place(view, link, end, &sw, &port) || !port->up;
}

const char *show_link_state(const struct api_world *world, uint32_t link, char *why, size_t size)
{
	const struct core *core = world->core;
	const struct net_link *declared = &core->net->links[link];
	const struct view_link *seen = view_link(core->view, link);
	why[0] = '\0';
	for (unsigned end = 0; end < 2; end++) {
		if (!is_down(core->view, link, end))
			continue;
		snprintf(why, size, "%s:%s is down, or not there", declared->ends[end].switch_name,
			 declared->ends[end].port);
		return "down";
	}
	if (seen->wrong) {
		json_t *from = show_place(world, seen->sw[0], seen->ofport[0]);
		json_t *to = show_place(world, seen->sw[1], seen->ofport[1]);
		snprintf(why, size, "a cable leads from %s to %s", json_string_value(from), json_string_value(to));
		json_decref(from);
		json_decref(to);
		return "wrong";
	}
	if (!seen->confirmed) {
		snprintf(why, size, "no probe has come through yet");
		return "unconfirmed";
	}
	return "up";
}

static json_t *item(const struct api_world *world, const struct show_query *query, const struct show_key *key)
{
	const struct core *core = world->core;
	const struct net_link *link = &core->net->links[key->a];
	json_t *trees = json_array();
	char why[300];
	const char *state = show_link_state(world, (uint32_t) key->a, why, sizeof why);
	if (query->state && strcmp(query->state, state)) {
		json_decref(trees);
		return NULL;
	}
	for (uint32_t n = 0; n < core->net->n_networks; n++)
		if (ways_in_tree(core->view, view_network(core->view, n), (uint32_t) key->a))
			json_array_append_new(trees, show_text(core->net->networks[n].name));
	json_t *json = json_pack("{s:o, s:o, s:o, s:s, s:o, s:I, s:o, s:I}", "name", show_text(link->name),
			 "a", json_sprintf("%s:%s", link->ends[0].switch_name, link->ends[0].port),
			 "b", json_sprintf("%s:%s", link->ends[1].switch_name, link->ends[1].port),
			 "state", state, "why", why[0] ? show_text(why) : json_null(), "cost", (json_int_t) link->cost,
			 "trees", trees, "line", (json_int_t) link->where.line);
	show_te_link(core, json, (uint32_t) key->a);
	return json;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct net *net = world->core->net;
	for (uint32_t i = 0; i < net->n_links; i++)
		if (!query->sw || !strcmp(net->links[i].ends[0].switch_name, query->sw)
		    || !strcmp(net->links[i].ends[1].switch_name, query->sw))
			show_keys_add(keys, i, 0);
	return false;
}

const struct show_list show_links = {
	.name = "links",
	.refill = refill,
	.item = item,
};
