/* SPDX-License-Identifier: Apache-2.0 */
/* From shares to whole slots. The largest demands choose first: their slots are
 * the boulders, what is small fills the gaps. */
#include <math.h>

#include "topo/place_state.h"

#define SHARPNESS 200.0
#define AS_GOOD_AS 1e-6                 /* of a slot: rounding noise of the search */

/* How much the sum of exp(alpha u) grows with mbps more on the way. */
static double growth(const struct place_state *s, const struct place_way *way, double mbps)
{
	double sum = 0;

	for (uint32_t i = 0; i < way->n; i++) {
		uint32_t arc = place_arcs(s, way)[i];
		double now = s->price[arc] * s->g->mbps[arc];
		double exponent = s->alpha * ((s->load[arc] + mbps) * s->g->inverse[arc] - s->level);
		sum += exp(fmax(-60, fmin(300, exponent))) - now;
	}
	return sum;
}

/* Which slots of the running placement each way has; ways that run and were
 * dropped by the search come back as candidates. */
static void recall(struct place_state *s, struct place_flow *flow)
{
	const struct place_pair *pair = flow->running;

	for (uint32_t w = 0; w < flow->n_ways; w++)
		flow->ways[w].was = 0;
	if (!pair || !pair->n_slots)
		return;
	for (uint32_t p = 0; p < pair->n_active; p++) {
		const struct place_path *path = &pair->paths[p];
		if (place_is_whole(s->g, pair, path) && place_suits(s, flow, path->arcs, path->n_arcs))
			place_way_add(s, flow, path->arcs, path->n_arcs)->was =
				path->n_slots * flow->n_units / pair->n_slots;
	}
}

static uint32_t n_used(const struct place_flow *flow)
{
	uint32_t n = 0;

	for (uint32_t w = 0; w < flow->n_ways; w++)
		n += flow->ways[w].units > 0;
	return n;
}

/* The way for one more slot, among those that carry something. A way whose
 * running slots are not all taken goes first when the shares allow it. */
static uint32_t choose(const struct place_state *s, const struct place_flow *flow, double unit)
{
	uint32_t best = PLACE_NONE;
	double best_growth = INFINITY;

	for (uint32_t w = 0; w < flow->n_ways; w++) {
		const struct place_way *way = &flow->ways[w];
		if (!(way->x > 0) && flow->mbps > 0)
			continue;
		if (!way->units && n_used(flow) >= flow->max_paths)
			continue;
		double g = growth(s, way, unit);
		if (way->units < way->was && way->x > way->units * unit * (1 + AS_GOOD_AS))
			return w;
		if (best == PLACE_NONE || g < best_growth) {
			best = w;
			best_growth = g;
		}
	}
	return best;
}

static void put(struct place_state *s, const struct place_way *way, double mbps)
{
	for (uint32_t i = 0; i < way->n; i++) {
		uint32_t arc = place_arcs(s, way)[i];
		s->load[arc] = fmax(0, s->load[arc] + mbps);
		place_set_price(s, arc);
	}
}

static void round_flow(struct place_state *s, struct place_flow *flow)
{
	double unit = flow->mbps / flow->n_units;
	uint32_t left = flow->n_units;
	uint64_t arcs = 0;

	if (flow->n_ways == 1) {
		flow->ways[0].units = left;
		return;
	}
	for (uint32_t w = 0; w < flow->n_ways; w++) {
		struct place_way *way = &flow->ways[w];
		double x = way->x;
		way->units = unit > 0 ? (uint32_t) (way->x / unit + AS_GOOD_AS) : way->was;
		way->units = way->units < left ? way->units : left;
		left -= way->units;
		if (fabs(way->units * unit - x) > unit * AS_GOOD_AS)
			put(s, way, way->units * unit - x);
		arcs += way->n;
	}
	for (; left; left--) {
		struct place_way *way = &flow->ways[choose(s, flow, unit)];
		way->units++;
		put(s, way, unit);
	}
	for (uint32_t w = 0; w < flow->n_ways; w++)
		flow->ways[w].x = flow->ways[w].units * unit;
	s->work += 2 * arcs;
}

void place_round(struct place_state *s)
{
	const uint32_t *order = place_by_size(s);

	for (size_t i = 0; i < s->n_flows; i++)
		if (s->flows[i].n_ways)
			recall(s, &s->flows[i]);
	place_reload(s);
	place_set_prices(s, place_utilisation(s), SHARPNESS);
	for (size_t i = 0; i < s->n_flows; i++)
		if (s->flows[order[i]].n_ways)
			round_flow(s, &s->flows[order[i]]);
	place_reload(s);
}

/* Slots of paths that are gone go where the most are. */
static void run_on(struct place_state *s, struct place_flow *flow)
{
	const struct place_options *o = &s->job->options;
	bool runs = flow->running && flow->running->n_slots;
	uint32_t most = 0, left;

	flow->n_units = runs ? flow->running->n_slots : o->max_slots;
	flow->n_units = flow->n_units < 1 ? 1 : flow->n_units > PLACE_MAX_SLOTS ? PLACE_MAX_SLOTS : flow->n_units;
	recall(s, flow);
	left = flow->n_units;
	for (uint32_t w = 0; w < flow->n_ways; w++) {
		flow->ways[w].units = flow->ways[w].was;
		left -= flow->ways[w].was;
		if (flow->ways[w].was > flow->ways[most].was)
			most = w;
	}
	flow->ways[most].units += left;
	for (uint32_t w = 0; w < flow->n_ways; w++)
		flow->ways[w].x = flow->mbps * flow->ways[w].units / flow->n_units;
}

void place_round_as_it_runs(struct place_state *s)
{
	for (size_t i = 0; i < s->n_flows; i++)
		if (s->flows[i].n_ways)
			run_on(s, &s->flows[i]);
	place_reload(s);
}
