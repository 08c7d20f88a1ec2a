/* SPDX-License-Identifier: Apache-2.0 */
/* One look of traffic engineering: the job is made in the loop, the keeper decides in
 * a worker, and the loop takes what came of it. */
#include "controller/core_te_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_what.h"
#include "topo/te_words.h"

#define IDLE_MBPS 0.001                 /* less in all is nothing */
#define BUSY 0.5                        /* of the goal: above, the bound is worth its price */

struct te_task {
	struct core *core;
	uint64_t generation, now_ms;
	struct net *net;                /* shared: rules of the job say its switches */
	struct te_plan *job;             /* owned */
	struct place_keeper *keeper;    /* owned meanwhile; null with goal shortest */
	struct placement *running;      /* owned: a copy; null = nothing yet */
	enum net_te_goal goal;
	enum net_te_mode mode;
	double above;
	bool may_go_home, goes_home;    /* an edge came back; and so pairs go by shortest paths again */
	/* What comes of it. */
	struct placement *next;         /* complete; owned */
	struct placement *advised;      /* likewise, or null */
	struct place_decision decision;
	double bound, u;
	double *nics;                   /* loads of NICs; owned */
};

static struct place_keeper *new_keeper(const struct net_te *te)
{
	struct place_policy policy = place_policy_defaults();
	policy.goal = te_place_u(te->above);
	policy.aim = te->below / te->above;
	policy.panic = te_place_u(policy.panic);
	/* The hold and the window are meant in looks. */
	policy.hold_ms = 3000ull * te->interval_s;
	policy.window_ms = 6000ull * te->interval_s;
	return place_keeper_new(&policy);
}

/* --- in the worker ------------------------------------------------------------------------ */

static struct placement *stay(struct te_task *t)
{
	struct place_job job = t->job->job;
	struct placement *running = t->goal == NET_TE_SHORTEST || !t->running ? NULL : te_map_in(t->job->map, t->running);
	job.running = running;
	struct placement *p = place_stay(&job);
	place_free(running);
	return p;
}

/* The keeper says what it would do; what runs stays, where it can. */
static void advise(struct te_task *t)
{
	struct placement *mine = stay(t);
	t->decision = place_keeper_step(t->keeper, &t->job->job, t->now_ms);
	if (t->decision.changed) {
		t->advised = te_map_out(t->job->map, t->decision.running);
		place_keeper_take(t->keeper, te_copy(mine));
	}
	t->next = te_map_out(t->job->map, mine);
	place_free(mine);
}

/* Only when that leaves all links below the goal. */
static void go_home(struct te_task *t)
{
	struct place_job job = t->job->job;
	struct placement *home = te_home(t->job, t->running);
	job.running = home;
	struct placement *p = place_stay(&job);
	t->goes_home = te_u(p->u) <= t->above;
	if (t->goes_home)
		place_keeper_take(t->keeper, te_copy(p));
	place_free(p);
	place_free(home);
}

static void run(void *ctx)
{
	struct te_task *t = ctx;
	if (t->may_go_home && t->running && t->keeper)
		go_home(t);
	if (t->goal == NET_TE_SHORTEST || t->mode == NET_TE_FREEZE) {
		struct placement *mine = stay(t);
		t->decision = (struct place_decision) { .u_after = mine->u, .u_before = mine->u, .bound = mine->bound };
		t->next = te_map_out(t->job->map, mine);
		place_free(mine);
	} else if (t->mode == NET_TE_RECOMMEND) {
		advise(t);
	} else {
		t->decision = place_keeper_step(t->keeper, &t->job->job, t->now_ms);
		t->next = te_map_out(t->job->map, t->decision.running);
	}
	double *loads = xheap_alloc(t->job->n_arcs * sizeof *loads);
	uint32_t arc;
	te_loads(t->job, t->next, loads);
	t->u = te_highest(t->job, loads, &arc);
	t->nics = xheap_alloc(2 * t->job->map->n_nics * sizeof *t->nics + 1);
	memcpy(t->nics, loads + 2 * t->job->map->n_edges, 2 * t->job->map->n_nics * sizeof *t->nics);
	free(loads);
	t->bound = te_u(t->decision.bound);
	if (te_u(t->decision.u_after) > BUSY * t->above)
		t->bound = fmax(t->bound, te_bound(t->job));
}

