/* SPDX-License-Identifier: Apache-2.0 */
#include "topo/te_job.h"

#include <stdlib.h>

#include "topo/arena.h"
#include "topo/model.h"
#include "topo/te_own.h"
#include "topo/union.h"

static int by_cost(const void *a_, const void *b_, void *net_)
{
	const struct net *net = net_;
	uint32_t a = *(const uint32_t *) a_, b = *(const uint32_t *) b_;

	if (net->edges[a].cost != net->edges[b].cost)
		return net->edges[a].cost < net->edges[b].cost ? -1 : 1;
	return a < b ? -1 : 1;
}

/* Those of the drained edges that alone join what the others leave apart. Nothing
 * else goes over them, for each is a bridge then. */
static void keep_bridges(const struct net *net, struct place_link *links)
{
	uint32_t *parent = xheap_alloc(net->n_switches * sizeof *parent);
	uint32_t *order = xheap_alloc(net->n_edges * sizeof *order), n = 0;

	union_alone(parent, net->n_switches);
	for (uint32_t i = 0; i < net->n_edges; i++) {
		if (net->edges[i].drain)
			order[n++] = i;
		else if (!links[i].down)
			union_join(parent, net->edges[i].sw[0], net->edges[i].sw[1]);
	}
	qsort_r(order, n, sizeof *order, by_cost, (void *) net);
	for (uint32_t i = 0; i < n; i++) {
		const uint32_t *sw = net->edges[order[i]].sw;

		if (!links[order[i]].down && !union_join(parent, sw[0], sw[1]))
			links[order[i]].down = true;
	}
	free(parent);
	free(order);
}

void te_job_links(const struct net *net, const bool *is_up, const double (*mbps)[2], struct place_link *links)
{
	for (size_t i = 0; i < net->n_edges; i++) {
		const struct net_edge *edge = &net->edges[i];

		links[i] = (struct place_link) {
			.a = edge->sw[0], .b = edge->sw[1], .cost = edge->cost, .risk = edge->risk,
			.delay = edge->delay_us / 1000.0,
		};
		for (size_t d = 0; d < 2; d++)
			links[i].mbps[d] = TE_HEADROOM * (mbps ? mbps[i][d] : edge->mbps);
		links[i].down = (is_up && !is_up[i]) || links[i].mbps[0] <= 0 || links[i].mbps[1] <= 0;
	}
	keep_bridges(net, links);
}

/* map null: links are edges. */
static const uint32_t *avoided_links(const struct net *net, const struct te_map *map, struct arena *arena,
				     const struct net_te_pair *avoid, uint32_t *ret_n)
{
	uint32_t *links = arena_new_array(arena, uint32_t, 2 * net->n_edges);

	*ret_n = 0;
	for (uint32_t arc = 0; arc < 2 * net->n_edges; arc++) {
		uint32_t link = map ? map->to[arc] / 2 : arc / 2;

		if (te_edge_is_avoided(net, avoid, arc / 2) && (!*ret_n || links[*ret_n - 1] != link))
			links[(*ret_n)++] = link;
	}
	return links;
}

static size_t add_pin(struct place_rule *rules, size_t n, const struct net_te_pair *pin)
{
	rules[n++] = (struct place_rule) { .src = pin->from, .dst = pin->to, .via = pin->via, .n_via = (uint32_t) pin->n_via };
	return n;
}

static size_t add_avoid(const struct net *net, const struct te_map *map, struct arena *arena, struct place_rule *rules, size_t n,
			const struct net_te_pair *avoid)
{
	struct place_rule *rule = &rules[n++];

	*rule = (struct place_rule) { .src = avoid->from, .dst = avoid->to };
	rule->banned = avoided_links(net, map, arena, avoid, &rule->n_banned);
	return n;
}

static size_t add_ceiling(const struct net *net, struct place_rule *rules, size_t n)
{
	if (net->te.max_delay_us)
		rules[n++] = (struct place_rule) { .src = PLACE_NONE, .dst = PLACE_NONE, .max_delay = net->te.max_delay_us / 1000.0 };
	return n;
}

const struct place_rule *te_job_rules(const struct net *net, const struct te_map *map, struct arena *arena, size_t *ret_n)
{
	const struct net_te *te = &net->te;
	struct place_rule *rules = arena_new_array(arena, struct place_rule, te->n_pins + te->n_avoids + 1);
	size_t n = 0;

	for (size_t i = 0; i < te->n_pins; i++)
		if (te->pins[i].network == NET_NONE)
			n = add_pin(rules, n, &te->pins[i]);
	for (size_t i = 0; i < te->n_avoids; i++)
		if (te->avoids[i].network == NET_NONE)
			n = add_avoid(net, map, arena, rules, n, &te->avoids[i]);
	*ret_n = add_ceiling(net, rules, n);
	return rules;
}

static bool is_about(const struct net_te_pair *pair, const struct te_own *own, uint32_t network)
{
	return pair->from == own->from && pair->to == own->to && pair->network == network;
}

const struct place_rule *te_job_rules_of(const struct net *net, const struct te_own *own, struct arena *arena, size_t *ret_n)
{
	const struct net_te *te = &net->te;
	struct place_rule *rules = arena_new_array(arena, struct place_rule, te->n_pins + te->n_avoids + 1);
	size_t n = 0;

	for (size_t i = 0; i < te->n_pins; i++)
		if (is_about(&te->pins[i], own, own->network))
			n = add_pin(rules, n, &te->pins[i]);
	for (size_t i = 0, n_own = n; i < te->n_pins && !n_own; i++)
		if (is_about(&te->pins[i], own, NET_NONE))
			n = add_pin(rules, n, &te->pins[i]);
	for (size_t i = 0; i < te->n_avoids; i++)
		if (is_about(&te->avoids[i], own, own->network) || is_about(&te->avoids[i], own, NET_NONE))
			n = add_avoid(net, NULL, arena, rules, n, &te->avoids[i]);
	*ret_n = add_ceiling(net, rules, n);
	return rules;
}

uint32_t te_job_reserve(const struct net *net, uint32_t from, uint32_t to)
{
	size_t low = 0, high = net->te.n_reserves;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct net_te_reserve *one = &net->te.reserves[middle];

		if (one->from == from && one->to == to)
			return (uint32_t) middle;
		if (from < one->from || (from == one->from && to < one->to))
			high = middle;
		else
			low = middle + 1;
	}
	return NET_NONE;
}

double te_job_reserved(const struct net *net, uint32_t from, uint32_t to)
{
	uint32_t i = te_job_reserve(net, from, to);

	return i == NET_NONE ? 0 : net->te.reserves[i].mbps;
}
