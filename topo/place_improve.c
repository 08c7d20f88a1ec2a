/* SPDX-License-Identifier: Apache-2.0 */
/* Moves of single slots after rounding: a local search on what is installed.
 *
 * It lowers the sum of exp(alpha u), with alpha growing until the sum is as good
 * as the highest utilisation. Only slots on arcs near the top are looked at, as
 * only they count in that sum. */
#include <math.h>

#include "topo/place_state.h"

enum { SWEEPS = 12 };
static const double sharpness[] = {100, 300, 1000, 4000};
#define NEAR 7.0                        /* arcs whose term is above e^-7 of the highest count */
#define EXPONENT_LEAST -60.0
#define EXPONENT_MOST 300.0

static double term(const struct place_state *s, uint32_t arc, double more)
{
	double exponent = s->alpha * ((s->load[arc] + more) * s->g->inverse[arc] - s->level);

	return exp(fmax(EXPONENT_LEAST, fmin(EXPONENT_MOST, exponent)));
}

static double term_now(const struct place_state *s, uint32_t arc)
{
	return s->price[arc] * s->g->mbps[arc];
}

/* Marks the arcs of q, and those of b that are not on q. */
static void tell_apart(struct place_state *s, const struct place_way *q, const struct place_way *b)
{
	s->stamp += 3;
	for (uint32_t i = 0; i < q->n; i++)
		s->mark[place_arcs(s, q)[i]] = s->stamp - 2;
	for (uint32_t i = 0; i < b->n; i++) {
		uint32_t arc = place_arcs(s, b)[i];
		s->mark[arc] = s->mark[arc] == s->stamp - 2 ? s->stamp - 1 : s->stamp;
	}
}

static bool only_on_q(const struct place_state *s, uint32_t arc)
{
	return s->mark[arc] == s->stamp - 2;
}

static bool only_on_b(const struct place_state *s, uint32_t arc)
{
	return s->mark[arc] == s->stamp;
}

/* Change of the sum when mbps move from q to b. */
static double change(struct place_state *s, const struct place_way *q, const struct place_way *b, double mbps)
{
	double sum = 0;

	tell_apart(s, q, b);
	for (uint32_t i = 0; i < q->n; i++) {
		uint32_t arc = place_arcs(s, q)[i];
		if (only_on_q(s, arc))
			sum += term(s, arc, -mbps) - term_now(s, arc);
	}
	for (uint32_t i = 0; i < b->n && sum < INFINITY; i++) {
		uint32_t arc = place_arcs(s, b)[i];
		if (only_on_b(s, arc))
			sum += term(s, arc, mbps) - term_now(s, arc);
	}
	s->work += 2 * (q->n + b->n);
	return sum;
}

static void move(struct place_state *s, struct place_way *q, struct place_way *b, double mbps)
{
	q->units--;
	b->units++;
	place_way_put(s, q, -mbps);
	place_way_put(s, b, mbps);
}

static bool may_use(const struct place_flow *flow, const struct place_way *q, const struct place_way *b)
{
	uint32_t n = 0;

	if (b->units)
		return true;
	for (uint32_t w = 0; w < flow->n_ways; w++)
		n += flow->ways[w].units > 0;
	return n - (q->units == 1) < flow->max_paths;
}

/* The best way to put one slot of q, or null when it stands best where it is. */
static struct place_way *better(struct place_state *s, struct place_flow *flow, const struct place_way *q,
				double mbps)
{
	struct place_way *best = NULL;
	double best_change = -1e-6;

	for (uint32_t w = 0; w < flow->n_ways; w++) {
		struct place_way *b = &flow->ways[w];
		if (b == q || !may_use(flow, q, b))
			continue;
		double d = change(s, q, b, mbps);
		if (d < best_change) {
			best = b;
			best_change = d;
		}
	}
	return best;
}

static uint32_t improve_flow(struct place_state *s, struct place_flow *flow, double heat)
{
	double unit = flow->mbps / flow->n_units;
	uint32_t n = 0;

	for (uint32_t w = 0; w < flow->n_ways; w++) {
		struct place_way *q = &flow->ways[w], *b;
		while (q->units && n < flow->n_units && place_way_heat(s, q) >= heat &&
		       (b = better(s, flow, q, unit))) {
			move(s, q, b, unit);
			n++;
		}
	}
	return n;
}

/* Returns how many slots moved. */
static uint32_t sweep(struct place_state *s, double heat)
{
	uint32_t n = 0;

	for (size_t i = 0; i < s->n_flows && !s->stopped; i++) {
		if (s->flows[i].n_ways > 1 && s->flows[i].mbps > 0)
			n += improve_flow(s, &s->flows[i], heat);
		place_spent(s, s->flows[i].n_ways * 4);
	}
	return n;
}

static double enough(const struct place_state *s)
{
	const struct place_options *o = &s->job->options;

	return fmax(s->bound * (1 + (o->sparing ? o->tolerance : 0)), o->goal);
}

void place_improve(struct place_state *s)
{
	for (size_t k = 0; k < sizeof sharpness / sizeof *sharpness; k++)
		for (int i = 0; i < SWEEPS && !s->stopped; i++) {
			double u = place_utilisation(s);
			if (!(u > 0) || u <= enough(s))
				return;
			place_set_prices(s, u, sharpness[k]);
			if (!sweep(s, fmax(u * (1 - NEAR / sharpness[k]), s->hot)))
				break;
		}
}

/* --- back to what runs -------------------------------------------------------- */

static bool fits(struct place_state *s, const struct place_way *q, const struct place_way *b, double mbps, double limit)
{
	bool room = true;

	tell_apart(s, q, b);
	for (uint32_t i = 0; i < b->n && room; i++) {
		uint32_t arc = place_arcs(s, b)[i];
		if (only_on_b(s, arc))
			room = (s->load[arc] + mbps) * s->g->inverse[arc] <= limit;
	}
	return room;
}

static void give_back_flow(struct place_state *s, struct place_flow *flow, double limit)
{
	double unit = flow->mbps / flow->n_units;

	for (uint32_t w = 0; w < flow->n_ways; w++)
		for (uint32_t v = 0; v < flow->n_ways; v++) {
			struct place_way *q = &flow->ways[w], *b = &flow->ways[v];
			while (q->units > q->was && b->units < b->was && may_use(flow, q, b) &&
			       fits(s, q, b, unit, limit))
				move(s, q, b, unit);
		}
}

void place_give_back(struct place_state *s, double limit)
{
	const uint32_t *order = place_by_size(s);

	for (size_t i = 0; i < s->n_flows; i++)
		if (s->flows[order[i]].running)
			give_back_flow(s, &s->flows[order[i]], limit);
}
