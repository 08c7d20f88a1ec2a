/* SPDX-License-Identifier: Apache-2.0 */
/* show te: what traffic engineering sees, has done and would do. Numbers are those of
 * now: the demands of this moment on the paths that run. */
#include "controller/show_te.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "controller/core_te_private.h"
#include "topo/arena.h"
#include "topo/te_words.h"

enum { N_BUSIEST = 5, N_PARTS = 5, N_ELEPHANTS = 20, DEFAULT_PAIRS = 100 };

json_t *show_percent(double part) { return json_real(round(1000 * part) / 10); }
json_t *show_mbps(double mbps) { return json_real(round(1000 * mbps) / 1000); }

static const char *mode_word(enum net_te_mode mode)
{
	switch (mode) {
	case NET_TE_APPLY: return "apply";
	case NET_TE_RECOMMEND: return "recommend";
	case NET_TE_FREEZE: return "freeze";
	}
	return "?";
}

static const char *phase_word(const struct core_te *te)
{
	if (te->steering)
		return "labels";
	switch (te->phase) {
	case TE_REST: return "rest";
	case TE_LABELS: return "labels";
	case TE_SAVE: return "save";
	case TE_PATHS: return "paths";
	case TE_GRACE: return "grace";
	}
	return "?";
}

/* --- now --------------------------------------------------------------------------------- */

/* What runs, with the demands of now; all in one place while an answer is made. */
struct now {
	const struct core *core;
	struct arena *arena;
	struct te_plan *plan;
	struct placement *p;            /* null = none yet */
	double *loads;                  /* per arc */
};

static void now_init(struct now *now, const struct core *core)
{
	*now = (struct now) { .core = core, .arena = arena_new() };
	struct te_seen seen = core_te_seen(core, now->arena);
	now->plan = te_plan_new(core->view, &seen);
	now->loads = arena_new_array(now->arena, double, now->plan->n_arcs + 1);
	if (!core->te->running)
		return;
	now->p = te_copy(core->te->running);
	te_set_demands(now->p, &seen);
	te_loads(now->plan, now->p, now->loads);
}

static void now_uninit(struct now *now)
{
	place_free(now->p);
	te_plan_free(now->plan);
	arena_free(now->arena);
}

/* --- arcs --------------------------------------------------------------------------------- */

json_t *show_te_arc(const struct net *net, const struct te_plan *plan, const double *loads, uint32_t arc)
{
	const struct net_edge *edge = arc / 2 < net->n_edges ? &net->edges[arc / 2] : NULL;
	const struct net_nic *nic = edge ? NULL : &net->nics[arc / 2 - net->n_edges];
	double used = loads[arc] + plan->background[arc];
	char name[200];
	json_t *from = nic ? arc & 1 ? json_null() : show_text(net->switches[nic->sw].name) : show_text(net->switches[edge->sw[arc & 1]].name);
	json_t *to = nic ? arc & 1 ? show_text(net->switches[nic->sw].name) : json_null() : show_text(net->switches[edge->sw[!(arc & 1)]].name);
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
			 "link", show_text(nic ? te_arc_name(net, arc, name, sizeof name) : edge->name), "from", from, "to", to,
			 "capacity_mbps", show_mbps(plan->mbps[arc]), "load_mbps", show_mbps(loads[arc]),
			 "background_mbps", show_mbps(plan->background[arc]),
			 "utilisation_percent", show_percent(used / plan->mbps[arc]));
}

static json_t *parts(const struct now *now, uint32_t arc, size_t *ret_n)
{
	struct te_part list[N_PARTS];
	json_t *json = json_array();
	*ret_n = te_parts(now->plan, now->p, arc, list, N_PARTS);
	for (size_t i = 0; i < *ret_n && i < N_PARTS; i++) {
		const struct place_pair *pair = &now->p->pairs[list[i].pair];
		if (list[i].mbps > 0)
			json_array_append_new(json, json_pack("{s:o, s:o, s:o}",
				"from", show_text(now->core->net->switches[pair->src].name),
				"to", show_text(now->core->net->switches[pair->dst].name), "mbps", show_mbps(list[i].mbps)));
	}
	return json;
}

