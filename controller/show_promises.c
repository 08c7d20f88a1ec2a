/* SPDX-License-Identifier: Apache-2.0 */
/* Guarantees as JSON: one item for each of the file, and problems of those that are short. */
#include <math.h>
#include <stdio.h>

#include "controller/show_te.h"
#include "topo/te_words.h"

enum { MAX_PROBLEMS = 20 };

/* How much of a promise there is room for; unknown is all. */
static double part(const struct core *core, uint32_t i)
{
	const struct te_promise *promise = &core->te->promises[i];
	return promise->room < 0 ? INFINITY : promise->room / core->net->te.reserves[i].mbps;
}

static double kept(const struct core *core, uint32_t i)
{
	const struct te_promise *promise = &core->te->promises[i];
	return promise->cut_is_known ? promise->cut.kept : 1;
}

/* Least room for its size; of those, least after a cut. */
static uint32_t worst_of(const struct core *core, const struct net_te_guarantee *guarantee)
{
	uint32_t worst = guarantee->pairs[0];
	for (size_t k = 1; core->te->promises && k < guarantee->n_pairs; k++) {
		uint32_t i = guarantee->pairs[k];
		bool is_short = part(core, i) < 1, was_short = part(core, worst) < 1;
		if (is_short || was_short ? part(core, i) < part(core, worst) : kept(core, i) < kept(core, worst))
			worst = i;
	}
	return worst;
}

static json_t *show_promise(const struct core *core, const struct net_te_guarantee *guarantee)
{
	const struct net *net = core->net;
	uint32_t i = worst_of(core, guarantee);
	const struct net_te_reserve *reserve = &net->te.reserves[i];
	const struct te_promise *promise = core->te->promises ? &core->te->promises[i] : NULL;
	const struct demand *demand = demands_of(core->te->demands, reserve->from, reserve->to);
	bool cut_is_known = promise && promise->cut_is_known;
	json_t *json = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b}",
		"network", guarantee->network_name ? show_text(guarantee->network_name) : json_null(),
		"from", show_text(net->switches[reserve->from].name), "to", show_text(net->switches[reserve->to].name),
		"promised_mbps", show_mbps(reserve->mbps),
		"offered_mbps", demand ? show_mbps(demand_recent(demand, core->now_ms)) : json_null(),
		"room_mbps", promise && promise->room >= 0 ? show_mbps(promise->room) : json_null(),
		"met", !promise || !promise->is_short);
	show_set(json, "possible_mbps", cut_is_known ? show_mbps(promise->cut.now * reserve->mbps) : json_null());
	show_set(json, "after_cut_mbps", cut_is_known ? show_mbps(promise->cut.kept * reserve->mbps) : json_null());
	show_set(json, "cut", cut_is_known && promise->cut.edge != NET_NONE ? show_text(net->edges[promise->cut.edge].name) : json_null());
	show_set(json, "short_cuts", show_count(cut_is_known ? promise->cut.n_short : 0));
	return json;
}

json_t *show_te_promises(const struct core *core)
{
	const struct net_te *te = &core->net->te;
	json_t *json = json_array();
	for (size_t i = 0; i < te->n_guarantees; i++)
		if (te->guarantees[i].n_pairs)
			json_array_append_new(json, show_promise(core, &te->guarantees[i]));
	return json;
}

void show_promise_problems(const struct core *core, show_problem_cb *add, void *ctx)
{
	const struct net *net = core->net;
	char text[500], rate[24], room[24], able[24];
	size_t n = 0;
	for (size_t i = 0; core->te->promises && i < net->te.n_reserves && n < MAX_PROBLEMS; i++) {
		const struct te_promise *promise = &core->te->promises[i];
		const struct net_te_reserve *reserve = &net->te.reserves[i];
		bool cannot = promise->cut_is_known && promise->cut.now < 1;
		if (!promise->is_short)
			continue;
		n++;
		snprintf(text, sizeof text, "guarantee %s->%s of %s is short: there is room for %s on its paths", net->switches[reserve->from].name,
			 net->switches[reserve->to].name, te_rate(reserve->mbps, rate), te_rate(promise->room, room));
		if (cannot)
			snprintf(text, sizeof text, "guarantee %s->%s of %s is short: the links that are up can carry %s of it, and there is room "
				 "for %s on its paths", net->switches[reserve->from].name, net->switches[reserve->to].name,
				 te_rate(reserve->mbps, rate), te_rate(promise->cut.now * reserve->mbps, able), te_rate(promise->room, room));
		add(ctx, true, "te-guarantee", text, cannot ? "bring links back that are down: weft show links"
		    : "others send more than can make way: weft show te says on which links, and whose traffic that is");
	}
}
