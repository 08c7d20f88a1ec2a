/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Latencies in nanoseconds, counted in buckets less than 1 % wide: 128 to each doubling.
 */
#ifndef BENCH_HIST_H
#define BENCH_HIST_H

#include <stdint.h>
#include <string.h>

enum { HIST_BITS = 7, HIST_BUCKETS = (40 - HIST_BITS) << HIST_BITS };

struct hist {
	uint64_t n, max; /* ns */
	uint64_t count[HIST_BUCKETS];
};

static inline void hist_add(struct hist *h, uint64_t ns)
{
	uint64_t v = ns >> 39 ? (UINT64_C(1) << 39) - 1 : ns;
	unsigned shift = v >> HIST_BITS ? 63U - HIST_BITS - (unsigned)__builtin_clzll(v) : 0;

	h->n++;
	if (ns > h->max)
		h->max = ns;
	h->count[(shift << HIST_BITS) + (v >> shift)]++;
}

/* The latency under which `part` (0..1) of all lie, in microseconds. */
static inline double hist_us(const struct hist *h, double part)
{
	uint64_t want = (uint64_t)((double)h->n * part), seen = 0;

	for (unsigned i = 0; i < HIST_BUCKETS; i++) {
		unsigned shift = i >> HIST_BITS > 1 ? (i >> HIST_BITS) - 1 : 0;
		seen += h->count[i];
		if (h->count[i] && seen >= want)
			return ((double)((uint64_t)(i - (shift << HIST_BITS)) << shift) +
				(double)(UINT64_C(1) << shift) / 2) / 1e3;
	}
	return 0;
}

static inline void hist_clear(struct hist *h)
{
	memset(h, 0, sizeof *h);
}

#endif
