/* SPDX-License-Identifier: Apache-2.0 */
/* The search: exponential prices, new ways by shortest trees, traffic shifted
 * from dear ways to cheap ones.
 *
 * A price grows exponentially with the utilisation of its arc, so the sum over
 * all arcs of exp(alpha u) is a smooth stand-in for the highest u; the larger
 * alpha is, the closer. Each shift is a Newton step for that sum along the
 * direction "less on q, more on b", held short where the arcs of b are steep.
 *
 * The proof needs no trust in any of this: for any lengths l >= 0 of the arcs,
 * sum(demand * shortest distance) <= sum(load * l) <= U * sum(capacity * l).
 * See Garg and Koenemann 1998, Fleischer 2000. */
#include <math.h>

#include "topo/arena.h"
#include "topo/place_state.h"

enum {
	SWEEPS = 4,                     /* per round; they are cheaper than trees; more while it is held */
	MAX_ROUNDS = 400,
	RELOAD = 10,                    /* rounds between two fresh sums of the loads */
	MAX_HELD = 20,                  /* rounds with one sharpness */
	STALE_ROUNDS = 60,              /* without a better U or bound: it will not get better */
};
#define SHARP_COLD 8.0
#define SHARP_WARM 60.0
#define SHARPEN 1.35
#define SHARPEN_SETTLED 1.12
#define SETTLED 1.5                     /* the proof is as good as this sharpness allows: sharpen */
#define STEP 1.5                        /* in units of 1/alpha: how far one shift may drive an arc */
#define LEVEL 1.0003                    /* ways whose prices differ by less are as good as each other */
#define DEARER 1.001                    /* a new way must be cheaper by this */

static double price_of(const struct place_state *s, const struct place_way *way)
{
	const uint32_t *arcs = place_arcs(s, way);
	double price = 0;

	for (uint32_t i = 0; i < way->n; i++)
		price += s->price[arcs[i]];
	return price;
}

/* Moves what is right from way q to way b. */
static void shift(struct place_state *s, struct place_way *q, struct place_way *b)
{
	const struct place_graph *g = s->g;
	const uint32_t *from = place_arcs(s, q), *to = place_arcs(s, b);
	uint32_t on_q = s->stamp + 1, on_both = s->stamp + 2;
	double gain = 0, slope = 0, room = INFINITY;

	s->stamp += 2;
	for (uint32_t i = 0; i < q->n; i++)
		s->mark[from[i]] = on_q;
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t arc = to[i];
		if (s->mark[arc] == on_q) {
			s->mark[arc] = on_both;
			continue;
		}
		gain -= s->price[arc];
		slope += s->price[arc] * g->inverse[arc];
		room = fmin(room, g->mbps[arc]);
	}
	for (uint32_t i = 0; i < q->n; i++)
		if (s->mark[from[i]] == on_q) {
			gain += s->price[from[i]];
			slope += s->price[from[i]] * g->inverse[from[i]];
		}
	if (gain <= 0)
		return;
	double x = fmin(q->x, fmin(gain / (slope * s->alpha), STEP / s->alpha * room));
	if (!(x > 0))
		return;
	for (uint32_t i = 0; i < q->n; i++)
		if (s->mark[from[i]] == on_q) {
			s->load[from[i]] = fmax(0, s->load[from[i]] - x);
			place_set_price(s, from[i]);
		}
	for (uint32_t i = 0; i < b->n; i++)
		if (s->mark[to[i]] != on_both) {
			s->load[to[i]] += x;
			place_set_price(s, to[i]);
		}
	q->x = x < q->x ? q->x - x : 0;
	b->x += x;
}

static uint64_t shift_flow(struct place_state *s, struct place_flow *flow)
{
	double price[PLACE_MAX_WAYS];
	uint32_t best = 0;
	uint64_t arcs = 0;

	for (uint32_t w = 0; w < flow->n_ways; w++) {
		price[w] = price_of(s, &flow->ways[w]);
		arcs += flow->ways[w].n;
		if (price[w] < price[best])
			best = w;
	}
	for (uint32_t w = 0; w < flow->n_ways; w++) {
		struct place_way *way = &flow->ways[w];
		if (!(way->x > 0) || price[w] <= price[best] * LEVEL)
			continue;
		if (s->hot > 0 && place_way_heat(s, way) <= s->hot)
			continue;
		shift(s, way, &flow->ways[best]);
		arcs += 2 * (way->n + flow->ways[best].n);
	}
	return arcs;
}

static void sweep(struct place_state *s)
{
	for (size_t i = 0; i < s->n_flows && !s->stopped; i++)
		if (s->flows[i].n_ways > 1 && s->flows[i].mbps > 0)
			place_spent(s, shift_flow(s, &s->flows[i]));
}

