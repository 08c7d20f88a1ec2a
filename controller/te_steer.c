/* SPDX-License-Identifier: Apache-2.0 */
/* From a placement to what is in force at each step of core_steer.c. With hundreds of
 * switches that takes a second, so a worker does it, with what it needs copied or shared.
 *
 * When an edge died meanwhile, the result is not worth a change, and it is planned anew; but not for ever,
 * if edges keep dying. Another file makes it void. */
#include "controller/core_te_private.h"

#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_plan.h"

enum { MAX_DROPS = 3 };

struct te_steering {
	struct core *core;
	uint64_t generation;
	struct net *net;                /* shared */
	struct steer_seen *seen;        /* owned */
	struct placement *placement;    /* owned */
	struct te_owns *owns;           /* owned; null = none */
	struct steer *now;              /* shared; null = nothing is in force */
	/* What comes of it. */
	struct te_step steps[TE_STEPS]; /* owned */
	bool is_same;                   /* as what is in force */
};

/* --- in the worker ------------------------------------------------------------------------ */

/* From that step to this one: which switches does it not concern? Null: it concerns all. */
static bool *find_same(const struct net *net, const struct steer *before, const struct steer *after)
{
	if (!before)
		return NULL;
	bool *same = xheap_alloc((net->n_switches + 1) * sizeof *same);
	for (uint32_t i = 0; i < net->n_switches; i++) {
		size_t n_pairs, n_transits;
		free(steer_pairs_changed(before, after, i, &n_pairs));
		free(steer_transits_changed(before, after, i, &n_transits));
		same[i] = !n_pairs && !n_transits;
	}
	return same;
}

static void run(void *ctx)
{
	struct te_steering *t = ctx;
	struct steer *next = steer_compute_seen(t->seen, t->placement, t->owns, t->now);
	struct steer *labels = steer_join(t->now, next), *paths = steer_join(next, labels);
	t->is_same = t->now && steer_equal(t->now, next);
	t->steps[TE_STEP_LABELS] = (struct te_step) { labels, find_same(t->net, t->now, labels) };
	t->steps[TE_STEP_PATHS] = (struct te_step) { paths, find_same(t->net, labels, paths) };
	t->steps[TE_STEP_REST] = (struct te_step) { next, find_same(t->net, paths, next) };
}

/* --- in the loop --------------------------------------------------------------------------- */

static void forget(struct te_step steps[TE_STEPS])
{
	for (int i = 0; i < TE_STEPS; i++) {
		steer_free(steps[i].steer);
		free(steps[i].same);
		steps[i] = (struct te_step) { .steer = NULL };
	}
}

void te_steps_forget(struct core_te *te) { forget(te->steps); }

static bool has_lost_an_edge(const struct te_steering *t)
{
	for (uint32_t e = 0; e < t->net->n_edges; e++)
		if (t->seen->is_up[e] && !view_edge_is_up(t->core->view, e))
			return true;
	return false;
}

static void take(struct core *core, struct te_steering *t)
{
	struct core_te *te = core->te;
	if (has_lost_an_edge(t) && te->n_drops < MAX_DROPS) {
		te->n_drops++;
		te->steer_due = te->plan_due = true;
		return;
	}
	te->n_drops = 0;
	if (te->phase == TE_REST && t->is_same) {
		te_steps_stay(core);
		return;
	}
	if (!t->now && core_te_must_wait(core)) {
		/* The rows on the switches are those of a plan like this one, or of one that nobody knows. */
		te_steps_skip(core, &t->steps[TE_STEP_REST]);
		return;
	}
	te_steps_take(core, t->steps);
	memset(t->steps, 0, sizeof t->steps);
}

static void done(void *ctx)
{
	struct te_steering *t = ctx;
	struct core *core = t->core;
	if (t->generation == core->te->generation) {
		core->te->steering = NULL;
		take(core, t);
	}
	forget(t->steps);
	steer_seen_free(t->seen);
	steer_free(t->now);
	place_free(t->placement);
	te_owns_free(t->owns);
	net_free(t->net);
	free(t);
	if (core->kick)
		core->kick(core->ctx);
}

void core_steer_begin(struct core *core)
{
	struct core_te *te = core->te;
	const struct steer *now = view_steer(core->view);
	struct te_steering *t = xheap_alloc(sizeof *t);
	*t = (struct te_steering) {
		.core = core, .generation = te->generation, .net = net_share(core->net), .seen = steer_seen_new(core->view),
		.placement = te_copy(te_in_force(te)), .owns = te->owns ? te_owns_copy(te->owns) : NULL, .now = now ? steer_share(now) : NULL,
	};
	te->steer_due = false;
	te->steering = t;
	if (core->work)
		core->work(core->ctx, run, done, t);
	else {
		run(t);
		done(t);
	}
}
