/* SPDX-License-Identifier: Apache-2.0 */
/* core_te: edges over time, and the rhythm of looking. The look itself is in
 * te_task.c, counters are in te_poll.c. */
#include "controller/core_te_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "topo/arena.h"

enum {
	AWAY_MS = 30 * 1000,            /* for a switch that is not reached to be back: Open vSwitch tries every 8 s */
	MAX_HELD_MS = 10 * 60 * 1000,
	WAIT_MS = 20 * 1000,            /* after a restart, for switches and edges to show how they are, */
	LOST_MS = 5 * 1000,             /* when one of them was lost meanwhile: its traffic may have no detour */
	FIRST_MS = 10 * 1000,           /* the same, while nobody knows which paths they have, */
	PLANNED_MS = FIRST_MS + 3000,   /* and for the plan that is made then */
	CALM_HOLDS = 10,                /* an edge that was up so many times its hold has not flapped */
};

struct core_te *core_te_new(void)
{
	return xheap_alloc(sizeof(struct core_te));
}

static void forget(struct core_te *te)
{
	free(te->edges);
	demands_free(te->demands);
	demands_free(te->own_demands);
	demands_free(te->slots);
	te_owns_free(te->owns);
	free(te->asked);
	free(te->wishes);
	free(te->n_wished);
	free(te->nics);
	free(te->promises);
	te->edges = NULL;
	te->demands = te->own_demands = te->slots = NULL;
	te->owns = NULL;
	te->asked = NULL;
	te->wishes = NULL;
	te->n_wishes = 0;
	te->n_wished = NULL;
	te->nics = NULL;
	te->promises = NULL;
	te->cut_of = 0;
	te->n_edges = 0;
}

/* Of a file that goes: its edges, and all that was planned for them. */
static void drop_plans(struct core_te *te)
{
	forget(te);
	place_free(te->running);
	place_free(te->dealt);
	place_free(te->advised);
	place_keeper_free(te->keeper);
	te_steps_forget(te);
}

void core_te_free(struct core_te *te)
{
	if (!te)
		return;
	drop_plans(te);
	steer_free(te->before);
	free(te->state_file);
	free(te->links_file);
	free(te);
}

/* --- another file ---------------------------------------------------------------------- */

static struct te_edge *same_edges(struct core_te *te, const struct net *old, const struct net *now)
{
	struct te_edge *edges = xheap_alloc((now->n_edges + 1) * sizeof *edges);
	for (uint32_t e = 0; e < now->n_edges; e++) {
		uint32_t was = old ? te_edge_by_name(old, now->edges[e].name) : NET_NONE;
		if (was == NET_NONE || strcmp(old->switches[old->edges[was].sw[0]].name, now->switches[now->edges[e].sw[0]].name))
			continue;
		edges[e] = te->edges[was];
		te->home_due |= old->edges[was].drain && !now->edges[e].drain;
	}
	return edges;
}

static struct demands *same_demands(const struct demands *before, uint32_t parts, const struct net *old, const struct net *now)
{
	if (!old || !before)
		return demands_new_parts((uint32_t) now->n_switches, parts);
	uint32_t *numbers = xheap_alloc((old->n_switches + 1) * sizeof *numbers);
	for (uint32_t i = 0; i < old->n_switches; i++)
		numbers[i] = net_switch_by_name(now, old->switches[i].name);
	struct demands *demands = demands_renumber(before, numbers, (uint32_t) now->n_switches);
	free(numbers);
	return demands;
}

static bool has_same_networks(const struct net *a, const struct net *b)
{
	bool same = a->n_networks == b->n_networks;
	for (size_t i = 0; same && i < a->n_networks; i++)
		same = !strcmp(a->networks[i].name, b->networks[i].name);
	return same;
}

void core_te_bind(struct core *core, const struct net *old)
{
	struct core_te *te = core->te;
	const struct net *net = core->net;
	te->generation++;
	struct te_edge *edges = net->n_edges ? same_edges(te, old, net) : NULL;
	struct demands *demands = net->n_edges ? same_demands(te->demands, 1, old, net) : NULL;
	bool same_networks = old && has_same_networks(old, net);
	struct demands *own_demands = net->n_edges
		? same_demands(same_networks ? te->own_demands : NULL, (uint32_t) net->n_networks, old, net) : NULL;
	struct demands *slots = net->n_edges ? same_demands(te->slots, PLACE_MAX_SLOTS, old, net) : NULL;
	struct placement *running = te->running && net->n_edges ? te_carry_over(te->running, old, net) : NULL;
	struct placement *dealt = te->dealt && net->n_edges ? te_carry_over(te->dealt, old, net) : NULL;
	drop_plans(te);
	te->edges = edges;
	te->n_edges = net->n_edges;
	te->demands = demands;
	te->own_demands = own_demands;
	te->slots = slots;
	te->running = running;
	te->dealt = dealt;
	te->advised = NULL;
	te->keeper = NULL;
	te->phase = TE_REST;
	te->save_due = true;
	te->steering = NULL;            /* what it says will be void */
	core_te_forget_before(core);
	te->n_drops = 0;
	te->asked = net->n_edges ? xheap_alloc(net->n_switches * sizeof *te->asked) : NULL;
	te->n_wished = net->n_edges ? xheap_alloc(net->n_switches * net->n_switches) : NULL;
	te->edges_due = te->plan_due = te->steer_due = true;
	te->was_idle = false;
	te->was_loaded = false;
	if (!net->n_edges)
		view_set_steer(core->view, NULL);
}

