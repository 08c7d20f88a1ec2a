/* SPDX-License-Identifier: Apache-2.0 */
/* What the search for a placement works on: per pair the ways found so far and
 * what each carries; per arc its load and its price. Private to place. */
#ifndef TOPO_PLACE_STATE_H
#define TOPO_PLACE_STATE_H

#include "topo/place_graph.h"

enum { PLACE_MAX_WAYS = PLACE_MAX_SLOTS };

struct place_way {
	uint32_t at, n;                 /* its arcs: state.pool + at */
	double x;                       /* Mbit/s it carries */
	uint32_t units;                 /* slots it has, once rounded */
	uint32_t was;                   /* slots it has in the running placement, in units of this flow */
};

struct place_flow {
	uint32_t src, dst;
	double mbps;
	struct place_way *ways;         /* PLACE_MAX_WAYS at most; none: cannot be reached */
	uint32_t n_ways, max_ways;
	uint32_t n_spare;               /* ways behind the others that are not in use for now */
	uint32_t max_paths, n_units;    /* how far it may be split, once rounded */
	const struct place_pair *running;       /* or null */
	struct place_fence *fence;      /* what its ways have to suit; null: anything */
	bool rules_broken;              /* no way suits, so there is no fence */
};

struct place_state {
	const struct place_job *job;    /* borrowed */
	struct arena *arena;            /* borrowed; scratch */
	const struct place_graph *g;
	struct place_tree *tree;
	struct place_flow *flows;       /* sorted by src, dst; each pair once */
	size_t n_flows;
	uint32_t *pool;                 /* owned: arcs of all ways */
	size_t n_pool, max_pool;
	double *load;                   /* per arc, Mbit/s */
	double *price;                  /* per arc: exp(alpha (utilisation - level)) / capacity */
	double alpha, level;
	double hot;                     /* only what stands on an arc above this moves; 0 = all */
	uint32_t *mark, stamp;          /* per arc: equal to stamp = on the way being compared */
	uint32_t *arcs;                 /* a path being made */
	double proved, bound;           /* by the last prices; by the best so far */
	uint32_t n_rounds;
	uint64_t work;
	bool stopped;
};

/* Takes over the ways of the running placement where all links are up. Flows
 * without a way have none yet. Release with place_state_free(). */
struct place_state *place_state_new(struct arena *, const struct place_job *, const struct place_graph *);
void place_state_free(struct place_state *);

static inline const uint32_t *place_arcs(const struct place_state *s, const struct place_way *way)
{
	return s->pool + way->at;
}

/* The flow's way over these arcs, made with nothing on it when it is new. When
 * there are too many ways, the one that carries least goes and hands on its load. */
struct place_way *place_way_add(struct place_state *, struct place_flow *, const uint32_t *arcs, uint32_t n);
/* Gives every flow without a way the shortest one over these lengths; `idle`:
 * flows without a demand, else those that have one. */
void place_find_ways(struct place_state *, const double *length, bool idle);

/* Gives every flow the ways of equal split over shortest paths, by cost or by hops, instead of
 * those it has. False when a flow would need too many. */
bool place_find_equal_ways(struct place_state *, bool by_hops);

/* place_rule.c: which flows have rules; then, with running ways taken over, the ways
 * of those that have. */
void place_fences(struct place_state *);
void place_list_ways(struct place_state *);
/* Gives every flow without rules its n cheapest ways, and each the same. */
void place_find_cheapest_ways(struct place_state *, uint32_t n);
bool place_suits(const struct place_state *, const struct place_flow *, const uint32_t *arcs, uint32_t n);
/* Its ways are a list made at the start; and there are no other suitable ones. */
bool place_is_listed(const struct place_flow *);
bool place_is_complete(const struct place_flow *);

/* Loads from what the ways carry. */
void place_reload(struct place_state *);
double place_utilisation(const struct place_state *);
/* Prices such that an arc at utilisation u costs 1/capacity and the price falls
 * by a factor of e for each u/sharpness below. */
void place_set_prices(struct place_state *, double u, double sharpness);
void place_set_price(struct place_state *, uint32_t arc);
/* The highest utilisation on the way. */
double place_way_heat(const struct place_state *, const struct place_way *);
/* Puts mbps more (or less) on the way's arcs, and prices them anew. */
void place_way_put(struct place_state *, struct place_way *, double mbps);

/* Flows by falling demand. */
const uint32_t *place_by_size(struct place_state *);

/* Counts arcs looked at; true when it is time to stop. */
bool place_spent(struct place_state *, uint64_t arcs);

/* place_solve.c: rounds of prices, new ways and shifting, until the gap between
 * utilisation and bound is small enough. */
void place_solve(struct place_state *);
/* Raises state.bound to what the present prices prove; with `add`, flows get the
 * ways that are cheaper than theirs. */
void place_raise_bound(struct place_state *, bool add);
/* Sweeps over the ways there are. */
void place_settle(struct place_state *, uint32_t n_sweeps);

/* place_narrow.c: at most max_paths ways for each flow, then sweeps over them. */
void place_narrow(struct place_state *);
/* place_round.c: whole slots. From then on, x is units * mbps / n_units. */
void place_round(struct place_state *);
/* The slots that run; for what does not run, all on one way. */
void place_round_as_it_runs(struct place_state *);
/* place_improve.c: moves single slots while that lowers the highest utilisation. */
void place_improve(struct place_state *);
/* Moves slots back to where they run while no arc gets above `limit`. */
void place_give_back(struct place_state *, double limit);
/* place_result.c: the answer as the caller sees it, in an arena of its own. */
struct placement *place_result(const struct place_state *);
/* place_standby.c: paths for when one fails. */
void place_add_standbys(struct place_state *, struct placement *);

#endif
