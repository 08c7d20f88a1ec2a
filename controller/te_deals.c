/* SPDX-License-Identifier: Apache-2.0 */
/* Slots by what they carry. The keeper plans with equal slots, and that stays the plan; here
 * the slots that there really are get dealt such that paths carry what was planned.
 *
 * A deal is a change of its own, made when the keeper has nothing to do, and only when two
 * looks came to it one after the other, the last change is three looks old and so is the last deal. Deals that
 * follow each other take twice as long each time, up to five minutes. */
#include "controller/core_te_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_words.h"

enum {
	LOOKS = 2,                      /* that have to come to the same */
	HOLD_LOOKS = 3,
	MAX_HOLD_MS = 300000,
	CALM_HOLDS = 8,                 /* after so many holds without a deal all is forgiven */
	MIN_SAMPLES = 2,
	STALE_LOOKS = 3,                /* what was measured longer ago says nothing */
	MAX_WISHES = 256,               /* of one look: the loop has other things to do; the others come later */
	MAX_SAID = 3,                   /* events of one change */
};

const struct placement *te_in_force(const struct core_te *te) { return te->dealt ? te->dealt : te->running; }

static int by_pair(const void *key, const void *wish_)
{
	const struct te_wish *wish = wish_;
	size_t pair = *(const size_t *) key;
	return pair < wish->pair ? -1 : pair > wish->pair;
}

const struct te_wish *te_wish_of(const struct core_te *te, size_t pair)
{
	return te->n_wishes ? bsearch(&pair, te->wishes, te->n_wishes, sizeof *te->wishes, by_pair) : NULL;
}

/* --- what is ------------------------------------------------------------------------------ */

/* Is each slot of it on the path that the placement says, in every network? */
static bool is_split(const struct core *core, const struct place_pair *pair)
{
	const struct steer *steer = view_steer(core->view);
	bool is_any = false;
	if (!steer || pair->n_active < 2 || pair->n_slots < 2)
		return false;
	for (uint32_t n = 0; n < core->net->n_networks; n++) {
		const struct steer_pair *sp = te_own_find(core->te->owns, n, pair->src, pair->dst) ? NULL
			: steer_find(steer, n, pair->src, pair->dst);
		if (sp && (sp->n_slots != pair->n_slots || sp->n_choices != pair->n_active))
			return false;
		is_any |= sp != NULL;
	}
	return is_any;
}

/* Paths of the slots as they are, as numbers of the pair's. */
static void slots_now(const struct placement *in_force, const struct place_pair *pair, uint8_t *ret)
{
	const struct place_pair *now = in_force ? place_find(in_force, pair->src, pair->dst) : NULL;
	for (uint32_t s = 0; s < pair->n_slots; s++)
		ret[s] = now && now->n_slots == pair->n_slots ? te_deal_path(pair, &now->paths[now->slots[s]]) : pair->slots[s];
}

/* What all slots shake by together is how counters are read, and moves nothing. */
static bool measured(const struct core *core, const struct place_pair *pair, double *ret_mbps, double *ret_noise)
{
	const struct demand *all = demands_of(core->te->demands, pair->src, pair->dst);
	double common = all && all->fast > 0 ? all->noise / all->fast : 0;
	uint64_t stale = core->net->te.interval_s * 1000ull * STALE_LOOKS;
	for (uint32_t s = 0; s < pair->n_slots; s++) {
		const struct demand *d = demands_of(core->te->slots, pair->src, PLACE_MAX_SLOTS * pair->dst + s);
		if (!d || d->n < MIN_SAMPLES || core->now_ms - d->ms > stale)
			return false;
		ret_mbps[s] = demand_recent(d, core->now_ms);
		ret_noise[s] = fmax(0, d->noise - common * d->fast);
	}
	return true;
}

struct slots {
	uint8_t now[PLACE_MAX_SLOTS];
	double mbps[PLACE_MAX_SLOTS], noise[PLACE_MAX_SLOTS];
};

static bool read_slots(const struct core *core, const struct place_pair *pair, struct slots *ret)
{
	if (!is_split(core, pair) || !measured(core, pair, ret->mbps, ret->noise))
		return false;
	slots_now(te_in_force(core->te), pair, ret->now);
	return !memchr(ret->now, TE_DEAL_GONE, pair->n_slots);
}

static void add_up(const struct place_pair *pair, const uint8_t *paths, const double *mbps, double *ret)
{
	memset(ret, 0, PLACE_MAX_SLOTS * sizeof *ret);
	for (uint32_t s = 0; s < pair->n_slots; s++)
		ret[paths[s]] += mbps[s];
}