/* --- in the loop --------------------------------------------------------------------------- */

static void task_free(struct te_task *t)
{
	te_plan_free(t->job);
	net_free(t->net);
	place_keeper_free(t->keeper);
	place_free(t->running);
	place_free(t->next);
	place_free(t->advised);
	free(t->nics);
	free(t);
}

/* VERDICT of the keeper -> its word. */
static const char *const words[] = {
	[PLACE_FIRST] = "first", [PLACE_LINKS] = "links", [PLACE_MOVED] = "moved", [PLACE_GOOD] = "good", [PLACE_BEST] = "best",
	[PLACE_HELD] = "held", [PLACE_NO_GAIN] = "no-gain", [PLACE_ROOM] = "guarantee",
};

static void say_look(struct core_te *te, const struct te_task *t, const struct core *core)
{
	struct te_look *look = &te->look;
	*look = (struct te_look) {
		.is_known = true, .verdict = words[t->decision.verdict], .why = place_verdict_text(t->decision.verdict),
		.u = t->u, .bound = t->bound,
		.wall_ms = core->wall_ms,
	};
	if (t->goal == NET_TE_SHORTEST) {
		look->verdict = "shortest";
		look->why = "shortest paths only: `goal: shortest`";
	} else if (t->mode == NET_TE_FREEZE) {
		look->verdict = "frozen";
		look->why = "nothing moves but what stood on links that are gone: `mode: freeze`";
	} else if (te->advised) {
		look->verdict = "advised";
		look->why = "something better is known and left undone: `mode: recommend`";
	}
}

static const char *why_changed(const struct te_task *t)
{
	if (t->goal == NET_TE_SHORTEST)
		return "shortest paths";
	if (t->goes_home && t->decision.verdict != PLACE_MOVED)
		return "a link came back: shortest paths again";
	if (t->mode == NET_TE_FREEZE)
		return "what stood on links that are gone has moved";
	if (t->decision.verdict == PLACE_GOOD || t->decision.verdict == PLACE_BEST)
		return "what paths have to be like has changed";
	return place_verdict_text(t->decision.verdict);
}

/* Both under the demands of now, so that they compare. */
static void say_change(struct core *core, struct te_task *t, struct placement *before)
{
	struct core_te *te = core->te;
	struct te_changed *changed = &te->changed;
	struct arena *arena = arena_new();
	struct te_seen seen = core_te_seen(core, arena);
	if (before)
		te_set_demands(before, &seen);
	te_set_demands(t->next, &seen);
	size_t n = te_say_change(core->net, t->job, before, t->next, changed->text, sizeof changed->text);
	arena_free(arena);
	te->n_changes++;
	changed->n_pairs = n;
	changed->why = !n && before ? "pairs of switches came or went" : why_changed(t);
	changed->wall_ms = core->wall_ms;
	if (n || !before)
		events_note(core->events, core->wall_ms, EVENT_INFO, "te", "", "%s (%s)", changed->text, changed->why);
}

static void no_advice(struct core_te *te)
{
	place_free(te->advised);
	te->advised = NULL;
	te->advice[0] = '\0';
}

static void take_advice(struct core *core, struct te_task *t)
{
	struct core_te *te = core->te;
	char text[sizeof te->advice];
	bool is_waiting = t->decision.verdict == PLACE_HELD || t->decision.verdict == PLACE_NO_GAIN;
	if (t->mode == NET_TE_RECOMMEND && !t->advised && is_waiting)
		return;
	if (t->mode != NET_TE_RECOMMEND || !t->advised || te_same(t->advised, t->next)) {
		no_advice(te);
		return;
	}
	place_free(te->advised);
	te->advised = t->advised;
	t->advised = NULL;
	te_say_change(core->net, t->job, t->next, te->advised, text, sizeof text);
	if (strcmp(text, te->advice))
		events_note(core->events, core->wall_ms, EVENT_INFO, "te", "", "advice: %s (nothing was changed: `mode: recommend`)",
			    text);
	memcpy(te->advice, text, sizeof text);
}