static json_t *busiest(const struct now *now)
{
	size_t n_arcs = now->plan->n_arcs;
	bool *told = arena_new_array(now->arena, bool, n_arcs);
	json_t *json = json_array();
	for (int i = 0; now->p && i < N_BUSIEST; i++) {
		uint32_t best = PLACE_NONE;
		double u = 0;
		for (uint32_t arc = 0; arc < n_arcs; arc++) {
			double here = (now->loads[arc] + now->plan->background[arc]) / now->plan->mbps[arc];
			if (!told[arc] && here > u) {
				best = arc;
				u = here;
			}
		}
		if (best == PLACE_NONE)
			break;
		told[best] = true;
		size_t n_pairs;
		json_t *item = show_te_arc(now->core->net, now->plan, now->loads, best);
		const struct demand *sent = best / 2 < now->core->te->n_edges ? &now->core->te->edges[best / 2].sent[best & 1] : NULL;
		show_set(item, "sent_mbps", sent && sent->n ? show_mbps(demand_recent(sent, now->core->now_ms)) : json_null());
		show_set(item, "pairs", parts(now, best, &n_pairs));
		show_set(item, "n_pairs", show_count(n_pairs));
		json_array_append_new(json, item);
	}
	return json;
}

/* Of the NICs that frames from that end pass and others share: the busier one. */
static json_t *nic_percent(const struct core *core, uint32_t e, unsigned end)
{
	const struct net_edge *edge = &core->net->edges[e];
	uint32_t out = edge->nic[end], in = edge->nic[!end];
	double u = -1;
	if (core->te->nics && out != NET_NONE)
		u = fmax(u, core->te->nics[2 * out] / core->net->nics[out].mbps);
	if (core->te->nics && in != NET_NONE)
		u = fmax(u, core->te->nics[2 * in + 1] / core->net->nics[in].mbps);
	return u < 0 ? json_null() : show_percent(u);
}

void show_te_link(const struct core *core, json_t *link, uint32_t e)
{
	const struct core_te *te = core->te;
	const struct te_edge *edge = e < te->n_edges ? &te->edges[e] : NULL;
	double mbps = te_capacity(core->view, e);
	show_set(link, "capacity_mbps", show_mbps(mbps));
	for (unsigned end = 0; end < 2; end++) {
		const struct demand *sent = edge ? &edge->sent[end] : NULL;
		double recent = sent && sent->n ? demand_recent(sent, core->now_ms) : 0;
		show_set(link, end ? "load_from_b_mbps" : "load_from_a_mbps", sent && sent->n ? show_mbps(recent) : json_null());
		show_set(link, end ? "utilisation_from_b_percent" : "utilisation_from_a_percent",
			 sent && sent->n ? show_percent(recent / mbps) : json_null());
	}
	for (unsigned end = 0; end < 2; end++)
		show_set(link, end ? "nic_from_b_percent" : "nic_from_a_percent", nic_percent(core, e, end));
	show_set(link, "drain", json_boolean(core->net->edges[e].drain));
	show_set(link, "held_seconds", json_integer(!edge || !edge->is_held || edge->held_until_ms <= core->now_ms ? 0
						    : (json_int_t) (edge->held_until_ms - core->now_ms + 999) / 1000));
}

/* --- pairs ----------------------------------------------------------------------------------- */

static int by_demand(const void *a_, const void *b_)
{
	const struct place_pair *a = *(const struct place_pair *const *) a_, *b = *(const struct place_pair *const *) b_;
	if (a->mbps != b->mbps)
		return a->mbps > b->mbps ? -1 : 1;
	return a < b ? -1 : a > b;
}

static bool is_steered(const struct core *core, const struct place_pair *pair)
{
	const struct steer *steer = view_steer(core->view);
	for (uint32_t n = 0; steer && n < core->net->n_networks; n++)
		if (steer_find(steer, n, pair->src, pair->dst))
			return true;
	return false;
}

static bool has_ports(const struct core *core, uint32_t network, uint32_t index)
{
	uint32_t sw = view_switch_by_index(core->view, index);
	const struct view_member *member = sw == NET_NONE ? NULL : view_member(view_network(core->view, network), sw);
	return member && view_member_is_here(member);
}

/* Why nothing of the pair is steered, or null. */
static json_t *show_unsteered(const struct core *core, const struct place_pair *pair)
{
	if (is_steered(core, pair))
		return json_null();
	for (uint32_t n = 0; n < core->net->n_networks; n++)
		if (has_ports(core, n, pair->src) && has_ports(core, n, pair->dst))
			return json_string("no-alternative");
	return json_string("no-network");
}