bool core_te_carried(const struct core *core, const struct place_pair *pair, double *ret_mbps, uint32_t *ret_slots)
{
	struct slots slots;
	slots_now(te_in_force(core->te), pair, slots.now);
	memset(ret_slots, 0, PLACE_MAX_SLOTS * sizeof *ret_slots);
	for (uint32_t s = 0; s < pair->n_slots; s++)
		if (slots.now[s] != TE_DEAL_GONE)
			ret_slots[slots.now[s]]++;
	if (!read_slots(core, pair, &slots))
		return false;
	add_up(pair, slots.now, slots.mbps, ret_mbps);
	return true;
}

static void add(const struct place_pair *pair, const double *carried, double sign, double *loads)
{
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++)
			loads[pair->paths[k].arcs[a]] += sign * carried[k];
}

static void carried_as_planned(const struct core *core, const struct place_pair *pair, double *ret)
{
	const struct demand *d = demands_of(core->te->demands, pair->src, pair->dst);
	for (uint32_t k = 0; k < pair->n_active; k++)
		ret[k] = d ? demand_recent(d, core->now_ms) * pair->paths[k].share : 0;
}

/* Per arc: ours as measured, or all that the port sends, if that is more. */
static double *loads_now(const struct core *core)
{
	const struct core_te *te = core->te;
	double *loads = xheap_alloc(2 * te->n_edges * sizeof *loads), carried[PLACE_MAX_SLOTS];
	uint32_t n_slots[PLACE_MAX_SLOTS];
	for (size_t i = 0; i < te->running->n_pairs; i++) {
		const struct place_pair *pair = &te->running->pairs[i];
		if (pair->n_active < 2 || !core_te_carried(core, pair, carried, n_slots))
			carried_as_planned(core, pair, carried);
		add(pair, carried, 1, loads);
	}
	te_add_recent_owns(core, loads);
	for (size_t arc = 0; arc < 2 * te->n_edges; arc++) {
		const struct demand *sent = &te->edges[arc / 2].sent[arc & 1];
		loads[arc] = fmax(loads[arc], sent->n ? demand_recent(sent, core->now_ms) : 0);
	}
	return loads;
}

static double *capacities(const struct core *core)
{
	double *mbps = xheap_alloc(2 * core->te->n_edges * sizeof *mbps);
	for (size_t arc = 0; arc < 2 * core->te->n_edges; arc++)
		mbps[arc] = te_capacity(core->view, (uint32_t) arc / 2);
	return mbps;
}

/* --- elephants ----------------------------------------------------------------------------- */

size_t core_te_elephants(const struct core *core, struct te_elephant *ret, size_t n)
{
	const struct core_te *te = core->te;
	size_t n_all = 0, n_kept = 0;
	double *capacity = te->running ? capacities(core) : NULL;
	for (size_t i = 0; te->running && i < te->running->n_pairs; i++) {
		const struct place_pair *pair = &te->running->pairs[i];
		struct slots slots;
		if (pair->n_active < 2 || !read_slots(core, pair, &slots))
			continue;
		struct te_deal deal = { .plan = pair, .mbps = slots.mbps, .capacity = capacity };
		double total = 0;
		for (uint32_t s = 0; s < pair->n_slots; s++)
			total += slots.mbps[s];
		for (uint32_t s = 0; s < pair->n_slots; s++) {
			if (!te_is_elephant(&deal, s, slots.now[s]))
				continue;
			n_all++;
			size_t at = n_kept < n ? n_kept++ : n;
			for (; at && ret[at - 1].mbps < slots.mbps[s]; at--)
				if (at < n)
					ret[at] = ret[at - 1];
			if (at < n)
				ret[at] = (struct te_elephant) { pair, s, slots.now[s], slots.mbps[s], slots.mbps[s] / total };
		}
	}
	free(capacity);
	return n_all;
}

/* --- looking --------------------------------------------------------------------------------- */

static void look_at(struct core *core, size_t i, const double *capacity, double *loads)
{
	struct core_te *te = core->te;
	const struct place_pair *pair = &te->running->pairs[i];
	uint8_t *n_wished = &te->n_wished[pair->src * core->net->n_switches + pair->dst];
	struct slots slots;
	struct te_wish wish = { .pair = i };
	if (pair->n_active < 2 || !read_slots(core, pair, &slots)) {
		*n_wished = 0;
		return;
	}
	add_up(pair, slots.now, slots.mbps, wish.carried);
	add(pair, wish.carried, -1, loads);
	struct te_deal deal = {
		.plan = pair, .now = slots.now, .mbps = slots.mbps, .noise = slots.noise, .others = loads, .capacity = capacity,
		.goal = core->net->te.above,
	};
	te_deal(&deal, &wish.dealt);
	*n_wished = !wish.dealt.changed ? 0 : *n_wished < UINT8_MAX ? (uint8_t) (*n_wished + 1) : *n_wished;
	double after[PLACE_MAX_SLOTS];
	add_up(pair, wish.dealt.slots, slots.mbps, after);
	add(pair, after, 1, loads);
	if (!wish.dealt.changed)
		return;
	te->wishes = xheap_realloc(te->wishes, (te->n_wishes + 1) * sizeof *te->wishes);
	te->wishes[te->n_wishes++] = wish;
}