static void say_own(struct core *core, const struct te_own *own)
{
	const struct net *net = core->net;
	const struct place_path way = { .arcs = own->arcs, .n_arcs = own->n_arcs };
	const char *name = net->networks[own->network].name;
	char path[1024];
	if (own->n_arcs)
		events_note(core->events, core->wall_ms, EVENT_INFO, "te", "", "network %s takes %s, a way of its own", name,
			    te_path_name(net, own->from, &way, path, sizeof path));
	else
		events_note(core->events, core->wall_ms, EVENT_WARNING, "te", "", "network %s from %s to %s goes like others: no way that is up "
			    "suits", name, net->switches[own->from].name, net->switches[own->to].name);
}

/* Ways that networks have for themselves; true: they are others than before. */
static bool take_owns(struct core *core, const struct te_owns *owns)
{
	struct te_owns *before = core->te->owns;
	bool same = te_owns_same(before, owns);
	core->te->owns = te_owns_copy(owns);
	for (size_t i = 0; i < owns->n && !same; i++) {
		/* They are of one file, so they are the same ones. */
		const struct te_owns one = { .items = &owns->items[i], .n = 1 }, old = { .items = before ? &before->items[i] : NULL, .n = 1 };
		if (!before || !te_owns_same(&one, &old))
			say_own(core, &owns->items[i]);
	}
	te_owns_free(before);
	return !same;
}

static void take(struct core *core, struct te_task *t)
{
	struct core_te *te = core->te;
	struct placement *before = te->running;
	te->keeper = t->keeper;
	t->keeper = NULL;
	te->n_looks++;
	free(te->nics);
	te->nics = t->nics;
	t->nics = NULL;
	take_advice(core, t);
	say_look(te, t, core);
	bool same = te_same(before, t->next), new_owns = take_owns(core, t->job->owns);
	if (!same)
		say_change(core, t, before);
	else
		t->next->total_mbps = before->total_mbps;
	te->running = t->next;
	t->next = NULL;
	te_deals_follow(core, before);
	te_promises_look(core, t->job);
	place_free(before);
	if (!same || new_owns || te->steer_due || te_deals_apply(core))
		core_steer_begin(core);
}

static void done(void *ctx)
{
	struct te_task *t = ctx;
	struct core *core = t->core;
	core->te->task = NULL;
	if (t->generation == core->te->generation) {
		take(core, t);
		te_cuts_begin(core);
	}
	task_free(t);
	if (core->kick)
		core->kick(core->ctx);
}

static bool is_idle(const struct te_plan *job)
{
	double sum = 0;
	for (size_t i = 0; i < job->job.n_demands; i++)
		sum += job->job.demands[i].mbps;
	for (size_t i = 0; i < job->owns->n; i++)
		sum += job->owns->items[i].mbps;
	return sum < IDLE_MBPS;
}

void te_look_begin(struct core *core)
{
	struct core_te *te = core->te;
	struct arena *arena = arena_new();
	te_deals_look(core);
	te_find_background(core);
	struct te_seen seen = core_te_seen(core, arena);
	struct te_task *t = xheap_alloc(sizeof *t);
	*t = (struct te_task) {
		.core = core, .generation = te->generation, .now_ms = core->now_ms, .net = net_share(core->net), .job = te_plan_new(core->view, &seen),
		.goal = core->net->te.goal, .mode = core->net->te.mode, .above = core->net->te.above,
	};
	arena_free(arena);
	bool idle = is_idle(t->job);
	if (idle && te->was_idle && te->running) {
		/* Nothing is sent, and nothing has changed since that was looked at. */
		task_free(t);
		return;
	}
	te->was_idle = idle;
	t->running = te->running ? te_copy(te->running) : NULL;
	t->may_go_home = te->home_due && t->mode == NET_TE_APPLY && t->goal == NET_TE_BALANCE;
	te->home_due = false;
	t->keeper = te->keeper;
	te->keeper = NULL;
	if (!t->keeper && t->goal != NET_TE_SHORTEST) {
		t->keeper = new_keeper(&core->net->te);
		if (t->running)
			place_keeper_take(t->keeper, te_map_in(t->job->map, t->running));
	}
	te->task = t;
	if (core->work)
		core->work(core->ctx, run, done, t);
	else {
		run(t);
		done(t);
	}
}
