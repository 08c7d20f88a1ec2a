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

static void start(struct place_state *s, bool stay)
{
	place_find_ways(s, s->g->cost, true);
	place_find_ways(s, stay || s->job->options.sparing ? s->g->cost : s->g->inverse, false);
	place_reload(s);
}

static double ecmp(struct place_state *s)
{
	struct place_demand *demands = arena_new_array(s->arena, struct place_demand, s->n_flows);

	for (size_t i = 0; i < s->n_flows; i++)
		demands[i] = (struct place_demand) { s->flows[i].src, s->flows[i].dst, s->flows[i].mbps };
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

/* One way through the whole plan; standbys come last, when it is chosen. */
static struct placement *attempt(const struct place_job *job, const struct place_graph *g, bool stay,
				 struct place_state **ret_state)
{
	struct place_state *s = place_state_new(arena_new(), job, g);

	start(s, stay);
	double u_running = job->running ? place_utilisation(s) : 0, u_unrounded = u_running;
	if (stay) {
		place_round_as_it_runs(s);
		quick_bound(s);
	} else {
		place_solve(s);
		place_reload(s);
		u_unrounded = place_utilisation(s);
		if (!job->options.unrounded)
			install(s);
	}
	struct placement *p = place_result(s);
	p->u_running = u_running;
	p->u_unrounded = u_unrounded;
	*ret_state = s;
	return p;
}

static void forget(struct placement *p, struct place_state *s)
{
	struct arena *arena = s->arena;

	place_free(p);
	place_state_free(s);
	arena_free(arena);
}

/* What a plan is made of while it is chosen. */
struct choice { struct placement *p; struct place_state *s; };

static void finish(struct choice *c)
{
	const struct place_options *o = &c->s->job->options;

	if (!o->unrounded && !o->without_standbys)
		place_add_standbys(c->s, c->p);
	forget(NULL, c->s);
}

static bool runs_whole(const struct place_state *s)
{
	for (size_t i = 0; i < s->n_flows; i++)
		if (s->flows[i].n_ways && (!s->flows[i].running || s->flows[i].torn))
			return false;
	return true;
}

static void prefer(struct choice *best, struct choice other)
{
	if (other.p->u < best->p->u * (1 - AS_GOOD_AS)) {
		struct choice worse = *best;
		other.p->bound = fmax(other.p->bound, worse.p->bound);
		*best = other;
		other = worse;
	}
	best->p->bound = fmax(best->p->bound, other.p->bound);
	forget(other.p, other.s);
}

static void try_wider(struct choice *best, const struct place_job *job, const struct place_graph *g,
		      struct place_options options)
{
	struct place_job wide = *job;
	struct choice other;

	wide.options = options;
	other.p = attempt(&wide, g, false, &other.s);
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
	try_wider(best, job, g, options);
}

/* Equal split can be better only where few slots or paths are too coarse: a
 * single pair over three equal links, or over twenty. Numbers of slots that many
 * numbers of paths divide. */
static void widen_all(struct choice *best, const struct place_job *job, const struct place_graph *g, double u_ecmp)
{
	static const uint32_t slots[] = {64, 60, 63, 55, 52};

	for (size_t i = 0; i < sizeof slots / sizeof *slots && best->p->u > u_ecmp * (1 + AS_GOOD_AS); i++) {
		struct place_options options = job->options;
		if (best->s->stopped)
			return;
		options.elephant = 0;
		options.elephant_slots = slots[i];
		options.elephant_paths = slots[i];
		options.tolerance = fmin(options.tolerance, 1e-3);
		try_wider(best, job, g, options);
	}
}

struct placement *place_plan(const struct place_job *job)
{
	struct arena *arena = arena_new();
	const struct place_graph *g = place_graph_new(arena, job);
	struct choice best;

	best.p = attempt(job, g, false, &best.s);
	double u_ecmp = ecmp(best.s), u_running = best.p->u_running, u_unrounded = best.p->u_unrounded;
	if (!job->options.unrounded) {
		widen_elephants(&best, job, g, u_unrounded);
		widen_all(&best, job, g, u_ecmp);
		/* What runs is as good: leave it. */
		if (job->running && runs_whole(best.s) && u_running <= best.p->u * (1 + AS_GOOD_AS)) {
			struct choice old;
			old.p = attempt(job, g, true, &old.s);
			old.p->bound = best.p->bound;
			forget(best.p, best.s);
			best = old;
		}
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
	struct choice only;

	only.p = attempt(job, g, true, &only.s);
	finish(&only);
	arena_free(arena);
	return only.p;
}