void te_deals_look(struct core *core)
{
	struct core_te *te = core->te;
	te->n_wishes = 0;
	if (!te->running || core->net->te.mode != NET_TE_APPLY || core->net->te.goal != NET_TE_BALANCE)
		return;
	double *capacity = capacities(core), *loads = loads_now(core);
	for (size_t i = 0; i < te->running->n_pairs && te->n_wishes < MAX_WISHES; i++)
		look_at(core, i, capacity, loads);
	free(capacity);
	free(loads);
}

/* --- doing it -------------------------------------------------------------------------------- */

static void set_slots(struct place_pair *pair, const uint8_t *slots)
{
	memcpy(pair->slots, slots, pair->n_slots);
	for (uint32_t k = 0; k < pair->n_paths; k++)
		pair->paths[k].n_slots = 0;
	for (uint32_t s = 0; s < pair->n_slots; s++)
		pair->paths[pair->slots[s]].n_slots++;
}

static int percent(double part) { return (int) lround(100 * fmin(part, 99)); }

/* "a-c 83 % -> 64 %: 5 slots of a->b moved; slot 7 alone carries 40 % of it and stays on a-c-b" */
static void say(const struct core *core, const struct te_wish *wish, char *buf, size_t size)
{
	const struct place_pair *pair = &core->te->running->pairs[wish->pair];
	char arc[160], path[1024], from[64], to[64];
	struct slots slots;
	uint32_t most = 0;
	double total = 0, *capacity = capacities(core);
	snprintf(from, sizeof from, "%s", core->net->switches[pair->src].name);
	snprintf(to, sizeof to, "%s", core->net->switches[pair->dst].name);
	int n = snprintf(buf, size, "%s %d %% -> %d %%: %u slot%s of %s->%s moved",
			 te_arc_name(core->net, wish->dealt.busiest, arc, sizeof arc), percent(wish->dealt.u_before),
			 percent(wish->dealt.u_there), wish->dealt.n_moved, wish->dealt.n_moved == 1 ? "" : "s", from, to);
	bool is_read = read_slots(core, pair, &slots);
	for (uint32_t s = 0; is_read && s < pair->n_slots; s++) {
		total += slots.mbps[s];
		most = slots.mbps[s] > slots.mbps[most] ? s : most;
	}
	struct te_deal deal = { .plan = pair, .mbps = slots.mbps, .capacity = capacity };
	uint8_t k = wish->dealt.slots[most];
	if (is_read && te_is_elephant(&deal, most, k) && (size_t) n < size)
		snprintf(buf + n, size - (size_t) n, "; slot %u alone carries %d %% of it and %s %s", most,
			 percent(slots.mbps[most] / total), k == slots.now[most] ? "stays on" : "goes by",
			 te_path_name(core->net, pair->src, &pair->paths[k], path, sizeof path));
	free(capacity);
}

static void say_all(struct core *core, const struct te_wish *const *wishes, size_t n)
{
	struct te_changed *changed = &core->te->changed;
	changed->n_pairs = n;
	changed->why = "slots were not equally large: dealt anew by what they carry";
	changed->wall_ms = core->wall_ms;
	for (size_t i = n; i-- > 0;) {
		if (i >= MAX_SAID)
			continue;
		say(core, wishes[i], changed->text, sizeof changed->text);
		events_note(core->events, core->wall_ms, EVENT_INFO, "te", "", "%s (%s)", changed->text, changed->why);
	}
	size_t used = strlen(changed->text);
	if (n > 1)
		snprintf(changed->text + used, sizeof changed->text - used, "; %zu more likewise", n - 1);
}

static uint64_t hold_ms(const struct core *core) { return core->net->te.interval_s * 1000ull * HOLD_LOOKS; }

static bool is_time(const struct core *core)
{
	const struct core_te *te = core->te;
	uint64_t since = te->settled_ms > core->start_ms ? te->settled_ms : core->start_ms;
	return te->phase == TE_REST && !te->is_loaded && core->now_ms - since >= hold_ms(core)
		&& (!te->n_deals || core->now_ms - te->dealt_ms >= te->deal_hold_ms);
}

