/* SPDX-License-Identifier: Apache-2.0 */
/* A plan from start to end: search, narrow, round, improve, compare, standbys. */
#include "topo/place.h"

#include <math.h>

#include "topo/arena.h"
#include "topo/place_state.h"

#define AS_GOOD_AS 1e-9
#define TOO_COARSE 1.02                 /* what slots and few paths may cost */

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
enum origin { SEARCH, STAY, EQUAL_SPLIT };

static bool start(struct place_state *s, enum origin origin)
{
	bool by_cost = origin == STAY || s->job->options.sparing;

	place_find_ways(s, s->g->cost, true);
	if (origin == EQUAL_SPLIT && !place_find_equal_ways(s))
		return false;
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

/* Equal split can be better only where few slots or paths are too coarse: a
 * single pair over three equal links, or over twenty. Numbers of slots that many
 * numbers of paths divide; what the search finds for them, and equal split itself. */
static void widen_all(struct choice *best, const struct place_job *job, const struct place_graph *g, double u_ecmp)
{
	static const uint32_t slots[] = {64, 60, 63, 55, 52};
	double enough = fmax(u_ecmp * (1 + AS_GOOD_AS), job->options.content ? job->options.goal : 0);

	for (size_t i = 0; i < (has_fences(best->s) ? 1 : sizeof slots / sizeof *slots) && best->p->u > enough; i++) {
		struct place_options options = job->options;
		if (best->s->stopped)
			return;
		options.elephant = 0;
		options.elephant_slots = slots[i];
		options.elephant_paths = slots[i];
		options.tolerance = fmin(options.tolerance, 1e-3);
		try_wider(best, job, g, options, SEARCH);
		if (best->p->u > enough)
			try_wider(best, job, g, options, EQUAL_SPLIT);
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
		widen_all(&best, job, g, u_ecmp);
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
