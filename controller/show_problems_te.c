/* SPDX-License-Identifier: Apache-2.0 */
/* What traffic engineering cannot cure, or does not. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "controller/show_te.h"
#include "topo/arena.h"
#include "topo/te_words.h"

enum { MAX_LINKS = 20 };

struct report { show_problem_cb *add; void *ctx; const struct core *core; };

/* Above the goal, with all that could be done having been done. */
static void look_at_full(const struct report *r, const struct te_plan *plan, const double *loads)
{
	const struct core_te *te = r->core->te;
	double above = r->core->net->te.above;
	bool can_help = !te->look.is_known || te->advised || !strcmp(te->look.verdict, "moved") || !strcmp(te->look.verdict, "held");
	const char *order = r->core->net->te.goal == NET_TE_SHORTEST ? "goal: shortest"
		: r->core->net->te.mode == NET_TE_FREEZE ? "mode: freeze" : NULL;
	size_t n = 0;
	char name[200], text[400], why[200];
	if (order)
		snprintf(why, sizeof why, "nothing is moved off it (`%s`)", order);
	else
		snprintf(why, sizeof why, "other paths would not help (%s)", te->look.why);
	for (uint32_t arc = 0; !can_help && arc < plan->n_arcs && n < MAX_LINKS; arc++) {
		double u = (loads[arc] + plan->background[arc]) / plan->mbps[arc];
		if (u <= above || !te_arc_is_up(plan, arc))
			continue;
		n++;
		snprintf(text, sizeof text, "link %s is %ld %% full, above the goal of %ld %%, and %s",
			 te_arc_name(r->core->net, arc, name, sizeof name), lround(100 * u), lround(100 * above), why);
		r->add(r->ctx, true, "te-link-full", text, order ? "take that word out of `te`, and weft looks for other paths; weft show te "
		       "says of whom it is" : "more capacity or less traffic; weft show te says of whom it is");
	}
}

static void look_at_held(const struct report *r)
{
	const struct core_te *te = r->core->te;
	size_t n = 0;
	char text[400];
	for (uint32_t e = 0; e < te->n_edges && n < MAX_LINKS; e++) {
		const struct te_edge *edge = &te->edges[e];
		if (!edge->is_held || edge->held_until_ms <= r->core->now_ms)
			continue;
		n++;
		snprintf(text, sizeof text, "link %s came back and is held for %u s more: it went %u time%s of late",
			 r->core->net->edges[e].name, (unsigned) ((edge->held_until_ms - r->core->now_ms) / 1000), edge->n_flaps,
			 edge->n_flaps == 1 ? "" : "s");
		r->add(r->ctx, edge->n_flaps > 1, "te-link-held", text,
		       "until then it carries only what has no other way; `hold_up` of `te` says how long");
	}
}

static void look_at_rest(const struct report *r)
{
	const struct core_te *te = r->core->te;
	const struct steer *steer = view_steer(r->core->view);
	size_t n_broken = 0;
	char text[600];
	if (steer && steer->n_unlabelled) {
		snprintf(text, sizeof text, "%zu pairs or detours found no free label and go the plain way", steer->n_unlabelled);
		r->add(r->ctx, true, "te-labels", text, "a wider range of `labels` in `te`, or fewer networks with a link_vlan of their "
		       "own in it");
	}
	for (size_t i = 0; te->running && i < te->running->n_pairs; i++)
		n_broken += te->running->pairs[i].rules_broken;
	for (size_t i = 0; te->owns && i < te->owns->n; i++)
		n_broken += !te->owns->items[i].n_arcs;
	if (n_broken) {
		snprintf(text, sizeof text, "no path that is up suits `pin`, `avoid` or `max_delay` for %zu pairs, or networks of pairs; they go as "
			 "if they had none", n_broken);
		r->add(r->ctx, true, "te-rules", text, "weft show te --json has rules_broken for each of them");
	}
	if (te->advised && te->advice[0]) {
		snprintf(text, sizeof text, "advice: %s", te->advice);
		r->add(r->ctx, false, "te-advice", text, "`mode: apply` in `te` has it done");
	}
	if (te->save_failed)
		r->add(r->ctx, true, "te-state", "the paths cannot be written to the state folder: a restart will compute them anew",
		       "may weftd write there, and is the disk full?");
}

void show_te_problems(const struct api_world *world, show_problem_cb *add, void *ctx)
{
	const struct core *core = world->core;
	struct report r = { add, ctx, core };
	if (!core->te->n_edges)
		return;
	if (core->te->running) {
		struct arena *arena = arena_new();
		struct te_seen seen = core_te_seen(core, arena);
		struct te_plan *plan = te_plan_new(core->view, &seen);
		struct placement *p = te_copy(core->te->running);
		double *loads = arena_new_array(arena, double, plan->n_arcs);
		te_set_demands(p, &seen);
		te_loads(plan, p, loads);
		look_at_full(&r, plan, loads);
		place_free(p);
		te_plan_free(plan);
		arena_free(arena);
	}
	show_promise_problems(core, add, ctx);
	look_at_held(&r);
	look_at_rest(&r);
}
