/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper: dead band, hold, gain, back-off.
 *
 * A control loop swings when it reacts late and too much. So the input is demand,
 * which does not react to where we put it; the highest demand of the last minute
 * counts, so that what comes and goes is planned for once; changes have a minimum
 * distance; and when one undoes the other the distance doubles. */
#include "topo/place_keep.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum { MAX_RECENT = 8, QUIET_HOLDS = 8 };
#define BELOW_GOAL 0.95                 /* what a change aims at, of the goal ... */
#define NEAR_BOUND 0.03                 /* ... or this far from the bound */

struct recent { uint64_t ms; struct place_demand *demands; size_t n; };

struct place_keeper {
	struct place_policy policy;
	struct placement *running;      /* owned; null = nothing yet */
	struct placement *before;       /* owned: what ran before the last change; null = none */
	struct recent recent[MAX_RECENT];       /* owned demands, sorted; the oldest first */
	size_t n_recent;
	uint8_t *usable;                /* owned: per arc, as of the last step */
	size_t n_arcs;
	uint64_t changed_ms;            /* when it last changed by choice; 0 with hold 0 = never */
	uint64_t hold_ms;               /* from then on */
};

const char *place_verdict_text(enum place_verdict verdict)
{
	static const char *const texts[] = {
#define VERDICT(NAME, HELP) HELP,
		PLACE_VERDICTS
#undef VERDICT
	};

	return texts[verdict];
}

struct place_policy place_policy_defaults(void)
{
	return (struct place_policy) {
		.goal = 0.7,
		.band = 1.1,
		.panic = 0.95,
		.gain = 0.05,
		.hold_ms = 30000,
		.max_hold_ms = 300000,
		.window_ms = 60000,
	};
}

struct place_keeper *place_keeper_new(const struct place_policy *policy)
{
	struct place_keeper *k = xheap_alloc(sizeof *k);

	k->policy = *policy;
	return k;
}

void place_keeper_free(struct place_keeper *k)
{
	if (!k)
		return;
	place_free(k->running);
	place_free(k->before);
	for (size_t i = 0; i < k->n_recent; i++)
		free(k->recent[i].demands);
	free(k->usable);
	free(k);
}

void place_keeper_take(struct place_keeper *k, struct placement *p)
{
	place_free(k->running);
	k->running = p;
}

/* --- the demands of late --------------------------------------------------------- */

static int by_pair(const void *a, const void *b)
{
	const struct place_demand *x = a, *y = b;

	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	return x->dst < y->dst ? -1 : x->dst > y->dst;
}

/* The demands sorted, each pair once. */
static struct recent sorted(const struct place_job *job, uint64_t now_ms)
{
	struct recent r = { .ms = now_ms, .demands = xheap_alloc(job->n_demands * sizeof *r.demands) };

	memcpy(r.demands, job->demands, job->n_demands * sizeof *r.demands);
	qsort(r.demands, job->n_demands, sizeof *r.demands, by_pair);
	for (size_t i = 0; i < job->n_demands; i++) {
		struct place_demand d = r.demands[i];
		d.mbps = d.mbps > 0 ? d.mbps : 0;
		if (r.n && !by_pair(&r.demands[r.n - 1], &d))
			r.demands[r.n - 1].mbps += d.mbps;
		else
			r.demands[r.n++] = d;
	}
	return r;
}

static void remember(struct place_keeper *k, const struct place_job *job, uint64_t now_ms)
{
	uint64_t window = k->policy.window_ms > 2 * k->hold_ms ? k->policy.window_ms : 2 * k->hold_ms;
	size_t old = 0;

	while (old < k->n_recent && (k->n_recent - old == MAX_RECENT || now_ms - k->recent[old].ms >= window))
		free(k->recent[old++].demands);
	memmove(k->recent, k->recent + old, (k->n_recent - old) * sizeof *k->recent);
	k->n_recent -= old;
	k->recent[k->n_recent++] = sorted(job, now_ms);
}

/* The pairs of now, each with its highest demand of late. */
static struct place_demand *envelope(const struct place_keeper *k, struct arena *arena, size_t *ret_n)
{
	const struct recent *now = &k->recent[k->n_recent - 1];
	struct place_demand *demands = arena_new_array(arena, struct place_demand, now->n);

	memcpy(demands, now->demands, now->n * sizeof *demands);
	for (size_t r = 0; r + 1 < k->n_recent; r++) {
		const struct recent *old = &k->recent[r];
		for (size_t i = 0, at = 0; i < now->n; i++) {
			while (at < old->n && by_pair(&old->demands[at], &demands[i]) < 0)
				at++;
			if (at < old->n && !by_pair(&old->demands[at], &demands[i]))
				demands[i].mbps = fmax(demands[i].mbps, old->demands[at].mbps);
		}
	}
	*ret_n = now->n;
	return demands;
}

/* --- what changed ---------------------------------------------------------------- */