/* --- edges ------------------------------------------------------------------------------- */

static uint64_t hold_ms(const struct core *core, const struct te_edge *edge)
{
	uint64_t ms = core->net->te.hold_up_s * 1000ull;
	for (uint32_t i = 1; i < edge->n_flaps && ms < MAX_HELD_MS; i++)
		ms *= 2;
	return ms < MAX_HELD_MS || ms == core->net->te.hold_up_s * 1000ull ? ms : MAX_HELD_MS;
}

static void went(struct core *core, uint32_t e)
{
	struct te_edge *edge = &core->te->edges[e];
	edge->n_flaps++;
	edge->gone_ms = core->now_ms;
	edge->is_held = false;
	core->te->was_lost = true;
	events_note(core->events, core->wall_ms, EVENT_WARNING, "te", "", "link %s is down", core->net->edges[e].name);
}

static void came(struct core *core, uint32_t e)
{
	struct te_edge *edge = &core->te->edges[e];
	if (!edge->ever) {
		/* The first time in this life: after a restart all is to stay as it is. */
		edge->ever = true;
		core->te->home_due |= !core->te->was_loaded;
		return;
	}
	/* It may have rested for a while already: see view_probe.c. */
	uint64_t good_ms = view_link(core->view, e)->good_ms, until = hold_ms(core, edge);
	until += good_ms > edge->gone_ms && good_ms <= core->now_ms ? good_ms : core->now_ms;
	edge->is_held = until > core->now_ms;
	core->te->home_due |= !edge->is_held;
	edge->held_until_ms = until;
	events_note(core->events, core->wall_ms, edge->n_flaps > 1 ? EVENT_WARNING : EVENT_INFO, "te", "",
		    "link %s is back%s; it gets no traffic for %u s, but what has no other way", core->net->edges[e].name,
		    edge->n_flaps > 1 ? " once more" : "", edge->is_held ? (unsigned) ((until - core->now_ms) / 1000) : 0);
}

static void look_at_edge(struct core *core, uint32_t e)
{
	struct te_edge *edge = &core->te->edges[e];
	bool is_up = view_edge_is_up(core->view, e);
	if (is_up != edge->is_up) {
		edge->is_up = is_up;
		edge->since_ms = core->now_ms;
		/* Detours may lead over it, or have to go around it. */
		core->te->plan_due = core->te->steer_due = true;
		if (is_up)
			came(core, e);
		else
			went(core, e);
	}
	if (edge->is_held && core->now_ms >= edge->held_until_ms) {
		edge->is_held = false;
		core->te->plan_due = core->te->home_due = true;
	}
	if (edge->n_flaps && is_up && !edge->is_held && core->now_ms - edge->since_ms >= CALM_HOLDS * hold_ms(core, edge))
		edge->n_flaps = 0;
}

static void look_at_edges(struct core *core)
{
	core->te->edges_due = false;
	for (uint32_t e = 0; e < core->te->n_edges; e++)
		look_at_edge(core, e);
	te_links_keep(core);
}

struct te_seen core_te_seen(const struct core *core, struct arena *arena)
{
	const struct core_te *te = core->te;
	bool *usable = arena_new_array(arena, bool, te->n_edges), *held = arena_new_array(arena, bool, te->n_edges);
	double *background = arena_new_array(arena, double, 2 * te->n_edges);
	for (size_t e = 0; e < te->n_edges; e++) {
		usable[e] = te->edges[e].is_up;
		held[e] = te->edges[e].is_held;
		background[2 * e] = te->edges[e].background[0];
		background[2 * e + 1] = te->edges[e].background[1];
	}
	return (struct te_seen) {
		.usable = usable, .held = held, .background = background, .demands = te->demands, .owns = te->own_demands,
		.now_ms = core->now_ms,
	};
}

/* --- when ---------------------------------------------------------------------------------- */

void core_te_fact(struct core *core, const struct fact *fact)
{
	struct core_te *te = core->te;
	if (!te->n_edges)
		return;
	te->edges_due |= core_concerns_ways(fact);
	te->steer_due |= (FACT_BIT(SWITCH_UP) | FACT_BIT(MEMBER) | FACT_BIT(WAYS) | FACT_BIT(PORT_GONE)) >> fact->kind & 1
		|| (fact->kind == FACT_PORT && fact->uses_changed);
	te->was_idle &= !te->steer_due;
	if (fact->kind == FACT_SWITCH_DOWN)
		te->away_ms = core->now_ms;
}

