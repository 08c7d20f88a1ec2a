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
#define BELOW_GOAL_FIRST 0.8            /* what a change aims at, of the goal: the first knows no average yet */
#define BELOW_GOAL 0.9                  /* the others, unless told otherwise */
#define JUMP 1.25                       /* above the average: no noise */
#define MOST_NOISE 1.1                  /* peaks this far above the average widen the band */
#define WHOLE (1 - 1e-9)                /* of what is guaranteed */
#define NEAR_BOUND 0.01                 /* or this far from the bound */

/* What a pair wanted in a part of the window. */
struct seen { uint32_t src, dst; double highest, sum, firm; };
struct recent { uint64_t ms; struct seen *pairs; size_t n, n_steps; };

struct place_keeper {
	struct place_policy policy;
	struct placement *running;      /* owned; null = nothing yet */
	struct placement *before;       /* owned: what ran before the last change; null = none */
	struct recent recent[MAX_RECENT];       /* owned pairs, sorted; the oldest first */
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
		.aim = BELOW_GOAL,
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
		free(k->recent[i].pairs);
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
	const struct seen *x = a, *y = b;

	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	return x->dst < y->dst ? -1 : x->dst > y->dst;
}

/* The demands of now, sorted, each pair once. */
static struct recent sorted(const struct place_job *job, uint64_t now_ms)
{
	struct recent r = { .ms = now_ms, .pairs = xheap_alloc(job->n_demands * sizeof *r.pairs), .n_steps = 1 };

	for (size_t i = 0; i < job->n_demands; i++) {
		const struct place_demand *d = &job->demands[i];
		double mbps = d->mbps > 0 ? d->mbps : 0;
		r.pairs[i] = (struct seen) { d->src, d->dst, mbps, mbps, d->firm };
	}
	qsort(r.pairs, job->n_demands, sizeof *r.pairs, by_pair);
	for (size_t i = 0; i < job->n_demands; i++) {
		struct seen pair = r.pairs[i];
		if (r.n && !by_pair(&r.pairs[r.n - 1], &pair)) {
			r.pairs[r.n - 1].highest += pair.highest;
			r.pairs[r.n - 1].sum += pair.sum;
			r.pairs[r.n - 1].firm += pair.firm;
		} else {
			r.pairs[r.n++] = pair;
		}
	}
	return r;
}

/* Makes `into` what was seen in both times. Takes the pairs of `more`. */
static void join(struct recent *into, struct recent more)
{
	struct seen *all = xheap_alloc((into->n + more.n) * sizeof *all);
	size_t n = 0;

	for (size_t i = 0, k = 0; i < into->n || k < more.n;) {
		int order = i == into->n ? 1 : k == more.n ? -1 : by_pair(&into->pairs[i], &more.pairs[k]);
		all[n] = order <= 0 ? into->pairs[i] : more.pairs[k];
		if (!order) {
			all[n].highest = fmax(into->pairs[i].highest, more.pairs[k].highest);
			all[n].sum = into->pairs[i].sum + more.pairs[k].sum;
			all[n].firm = more.pairs[k].firm;
		}
		n++;
		i += order <= 0;
		k += order >= 0;
	}
	free(into->pairs);
	free(more.pairs);
	into->pairs = all;
	into->n = n;
	into->n_steps += more.n_steps;
}

/* The window is as long as it takes to see both halves of what made the hold
 * grow. It is kept in a few parts. */
static void remember(struct place_keeper *k, const struct place_job *job, uint64_t now_ms)
{
	uint64_t window = k->policy.window_ms > 2 * k->hold_ms ? k->policy.window_ms : 2 * k->hold_ms;
	struct recent now = sorted(job, now_ms);
	size_t old = 0;

	while (old < k->n_recent && (k->n_recent - old == MAX_RECENT || now_ms - k->recent[old].ms >= window))
		free(k->recent[old++].pairs);
	memmove(k->recent, k->recent + old, (k->n_recent - old) * sizeof *k->recent);
	k->n_recent -= old;
	struct recent *last = k->n_recent ? &k->recent[k->n_recent - 1] : NULL;
	if (last && now_ms - last->ms < window / (MAX_RECENT - 1))
		join(last, now);
	else
		k->recent[k->n_recent++] = now;
}

/* All that was seen in the window. The caller frees its pairs. */
static struct recent look_back(const struct place_keeper *k)
{
	struct recent all = {0};

	for (size_t i = 0; i < k->n_recent; i++) {
		struct recent part = k->recent[i];
		part.pairs = xheap_alloc(part.n * sizeof *part.pairs);
		memcpy(part.pairs, k->recent[i].pairs, part.n * sizeof *part.pairs);
		join(&all, part);
	}
	return all;
}

/* The job with each pair's highest demand, or its average. The caller frees the demands. */
static struct place_job with_demands(const struct place_job *job, const struct recent *window, bool highest)
{
	struct place_demand *demands = xheap_alloc(window->n * sizeof *demands);
	struct place_job other = *job;

	for (size_t i = 0; i < window->n; i++) {
		const struct seen *pair = &window->pairs[i];
		double mbps = highest ? pair->highest : pair->sum / (double) window->n_steps;
		demands[i] = (struct place_demand) { pair->src, pair->dst, mbps, pair->firm };
	}
	other.demands = demands;
	other.n_demands = window->n;
	return other;
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

/* What one step looks at. */
struct look {
	const struct place_job *now, *average, *highest;        /* the same links, three demands */
	struct placement *stay;         /* what runs, with the highest demands */
	uint64_t ms;
	bool first, lost;
};

/* First sparingly; when that does not come near what can be had, with all that runs. */
static struct placement *search(const struct place_keeper *k, const struct look *l)
{
	struct place_job job = *l->highest;

