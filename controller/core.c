/* SPDX-License-Identifier: Apache-2.0 */
/* core: facts are applied, apps are asked, ledgers are told. Admission is in
 * core_admit.c, the life of a switch in core_switch.c. */
#include "controller/core_private.h"
#include "controller/core_te.h"

#include <stdlib.h>
#include <string.h>

#include "ofproto/sign.h"
#include "topo/arena.h"

enum {
	/* Until every switch of a network is back, hosts that only other switches
	 * remember are kept this long. */
	HOLD_MS = 60 * 1000,
	WAYS_TICKS = 16,
	RESTEER_ROWS = 100,             /* what it takes to find the rows that differ is as much as making so many */
};

static void on_want(void *ctx, uint32_t sw, uint8_t app, const struct rule *rule)
{
	struct core *core = ctx;
	struct core_switch *cs = core->switches[sw];
	/* A switch that has not been read back is compiled for as a whole later. */
	if (!cs->ready)
		return;
	ledger_want(cs->ledger, app, rule);
	core->n_wants++;
	core_touch(core, sw);
}

static void on_unwant(void *ctx, uint32_t sw, uint8_t app, const struct rule *key)
{
	struct core *core = ctx;
	struct core_switch *cs = core->switches[sw];
	(void) app;
	if (!cs->ready)
		return;
	ledger_unwant(cs->ledger, key);
	core_touch(core, sw);
}

static void on_fetch(void *ctx, const void *at)
{
	struct core *core = ctx;
	if (core->n_fetches < sizeof core->fetches / sizeof core->fetches[0])
		core->fetches[core->n_fetches++] = at;
}

static void on_fetch_row(void *ctx, uint32_t sw, const struct rule *key)
{
	struct core *core = ctx;
	on_fetch(core, ledger_place(core->switches[sw]->ledger, key));
}

struct scene core_scene(const struct core *core)
{
	return (struct scene) {
		.net = core->net, .view = core->view, .now_ms = core->now_ms, .now_us = core->now_us,
		.wall_ms = core->wall_ms,
		.sign = sign_bytes, .sign_ctx = core->sign_key,
	};
}

struct out core_out(struct core *core, uint8_t app)
{
	return (struct out) {
		.build = core->build, .shapes = core->shapes, .app = app,
		.want = on_want, .unwant = on_unwant, .fetch = on_fetch, .fetch_row = on_fetch_row, .ctx = core,
	};
}

void core_follow_slots(struct core *core)
{
	size_t n = view_n_switches(core->view);
	if (n <= core->n_switches)
		return;
	core->switches = xheap_realloc(core->switches, n * sizeof *core->switches);
	core->touched = xheap_realloc(core->touched, n * sizeof *core->touched);
	for (size_t i = core->n_switches; i < n; i++) {
		core->switches[i] = xheap_alloc(sizeof *core->switches[i]);
		core->switches[i]->ledger = ledger_new();
	}
	core->n_switches = n;
}

/* Every switch of the file has its slot, seen or not. */
static void take_switches(struct core *core)
{
	for (size_t i = 0; i < core->net->n_switches; i++)
		view_switch_slot(core->view, core->net->switches[i].name, core->net->switches[i].dpid);
	core_follow_slots(core);
}

struct core *core_new(struct net *take, uint64_t now_ms)
{
	struct core *core = xheap_alloc(sizeof *core);
	core->net = take;
	core->now_ms = core->start_ms = now_ms;
	core->view = view_new();
	core->build = build_new(pipeline, N_TABLES);
	core->shapes = shapes_new(core->build);
	core->events = events_new();
	sign_key_make(core->sign_key);
	view_bind(core->view, core->net, now_ms, NULL, NULL);
	take_switches(core);
	core->gateways_due = core->ways_due = true;
	core->te = core_te_new();
	core_te_bind(core, NULL);
	return core;
}

void core_free(struct core *core)
{
	if (!core)
		return;
	for (size_t i = 0; i < core->n_switches; i++) {
		ledger_free(core->switches[i]->ledger);
		free(core->switches[i]);
	}
	free(core->switches);
	free(core->touched);
	free(core->ways_wait);
	core_te_free(core->te);
	events_free(core->events);
	shapes_free(core->shapes);
	build_free(core->build);
	view_free(core->view);
	net_free(core->net);
	free(core);
}

