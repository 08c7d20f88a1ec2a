/* SPDX-License-Identifier: Apache-2.0 */
/* Local repair, played through on a placement. */
#include "te_repair.h"

#include <stdlib.h>

#include "topo/arena.h"

static bool is_alive(const struct place_job *job, const struct place_path *path)
{
	for (uint32_t i = 0; i < path->n_arcs; i++)
		if (job->links[path->arcs[i] / 2].down)
			return false;
	return true;
}

static const struct place_path *live_path(const struct place_job *job, const struct place_pair *pair,
					  const struct place_path *path)
{
	if (is_alive(job, path))
		return path;
	for (uint32_t i = 0; i < path->n_standbys; i++)
		if (is_alive(job, &pair->paths[path->standbys[i]]))
			return &pair->paths[path->standbys[i]];
	return NULL;
}

/* Which nodes can be reached from src. */
static void reach(const struct place_job *job, uint32_t src, bool *ret_reached)
{
	for (uint32_t i = 0; i < job->n_nodes; i++)
		ret_reached[i] = i == src;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < job->n_links; i++) {
			const struct place_link *l = &job->links[i];
			if (l->down || ret_reached[l->a] == ret_reached[l->b] || !(l->mbps[ret_reached[l->b]] > 0))
				continue;
			ret_reached[l->a] = ret_reached[l->b] = more = true;
		}
	}
}

struct te_repaired te_repair(const struct place_job *job, const struct placement *p)
{
	struct te_repaired r = {0};
	double *load = xheap_alloc(job->n_links * 2 * sizeof *load);
	bool *reached = xheap_alloc(job->n_nodes);

	for (size_t i = 0; i < p->n_pairs; i++) {
		const struct place_pair *pair = &p->pairs[i];
		if (!i || pair->src != pair[-1].src)
			reach(job, pair->src, reached);
		for (uint32_t k = 0; k < pair->n_active; k++) {
			double mbps = pair->mbps * pair->paths[k].share;
			const struct place_path *path = live_path(job, pair, &pair->paths[k]);
			for (uint32_t n = 0; path && n < path->n_arcs; n++)
				load[path->arcs[n]] += mbps;
			if (!path && reached[pair->dst])
				r.lost_mbps += mbps;
		}
	}
	for (size_t arc = 0; arc < job->n_links * 2; arc++)
		if (load[arc] > r.u * job->links[arc / 2].mbps[arc & 1])
			r.u = load[arc] / job->links[arc / 2].mbps[arc & 1];
	free(reached);
	free(load);
	return r;
}
