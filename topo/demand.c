/* SPDX-License-Identifier: Apache-2.0 */
/* Estimates from counters. A counter is known by its key; what it has grown by in
 * a round is added to its pair, and the sum is the pair's sample. */
#include "topo/demand.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum {
	HOLD_MS = 60 * 1000,            /* without news: as it was */
	SHORTEST_MS = 200,              /* less between two readings says nothing */
	SLACK_S = 2,                    /* ages are in whole seconds, and the switch has its own clock */
	FORGET_ROUNDS = 4,              /* a counter that was not there so often is forgotten */
};
#define FALL_MS 10000.0
#define RISE_MS 3000.0
#define SLOW_MS 300000.0
#define FADE_MS 300000.0
#define JUMP 1.25                       /* times the estimate: no noise */
#define NOISES 2
#define ABSURD_MBPS 1e8                 /* 100 Tbit/s: no counter of a switch grows so fast */

static double weight(double dt_ms, double tau_ms) { return 1 - exp(-dt_ms / tau_ms); }

static double level(const struct demand *d) { return fmax(d->fast, fmin(d->slow + NOISES * d->noise, d->peak)); }

/* The slow averages are plain means until there is enough to forget. */
void demand_sample(struct demand *d, double mbps, uint64_t dt_ms, uint64_t now_ms)
{
	double dt = (double) dt_ms, slow = weight(dt, SLOW_MS);

	d->ms = now_ms;
	if (!d->n++) {
		d->fast = d->slow = d->peak = mbps;
		return;
	}
	slow = fmax(slow, 1.0 / d->n);
	d->peak = fmax(mbps, d->peak + weight(dt, SLOW_MS) * (mbps - d->peak));
	bool jumps = mbps > JUMP * level(d);
	if (!jumps)
		d->noise += slow * (fabs(mbps - d->fast) - d->noise);
	d->slow += slow * (mbps - d->slow);
	if (jumps)
		d->fast = mbps;
	else
		d->fast += weight(dt, mbps > d->fast ? RISE_MS : FALL_MS) * (mbps - d->fast);
}

static double faded(double mbps, const struct demand *d, uint64_t now_ms)
{
	uint64_t silent = now_ms > d->ms ? now_ms - d->ms : 0;
	return silent <= HOLD_MS ? mbps : mbps * exp(-(double) (silent - HOLD_MS) / FADE_MS);
}

double demand_mbps(const struct demand *d, uint64_t now_ms) { return faded(level(d), d, now_ms); }

double demand_recent(const struct demand *d, uint64_t now_ms) { return faded(d->fast, d, now_ms); }

/* --- all of them -------------------------------------------------------------------- */

struct counter {
	uint64_t key;
	uint64_t bytes;
	uint32_t round;                 /* that saw it last; 0 = an empty slot */
};

struct pair {
	uint32_t to;
	bool unclear;                   /* a counter of this round is not understood yet */
	double bytes;                   /* of this round */
	struct demand demand;
};

/* All that starts at one switch. */
struct source {
	struct counter *counters;       /* owned: a hash table, at most half full */
	size_t n_counters, max_counters;
	struct pair *pairs;             /* owned; sorted by to */
	size_t n_pairs;
	uint32_t round;                 /* 0 = none yet */
	uint64_t ms, before_ms;         /* of this round, and of the one before */
};

struct demands {
	struct source *sources;
	uint32_t n, parts;
};

struct demands *demands_new(uint32_t n_switches) { return demands_new_parts(n_switches, 1); }

struct demands *demands_new_parts(uint32_t n_switches, uint32_t parts)
{
	struct demands *all = xheap_alloc(sizeof *all);
	all->n = n_switches;
	all->parts = parts;
	all->sources = xheap_alloc(n_switches * sizeof *all->sources);
	return all;
}

void demands_free(struct demands *all)
{
	if (!all)
		return;
	for (uint32_t i = 0; i < all->n; i++) {
		free(all->sources[i].counters);
		free(all->sources[i].pairs);
	}
	free(all->sources);
	free(all);
}

static struct counter *counter_slot(struct counter *table, size_t max, uint64_t key)
{
	size_t i = (size_t) (key * 0x9e3779b97f4a7c15ULL >> 20) & (max - 1);
	while (table[i].round && table[i].key != key)
		i = (i + 1) & (max - 1);
	return &table[i];
}

