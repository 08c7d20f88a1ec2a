/* SPDX-License-Identifier: Apache-2.0 */
/* demand: how much traffic goes from one switch to another, from counters of
 * bytes that are read now and then.
 *
 * An estimate is the larger of two averages, so it rises within a sample or two
 * and falls slowly: a fast one (10 s down, 3 s up, at once where the rate jumps) and a
 * slow one (5 min) to which twice the usual noise is added, up to the highest sample
 * of late. Without news it holds for a minute and then fades. Pure: time is given in ms. */
#ifndef TOPO_DEMAND_H
#define TOPO_DEMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One rate. All zero = nothing known. */
struct demand {
	double fast, slow;              /* Mbit/s */
	double noise;                   /* Mbit/s: mean distance of samples from the fast average */
	double peak;                    /* Mbit/s: the highest sample, fading like the slow average */
	uint32_t n;                     /* samples so far */
	uint64_t ms;                    /* of the last one */
};

/* The rate was so much over the last dt_ms. */
void demand_sample(struct demand *, double mbps, uint64_t dt_ms, uint64_t now_ms);
/* What to plan for, Mbit/s. */
double demand_mbps(const struct demand *, uint64_t now_ms);
/* What goes there about now, Mbit/s. */
double demand_recent(const struct demand *, uint64_t now_ms);

/* The demands of all pairs, from rounds of readings. Several counters may belong
 * to a pair (one per network). A counter that began anew, since its row did,
 * counts from there; a row that is replaced keeps its counter. Switches are numbers below n_switches. */
struct demands;
struct demands *demands_new(uint32_t n_switches);
/* Pairs in parts that are estimated each for itself: `to` is then parts * switch + part. */
struct demands *demands_new_parts(uint32_t n_switches, uint32_t parts);
void demands_free(struct demands *);
/* A round: all counters of the switch `from`, which are told by key. age_s: since
 * the counter is there; bytes UINT64_MAX: it does not count. */
void demands_begin(struct demands *, uint32_t from, uint64_t now_ms);
void demands_read(struct demands *, uint32_t from, uint32_t to, uint64_t key, uint64_t bytes, uint32_t age_s);
void demands_end(struct demands *, uint32_t from);
/* Null = nothing known. */
const struct demand *demands_of(const struct demands *, uint32_t from, uint32_t to);
double demands_mbps(const struct demands *, uint32_t from, uint32_t to, uint64_t now_ms);
/* The same for other numbers: now[i] = what was i, UINT32_MAX = not there any more. */
struct demands *demands_renumber(const struct demands *, const uint32_t *now, uint32_t n_switches);

#endif
