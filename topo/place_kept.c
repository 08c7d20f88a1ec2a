/* SPDX-License-Identifier: Apache-2.0 */
/* How much of what is guaranteed has room. */
#include <math.h>
#include <stdlib.h>

#include "topo/arena.h"
#include "topo/place_shares.h"

#define AS_GOOD_AS 1e-9

/* Mbit/s that the pair could send with all others as they are. */
static double room(const struct place_job *job, const struct place_pair *pair, double mbps, const double *load, double *share)
{
	double least = INFINITY;

	place_add(pair, 1, share);
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++) {
			uint32_t arc = pair->paths[k].arcs[i];
			if (share[arc] > 0)
				least = fmin(least, (place_capacity(job, arc) - load[arc]) / share[arc] + mbps);
		}
	place_forget(pair, share);
	return fmax(0, least);
}

static bool is_any_firm(const struct place_job *job)
{
	for (size_t i = 0; i < job->n_demands; i++)
		if (job->demands[i].firm > 0)
			return true;
	return false;
}

double place_kept(const struct place_job *job, const struct placement *p)
{
	if (!is_any_firm(job))
		return 1;
	double *load = xheap_alloc(2 * job->n_links * sizeof *load), *share = NULL, firm = 0, kept = 0;

	for (size_t i = 0; i < job->n_demands; i++)
		place_add(place_find(p, job->demands[i].src, job->demands[i].dst), job->demands[i].mbps, load);
	for (size_t i = 0; i < job->n_demands; i++) {
		const struct place_demand *d = &job->demands[i];
		const struct place_pair *pair = d->firm > 0 ? place_find(p, d->src, d->dst) : NULL;
		if (!pair || !pair->n_active)
			continue;
		if (!share)
			share = xheap_alloc(2 * job->n_links * sizeof *share);
		double left = room(job, pair, d->mbps, load, share);
		firm += d->firm;
		kept += left < d->firm * (1 - AS_GOOD_AS) ? left : d->firm;
	}
	free(load);
	free(share);
	return kept < firm ? kept / firm : 1;
}