/* Notes which arcs can be used; true when one that could be cannot any more. */
static bool lost_an_arc(struct place_keeper *k, const struct place_job *job)
{
	bool lost = false;

	if (k->n_arcs != 2 * job->n_links) {
		free(k->usable);
		k->n_arcs = 2 * job->n_links;
		k->usable = xheap_alloc(k->n_arcs);
	}
	for (size_t arc = 0; arc < k->n_arcs; arc++) {
		const struct place_link *link = &job->links[arc / 2];
		uint8_t usable = !link->down && link->mbps[arc & 1] > 0;
		lost = lost || usable < k->usable[arc];
		k->usable[arc] = usable;
	}
	return lost;
}

static bool same_path(const struct place_pair *a, uint32_t slot_a, const struct place_pair *b, uint32_t slot_b)
{
	const struct place_path *x = &a->paths[a->slots[slot_a]], *y = &b->paths[b->slots[slot_b]];

	return x->n_arcs == y->n_arcs && !memcmp(x->arcs, y->arcs, x->n_arcs * sizeof *x->arcs);
}

static size_t reversed(const struct placement *before, const struct placement *running, const struct placement *next)
{
	size_t n = 0;

	for (size_t i = 0; i < next->n_pairs; i++) {
		const struct place_pair *c = &next->pairs[i];
		const struct place_pair *b = place_find(running, c->src, c->dst);
		const struct place_pair *a = b ? place_find(before, c->src, c->dst) : NULL;
		if (!a || a->n_slots != c->n_slots || b->n_slots != c->n_slots)
			continue;
		for (uint32_t slot = 0; slot < c->n_slots; slot++)
			n += !same_path(b, slot, c, slot) && same_path(a, slot, c, slot);
	}
	return n;
}

/* --- deciding -------------------------------------------------------------------- */

/* First sparingly; when that does not come near what can be had, with all that runs. */
static struct placement *move_off(const struct place_keeper *k, const struct place_job *job)
{
	struct place_job sparing = *job;

	sparing.options.sparing = true;
	sparing.options.goal = BELOW_GOAL * k->policy.goal;
	sparing.options.tolerance = NEAR_BOUND;
	struct placement *p = place_plan(&sparing);
	if (p->u <= fmax(k->policy.goal, k->policy.band * p->bound))
		return p;
	sparing.options.sparing = false;
	struct placement *other = place_plan(&sparing);
	bool better = other->u < p->u;
	place_free(better ? p : other);
	return better ? other : p;
}

static enum place_verdict decide(struct place_keeper *k, const struct place_job *job, uint64_t now_ms, bool lost,
				 struct placement *stay, struct placement **ret_next)
{
	const struct place_policy *policy = &k->policy;
	bool first = !k->running, must = first || lost;

	*ret_next = NULL;
	if (stay->u <= policy->goal)
		return first ? PLACE_FIRST : lost ? PLACE_LINKS : PLACE_GOOD;
	if (!must && stay->u <= policy->band * stay->bound)
		return PLACE_BEST;
	if (!must && now_ms - k->changed_ms < k->hold_ms && stay->u < policy->panic)
		return PLACE_HELD;
	struct place_job from = *job;
	from.running = stay;
	struct placement *next = move_off(k, &from);
	stay->bound = fmax(stay->bound, next->bound);
	bool near = !must && stay->u <= policy->band * stay->bound;
	bool small = next->u > stay->u * (1 - policy->gain) && (stay->u < policy->panic || next->u >= stay->u);
	if (near || small) {
		place_free(next);
		return first ? PLACE_FIRST : lost ? PLACE_LINKS : near ? PLACE_BEST : PLACE_NO_GAIN;
	}
	*ret_next = next;
	return first ? PLACE_FIRST : lost ? PLACE_LINKS : PLACE_MOVED;
}

static void back_off(struct place_keeper *k, uint64_t now_ms, size_t n_reversed)
{
	const struct place_policy *policy = &k->policy;

	if (n_reversed)
		k->hold_ms = k->hold_ms * 2 < policy->max_hold_ms ? k->hold_ms * 2 : policy->max_hold_ms;
	else if (now_ms - k->changed_ms >= QUIET_HOLDS * k->hold_ms || k->hold_ms < policy->hold_ms)
		k->hold_ms = policy->hold_ms;
	k->changed_ms = now_ms;
}

struct place_decision place_keeper_step(struct place_keeper *k, const struct place_job *given, uint64_t now_ms)
{
	struct arena *arena = arena_new();
	bool lost = lost_an_arc(k, given);
	struct place_job job = *given;
	struct place_decision d = {0};
	struct placement *next;

	remember(k, given, now_ms);
	job.demands = envelope(k, arena, &job.n_demands);
	job.running = k->running;
	struct placement *stay = place_stay(&job);
	d.verdict = decide(k, &job, now_ms, lost, stay, &next);
	d.u_before = stay->u;
	d.u_after = next ? next->u : stay->u;
	d.bound = stay->bound;
	d.changed = stay->n_changed > 0 || (next && next->n_changed > 0);
	if (next && next->n_changed) {
		d.n_reversed = k->before && k->running ? reversed(k->before, k->running, next) : 0;
		back_off(k, now_ms, d.n_reversed);
		place_free(k->before);
		k->before = k->running;
		k->running = NULL;
	}
	place_free(k->running);
	if (next)
		place_free(stay);
	k->running = next ? next : stay;
	d.running = k->running;
	d.hold_ms = k->hold_ms;
	arena_free(arena);
	return d;
}
