/* SPDX-License-Identifier: Apache-2.0 */
/* A plan from start to end: search, narrow, round, improve, compare, standbys. */
#include "topo/place.h"

#include <math.h>

#include "topo/arena.h"
#include "topo/place_state.h"

#define AS_GOOD_AS 1e-9
#define TOO_COARSE 1.02                 /* what slots and few paths may cost */
#define COARSE 1.0001                   /* what they may cost a few pairs, for which other numbers are tried fast */
enum { FEW_PAIRS = 64 };

struct place_options place_defaults(void)
{
	return (struct place_options) {
		.max_paths = 4,
		.max_slots = 16,
		.elephant_paths = 8,
		.elephant_slots = 64,
		.elephant = 0.1,
		.tolerance = 0.003,
	};
}

/* Where a plan comes from. */
enum origin { SEARCH, STAY, EQUAL_SPLIT, EQUAL_HOPS, CHEAPEST };

static bool start(struct place_state *s, enum origin origin)
{
	bool by_cost = origin == STAY || s->job->options.sparing;

	place_find_ways(s, s->g->cost, true);
	if ((origin == EQUAL_SPLIT || origin == EQUAL_HOPS) && !place_find_equal_ways(s, origin == EQUAL_HOPS))
		return false;
	if (origin == CHEAPEST)
		place_find_cheapest_ways(s, s->job->options.max_paths);
	place_find_ways(s, by_cost ? s->g->cost : s->g->inverse, false);
	place_reload(s);
	return true;
}

static double ecmp(struct place_state *s)
{
	struct place_demand *demands = arena_new_array(s->arena, struct place_demand, s->n_flows);

	for (size_t i = 0; i < s->n_flows; i++)
		demands[i] = (struct place_demand) { .src = s->flows[i].src, .dst = s->flows[i].dst, .mbps = s->flows[i].mbps };
	return place_ecmp(s->arena, s->g, demands, s->n_flows);
}

/* Two looks at the prices, without a search. */
static void quick_bound(struct place_state *s)
{
	double u = place_utilisation(s);

	for (int i = 0; i < 2 && u > 0; i++) {
		place_set_prices(s, u, i ? 200 : 30);
		place_raise_bound(s, false);
	}
}

/* Whole slots for what the search found. */
static void install(struct place_state *s)
{
	const struct place_options *o = &s->job->options;

	place_narrow(s);
	place_round(s);
	place_improve(s);
	if (s->job->running)
		place_give_back(s, fmax(place_utilisation(s),
					fmax(o->goal, o->sparing ? s->bound * (1 + o->tolerance) : 0)));
	place_reload(s);
}

/* What a plan is made of while it is chosen; p is null when there is none. */
struct choice { struct placement *p; struct place_state *s; };

/* One way through the whole plan; standbys come last, when it is chosen. */
static struct choice attempt(const struct place_job *job, const struct place_graph *g, enum origin origin)
{
	struct choice c = { .s = place_state_new(arena_new(), job, g) };
	struct place_state *s = c.s;

	if (!start(s, origin))
		return c;
	double u_running = job->running ? place_utilisation(s) : 0;
	if (origin == STAY)
		quick_bound(s);
	else if (origin == SEARCH)
		place_solve(s);
	place_reload(s);
	double u_unrounded = place_utilisation(s);
	if (origin == STAY)
		place_round_as_it_runs(s);
	else if (!job->options.unrounded)
		install(s);
	c.p = place_result(s);
	c.p->u_running = u_running;
	c.p->u_unrounded = u_unrounded;
	return c;
}

static void forget(struct placement *p, struct place_state *s)
{
	struct arena *arena = s->arena;

	place_free(p);
	place_state_free(s);
	arena_free(arena);
}

static void finish(struct choice *c)
{
	const struct place_options *o = &c->s->job->options;

	if (!o->unrounded && !o->without_standbys)
		place_add_standbys(c->s, c->p);
	forget(NULL, c->s);
}

static void prefer(struct choice *best, struct choice other)
{
	if (other.p && other.p->u < best->p->u * (1 - AS_GOOD_AS)) {
		struct choice worse = *best;
		other.p->bound = fmax(other.p->bound, worse.p->bound);
		*best = other;
		other = worse;
	}
	if (other.p)
		best->p->bound = fmax(best->p->bound, other.p->bound);
	forget(other.p, other.s);
}

static void try_wider(struct choice *best, const struct place_job *job, const struct place_graph *g,
		      struct place_options options, enum origin origin)
{
	struct place_job wide = *job;

