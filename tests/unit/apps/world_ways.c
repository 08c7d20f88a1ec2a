/* SPDX-License-Identifier: Apache-2.0 */
/* Ways and steering taken in one go, as core does it step by step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "tests/unit/apps/world_inside.h"
#include "topo/arena.h"
#include "topo/ways.h"

static void set_ways(struct world *w, struct ways *ways)
{
	struct fact fact = { .kind = FACT_WAYS, .sw = NET_NONE };
	view_set_ways(w->view, ways);
	world_tell(w, &fact);
}

/* As core does, on all switches that are not cut. */
void world_take_ways(struct world *w, bool half)
{
	struct ways *ways = view_take_ways(w->view);
	if (!ways || !ways->with) {
		struct ways *next = ways_compute(w->view);
		next->with = ways;
		set_ways(w, next);
		ways = view_take_ways(w->view);
	}
	if (half) {
		view_set_ways(w->view, ways);
		return;
	}
	set_ways(w, ways_alone(ways));
}

void world_steer(struct world *w, struct steer *take)
{
	struct fact fact = { .kind = FACT_STEER, .sw = NET_NONE };
	view_set_steer(w->view, take);
	world_tell(w, &fact);
}

struct placement *world_placement(struct world *w, uint64_t seed)
{
	size_t n = w->net->n_switches, n_links = w->net->n_edges;
	struct place_link *links = xheap_alloc(n_links * sizeof *links);
	struct place_demand *demands = xheap_alloc(n * n * sizeof *demands);
	struct place_job job = { .n_nodes = (uint32_t) n, .links = links, .n_links = n_links, .demands = demands,
				 .options = place_defaults() };
	for (uint32_t i = 0; i < n_links; i++)
		links[i] = (struct place_link) {
			.a = w->net->edges[i].sw[0], .b = w->net->edges[i].sw[1], .mbps = { 100, 100 },
			.cost = w->net->edges[i].cost, .down = !view_edge_is_up(w->view, i),
		};
	for (uint32_t i = 0; i < n * n; i++)
		if (i / n != i % n) {
			double mbps = seed ? (double) (net_hash(&(uint64_t[2]) { seed, i }, 16) % 100) : 10;
			demands[job.n_demands++] = (struct place_demand) { .src = i / (uint32_t) n, .dst = i % (uint32_t) n, .mbps = mbps };
		}
	struct placement *placement = place_plan(&job);
	free(links);
	free(demands);
	return placement;
}
