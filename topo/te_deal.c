/* SPDX-License-Identifier: Apache-2.0 */
/* Dealing: the best single move, or exchange of two slots, until no more is gained. The
 * measure is the sum of squares of what paths carry too much or too little; a move of a
 * size half the gap gains most, so few moves do it. */
#include "topo/te_deal.h"

#include <math.h>
#include <string.h>

#define GOOD_ENOUGH 0.005               /* error, part of the pair, at which dealing ends */
#define WORTH_A_SLOT 0.0025             /* less gained per slot that moves, part of the pair, is not worth moving it */
#define WORTH_A_CHANGE 0.02             /* error that must go ... */
#define NOISES 2                        /* ... and so many times what slots shake by */
#define DEVIATION 1.25                  /* standard deviation by mean distance */
#define DROP 0.02                       /* the busiest link must fall by that part of itself */
#define QUIET 0.5                       /* of the goal: below, no matter */

struct hand {
	const struct te_deal *deal;
	double total;
	bool pinned[PLACE_MAX_SLOTS];
	uint8_t slots[PLACE_MAX_SLOTS];
	double over[PLACE_MAX_SLOTS];   /* per path: more than planned, Mbit/s */
	uint32_t n[PLACE_MAX_SLOTS];    /* per path: slots */
};

struct move { uint32_t a, b; uint8_t to; double gain; };        /* b: to be exchanged with; PLACE_NONE: none */

static uint32_t n_paths(const struct hand *h)
{
	return h->deal->plan->n_active < PLACE_MAX_SLOTS ? h->deal->plan->n_active : PLACE_MAX_SLOTS;
}

/* --- what links say ------------------------------------------------------------------ */

/* What this pair puts on an arc; a path has it once. */
static double own(const struct hand *h, uint32_t arc)
{
	double mbps = 0;

	for (uint32_t k = 0; k < n_paths(h); k++) {
		const struct place_path *path = &h->deal->plan->paths[k];
		for (uint32_t a = 0; a < path->n_arcs; a++)
			if (path->arcs[a] == arc)
				mbps += h->over[k] + path->share * h->total;
	}
	return mbps;
}

static double arc_u(const struct hand *h, uint32_t arc)
{
	return (h->deal->others[arc] + own(h, arc)) / h->deal->capacity[arc];
}

static double path_u(const struct hand *h, uint8_t k, uint32_t *ret_arc)
{
	const struct place_path *path = &h->deal->plan->paths[k];
	double u = 0;

	for (uint32_t a = 0; a < path->n_arcs; a++) {
		uint32_t arc = path->arcs[a];
		double here = arc_u(h, arc);
		if (here <= u)
			continue;
		u = here;
		*ret_arc = arc;
	}
	return u;
}

static double busiest(const struct hand *h, uint32_t *ret_arc)
{
	double u = 0;

	*ret_arc = PLACE_NONE;
	for (uint32_t k = 0; k < n_paths(h); k++) {
		uint32_t arc = PLACE_NONE;
		double here = path_u(h, (uint8_t) k, &arc);
		if (here <= u)
			continue;
		u = here;
		*ret_arc = arc;
	}
	return u;
}

bool te_is_elephant(const struct te_deal *deal, uint32_t slot, uint8_t k)
{
	const struct place_path *path = &deal->plan->paths[k];
	double total = 0, least = INFINITY;

	for (uint32_t s = 0; s < deal->plan->n_slots; s++)
		total += deal->mbps[s];
	for (uint32_t a = 0; a < path->n_arcs; a++)
		least = fmin(least, deal->capacity[path->arcs[a]]);
	return deal->mbps[slot] > TE_ELEPHANT * least && deal->mbps[slot] > TE_ELEPHANT_MEANS * total / deal->plan->n_slots;
}

/* --- dealing --------------------------------------------------------------------------- */