static void add_way(struct place_state *s, struct place_flow *flow)
{
	double cheapest = INFINITY;

	for (uint32_t w = 0; w < flow->n_ways; w++)
		cheapest = fmin(cheapest, price_of(s, &flow->ways[w]));
	if (cheapest <= s->tree->dist[flow->dst] * DEARER)
		return;
	uint32_t n = place_tree_path(s->tree, s->g, flow->src, flow->dst, s->arcs);
	if (n && place_suits(s, flow, s->arcs, n))
		place_way_add(s, flow, s->arcs, n);
}

/* Of any path that the flow may take; the tree is that of its source. */
static double least_price(const struct place_state *s, const struct place_flow *flow)
{
	double least = INFINITY;

	if (!place_is_complete(flow))
		return s->tree->dist[flow->dst];
	for (uint32_t w = 0; w < flow->n_ways; w++)
		least = fmin(least, price_of(s, &flow->ways[w]));
	return least;
}

static bool has_hot_way(const struct place_state *s, const struct place_flow *flow)
{
	for (uint32_t w = 0; w < flow->n_ways; w++)
		if (flow->ways[w].x > 0 && place_way_heat(s, &flow->ways[w]) > s->hot)
			return true;
	return false;
}

void place_raise_bound(struct place_state *s, bool add)
{
	uint32_t grown = PLACE_NONE;
	double cost = 0, volume = 0;
	uint64_t before = s->tree->work;

	for (size_t i = 0; i < s->n_flows; i++) {
		struct place_flow *flow = &s->flows[i];
		if (!(flow->mbps > 0) || !flow->n_ways)
			continue;
		if (flow->src != grown) {
			if (place_spent(s, s->tree->work - before))
				return;
			before = s->tree->work;
			place_tree_grow(s->tree, s->g, s->price, flow->src, PLACE_NONE);
			grown = flow->src;
		}
		cost += flow->mbps * least_price(s, flow);
		if (add && !place_is_complete(flow) && (!(s->hot > 0) || has_hot_way(s, flow)))
			add_way(s, flow);
	}
	place_spent(s, s->tree->work - before);
	for (uint32_t arc = 0; arc < s->g->n_arcs; arc++)
		volume += s->g->mbps[arc] * s->price[arc];
	s->proved = volume > 0 ? cost / volume : 0;
	s->bound = fmax(s->bound, s->proved);
}

/* The utilisation at which the search ends. */
static double enough(const struct place_state *s)
{
	return fmax(s->bound * (1 + s->job->options.tolerance), s->job->options.goal);
}

/* Sharp enough for the tolerance: the sum over m arcs is within ln(m)/sharpness
 * of the highest utilisation. */
static double sharpness_for(const struct place_state *s)
{
	return 1.2 * log(fmax(2, s->g->n_arcs)) / fmax(1e-4, s->job->options.tolerance);
}

void place_solve(struct place_state *s)
{
	double sharp = s->job->running ? SHARP_WARM : SHARP_COLD;
	double sharpest = sharpness_for(s);
	double best = INFINITY, best_bound = 0;
	uint32_t better = 0, held = 0;

	while (!s->stopped && s->n_rounds < MAX_ROUNDS && s->n_rounds - better < STALE_ROUNDS) {
		double u = place_utilisation(s);
		if (!(u > 0))
			return;
		place_set_prices(s, u, sharp);
		s->hot = s->job->options.sparing ? enough(s) : 0;
		place_raise_bound(s, true);
		if (s->stopped || u <= enough(s))
			return;
		if (u < best * 0.9999 || s->bound > best_bound * 1.0001)
			better = s->n_rounds;
		best = fmin(best, u);
		best_bound = s->bound;
		if (s->proved >= u * (1 - SETTLED * log(s->g->n_arcs) / sharp) || ++held > MAX_HELD) {
			sharp = fmin(sharp * SHARPEN, sharpest);
			held = 0;
		}
		place_set_prices(s, u, sharp);
		for (uint32_t i = 0; i < SWEEPS * (1 + held) && !s->stopped; i++)
			sweep(s);
		if (++s->n_rounds % RELOAD == 0)
			place_reload(s);
	}
}

void place_settle(struct place_state *s, uint32_t n_sweeps)
{
	double sharpest = sharpness_for(s), sharp = fmin(SHARP_WARM, sharpest);

	for (uint32_t i = 0; i < n_sweeps && !s->stopped; i++) {
		double u = place_utilisation(s);
		if (!(u > 0) || u <= enough(s))
			return;
		place_set_prices(s, u, sharp);
		sweep(s);
		sharp = fmin(sharp * SHARPEN_SETTLED, sharpest);
	}
}
