/* SPDX-License-Identifier: Apache-2.0 */
/* What is guaranteed first, where not all fits.
 *
 * A plan that makes the busiest link as little busy as can be treats all alike, also
 * when that link is more than full: then everybody loses there. Here pairs with a
 * guarantee are planned first, as if they sent what they are guaranteed and nobody
 * else were there; then the others over what that leaves of these links, while all other
 * links count as larger than they are, and no more so than is needed. Where the others
 * cannot get out of the way, pairs with a guarantee do, one after the other: always the one
 * that gains most. */
#include <math.h>
#include <stdlib.h>

#include "topo/arena.h"
#include "topo/place_shares.h"

enum {
	TURNS = 8,
	TRIES = 8,                      /* pairs that are tried elsewhere in one */
	WORK = 20000000,                /* arcs that may be looked at for that, about */
	REFINE = 3,
};
#define AS_GOOD_AS 1e-9
#define AS_WELL 1.01
#define CONFLICT 0.8                    /* of what a firm pair leaves: more is in its way */
#define MOST 100.0                      /* so much larger no link counts */
#define LEAST 0.05                      /* of a link is left to others that have nothing else */
#define NEAR 0.001                      /* of the best: proved well enough */

struct work {
	const struct place_job *job;    /* borrowed */
	const struct placement *whole;  /* borrowed: all pairs that there are */
	size_t n_arcs;
	struct place_link *links;       /* of a part */
	struct place_demand *firm, *others, *alone;
	size_t n_firm, n_others;
	double limit;                   /* utilisation at which a part is good enough */
	uint64_t done;                  /* arcs looked at so far */
	double *load, *share;           /* per arc */
	bool *conflict;                 /* per arc: others do not make way there */
	double *excess;                 /* per arc: the least by which a firm pair there sends more than is firm */
};

/* --- two parts ------------------------------------------------------------------- */

static bool fits(const struct work *w, const struct placement *p) { return p->u <= w->limit + AS_GOOD_AS; }

/* What runs moves where it must; when that is not enough, all may. */
static struct placement *plan_part(struct work *w, const struct place_demand *demands, size_t n)
{
	struct place_job job = *w->job;

	job.links = w->links;
	job.demands = demands;
	job.n_demands = n;
	job.options.goal = w->limit;
	job.options.content = true;
	job.options.sparing = true;
	job.options.tolerance = NEAR;
	struct placement *p = place_plan(&job);
	w->done += p->work;
	if (fits(w, p) || p->bound > w->limit)
		return p;
	job.options.sparing = false;
	struct placement *other = place_plan(&job);
	w->done += other->work;
	bool better = other->u < p->u;
	place_free(better ? p : other);
	return better ? other : p;
}

/* All firm pairs as if alone, with what they send, or with what is guaranteed of it. */
static struct placement *plan_firm(struct work *w, bool whole)
{
	for (size_t i = 0; i < w->job->n_links; i++)
		w->links[i] = w->job->links[i];
	for (size_t i = 0; i < w->n_firm; i++)
		w->alone[i] = (struct place_demand) { .src = w->firm[i].src, .dst = w->firm[i].dst,
						      .mbps = whole ? w->firm[i].mbps : w->firm[i].firm };
	return plan_part(w, w->alone, w->n_firm);
}

/* Loads of firm pairs, with all that they send. */
static void load_firm(struct work *w, const struct placement *firm)
{
	for (size_t arc = 0; arc < w->n_arcs; arc++) {
		w->load[arc] = 0;
		w->excess[arc] = INFINITY;
	}
	for (size_t i = 0; i < w->job->n_demands; i++) {
		const struct place_demand *d = &w->job->demands[i];
		const struct place_pair *pair = d->firm > 0 ? place_find(firm, d->src, d->dst) : NULL;
		place_add(pair, d->mbps, w->load);
		place_add(pair, 1, w->share);
		for (uint32_t k = 0; pair && k < pair->n_active; k++)
			for (uint32_t n = 0; n < pair->paths[k].n_arcs; n++) {
				uint32_t arc = pair->paths[k].arcs[n];
				w->excess[arc] = fmin(w->excess[arc], fmax(0, d->mbps - d->firm) * w->share[arc]);
			}
		place_forget(pair, w->share);
	}
}

static struct placement *plan_others_over(struct work *w, double times, double least)
{
	for (uint32_t arc = 0; arc < w->n_arcs; arc++) {
		double mbps = place_capacity(w->job, arc);
		w->links[arc / 2].mbps[arc & 1] = w->excess[arc] < INFINITY
			? fmax(least * mbps, mbps - w->load[arc] + w->excess[arc]) : mbps * times;
	}
	return plan_part(w, w->others, w->n_others);
}

/* Where no firm pair is, a link counts as `times` as large; where one leaves nothing, it is closed, unless
 * someone has no other way. */
static struct placement *plan_others_at(struct work *w, double times)
{
	struct placement *p = plan_others_over(w, times, 0);

	if (!p->n_unreachable)
		return p;
	place_free(p);
	return plan_others_over(w, times, LEAST);
}