static void back_off(struct core *core)
{
	struct core_te *te = core->te;
	bool is_calm = !te->n_deals || core->now_ms - te->dealt_ms >= CALM_HOLDS * te->deal_hold_ms;
	te->deal_hold_ms = is_calm ? hold_ms(core) : 2 * te->deal_hold_ms;
	if (te->deal_hold_ms > MAX_HOLD_MS)
		te->deal_hold_ms = MAX_HOLD_MS;
	te->dealt_ms = core->now_ms;
	te->n_deals++;
	te->n_changes++;
}

bool te_deals_apply(struct core *core)
{
	struct core_te *te = core->te;
	size_t n = 0;
	if (!te->n_wishes || !is_time(core))
		return false;
	const struct te_wish **due = xheap_alloc(te->n_wishes * sizeof *due);
	for (size_t i = 0; i < te->n_wishes; i++) {
		const struct place_pair *pair = &te->running->pairs[te->wishes[i].pair];
		if (te->n_wished[pair->src * core->net->n_switches + pair->dst] >= LOOKS)
			due[n++] = &te->wishes[i];
	}
	if (n) {
		say_all(core, due, n);
		if (!te->dealt)
			te->dealt = te_copy(te->running);
		for (size_t i = 0; i < n; i++) {
			const struct place_pair *pair = &te->running->pairs[due[i]->pair];
			set_slots(&te->dealt->pairs[due[i]->pair], due[i]->dealt.slots);
			te->n_wished[pair->src * core->net->n_switches + pair->dst] = 0;
		}
		back_off(core);
	}
	te->n_wishes = 0;
	free(due);
	return n;
}

/* --- a new plan -------------------------------------------------------------------------------- */

static bool as_planned(const struct place_pair *dealt, const struct place_pair *plan)
{
	bool same = dealt->n_slots == plan->n_slots;
	for (uint32_t s = 0; same && s < plan->n_slots; s++)
		same = te_deal_path(plan, &dealt->paths[dealt->slots[s]]) == plan->slots[s];
	return same;
}

/* The slots for the pair as it is planned now: false: as planned. */
static bool follow(const struct core *core, const struct place_pair *was, const struct place_pair *dealt,
		   const struct place_pair *plan, uint8_t *ret)
{
	struct slots slots;
	struct te_dealt d;
	if (!was || !dealt || as_planned(dealt, was) || dealt->n_slots != plan->n_slots)
		return false;
	for (uint32_t s = 0; s < plan->n_slots; s++)
		ret[s] = te_deal_path(plan, &dealt->paths[dealt->slots[s]]);
	if (as_planned(was, plan) && !memchr(ret, TE_DEAL_GONE, plan->n_slots))
		return true;
	bool is_known = measured(core, plan, slots.mbps, slots.noise);
	for (uint32_t s = 0; !is_known && s < plan->n_slots; s++)
		slots.mbps[s] = 1;
	double *none = xheap_alloc(2 * core->te->n_edges * sizeof *none), *capacity = capacities(core);
	struct te_deal deal = {
		.plan = plan, .now = ret, .mbps = slots.mbps, .others = none, .capacity = capacity, .goal = core->net->te.above, .must = true,
	};
	te_deal(&deal, &d);
	memcpy(ret, d.slots, plan->n_slots);
	free(none);
	free(capacity);
	return true;
}

/* The same pairs and paths may have other numbers: a path keeps its meaning. */
static void renumber(struct te_wish *wish, const struct place_pair *before, const struct place_pair *now)
{
	for (uint32_t s = 0; s < now->n_slots; s++)
		wish->dealt.slots[s] = te_deal_path(now, &before->paths[wish->dealt.slots[s]]);
}

void te_deals_follow(struct core *core, const struct placement *before)
{
	struct core_te *te = core->te;
	struct placement *old = te->dealt;
	if (!before || !te_same(before, te->running))
		te->n_wishes = 0;
	for (size_t i = 0; i < te->n_wishes; i++)
		renumber(&te->wishes[i], &before->pairs[te->wishes[i].pair], &te->running->pairs[te->wishes[i].pair]);
	if (!old || !before)
		return;
	bool is_any = false;
	te->dealt = te_copy(te->running);
	for (size_t i = 0; i < te->dealt->n_pairs; i++) {
		struct place_pair *pair = &te->dealt->pairs[i];
		uint8_t slots[PLACE_MAX_SLOTS];
		if (!follow(core, place_find(before, pair->src, pair->dst), place_find(old, pair->src, pair->dst), pair, slots))
			continue;
		set_slots(pair, slots);
		is_any = true;
	}
	place_free(old);
	if (is_any)
		return;
	place_free(te->dealt);
	te->dealt = NULL;
}
