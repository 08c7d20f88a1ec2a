/* SPDX-License-Identifier: Apache-2.0 */
/* Guarantees: what they add up to, and whether the links can carry it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/model.h"
#include "topo/place.h"
#include "topo/te_cut.h"
#include "topo/te_words.h"

enum { MAX_RESERVES = 100000, WORK = 200000000, WORK_OF_CUTS = 10000000, MAX_BLAMED = 100 };

static int by_pair(const void *a_, const void *b_)
{
	const struct net_te_reserve *a = a_, *b = b_;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

static size_t count(const struct net *net, const struct net_te_guarantee *guarantee, struct net_te_reserve *reserves)
{
	double mbps = (double) guarantee->rate / 1e6;
	size_t n = 0;

	if (guarantee->network == NET_NONE) {
		if (reserves)
			*reserves = (struct net_te_reserve) { guarantee->from, guarantee->to, mbps };
		return 1;
	}
	const struct net_network *network = &net->networks[guarantee->network];
	uint32_t *in = xheap_alloc(net->n_switches * sizeof *in), n_in = 0;
	for (uint32_t i = 0; i < net->n_switches; i++)
		if (model_is_in(net, network, &net->switches[i]))
			in[n_in++] = i;
	for (uint32_t a = 0; a < n_in; a++)
		for (uint32_t b = 0; b < n_in; b++) {
			if (a == b)
				continue;
			if (reserves)
				reserves[n] = (struct net_te_reserve) { in[a], in[b], mbps };
			n++;
		}
	free(in);
	return n;
}

static void find_pairs(const struct net *net, struct net_te_guarantee *guarantee)
{
	size_t n = count(net, guarantee, NULL);
	struct net_te_reserve *ends = xheap_alloc(n * sizeof *ends + 1);

	count(net, guarantee, ends);
	guarantee->pairs = arena_new_array(net->arena, uint32_t, n);
	guarantee->n_pairs = n;
	for (size_t i = 0; i < n; i++)
		guarantee->pairs[i] = te_job_reserve(net, ends[i].from, ends[i].to);
	free(ends);
}

static bool add_up(struct net *net, struct diag *diag)
{
	struct net_te *te = &net->te;
	size_t n = 0, at = 0;

	for (size_t i = 0; i < te->n_guarantees; i++)
		n += count(net, &te->guarantees[i], NULL);
	if (n > MAX_RESERVES) {
		diag_add(diag, te->guarantees[0].where, DIAG_TOO_LARGE,
			 "the guarantees are for %zu pairs of switches; the most is %d", n, MAX_RESERVES);
		return false;
	}
	te->reserves = arena_new_array(net->arena, struct net_te_reserve, n);
	for (size_t i = 0; i < te->n_guarantees; i++)
		at += count(net, &te->guarantees[i], te->reserves + at);
	qsort(te->reserves, n, sizeof *te->reserves, by_pair);
	for (size_t i = 0; i < n; i++) {
		struct net_te_reserve *last = te->n_reserves ? &te->reserves[te->n_reserves - 1] : NULL;

		if (last && !by_pair(last, &te->reserves[i]))
			last->mbps += te->reserves[i].mbps;
		else
			te->reserves[te->n_reserves++] = te->reserves[i];
	}
	for (size_t i = 0; i < te->n_guarantees; i++)
		find_pairs(net, &te->guarantees[i]);
	return true;
}

/* The line of the first guarantee that has to do with the pair. */
static struct where where_of(const struct net *net, uint32_t from, uint32_t to)
{
	const struct net_te *te = &net->te;

	for (size_t i = 0; i < te->n_guarantees; i++) {
		const struct net_te_guarantee *one = &te->guarantees[i];

		if (one->network == NET_NONE ? one->from == from && one->to == to
		    : model_is_in(net, &net->networks[one->network], &net->switches[from])
		      && model_is_in(net, &net->networks[one->network], &net->switches[to]))
			return one->where;
	}
	return te->where;
}

/* Ways for these demands. Release with place_free(). */
static struct placement *plan_for(const struct net *net, const struct net_te_reserve *reserves, size_t n, uint64_t work)
{
	struct place_link *links = xheap_alloc(net->n_edges * sizeof *links + 1);
	struct place_demand *demands = xheap_alloc(n * sizeof *demands + 1);
	struct arena *arena = arena_new();
	struct te_map *map = te_map_new(arena, net);
	struct place_job job = { .n_nodes = map->n_nodes, .n_links = map->n_links, .demands = demands, .n_demands = n,
				 .options = place_defaults() };

	te_job_links(net, NULL, NULL, links);
	job.links = te_map_links(arena, map, net, links);
	for (size_t i = 0; i < n; i++)
		demands[i] = (struct place_demand) { .src = reserves[i].from, .dst = reserves[i].to, .mbps = reserves[i].mbps };
	job.rules = te_job_rules(net, map, arena, &job.n_rules);
	job.options.max_paths = net->te.max_paths;
	job.options.without_standbys = true;
	job.options.work = work;
	struct placement *plan = place_plan(&job);
	arena_free(arena);
	free(links);
	free(demands);
	return plan;
}

/* What else the file says of that traffic: ", with the pin in line 7"; or nothing. */
static const char *wish_of(const struct net *net, uint32_t from, uint32_t to)
{
	const struct net_te *te = &net->te;

	for (size_t i = 0; i < te->n_pins + te->n_avoids; i++) {
		const struct net_te_pair *wish = i < te->n_pins ? &te->pins[i] : &te->avoids[i - te->n_pins];

		if (wish->network == NET_NONE && wish->from == from && wish->to == to)
			return arena_printf(net->arena, ", with the %s in line %u", i < te->n_pins ? "pin" : "avoid", wish->where.line);
	}
	return "";
}