static json_t *show_pair(const struct now *now, const struct place_pair *pair)
{
	const struct net *net = now->core->net;
	const struct demand *demand = demands_of(now->core->te->demands, pair->src, pair->dst);
	json_t *paths = json_array();
	char name[1024];
	double carried[PLACE_MAX_SLOTS], sum = 0;
	uint32_t slots[PLACE_MAX_SLOTS];
	bool is_counted = core_te_carried(now->core, pair, carried, slots);
	for (uint32_t k = 0; is_counted && k < pair->n_active; k++)
		sum += carried[k];
	for (uint32_t k = 0; k < pair->n_active && k < PLACE_MAX_SLOTS; k++) {
		const struct place_path *path = &pair->paths[k];
		json_t *links = json_array();
		for (uint32_t a = 0; a < path->n_arcs; a++)
			json_array_append_new(links, show_text(net->edges[path->arcs[a] / 2].name));
		json_array_append_new(paths, json_pack("{s:s, s:o, s:I, s:o, s:o}",
			"path", te_path_name(net, pair->src, path, name, sizeof name), "links", links,
			"slots", (json_int_t) slots[k], "share_percent", show_percent(path->share),
			"measured_percent", sum > 0 ? show_percent(carried[k] / sum) : json_null()));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:o, s:b, s:I, s:o}", "from", show_text(net->switches[pair->src].name),
			 "to", show_text(net->switches[pair->dst].name), "demand_mbps", show_mbps(pair->mbps),
			 "recent_mbps", demand ? show_mbps(demand_recent(demand, now->core->now_ms)) : json_null(),
			 "steered", is_steered(now->core, pair),
			 "unsteered_why", show_unsteered(now->core, pair), "rules_broken", pair->rules_broken,
			 "slots", (json_int_t) pair->n_slots, "paths", paths);
}

static json_t *elephants(const struct now *now)
{
	const struct net *net = now->core->net;
	struct te_elephant list[N_ELEPHANTS];
	json_t *json = json_array();
	char name[1024];
	size_t n = core_te_elephants(now->core, list, N_ELEPHANTS);
	for (size_t i = 0; i < n && i < N_ELEPHANTS; i++) {
		const struct place_pair *pair = list[i].pair;
		json_array_append_new(json, json_pack("{s:o, s:o, s:I, s:o, s:o, s:s}",
			"from", show_text(net->switches[pair->src].name), "to", show_text(net->switches[pair->dst].name),
			"slot", (json_int_t) list[i].slot, "mbps", show_mbps(list[i].mbps),
			"part_percent", show_percent(list[i].part),
			"path", te_path_name(net, pair->src, &pair->paths[list[i].path], name, sizeof name)));
	}
	return json;
}

static json_t *own_ways(const struct now *now)
{
	const struct net *net = now->core->net;
	const struct te_owns *owns = now->core->te->owns;
	json_t *json = json_array();
	char name[1024];
	for (size_t i = 0; owns && i < owns->n; i++) {
		const struct te_own *own = &owns->items[i];
		const struct place_path path = { .arcs = own->arcs, .n_arcs = own->n_arcs };
		const struct demand *demand = te_own_demand(now->core, own);
		json_array_append_new(json, json_pack("{s:o, s:o, s:o, s:o, s:o}",
			"network", show_text(net->networks[own->network].name), "from", show_text(net->switches[own->from].name),
			"to", show_text(net->switches[own->to].name),
			"recent_mbps", demand ? show_mbps(demand_recent(demand, now->core->now_ms)) : json_null(),
			"path", own->n_arcs ? show_text(te_path_name(net, own->from, &path, name, sizeof name)) : json_null()));
	}
	return json;
}

/* The largest first. */
static json_t *pairs(const struct now *now, const struct show_query *query, bool *ret_truncated)
{
	json_t *json = json_array();
	size_t n = 0, limit = query->limit == SHOW_LIMIT ? DEFAULT_PAIRS : query->limit;
	if (!now->p)
		return json;
	const struct place_pair **list = arena_new_array(now->arena, const struct place_pair *, now->p->n_pairs + 1);
	for (size_t i = 0; i < now->p->n_pairs; i++) {
		const struct place_pair *pair = &now->p->pairs[i];
		if (!query->sw || !strcmp(now->core->net->switches[pair->src].name, query->sw)
		    || !strcmp(now->core->net->switches[pair->dst].name, query->sw))
			list[n++] = pair;
	}
	qsort(list, n, sizeof *list, by_demand);
	*ret_truncated = limit && n > limit;
	for (size_t i = 0; i < n && (!limit || i < limit); i++)
		json_array_append_new(json, show_pair(now, list[i]));
	return json;
}