	job.running = l->stay;
	job.options.sparing = true;
	job.options.goal = (l->first ? fmin(BELOW_GOAL_FIRST, k->policy.aim) : k->policy.aim) * k->policy.goal;
	job.options.tolerance = NEAR_BOUND;
	struct placement *p = place_plan(&job);
	if (p->u <= fmax(k->policy.goal, k->policy.band * p->bound))
		return p;
	job.options.sparing = false;
	struct placement *other = place_plan(&job);
	bool better = other->u < p->u;
	place_free(better ? p : other);
	return better ? other : p;
}

/* Where not all fits, what is guaranteed comes first. */
static struct placement *move_off(const struct place_keeper *k, const struct look *l)
{
	struct place_job job = *l->highest;

	job.running = l->stay;
	return place_plan_firm(&job, search(k, l));
}

/* Is a guarantee short of room? Below 1 all fits. */
static bool is_short(const struct place_job *job, const struct placement *p, double u)
{
	return u > 1 && place_kept(job, p) < WHOLE;
}

/* The best there is for the average: a search without slots. */
static double lowest(const struct look *l)
{
	struct place_job job = *l->average;

	job.options.unrounded = true;
	job.options.tolerance = NEAR_BOUND;
	struct placement *p = place_plan(&job);
	double bound = p->bound;
	place_free(p);
	return bound;
}

/* How far above the bound is left alone. Peaks above the average are noise up to
 * a point, and noise in single demands moves what is best. */
static double band(const struct place_keeper *k, const struct look *l)
{
	double average = place_load(l->average, l->stay);
	double noise = average > 0 ? l->stay->u / average : 1;

	return k->policy.band * fmax(1, fmin(noise, MOST_NOISE));
}

/* May it move now? Not for a peak that the average does not know, unless that is
 * a jump into congestion. */
static bool is_due(const struct place_keeper *k, const struct look *l, enum place_verdict *ret_verdict)
{
	const struct place_policy *policy = &k->policy;
	double u = place_load(l->average, l->stay), u_now = place_load(l->now, l->stay);

	if (u_now >= policy->panic && u_now > u * JUMP)
		return true;
	*ret_verdict = PLACE_GOOD;
	if (u <= policy->goal)
		return false;
	*ret_verdict = PLACE_HELD;
	if (l->ms - k->changed_ms < k->hold_ms && u < policy->panic)
		return false;
	if (is_short(l->average, l->stay, u))
		return true;
	*ret_verdict = PLACE_BEST;
	double bound = lowest(l);
	l->stay->bound = fmax(l->stay->bound, bound);   /* holds for the highest demands, too */
	return u > band(k, l) * bound;
}

/* Is the other one better by enough? */
static bool is_worth(const struct place_keeper *k, const struct look *l, const struct placement *next, bool *ret_makes_room)
{
	double now = place_kept(l->highest, l->stay), then = place_kept(l->highest, next);

	*ret_makes_room = 1 - then < (1 - now) * (1 - k->policy.gain) && now < WHOLE;
	if (then < fmin(now, WHOLE))
		return false;
	return *ret_makes_room || next->u <= l->stay->u * (1 - k->policy.gain);
}

static enum place_verdict decide(struct place_keeper *k, const struct look *l, struct placement **ret_next)
{
	const struct place_policy *policy = &k->policy;
	struct placement *stay = l->stay;
	bool must = l->first || l->lost, makes_room;
	enum place_verdict must_verdict = l->first ? PLACE_FIRST : PLACE_LINKS, verdict;

	*ret_next = NULL;
	if (stay->u <= policy->goal)
		return must ? must_verdict : PLACE_GOOD;
	bool is_wanting = is_short(l->highest, stay, stay->u);
	if (!must && !is_wanting && stay->u <= policy->band * stay->bound)
		return PLACE_BEST;
	if (!must && !is_due(k, l, &verdict))
		return verdict;
	struct placement *next = move_off(k, l);
	stay->bound = fmax(stay->bound, next->bound);
	bool near = !must && !is_wanting && stay->u <= band(k, l) * stay->bound;
	bool small = !is_worth(k, l, next, &makes_room);
	if (near || small) {
		place_free(next);
		return must ? must_verdict : near ? PLACE_BEST : PLACE_NO_GAIN;
	}
	*ret_next = next;
	return must ? must_verdict : makes_room ? PLACE_ROOM : PLACE_MOVED;
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

static struct place_decision take(struct place_keeper *k, const struct look *l, struct placement *next)
{
	struct placement *stay = l->stay;
	struct place_decision d = {
		.u_before = stay->u,
		.u_after = next ? next->u : stay->u,
		.bound = stay->bound,
		.changed = stay->n_changed > 0 || (next && next->n_changed > 0),
	};

	if (next && next->n_changed) {
		d.n_reversed = k->before && k->running ? reversed(k->before, k->running, next) : 0;
		back_off(k, l->ms, d.n_reversed);
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
	return d;
}

struct place_decision place_keeper_step(struct place_keeper *k, const struct place_job *job, uint64_t now_ms)
{
	struct place_job now = *job;
	struct placement *next;

	now.running = k->running;
	remember(k, job, now_ms);
	struct recent window = look_back(k);
	struct place_job average = with_demands(&now, &window, false), highest = with_demands(&now, &window, true);
	struct look l = {
		.now = &now,
		.average = &average,
		.highest = &highest,
		.stay = place_stay(&highest),
		.ms = now_ms,
		.first = !k->running,
		.lost = lost_an_arc(k, job),
	};
	enum place_verdict verdict = decide(k, &l, &next);
	struct place_decision d = take(k, &l, next);
	d.verdict = verdict;
	free((void *) average.demands);
	free((void *) highest.demands);
	free(window.pairs);
	return d;
}
