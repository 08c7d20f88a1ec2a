/* SPDX-License-Identifier: Apache-2.0 */
/* A plan from start to end: search, narrow, round, improve, compare, standbys. */
#include "topo/place.h"

#include <math.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/place_state.h"

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

static void start(struct place_state *s)
{
	place_find_ways(s, s->g->cost, true);
	place_find_ways(s, s->job->options.sparing ? s->g->cost : s->g->inverse, false);
	place_reload(s);
}

static double ecmp(struct place_state *s)
{
	struct place_demand *demands = arena_new_array(s->arena, struct place_demand, s->n_flows);

	for (size_t i = 0; i < s->n_flows; i++)
		demands[i] = (struct place_demand) { s->flows[i].src, s->flows[i].dst, s->flows[i].mbps };
	return place_ecmp(s->arena, s->g, demands, s->n_flows);
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

struct placement *place_plan(const struct place_job *job)
{
	struct arena *arena = arena_new();
	const struct place_graph *g = place_graph_new(arena, job);
	struct place_state *s = place_state_new(arena, job, g);

	start(s);
	double u_running = job->running ? place_utilisation(s) : 0;
	place_solve(s);
	place_reload(s);
	double u_unrounded = place_utilisation(s);
	if (!job->options.unrounded)
		install(s);
	struct placement *p = place_result(s);
	p->u_running = u_running;
	p->u_unrounded = u_unrounded;
	p->u_ecmp = ecmp(s);
	if (!job->options.unrounded && !job->options.without_standbys)
		place_add_standbys(s, p);
	place_state_free(s);
	arena_free(arena);
	return p;
}