/* --- and together ---------------------------------------------------------------- */

static struct placement *join(const struct place_job *job, const struct placement *whole, const struct placement *firm,
			      const struct placement *others)
{
	struct arena *arena = arena_new();
	struct placement *p = arena_alloc(arena, sizeof *p);

	*p = *whole;
	p->arena = arena;
	p->n_pairs = 0;
	p->pairs = arena_new_array(arena, struct place_pair, firm->n_pairs + others->n_pairs);
	for (size_t i = 0; i < whole->n_pairs; i++) {
		const struct place_pair *pair = place_find(firm, whole->pairs[i].src, whole->pairs[i].dst);
		if (!pair)
			pair = place_find(others, whole->pairs[i].src, whole->pairs[i].dst);
		p->pairs[p->n_pairs] = place_copy_pair(arena, pair);
		p->pairs[p->n_pairs++].mbps = whole->pairs[i].mbps;
	}
	p->n_rounds = firm->n_rounds + others->n_rounds;
	p->work = firm->work + others->work;
	p->cut_short = firm->cut_short || others->cut_short;
	p->n_changed = firm->n_changed + others->n_changed;
	p->moved_mbps = firm->moved_mbps + others->moved_mbps;
	p->u = p->u_unrounded = place_load(job, p);
	return p;
}

static bool is_better(const struct place_job *job, const struct placement *p, const struct placement *than)
{
	double kept = place_kept(job, p), before = place_kept(job, than);

	return kept > before + AS_GOOD_AS || (kept >= before - AS_GOOD_AS && p->u < than->u * (1 - AS_GOOD_AS));
}

static struct work prepare(const struct place_job *job, const struct placement *whole)
{
	struct work w = {
		.job = job,
		.whole = whole,
		.limit = 1,
		.n_arcs = 2 * job->n_links,
		.links = xheap_alloc(job->n_links * sizeof *w.links),
		.firm = xheap_alloc(job->n_demands * sizeof *w.firm),
		.alone = xheap_alloc(job->n_demands * sizeof *w.alone),
		.others = xheap_alloc(job->n_demands * sizeof *w.others),
		.load = xheap_alloc(2 * job->n_links * sizeof *w.load),
		.share = xheap_alloc(2 * job->n_links * sizeof *w.share),
		.conflict = xheap_alloc(2 * job->n_links * sizeof *w.conflict),
		.excess = xheap_alloc(2 * job->n_links * sizeof *w.excess),
	};

	for (size_t i = 0; i < job->n_links; i++)
		w.links[i] = job->links[i];
	for (size_t i = 0; i < job->n_demands; i++) {
		const struct place_demand *d = &job->demands[i];
		if (d->firm > 0)
			w.firm[w.n_firm++] = *d;
		else
			w.others[w.n_others++] = *d;
	}
	return w;
}

static void clean_up(struct work *w)
{
	free(w->links);
	free(w->firm);
	free(w->others);
	free(w->alone);
	free(w->load);
	free(w->share);
	free(w->conflict);
	free(w->excess);
}

/* --- firm pairs out of the way -------------------------------------------------- */

/* Firm pairs, the others around them, and what that is worth. */
struct try { struct placement *firm, *others; double kept, u; };

static void look_at(struct work *w, struct try *t)
{
	load_firm(w, t->firm);
	t->others = plan_others_at(w, MOST);
	struct placement *p = join(w->job, w->whole, t->firm, t->others);
	t->kept = place_kept(w->job, p);
	t->u = t->others->u;
	place_free(p);
}

static bool is_worth_more(const struct try *a, const struct try *b)
{
	return a->kept > b->kept + AS_GOOD_AS || (a->kept >= b->kept - AS_GOOD_AS && a->u < b->u * (1 - AS_GOOD_AS));
}

/* Marks where others stand in the way of firm pairs, or would as soon as they left what is full. */
static void find_conflicts(struct work *w, const struct try *t)
{
	double *others = xheap_alloc(w->n_arcs * sizeof *others);

	load_firm(w, t->firm);
	for (size_t i = 0; i < t->others->n_pairs; i++)
		place_add(&t->others->pairs[i], t->others->pairs[i].mbps, others);
	for (uint32_t arc = 0; arc < w->n_arcs; arc++)
		w->conflict[arc] = w->excess[arc] < INFINITY
			&& others[arc] > CONFLICT * (place_capacity(w->job, arc) - w->load[arc] + w->excess[arc]);
	free(others);
}

static bool is_in_conflict(const struct work *w, const struct place_pair *pair)
{
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++)
			if (w->conflict[pair->paths[k].arcs[i]])
				return true;
	return false;
}

static const struct place_demand *demand_of(const struct work *w, const struct place_pair *pair)
{
	size_t i = 0;

	while (w->firm[i].src != pair->src || w->firm[i].dst != pair->dst)
		i++;
	return &w->firm[i];
}