void core_te_tick(struct core *core)
{
	core->te->edges_due |= core->te->n_edges > 0;
	if (core->te->n_edges && core->kick)
		core->kick(core->ctx);
}

void core_te_found(struct core *core) { core->te->was_found = true; }

/* Not for ever: hosts that are new have no rows meanwhile. */
bool core_te_must_wait(const struct core *core)
{
	const struct core_te *te = core->te;
	return te->n_edges && te->was_found && !view_steer(core->view) && core->now_ms - core->start_ms < PLANNED_MS;
}

/* After a start nothing is planned until as much is known as when what runs was planned: who stands in which
 * networks, and of each edge whether it is up. A plan made of less would be another one. What is recalled of
 * an edge is what that plan was made of. */
static bool is_waiting(struct core *core)
{
	struct core_te *te = core->te;
	uint64_t since_start = core->now_ms - core->start_ms;
	bool is_first = !te->running && since_start < FIRST_MS;
	if (!te->is_loaded && !is_first)
		return false;
	bool all_known = view_complete(core->view, NET_NONE);
	for (uint32_t e = 0; all_known && (te->is_loaded || te->was_found) && e < te->n_edges; e++)
		all_known = te->edges[e].is_recalled || view_edge_is_known(core->view, e);
	te->is_loaded &= !all_known && since_start < (te->was_lost ? LOST_MS : WAIT_MS);
	return te->is_loaded || (is_first && !all_known);
}

static bool has_life(const struct core *core, uint32_t index)
{
	for (uint32_t e = 0; e < core->te->n_edges; e++)
		for (unsigned end = 0; end < 2; end++)
			if (core->net->edges[e].sw[end] == index && core->te->edges[e].is_up)
				return true;
	return false;
}

/* A switch is not reached, but its edges live: it sends by the labels that it has, and knows no others. A
 * connection that broke is soon made anew, and is waited for. */
static bool must_stay(const struct core *core)
{
	if (!core->te->away_ms || core->now_ms - core->te->away_ms >= AWAY_MS)
		return false;
	for (uint32_t i = 0; i < core->net->n_switches; i++) {
		uint32_t sw = view_switch_by_index(core->view, i);
		const struct view_switch *vs = sw == NET_NONE ? NULL : view_switch(core->view, sw);
		if (vs && vs->ever && !vs->connected && has_life(core, i))
			return true;
	}
	return false;
}

void core_te_plan(struct core *core)
{
	struct core_te *te = core->te;
	if (!te->n_edges || core_waits_for_switches(core))
		return;
	if (te->edges_due)
		look_at_edges(core);
	if (is_waiting(core) || must_stay(core))
		return;
	core_steer_step(core);
	if (te->task || te->steering || (!te->plan_due && core->now_ms < te->next_ms))
		return;
	/* One change at a time, but a lost edge does not wait for the grace of the last one. */
	if (te->phase != TE_REST && te->phase != TE_GRACE)
		return;
	if (!te->plan_due && te->phase != TE_REST)
		return;
	te->was_idle &= !te->plan_due;
	te->plan_due = false;
	te->next_ms = core->now_ms + core->net->te.interval_s * 1000ull;
	te_look_begin(core);
}

/* --- what ran before ------------------------------------------------------------------------- */

/* Null = there is none. */
static char *read_file(const char *path)
{
	FILE *f = fopen(path, "re");
	if (!f)
		return NULL;
	size_t size = 0, room = 1 << 16;
	char *text = xheap_alloc(room);
	for (size_t n; (n = fread(text + size, 1, room - size - 1, f)) > 0;) {
		size += n;
		if (room - size < 4096)
			text = xheap_realloc(text, room *= 2);
	}
	text[size] = '\0';
	fclose(f);
	return text;
}

/* STATE_DIR/NAME, and what is in it. */
static char *load(const char *state_dir, const char *name, char **path)
{
	char text[4096];
	snprintf(text, sizeof text, "%s/%s", state_dir, name);
	free(*path);
	*path = xheap_strdup(text);
	return read_file(text);
}

void core_te_load(struct core *core, const char *state_dir)
{
	struct core_te *te = core->te;
	char *links = load(state_dir, "links", &te->links_file), *state = load(state_dir, "te", &te->state_file);
	if (te->n_edges && links)
		te_links_read(core, links);
	if (te->n_edges && state && !te_state_read(core, state))
		events_note(core->events, core->wall_ms, EVENT_WARNING, "te", "",
			    "%s is of another network or damaged; paths are computed anew", te->state_file);
	free(links);
	free(state);
}