/* --- all of it --------------------------------------------------------------------------------- */

static json_t *last_change(const struct core_te *te)
{
	const struct te_changed *c = &te->changed;
	if (!c->text[0])
		return json_null();
	return json_pack("{s:o, s:s, s:I, s:I}", "text", show_text(c->text), "why", c->why, "pairs", (json_int_t) c->n_pairs,
			 "time_ms", (json_int_t) c->wall_ms);
}

static json_t *labels(const struct core *core)
{
	const struct steer *steer = view_steer(core->view);
	return json_pack("{s:I, s:I, s:I}", "pairs", (json_int_t) (steer ? steer->n_pairs : 0),
			 "used", (json_int_t) (steer ? steer->n_transits : 0),
			 "missing", (json_int_t) (steer ? steer->n_unlabelled : 0));
}

json_t *show_te(const struct api_world *world, const struct show_query *query)
{
	const struct core *core = world->core;
	const struct core_te *te = core->te;
	bool truncated = false;
	struct now now;
	uint32_t arc;
	if (!te->n_edges)
		return json_pack("{s:s, s:s, s:s, s:n}", "state", "off", "mode", mode_word(core->net->te.mode),
				 "goal", core->net->te.goal == NET_TE_SHORTEST ? "shortest" : "balance", "utilisation_percent");
	now_init(&now, core);
	double u = te_highest(now.plan, now.loads, &arc);
	json_t *json = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "state", !te->running || te->is_loaded ? "starting" : phase_word(te),
				 "mode", mode_word(core->net->te.mode),
				 "goal", core->net->te.goal == NET_TE_SHORTEST ? "shortest" : "balance",
				 "above_percent", show_percent(core->net->te.above), "utilisation_percent", show_percent(u),
				 "headroom_percent", u > 0 ? show_percent(1 / u - 1) : json_null());
	show_set(json, "planned_percent", te->look.is_known ? show_percent(te->look.u) : json_null());
	show_set(json, "bound_percent", te->look.is_known ? show_percent(te->look.bound) : json_null());
	show_set(json, "verdict", te->look.is_known ? json_string(te->look.verdict) : json_null());
	show_set(json, "why", te->look.is_known ? json_string(te->look.why) : json_null());
	show_set(json, "looked_ms", te->look.is_known ? show_count(te->look.wall_ms) : json_null());
	show_set(json, "looks", show_count(te->n_looks));
	show_set(json, "changes", show_count(te->n_changes));
	show_set(json, "last_change", last_change(te));
	show_set(json, "advice", te->advised && te->advice[0] ? show_text(te->advice) : json_null());
	show_set(json, "labels", labels(core));
	show_set(json, "guarantees", show_te_promises(core));
	show_set(json, "own_ways", own_ways(&now));
	show_set(json, "busiest", busiest(&now));
	show_set(json, "elephants", elephants(&now));
	show_set(json, "pairs", pairs(&now, query, &truncated));
	show_set(json, "truncated", json_boolean(truncated));
	now_uninit(&now);
	return json;
}

json_t *show_graph(const struct api_world *world)
{
	const struct core *core = world->core;
	json_t *nodes = json_array(), *edges = json_array();
	for (size_t i = 0; i < core->net->n_switches; i++) {
		uint32_t sw = view_switch_by_index(core->view, (uint32_t) i);
		const char *state = sw == NET_NONE ? "waiting" : show_switch_state(world, sw);
		json_array_append_new(nodes, json_pack("{s:o, s:s}", "name", show_text(core->net->switches[i].name),
						       "state", state ? state : "waiting"));
	}
	for (uint32_t e = 0; e < core->te->n_edges; e++) {
		const struct net_edge *edge = &core->net->edges[e];
		json_t *json = json_pack("{s:o, s:o, s:o, s:b}", "name", show_text(edge->name),
					 "a", show_text(core->net->switches[edge->sw[0]].name),
					 "b", show_text(core->net->switches[edge->sw[1]].name),
					 "up", view_edge_is_up(core->view, e));
		show_te_link(core, json, e);
		json_array_append_new(edges, json);
	}
	return json_pack("{s:o, s:o}", "nodes", nodes, "edges", edges);
}
