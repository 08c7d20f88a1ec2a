/* SPDX-License-Identifier: Apache-2.0 */
/* Guarantees in time: the room that each has now, and what would be left of it without one of the
 * links. Each look says the first; the second is found out beside the loop whenever other links can be used. */
#include "controller/core_te_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_words.h"

enum {
	CALM_LOOKS = 3,                 /* with room again, one after the other, until that is said */
	WORK = 5000000,                 /* arcs looked at for all cuts together */
};
#define WHOLE 0.999                     /* of what is guaranteed */

/* --- the room of now --------------------------------------------------------------------- */

static void say(struct core *core, size_t i, bool is_short)
{
	const struct net *net = core->net;
	const struct net_te_reserve *reserve = &net->te.reserves[i];
	const struct te_promise *promise = &core->te->promises[i];
	const char *from = net->switches[reserve->from].name, *to = net->switches[reserve->to].name;
	char rate[24], room[24];
	if (is_short)
		events_note(core->events, core->wall_ms, EVENT_WARNING, "te", "", "guarantee %s->%s of %s is short: there is room for %s on its "
			    "paths", from, to, te_rate(reserve->mbps, rate), te_rate(promise->room, room));
	else
		events_note(core->events, core->wall_ms, EVENT_INFO, "te", "", "guarantee %s->%s of %s has its room again", from, to,
			    te_rate(reserve->mbps, rate));
}

static void judge(struct core *core, size_t i)
{
	struct te_promise *promise = &core->te->promises[i];
	bool is_short = promise->room >= 0 && promise->room < WHOLE * core->net->te.reserves[i].mbps;
	promise->n_calm = is_short ? 0 : promise->n_calm + 1;
	if (is_short == promise->is_short || (!is_short && promise->n_calm < CALM_LOOKS))
		return;
	promise->is_short = is_short;
	say(core, i, is_short);
}

/* A pair whose switches stand in no network together is none that is placed; one that nothing joins has no room. */
static double room_of(const struct core *core, const struct te_plan *plan, const struct placement *p, const double *loads,
		      double *share, size_t i)
{
	const struct net_te_reserve *reserve = &core->net->te.reserves[i];
	const struct place_pair *pair = place_find(p, reserve->from, reserve->to);
	if (pair)
		return te_room(plan, loads, pair, share);
	return core->te->promises[i].cut_is_known && core->te->promises[i].cut.now <= 0 ? 0 : -1;
}

void te_promises_look(struct core *core, const struct te_plan *plan)
{
	struct core_te *te = core->te;
	size_t n = core->net->te.n_reserves;
	if (!n)
		return;
	struct arena *arena = arena_new();
	struct te_seen seen = core_te_seen(core, arena);
	struct placement *p = te_copy(te->running);
	double *loads = arena_new_array(arena, double, plan->n_arcs), *share = arena_new_array(arena, double, plan->n_arcs);
	if (!te->promises)
		te->promises = xheap_alloc(n * sizeof *te->promises);
	te_set_demands(p, &seen);
	te_loads(plan, p, loads);
	for (size_t i = 0; i < n; i++) {
		te->promises[i].room = room_of(core, plan, p, loads, share, i);
		judge(core, i);
	}
	place_free(p);
	arena_free(arena);
}

/* --- without one of the links ------------------------------------------------------------ */

struct te_cutting {
	struct core *core;
	uint64_t generation;
	struct arena *arena;            /* owns what follows */
	const struct net *net;          /* a copy of as much as it takes */
	bool *is_up;
	double (*mbps)[2];
	struct te_cut *cuts;
	size_t n_left;
};

static void run(void *ctx)
{
	struct te_cutting *t = ctx;
	t->n_left = te_cuts(t->net, t->is_up, (const double (*)[2]) t->mbps, WORK, t->cuts);
}

static void done(void *ctx)
{
	struct te_cutting *t = ctx;
	struct core_te *te = t->core->te;
	te->cutting = NULL;
	for (size_t i = 0; t->generation == te->generation && te->promises && i < t->net->te.n_reserves; i++) {
		te->promises[i].cut = t->cuts[i];
		te->promises[i].cut_is_known = true;
	}
	if (t->generation == te->generation)
		te->n_cuts_left = t->n_left;
	arena_free(t->arena);
}

/* Of what can be used now. */
static uint64_t describe(const struct core *core, struct te_cutting *t)
{
	size_t n = core->te->n_edges;
	t->is_up = arena_new_array(t->arena, bool, n);
	t->mbps = arena_alloc(t->arena, n * sizeof *t->mbps + 1);
	for (uint32_t e = 0; e < n; e++) {
		const struct te_edge *edge = &core->te->edges[e];
		t->is_up[e] = edge->is_up && !edge->is_held;
		t->mbps[e][0] = t->mbps[e][1] = te_capacity(core->view, e);
	}
	return net_hash(t->is_up, n * sizeof *t->is_up) ^ net_hash(t->mbps, n * sizeof *t->mbps);
}

void te_cuts_begin(struct core *core)
{
	struct core_te *te = core->te;
	if (!te->promises || te->cutting)
		return;
	struct arena *arena = arena_new();
	struct te_cutting *t = arena_alloc(arena, sizeof *t);
	t->core = core;
	t->generation = te->generation;
	t->arena = arena;
	uint64_t hash = describe(core, t);
	if (hash == te->cut_of) {
		arena_free(arena);
		return;
	}
	te->cut_of = hash;
	t->net = te_cut_net(arena, core->net);
	t->cuts = arena_new_array(arena, struct te_cut, t->net->te.n_reserves);
	te->cutting = t;
	if (core->work) {
		core->work(core->ctx, run, done, t);
	} else {
		run(t);
		done(t);
	}
}