static double error(const struct hand *h)
{
	double most = 0;

	for (uint32_t k = 0; k < n_paths(h); k++)
		most = fmax(most, fabs(h->over[k]));
	return h->total > 0 ? most / h->total : 0;
}

static double squares(const struct hand *h)
{
	double sum = 0;

	for (uint32_t k = 0; k < n_paths(h); k++)
		sum += h->over[k] * h->over[k];
	return sum;
}

static void put(struct hand *h, uint32_t slot, uint8_t path)
{
	uint8_t from = h->slots[slot];

	if (from != TE_DEAL_GONE) {
		h->over[from] -= h->deal->mbps[slot];
		h->n[from]--;
	}
	h->slots[slot] = path;
	h->over[path] += h->deal->mbps[slot];
	h->n[path]++;
}

/* Slots without a path, the largest first, each where most is missing. */
static void put_homeless(struct hand *h)
{
	for (;;) {
		uint32_t slot = PLACE_NONE;
		uint8_t path = 0;
		for (uint32_t s = 0; s < h->deal->plan->n_slots; s++)
			if (h->slots[s] == TE_DEAL_GONE && (slot == PLACE_NONE || h->deal->mbps[s] > h->deal->mbps[slot]))
				slot = s;
		if (slot == PLACE_NONE)
			return;
		for (uint32_t k = 1; k < n_paths(h); k++)
			if (h->over[k] < h->over[path] || (h->over[k] <= h->over[path] && h->n[k] < h->n[path]))
				path = (uint8_t) k;
		put(h, slot, path);
	}
}

/* What the sum of squares falls by when so much goes from a to b. */
static double gain_of(const struct hand *h, uint8_t a, uint8_t b, double mbps)
{
	return 2 * mbps * (h->over[a] - h->over[b]) - 2 * mbps * mbps;
}

/* An exchange moves two slots: it has to gain so much more. */
static void try_exchanges(const struct hand *h, uint32_t s, double price, struct move *best)
{
	for (uint32_t t = 0; t < h->deal->plan->n_slots; t++) {
		uint8_t a = h->slots[s], b = h->slots[t];
		if (a == b || h->pinned[t] || h->deal->mbps[s] <= h->deal->mbps[t])
			continue;
		double gain = gain_of(h, a, b, h->deal->mbps[s] - h->deal->mbps[t]) - price;
		if (gain > best->gain)
			*best = (struct move) { s, t, b, gain };
	}
}

static struct move best_move(const struct hand *h, double price)
{
	struct move best = { PLACE_NONE, PLACE_NONE, 0, 0 };

	for (uint32_t s = 0; s < h->deal->plan->n_slots; s++) {
		uint8_t a = h->slots[s];
		if (h->pinned[s])
			continue;
		/* No path is left empty: then it would be none of the pair's. */
		for (uint32_t k = 0; h->n[a] > 1 && k < n_paths(h); k++) {
			double gain = gain_of(h, a, (uint8_t) k, h->deal->mbps[s]);
			if (k != a && gain > best.gain)
				best = (struct move) { s, PLACE_NONE, (uint8_t) k, gain };
		}
		try_exchanges(h, s, price, &best);
	}
	return best;
}

static void play(struct hand *h)
{
	for (uint32_t turn = 0; turn < 2 * h->deal->plan->n_slots && error(h) > GOOD_ENOUGH; turn++) {
		double before = squares(h), less = fmax(sqrt(before) - WORTH_A_SLOT * h->total, 0);
		double price = before - less * less;
		struct move move = best_move(h, price);
		if (move.a == PLACE_NONE || move.gain < price)
			return;
		uint8_t from = h->slots[move.a];
		put(h, move.a, move.to);
		if (move.b != PLACE_NONE)
			put(h, move.b, from);
	}
}