/* Has each pair a way by itself? */
static bool have_ways(struct net *net, const struct placement *plan, struct diag *diag)
{
	for (size_t i = 0; i < plan->n_pairs; i++) {
		const struct place_pair *pair = &plan->pairs[i];
		bool strays = pair->n_paths && pair->rules_broken && te_has_suitable(net, pair->src, pair->dst);

		if (pair->n_paths && !strays)
			continue;
		diag_add(diag, where_of(net, pair->src, pair->dst), DIAG_GUARANTEE,
			 "a guarantee from switch \"%s\" to switch \"%s\"%s: no links of known \"rate\" join them",
			 net->switches[pair->src].name, net->switches[pair->dst].name, strays ? wish_of(net, pair->src, pair->dst) : "");
		return false;
	}
	return true;
}

/* Those that would not fit even if there were no other; false: none is such, or there are too many to try. */
static bool blame(const struct net *net, struct diag *diag)
{
	const struct net_te *te = &net->te;
	uint64_t work = WORK / te->n_guarantees;
	bool found = false;
	char wanted[24], most[24];

	for (size_t i = 0; i < te->n_guarantees && te->n_guarantees <= MAX_BLAMED; i++) {
		const struct net_te_guarantee *one = &te->guarantees[i];
		size_t n = count(net, one, NULL);
		struct net_te_reserve *reserves = xheap_alloc(n * sizeof *reserves + 1);
		double mbps = (double) one->rate / 1e6;

		count(net, one, reserves);
		struct placement *plan = plan_for(net, reserves, n, work);
		if (plan->u > 1 + 1e-9) {
			found = true;
			te_rate(mbps, wanted);
			te_rate(mbps / plan->u, most);
			if (one->network == NET_NONE)
				diag_add(diag, one->where, DIAG_GUARANTEE, "a guarantee of %s from switch \"%s\" to switch \"%s\"%s: even "
					 "alone it does not fit; the best ways found carry %s", wanted, one->from_name, one->to_name,
					 wish_of(net, one->from, one->to), most);
			else
				diag_add(diag, one->where, DIAG_GUARANTEE, "a guarantee of %s for each pair of switches of network \"%s\": even "
					 "alone it does not fit; the best ways found carry %s each", wanted, one->network_name, most);
		}
		place_free(plan);
		free(reserves);
	}
	return found;
}

static bool can_be_met(struct net *net, struct diag *diag)
{
	const struct net_te *te = &net->te;
	struct placement *plan = plan_for(net, te->reserves, te->n_reserves, WORK);
	bool have = have_ways(net, plan, diag), fit = plan->u <= 1 + 1e-9;

	if (have && !fit && !blame(net, diag))
		diag_add(diag, te->guarantees[0].where, DIAG_GUARANTEE,
			 "the guarantees do not fit: with the best ways found the busiest link would have %.0f %% of what it can "
			 "carry, and no ways give less than %.0f %%; all of them times %.2f would fit", 100 * plan->u,
			 100 * plan->bound, 1 / plan->u);
	place_free(plan);
	return have && fit;
}

/* --- after the loss of a link ---------------------------------------------------------- */

static void warn(const struct net *net, const struct net_te_guarantee *guarantee, const struct te_cut *cuts, struct diag *diag)
{
	uint32_t worst = guarantee->pairs[0];

	for (size_t i = 0; i < guarantee->n_pairs; i++)
		if (cuts[guarantee->pairs[i]].kept < cuts[worst].kept)
			worst = guarantee->pairs[i];
	const struct te_cut *cut = &cuts[worst];
	if (cut->edge == NET_NONE)
		return;
	const struct net_te_reserve *pair = &net->te.reserves[worst];
	const struct net_edge *edge = &net->edges[cut->edge];
	char left[64] = "nothing could be kept", others[64] = "";
	if (cut->kept > 0)
		snprintf(left, sizeof left, "%.0f %% could be kept", 100 * cut->kept);
	if (cut->n_short > 1)
		snprintf(others, sizeof others, "; less than all without %u other%s, too", cut->n_short - 1, cut->n_short > 2 ? "s" : "");
	diag_add(diag, guarantee->where, DIAG_GUARANTEE_CUT, "a guarantee from switch \"%s\" to switch \"%s\": without link \"%s\"%s%s%s %s%s",
		 net->switches[pair->from].name, net->switches[pair->to].name, edge->name, edge->srlg ? " and all of srlg \"" : "",
		 edge->srlg ? edge->srlg : "", edge->srlg ? "\"" : "", left, others);
}

static void check_cuts(const struct net *net, struct diag *diag)
{
	const struct net_te *te = &net->te;
	struct te_cut *cuts = xheap_alloc(te->n_reserves * sizeof *cuts + 1);
	size_t n_left = te_cuts(net, NULL, NULL, WORK_OF_CUTS, cuts);

	for (size_t i = 0; i < te->n_guarantees; i++)
		if (te->guarantees[i].n_pairs)
			warn(net, &te->guarantees[i], cuts, diag);
	if (n_left)
		diag_add(diag, te->guarantees[0].where, DIAG_GUARANTEE_CUT,
			 "the guarantees are so many that the loss of %zu of the links that they take was not tried", n_left);
	free(cuts);
}

void te_guarantees_settle(struct net *net, struct diag *diag)
{
	if (add_up(net, diag) && can_be_met(net, diag))
		check_cuts(net, diag);
}
