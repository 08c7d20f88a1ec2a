/* SPDX-License-Identifier: Apache-2.0 */
/* What a pair puts on which arc. Private to place. */
#ifndef TOPO_PLACE_SHARES_H
#define TOPO_PLACE_SHARES_H

#include "topo/place.h"

/* pair may be null. */
static inline void place_add(const struct place_pair *pair, double mbps, double *per_arc)
{
	for (uint32_t k = 0; pair && k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++)
			per_arc[pair->paths[k].arcs[i]] += mbps * pair->paths[k].share;
}

/* Takes it back: 0 there. */
static inline void place_forget(const struct place_pair *pair, double *per_arc)
{
	for (uint32_t k = 0; pair && k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++)
			per_arc[pair->paths[k].arcs[i]] = 0;
}

static inline double place_capacity(const struct place_job *job, uint32_t arc)
{
	return job->links[arc / 2].mbps[arc & 1];
}

#endif