	wide.options = options;
	struct choice other = attempt(&wide, g, origin);
	other.s->job = job;
	prefer(best, other);
}

/* A few pairs as big as the cuts of the network want more paths than that. */
static void widen_elephants(struct choice *best, const struct place_job *job, const struct place_graph *g,
			    double u_unrounded)
{
	struct place_options options = job->options;

	if (best->s->stopped || best->p->u <= fmax(u_unrounded * TOO_COARSE, job->options.goal))
		return;
	options.elephant_paths *= 2;
	try_wider(best, job, g, options, SEARCH);
}

/* Then equal split over all paths is no measure. */
static bool has_fences(const struct place_state *s)
{
	for (size_t i = 0; i < s->n_flows && s->job->n_rules; i++)
		if (s->flows[i].fence)
			return true;
	return false;
}

static bool is_for_few(const struct place_state *s)
{
	return s->n_flows <= FEW_PAIRS && !s->job->options.sparing && !s->job->options.content;
}

/* What equal split over shortest paths gives is reached; for a few pairs, all that is tried fast. */
static double enough_of(const struct choice *best, double u_ecmp)
{
	const struct place_options *o = &best->s->job->options;

	if (is_for_few(best->s))
		return fmin(u_ecmp, best->p->bound * COARSE);
	return fmax(u_ecmp * (1 + AS_GOOD_AS), o->content ? o->goal : 0);
}

/* Equal split can be better only where few slots or paths are too coarse: a
 * single pair over three equal links, or over twenty. Numbers of slots that many
 * numbers of paths divide; what the search finds for them, and equal split itself: over
 * shortest paths, and for a few pairs also by hops, and over as many of the cheapest. */
static void widen_all(struct choice *best, const struct place_job *job, const struct place_graph *g, double enough)
{
	static const struct { uint32_t slots; enum origin origin; bool for_few; } tries[] = {
		{ 64, SEARCH, false }, { 64, EQUAL_SPLIT, false }, { 60, SEARCH, false }, { 60, EQUAL_SPLIT, false },
		{ 60, EQUAL_HOPS, true }, { 60, CHEAPEST, true }, { 63, SEARCH, false }, { 63, EQUAL_SPLIT, false },
		{ 55, SEARCH, false }, { 55, EQUAL_SPLIT, false }, { 52, SEARCH, false }, { 52, EQUAL_SPLIT, false },
	};
	bool few = is_for_few(best->s);

	for (size_t i = 0; i < (has_fences(best->s) ? 2 : sizeof tries / sizeof *tries) && best->p->u > enough; i++) {
		struct place_options options = job->options;
		if (best->s->stopped)
			return;
		if (tries[i].for_few && !few)
			continue;
		options.elephant = 0;
		options.elephant_slots = tries[i].slots;
		options.elephant_paths = tries[i].slots;
		options.tolerance = fmin(options.tolerance, 1e-3);
		try_wider(best, job, g, options, tries[i].origin);
	}
}

/* What runs is as good, it seems: if so, nothing moves. */
static void leave_alone(struct choice *best, const struct place_job *job, const struct place_graph *g)
{
	struct choice old = attempt(job, g, STAY);

	if (old.p->u > best->p->u * (1 + AS_GOOD_AS)) {
		forget(old.p, old.s);
		return;
	}
	old.p->bound = fmax(old.p->bound, best->p->bound);
	forget(best->p, best->s);
	*best = old;
}

struct placement *place_plan(const struct place_job *job)
{
	struct arena *arena = arena_new();
	const struct place_graph *g = place_graph_new(arena, job);
	struct choice best = attempt(job, g, SEARCH);
	double u_ecmp = ecmp(best.s), u_running = best.p->u_running, u_unrounded = best.p->u_unrounded;
	if (!job->options.unrounded) {
		widen_elephants(&best, job, g, u_unrounded);
		widen_all(&best, job, g, enough_of(&best, u_ecmp));
		if (job->running && u_running <= best.p->u * (1 + AS_GOOD_AS))
			leave_alone(&best, job, g);
	}
	best.p->u_ecmp = u_ecmp;
	best.p->u_running = u_running;
	best.p->u_unrounded = u_unrounded;
	finish(&best);
	arena_free(arena);
	return best.p;
}

struct placement *place_stay(const struct place_job *job)
{
	struct arena *arena = arena_new();
	const struct place_graph *g = place_graph_new(arena, job);
	struct choice only = attempt(job, g, STAY);

	finish(&only);
	arena_free(arena);
	return only.p;
}