void core_touch(struct core *core, uint32_t sw)
{
	struct core_switch *cs = core->switches[sw];
	if (cs->touched)
		return;
	cs->touched = true;
	core->touched[core->n_touched++] = sw;
	if (core->kick && !core->is_planning)
		core->kick(core->ctx);
}

static void make_stale(struct core *core, uint32_t sw, uint32_t bits)
{
	struct core_switch *cs = core->switches[sw];
	if (!cs->ready)
		return;
	cs->stale |= bits;
	core->is_stale = true;
	core_touch(core, sw);
}

/* That a host went says it of its addresses as well. */
static void note(struct core *core, const struct fact *fact)
{
	core->counts.n_facts++;
	/* "in-sync" says SWITCH_READY better; that a lease goes on is no news. */
	if (!fact->with_host && !fact->renewed && fact->kind != FACT_SWITCH_READY)
		events_fact(core->events, core->wall_ms, fact, core->view);
}

static void make_steered(struct core *core, uint32_t sw, unsigned app)
{
	struct core_switch *cs = core->switches[sw];
	bool is_again = cs->steered >> app & 1;
	if (!cs->ready || (!is_again && !core_te_concerns(core, sw)))
		return;
	/* Rows that are still those of an earlier steering than the one before. */
	if (is_again || !apps[app].app->resteer)
		cs->stale |= 1u << app;
	else
		cs->steered |= 1u << app;
	core->is_stale = core->is_steering = true;
	core_touch(core, sw);
}

/* What an app patches now is not what it was when the steering became another one. */
static void forget_steered(struct core *core, unsigned app)
{
	for (uint32_t sw = 0; core->is_steering && sw < core->n_switches; sw++) {
		core->switches[sw]->stale |= core->switches[sw]->steered & 1u << app;
		core->switches[sw]->steered &= ~(1u << app);
	}
}

/* The fact is in the view: tell the apps and whoever watches. Facts about one
 * switch or its ports concern that switch's rows only; a host concerns all. */
void core_applied(struct core *core, const struct fact *fact)
{
	note(core, fact);
	core_te_fact(core, fact);
	struct scene scene = core_scene(core);
	for (size_t i = 0; i < n_apps; i++) {
		const struct app *app = apps[i].app;
		if (app->greets >> fact->kind & 1) {
			struct reply reply = core_reply(core);
			app->greet(&scene, fact, &reply);
		}
		if (!(app->reads >> fact->kind & 1))
			continue;
		struct out out = core_out(core, apps[i].number);
		if (fact->kind != FACT_STEER)
			forget_steered(core, (unsigned) i);
		if (app->patch && app->patch(&scene, fact, &out)) {
			core->counts.n_patches++;
			continue;
		}
		switch (fact->kind) {
		case FACT_PORT:
		case FACT_PORT_GONE:
		case FACT_SWITCH_UP:
		case FACT_SWITCH_DOWN:
		case FACT_QUARANTINE:
		case FACT_QUARANTINE_OVER:
		case FACT_PORT_SHUT:
		case FACT_PORT_OPEN:
			make_stale(core, fact->sw, 1u << i);
			break;
		case FACT_STEER:
			for (uint32_t sw = 0; sw < core->n_switches; sw++)
				make_steered(core, sw, (unsigned) i);
			break;
		default:
			for (uint32_t sw = 0; sw < core->n_switches; sw++)
				make_stale(core, sw, 1u << i);
			break;
		}
	}
}

static void on_fact_applied(void *ctx, const struct fact *fact)
{
	core_applied(ctx, fact);
}

void core_fact(struct core *core, struct fact *fact)
{
	fact->time_ms = core->now_ms;
	bool changed = view_apply(core->view, fact, on_fact_applied, core);
	/* A probe that says what is known already comes every second by every link. */
	bool is_probe = fact->kind == FACT_LINK || fact->kind == FACT_PROBE_LOST;
	if (core_concerns_ways(fact) && (changed || !is_probe))
		core->gateways_due = core->ways_due = true;
	if (changed)
		core_applied(core, fact);
}

static void on_host_lost(void *ctx, const struct fact *fact)
{
	note(ctx, fact);
}

void core_reload(struct core *core, struct net *take)
{
	struct net *old = core->net;
	core->net = take;
	/* No patch for hosts that lose their place: everything is compiled below. */
	view_bind(core->view, core->net, core->now_ms, on_host_lost, core);
	take_switches(core);
	core_te_bind(core, old);
	core->counts.n_reloads++;
	core->settled = false;
	core->gateways_due = core->ways_due = true;
	events_renumber(core->events);
	for (uint32_t sw = 0; sw < core->n_switches; sw++)
		make_stale(core, sw, (1u << n_apps) - 1);
	net_free(old);
}

