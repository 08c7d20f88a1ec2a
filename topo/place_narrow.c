/* SPDX-License-Identifier: Apache-2.0 */
/* From any number of ways to the few that a switch gets.
 *
 * The largest ones stay, the rest of the traffic goes to them in proportion, and
 * sweeps over these ways put right what that spoilt. The others are not lost:
 * they wait behind as spare ones, for single slots may still want to go there. */
#include <math.h>

#include "topo/place_state.h"

enum { SWEEPS = 40 };
#define STAYS_ELEPHANT 0.5              /* of the threshold: sizes that waver do not change the slots */

/* Smallest link on the ways in use. */
static double narrowest(const struct place_state *s, const struct place_flow *flow)
{
	double mbps = INFINITY;

	for (uint32_t w = 0; w < flow->n_ways; w++)
		if (flow->ways[w].x > 0)
			for (uint32_t i = 0; i < flow->ways[w].n; i++)
				mbps = fmin(mbps, s->g->mbps[place_arcs(s, &flow->ways[w])[i]]);
	return mbps;
}

static uint32_t at_least_one(uint32_t n, uint32_t max)
{
	return n < 1 ? 1 : n > max ? max : n;
}

static void size_up(struct place_state *s, struct place_flow *flow, double u)
{
	const struct place_options *o = &s->job->options;
	uint32_t many = at_least_one(o->elephant_slots, PLACE_MAX_SLOTS);
	bool was = flow->running && flow->running->n_slots == many;
	double threshold = o->elephant * (was ? STAYS_ELEPHANT : 1);
	bool elephant = flow->mbps > threshold * u * narrowest(s, flow);

	flow->n_units = elephant ? many : at_least_one(o->max_slots, PLACE_MAX_SLOTS);
	flow->max_paths = at_least_one(elephant ? o->elephant_paths : o->max_paths, PLACE_MAX_WAYS);
	if (flow->max_paths > flow->n_units)
		flow->max_paths = flow->n_units;
}

static double price_of(const struct place_state *s, const struct place_way *way)
{
	double price = 0;

	for (uint32_t i = 0; i < way->n; i++)
		price += s->price[place_arcs(s, way)[i]];
	return price;
}

/* Most traffic first, of those without the cheapest. Few ways: insertion will do. */
static void sort_ways(const struct place_state *s, struct place_flow *flow)
{
	double price[PLACE_MAX_WAYS];

	for (uint32_t w = 0; w < flow->n_ways; w++) {
		struct place_way way = flow->ways[w];
		double mine = price_of(s, &way);
		uint32_t at = w;
		for (; at; at--) {
			const struct place_way *before = &flow->ways[at - 1];
			if (before->x > way.x || (before->x >= way.x && price[at - 1] <= mine))
				break;
			flow->ways[at] = flow->ways[at - 1];
			price[at] = price[at - 1];
		}
		flow->ways[at] = way;
		price[at] = mine;
	}
}

/* Returns whether traffic had to move. */
static bool narrow_flow(struct place_state *s, struct place_flow *flow, double u)
{
	double kept = 0, lost = 0;

	size_up(s, flow, u);
	if (flow->n_ways <= flow->max_paths || !(flow->mbps > 0))
		return false;
	sort_ways(s, flow);
	for (uint32_t w = 0; w < flow->n_ways; w++)
		*(w < flow->max_paths ? &kept : &lost) += flow->ways[w].x;
	flow->n_spare = flow->n_ways - flow->max_paths;
	flow->n_ways = flow->max_paths;
	if (!(lost > 0))
		return false;
	for (uint32_t w = 0; w < flow->n_ways; w++)
		flow->ways[w].x *= (kept + lost) / kept;
	for (uint32_t w = 0; w < flow->n_spare; w++)
		flow->ways[flow->n_ways + w].x = 0;
	return true;
}

void place_narrow(struct place_state *s)
{
	double u = place_utilisation(s);
	bool moved = false;

	for (size_t i = 0; i < s->n_flows; i++)
		moved |= narrow_flow(s, &s->flows[i], u);
	place_reload(s);
	if (moved)
		place_settle(s, SWEEPS);
	for (size_t i = 0; i < s->n_flows; i++) {
		s->flows[i].n_ways += s->flows[i].n_spare;
		s->flows[i].n_spare = 0;
	}
}