/* A larger table, without those that are long gone. */
static void make_room(struct source *s)
{
	size_t max = s->max_counters ? s->max_counters : 16, n = 0;
	for (size_t i = 0; i < s->max_counters; i++)
		n += s->counters[i].round && s->round - s->counters[i].round < FORGET_ROUNDS;
	while (max < 4 * (n + 1))
		max *= 2;
	struct counter *table = xheap_alloc(max * sizeof *table);
	for (size_t i = 0; i < s->max_counters; i++)
		if (s->counters[i].round && s->round - s->counters[i].round < FORGET_ROUNDS)
			*counter_slot(table, max, s->counters[i].key) = s->counters[i];
	free(s->counters);
	s->counters = table;
	s->n_counters = n;
	s->max_counters = max;
}

static size_t pair_place(const struct source *s, uint32_t to)
{
	size_t low = 0, high = s->n_pairs;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (s->pairs[mid].to < to)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct pair *pair_of(struct source *s, uint32_t to)
{
	size_t i = pair_place(s, to);
	if (i < s->n_pairs && s->pairs[i].to == to)
		return &s->pairs[i];
	s->pairs = xheap_realloc(s->pairs, (s->n_pairs + 1) * sizeof *s->pairs);
	memmove(&s->pairs[i + 1], &s->pairs[i], (s->n_pairs++ - i) * sizeof *s->pairs);
	s->pairs[i] = (struct pair) { .to = to };
	return &s->pairs[i];
}

void demands_begin(struct demands *all, uint32_t from, uint64_t now_ms)
{
	struct source *s = &all->sources[from];
	s->before_ms = s->round ? s->ms : 0;
	s->ms = now_ms;
	s->round++;
	for (size_t i = 0; i < s->n_pairs; i++) {
		s->pairs[i].unclear = false;
		s->pairs[i].bytes = 0;
	}
}

/* What came since the last round, or less than nothing: not known. */
static double grown(const struct source *s, const struct counter *c, uint64_t bytes, uint32_t age_s)
{
	uint64_t dt_s = (s->ms - s->before_ms) / 1000;
	uint64_t grown = bytes - c->bytes;
	/* A row that is replaced is young again and keeps its counter. */
	if (c->round && grown >> 63 == 0)
		return s->round - c->round == 1 ? (double) grown : -1;
	/* It is new, or began anew, within this round. */
	return s->before_ms && age_s <= dt_s + SLACK_S ? (double) bytes : -1;
}

void demands_read(struct demands *all, uint32_t from, uint32_t to, uint64_t key, uint64_t bytes, uint32_t age_s)
{
	struct source *s = &all->sources[from];
	if (bytes == UINT64_MAX)
		return;
	if (2 * s->n_counters >= s->max_counters)
		make_room(s);
	struct counter *c = counter_slot(s->counters, s->max_counters, key);
	struct pair *pair = pair_of(s, to);
	double more = grown(s, c, bytes, age_s);
	s->n_counters += !c->round;
	*c = (struct counter) { .key = key, .bytes = bytes, .round = s->round };
	pair->unclear |= more < 0;
	pair->bytes += fmax(more, 0);
}

/* A pair whose counters all went carries nothing any more; one whose counters are
 * not understood yet stays as it was. */
void demands_end(struct demands *all, uint32_t from)
{
	struct source *s = &all->sources[from];
	uint64_t dt_ms = s->ms - s->before_ms;
	if (!s->before_ms || dt_ms < SHORTEST_MS)
		return;
	for (size_t i = 0; i < s->n_pairs; i++) {
		struct pair *pair = &s->pairs[i];
		double mbps = pair->bytes * 8 / 1000 / (double) dt_ms;
		if (mbps < ABSURD_MBPS && !pair->unclear)
			demand_sample(&pair->demand, mbps, dt_ms, s->ms);
	}
}

const struct demand *demands_of(const struct demands *all, uint32_t from, uint32_t to)
{
	const struct source *s = &all->sources[from];
	size_t i = pair_place(s, to);
	return i < s->n_pairs && s->pairs[i].to == to && s->pairs[i].demand.n ? &s->pairs[i].demand : NULL;
}

double demands_mbps(const struct demands *all, uint32_t from, uint32_t to, uint64_t now_ms)
{
	const struct demand *d = demands_of(all, from, to);
	return d ? demand_mbps(d, now_ms) : 0;
}

struct demands *demands_renumber(const struct demands *old, const uint32_t *now, uint32_t n_switches)
{
	uint32_t parts = old->parts;
	struct demands *all = demands_new_parts(n_switches, parts);
	for (uint32_t from = 0; from < old->n; from++) {
		const struct source *s = &old->sources[from];
		for (size_t i = 0; i < s->n_pairs && now[from] != UINT32_MAX; i++) {
			uint32_t to = now[s->pairs[i].to / parts], part = s->pairs[i].to % parts;
			if (to != UINT32_MAX)
				pair_of(&all->sources[now[from]], parts * to + part)->demand = s->pairs[i].demand;
		}
	}
	return all;
}