static void begin(struct hand *h, const struct te_deal *deal)
{
	*h = (struct hand) { .deal = deal };
	for (uint32_t s = 0; s < deal->plan->n_slots; s++)
		h->total += deal->mbps[s];
	for (uint32_t k = 0; k < n_paths(h); k++)
		h->over[k] = -deal->plan->paths[k].share * h->total;
	memset(h->slots, TE_DEAL_GONE, sizeof h->slots);
	for (uint32_t s = 0; s < deal->plan->n_slots; s++)
		if (deal->now[s] < n_paths(h))
			put(h, s, deal->now[s]);
}

/* Elephants stay; where the link of one is still above the goal, and it helps, they move. */
static void play_around_elephants(const struct hand *start, struct hand *ret)
{
	bool is_hot = false;
	uint32_t arc;

	*ret = *start;
	for (uint32_t s = 0; s < start->deal->plan->n_slots; s++)
		ret->pinned[s] = start->deal->now[s] < n_paths(start) && te_is_elephant(start->deal, s, start->slots[s]);
	play(ret);
	for (uint32_t s = 0; s < start->deal->plan->n_slots; s++)
		is_hot |= ret->pinned[s] && path_u(ret, ret->slots[s], &arc) > start->deal->goal;
	if (!is_hot)
		return;
	struct hand all = *start;
	play(&all);
	if (busiest(&all, &arc) < (1 - DROP) * busiest(ret, &arc))
		*ret = all;
}

static double noise(const struct te_deal *deal)
{
	double sum = 0;

	for (uint32_t s = 0; deal->noise && s < deal->plan->n_slots; s++)
		sum += deal->noise[s] * deal->noise[s];
	return DEVIATION * sqrt(sum);
}

static bool is_worth_it(const struct hand *h, const struct te_dealt *d)
{
	double gain = d->error_before - d->error_after;

	return d->u_before > QUIET * h->deal->goal && d->u_after < (1 - DROP) * d->u_before
		&& gain >= WORTH_A_CHANGE + NOISES * noise(h->deal) / h->total;
}

/* The same, were the error gone and the busiest link idle. Most pairs are told by that alone. */
static bool may_be_worth_it(const struct hand *h, const struct te_dealt *d)
{
	struct te_dealt best = { .error_before = d->error_before, .u_before = d->u_before };

	return is_worth_it(h, &best);
}

void te_deal(const struct te_deal *deal, struct te_dealt *ret)
{
	struct hand start, end;
	bool is_homeless = false;
	uint32_t arc;

	*ret = (struct te_dealt) { .busiest = PLACE_NONE };
	begin(&start, deal);
	for (uint32_t s = 0; s < deal->plan->n_slots; s++)
		is_homeless |= start.slots[s] == TE_DEAL_GONE;
	if (is_homeless)
		put_homeless(&start);
	ret->error_before = error(&start);
	ret->u_before = busiest(&start, &ret->busiest);
	bool may_play = deal->must || may_be_worth_it(&start, ret);
	if (may_play)
		play_around_elephants(&start, &end);
	else
		end = start;
	ret->error_after = error(&end);
	ret->u_after = busiest(&end, &arc);
	if (!deal->must && !is_worth_it(&end, ret)) {
		end = start;
		ret->error_after = ret->error_before;
		ret->u_after = ret->u_before;
	}
	ret->u_there = ret->busiest != PLACE_NONE ? arc_u(&end, ret->busiest) : 0;
	memcpy(ret->slots, end.slots, deal->plan->n_slots);
	for (uint32_t s = 0; s < deal->plan->n_slots; s++)
		ret->n_moved += ret->slots[s] != deal->now[s];
	ret->changed = ret->n_moved > 0;
}

uint8_t te_deal_path(const struct place_pair *pair, const struct place_path *path)
{
	for (uint32_t k = 0; k < pair->n_active && k < PLACE_MAX_SLOTS; k++)
		if (pair->paths[k].n_arcs == path->n_arcs
		    && !memcmp(pair->paths[k].arcs, path->arcs, path->n_arcs * sizeof *path->arcs))
			return (uint8_t) k;
	return TE_DEAL_GONE;
}
