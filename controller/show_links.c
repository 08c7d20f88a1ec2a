/* SPDX-License-Identifier: Apache-2.0 */
/* show links: the cables of the file, and the tunnels that it names: whether they are
 * there, how good they are, and which networks send what is for all over them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "controller/show_te.h"
#include "topo/ways.h"

/* The port that tells of that end's life; null = not there. */
static const struct view_port *end_port(const struct core *core, uint32_t i, unsigned end)
{
	uint32_t sw, ofport, watch;
	return view_edge_place(core->view, i, end, &sw, &ofport, &watch) ? view_port(core->view, sw, watch) : NULL;
}

static bool is_tunnel(const struct core *core, uint32_t i) { return core->net->edges[i].link == NET_NONE; }

static void name_end(const struct core *core, uint32_t i, unsigned end, char *buf, size_t size)
{
	const struct net_edge *edge = &core->net->edges[i];
	const char *sw = core->net->switches[edge->sw[end]].name;
	if (is_tunnel(core, i))
		snprintf(buf, size, "%s", sw);
	else
		snprintf(buf, size, "%s:%s", sw, core->net->links[i].ends[end].port);
}

/* It says nothing against its end. */
const struct net_switch *show_link_awaits(const struct core *core, uint32_t i)
{
	for (unsigned end = 0; end < 2; end++) {
		uint32_t index = core->net->edges[i].sw[end], slot = view_switch_by_index(core->view, index);
		if (slot == NET_NONE || !view_switch(core->view, slot)->ever)
			return &core->net->switches[index];
	}
	return NULL;
}

static bool explain_down(const struct core *core, uint32_t i, char *why, size_t size)
{
	for (unsigned end = 0; end < 2; end++) {
		const struct view_port *port = end_port(core, i, end);
		uint32_t slot = view_switch_by_index(core->view, core->net->edges[i].sw[end]);
		char name[128];
		if (port && view_port_is_good(port))
			continue;
		if (slot == NET_NONE || !view_switch(core->view, slot)->ever)
			continue;
		name_end(core, i, end, name, sizeof name);
		if (port && port->up)
			snprintf(why, size, "%s%s%s has a carrier, but BFD there hears nothing from the other end", name,
				 is_tunnel(core, i) ? ":" : "", is_tunnel(core, i) ? port->name : "");
		else
			snprintf(why, size, "%s%s is down, or not there", name, is_tunnel(core, i) ? ": its tunnel port" : "");
		return true;
	}
	return false;
}

static const char *explain_silent(const struct core *core, uint32_t i, char *why, size_t size)
{
	const struct view_link *seen = view_link(core->view, i);
	char from[128];
	name_end(core, i, seen->silent_end, from, sizeof from);
	snprintf(why, size, "it carries nothing although its ports are up: probes that leave by %s are lost", from);
	return "silent";
}

const char *show_link_state(const struct api_world *world, uint32_t link, char *why, size_t size)
{
	const struct core *core = world->core;
	const struct view_link *seen = view_link(core->view, link);
	why[0] = '\0';
	if (explain_down(core, link, why, size))
		return "down";
	if (seen->wrong) {
		json_t *from = show_place(world, seen->sw[0], seen->ofport[0]);
		json_t *to = show_place(world, seen->sw[1], seen->ofport[1]);
		snprintf(why, size, "a cable leads from %s to %s", json_string_value(from), json_string_value(to));
		json_decref(from);
		json_decref(to);
		return "wrong";
	}
	if (seen->silent)
		return explain_silent(core, link, why, size);
	const struct net_switch *silent = is_tunnel(core, link) ? NULL : show_link_awaits(core, link);
	if (!seen->confirmed && (!is_tunnel(core, link) || seen->n_failures)) {
		if (silent)
			snprintf(why, size, "switch %s has not connected since weftd started", silent->name);
		else
			snprintf(why, size, "no probe has come through yet");
		return "unconfirmed";
	}
	if (seen->held) {
		snprintf(why, size, "it failed %" PRIu32 " times in a short time; it is used again in %" PRIu32 " s, "
			 "or where there is nothing else", seen->n_failures,
			 (view_link_rest_ms(seen, core->now_ms) + 999) / 1000);
		return "resting";
	}
	if (silent)
		snprintf(why, size, "as far as is known: switch %s has not connected since weftd started", silent->name);
	return "up";
}