/* The pair off its links with a conflict, if other firm ones leave it room elsewhere. */
static bool move_firm(struct work *w, struct placement *firm, struct place_pair *pair, bool whole)
{
	const struct place_demand *d = demand_of(w, pair);
	struct place_demand demand = { .src = pair->src, .dst = pair->dst, .mbps = whole ? d->mbps : d->firm };

	for (size_t arc = 0; arc < w->n_arcs; arc++)
		w->load[arc] = 0;
	for (size_t i = 0; i < firm->n_pairs; i++) {
		d = demand_of(w, &firm->pairs[i]);
		if (&firm->pairs[i] != pair)
			place_add(&firm->pairs[i], whole ? d->mbps : d->firm, w->load);
	}
	place_add(pair, 1, w->share);
	for (uint32_t arc = 0; arc < w->n_arcs; arc++) {
		bool is_closed = w->conflict[arc] && w->share[arc] > 0;
		w->links[arc / 2].mbps[arc & 1] = is_closed ? 0 : fmax(0, place_capacity(w->job, arc) - w->load[arc]);
	}
	place_forget(pair, w->share);
	struct placement *p = plan_part(w, &demand, 1);
	bool good = fits(w, p) && p->pairs[0].n_active;
	if (good)
		*pair = place_copy_pair(firm->arena, &p->pairs[0]);
	place_free(p);
	return good;
}

/* The best of all moves of one firm pair; false: none helps. */
static bool get_out_of_the_way(struct work *w, struct try *now)
{
	struct try best = *now;
	struct place_pair moved;
	size_t which = SIZE_MAX, n = 0;

	for (size_t i = 0; i < now->firm->n_pairs && n < TRIES && w->done < WORK; i++) {
		struct place_pair *pair = &now->firm->pairs[i], before = *pair;
		find_conflicts(w, now);
		if (!is_in_conflict(w, pair) 
		    || !(move_firm(w, now->firm, pair, true) || move_firm(w, now->firm, pair, false)))
			continue;
		struct try other = { .firm = now->firm };
		look_at(w, &other);
		n++;
		if (is_worth_more(&other, &best)) {
			if (which != SIZE_MAX)
				place_free(best.others);
			best = other;
			which = i;
			moved = *pair;
		} else {
			place_free(other.others);
		}
		*pair = before;
	}
	if (which == SIZE_MAX)
		return false;
	place_free(now->others);
	*now = best;
	now->firm->pairs[which] = moved;
	return true;
}

/* No link fuller than it takes for the others to make way as well as they do in p, where all others count as MOST
 * times as large. */
static struct placement *tighten(struct work *w, const struct placement *firm, struct placement *p)
{
	static const double steps[] = { 1, 1.25, 1.6, 2, 3, 5, 10, MOST };
	size_t n = 0;

	w->limit = p->u <= 1 + AS_GOOD_AS ? 1 : p->u * AS_WELL;
	load_firm(w, firm);
	for (; n < sizeof steps / sizeof *steps - 1; n++) {
		struct placement *other = plan_others_at(w, steps[n]);
		bool better = fits(w, other);
		place_free(better ? p : other);
		p = better ? other : p;
		if (better)
			break;
	}
	double low = n ? steps[n - 1] : 1, high = steps[n];
	for (int i = 0; i < REFINE && low < high; i++) {
		double times = (low + high) / 2;
		struct placement *other = plan_others_at(w, times);
		bool better = fits(w, other);
		*(better ? &high : &low) = times;
		place_free(better ? p : other);
		p = better ? other : p;
	}
	return p;
}

static struct try search(struct work *w, bool whole)
{
	struct try t = { .firm = plan_firm(w, whole) };

	look_at(w, &t);
	for (int turn = 0; turn < TURNS && t.kept < 1 - AS_GOOD_AS; turn++)
		if (!get_out_of_the_way(w, &t))
			break;
	return t;
}

/* Tightened, unless that costs guarantees their room. */
static struct placement *finish(struct work *w, struct try *found)
{
	struct placement *wide = join(w->job, w->whole, found->firm, found->others);

	found->others = tighten(w, found->firm, found->others);
	struct placement *p = join(w->job, w->whole, found->firm, found->others);
	bool good = place_kept(w->job, p) >= found->kept / AS_WELL && (found->kept < 1 || place_kept(w->job, p) >= 1);
	place_free(good ? wide : p);
	return good ? p : wide;
}

struct placement *place_plan_firm(const struct place_job *job, struct placement *best)
{
	if (best->u <= 1 + AS_GOOD_AS || place_kept(job, best) >= 1 - AS_GOOD_AS)
		return best;
	struct work w = prepare(job, best);
	struct try found = search(&w, true);
	if (found.kept < 1 - AS_GOOD_AS) {
		struct try other = search(&w, false), less = other;
		if (is_worth_more(&other, &found)) {
			less = found;
			found = other;
		}
		place_free(less.firm);
		place_free(less.others);
	}
	struct placement *p = finish(&w, &found);
	bool better = is_better(job, p, best);
	place_free(better ? best : p);
	place_free(found.firm);
	place_free(found.others);
	clean_up(&w);
	return better ? p : best;
}