static bool resteer(struct core *core, const struct scene *scene, uint32_t sw, const struct app_entry *entry)
{
	const struct steer *before = core_te_before(core);
	struct out out = core_out(core, entry->number);
	bool is_done = before && view_steer(core->view) && entry->app->resteer(scene, sw, before, &out);
	core->counts.n_patches += is_done;
	core->n_wants += RESTEER_ROWS;
	return is_done;
}

void core_compile(struct core *core, uint32_t sw)
{
	struct core_switch *cs = core->switches[sw];
	struct scene scene = core_scene(core);
	for (size_t i = 0; i < n_apps; i++) {
		uint32_t bit = 1u << i;
		if (!(cs->stale & bit) && (!(cs->steered & bit) || resteer(core, &scene, sw, &apps[i])))
			continue;
		struct out out = core_out(core, apps[i].number);
		ledger_mark(cs->ledger, apps[i].number);
		apps[i].app->compile(&scene, sw, &out);
		ledger_sweep(cs->ledger, apps[i].number);
		core->counts.n_compiles++;
	}
	cs->stale = cs->steered = 0;
}

/* The switches take turns, so that none waits for ever for others that become stale again. */
static void compile_some(struct core *core)
{
	uint64_t begin = core->n_wants;
	if (!core->is_stale || core->is_later)
		return;
	for (size_t i = 0; i < core->n_switches; i++) {
		uint32_t sw = core->n_compiled = (core->n_compiled + 1) % (uint32_t) core->n_switches;
		if (!core->switches[sw]->ready || !(core->switches[sw]->stale | core->switches[sw]->steered))
			continue;
		if (core->rows_at_a_time && core->n_wants - begin >= core->rows_at_a_time) {
			core->n_compiled = sw ? sw - 1 : (uint32_t) core->n_switches - 1;
			core->is_later = true;
			core->later(core->ctx);
			return;
		}
		core_compile(core, sw);
		core_touch(core, sw);
	}
	core->is_stale = core->is_steering = false;
	core_te_forget_before(core);
}

void core_plan(struct core *core)
{
	core->is_planning = true;
	core_gateways(core);
	core_ways(core);
	core_te_plan(core);
	compile_some(core);
	core->is_planning = false;
}

void core_go_on(struct core *core)
{
	core->is_later = false;
	core_plan(core);
}

static void tick_apps(struct core *core)
{
	struct scene scene = core_scene(core);
	struct reply reply = core_reply(core);
	for (uint32_t sw = 0; sw < core->n_switches; sw++) {
		struct core_switch *cs = core->switches[sw];
		if (!cs->ready)
			continue;
		cs->n_ticks++;
		for (size_t i = 0; i < n_apps; i++)
			if (apps[i].app->tick)
				apps[i].app->tick(&scene, sw, cs->n_ticks, &reply);
	}
}

void core_soon(struct core *core)
{
	struct scene scene = core_scene(core);
	struct reply reply = core_reply(core);
	for (size_t i = 0; i < n_apps; i++)
		if (apps[i].app->soon)
			apps[i].app->soon(&scene, &reply);
}

void core_tick(struct core *core)
{
	core_let_go(core);
	core_follow_clock(core);
	/* Also of those that nothing was heard of. Ways take long to compute, and what they are made of
	 * tells when it changes: this is for what may have been forgotten. */
	core->gateways_due = true;
	core->ways_due |= !core->settled || core->n_ticks++ % WAYS_TICKS == 0;
	core_te_tick(core);
	tick_apps(core);
	if (core->settled)
		return;
	bool over = core->now_ms - core->start_ms > HOLD_MS;
	view_settle(core->view, over, core->now_ms, on_fact_applied, core);
	core->settled = over;
}

uint32_t core_switch_by_name(const struct core *core, const char *name)
{
	return view_switch_by_name(core->view, name);
}

struct core_origin core_origin(const struct core *core, uint64_t cookie)
{
	struct core_origin origin = { .app = "", .object = "" };
	if (!cookie_is_ours(cookie))
		return origin;
	const struct app *app = app_by_number(cookie_app(cookie));
	if (app)
		origin.app = app->name;
	const struct net_object *object = net_object_by_id(core->net, cookie_object(cookie));
	if (object) {
		origin.object = object->name;
		origin.line = object->where.line;
	}
	return origin;
}