const char *show_link_bfd(const struct core *core, uint32_t i)
{
	bool unseen = false;
	for (unsigned end = 0; end < 2; end++) {
		const struct view_port *port = end_port(core, i, end);
		if (!port || !port->bfd)
			unseen = true;
		else if (port->up && !port->live)
			return "down";
	}
	return unseen ? "unseen" : "up";
}

/* One way, the mean of both directions: what the control connections add to either is
 * taken off then, even if they are not equally fast. */
static json_t *delay(const struct view_link *seen)
{
	int64_t sum = (int64_t) seen->probes[0].delay_us + seen->probes[1].delay_us;
	if (!seen->probes[0].is_measured || !seen->probes[1].is_measured)
		return json_null();
	return json_integer(sum > 0 ? sum / 2 : 0);
}

static json_t *jitter(const struct view_link *seen)
{
	uint32_t a = seen->probes[0].jitter_us, b = seen->probes[1].jitter_us;
	return seen->probes[0].is_measured && seen->probes[1].is_measured ? json_integer(a > b ? a : b) : json_null();
}

/* Rounded up: what is lost is seen. */
static json_t *loss(const struct view_probes *probes)
{
	uint32_t n = probes->n_known;
	return n ? json_integer((100 * view_probes_lost(probes) + n - 1) / n) : json_null();
}

static void add_quality(const struct core *core, json_t *json, uint32_t i)
{
	const struct view_link *seen = view_link(core->view, i);
	show_set(json, "delay_us", delay(seen));
	show_set(json, "jitter_us", jitter(seen));
	show_set(json, "loss_percent_from_a", loss(&seen->probes[0]));
	show_set(json, "loss_percent_from_b", loss(&seen->probes[1]));
	show_set(json, "probes", show_count(seen->probes[0].n_known < seen->probes[1].n_known
					    ? seen->probes[0].n_known : seen->probes[1].n_known));
	show_set(json, "bfd", show_text(show_link_bfd(core, i)));
	show_set(json, "since_ms", seen->since_ms ? show_count(core->wall_ms - (core->now_ms - seen->since_ms)) : json_null());
	show_set(json, "flaps", show_count(seen->n_flaps));
	show_set(json, "rest_seconds", json_integer((view_link_rest_ms(seen, core->now_ms) + 999) / 1000));
}

static json_t *item(const struct api_world *world, const struct show_query *query, const struct show_key *key)
{
	const struct core *core = world->core;
	uint32_t i = (uint32_t) key->a;
	const struct net_edge *edge = &core->net->edges[i];
	json_t *trees = json_array();
	char why[300], a[128], b[128];
	const char *state = show_link_state(world, i, why, sizeof why);
	if (query->state && strcmp(query->state, state)) {
		json_decref(trees);
		return NULL;
	}
	for (uint32_t n = 0; !is_tunnel(core, i) && n < core->net->n_networks; n++)
		if (ways_in_tree(core->view, view_network(core->view, n), i))
			json_array_append_new(trees, show_text(core->net->networks[n].name));
	name_end(core, i, 0, a, sizeof a);
	name_end(core, i, 1, b, sizeof b);
	json_t *json = json_pack("{s:o, s:s, s:s, s:s, s:s, s:o, s:I, s:o, s:I}", "name", show_text(edge->name),
				 "kind", is_tunnel(core, i) ? "tunnel" : "cable", "a", a, "b", b,
				 "state", state, "why", why[0] ? show_text(why) : json_null(), "cost", (json_int_t) edge->cost,
				 "trees", trees, "line", (json_int_t) edge->where.line);
	add_quality(core, json, i);
	show_te_link(core, json, i);
	return json;
}

static bool refill(const struct api_world *world, const struct show_query *query, struct show_keys *keys)
{
	const struct net *net = world->core->net;
	for (uint32_t i = 0; i < net->n_edges; i++)
		if (!query->sw || !strcmp(net->switches[net->edges[i].sw[0]].name, query->sw)
		    || !strcmp(net->switches[net->edges[i].sw[1]].name, query->sw))
			show_keys_add(keys, i, 0);
	return false;
}

const struct show_list show_links = {
	.name = "links",
	.refill = refill,
	.item = item,
};
