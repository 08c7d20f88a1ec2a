/* SPDX-License-Identifier: Apache-2.0 */
#include "te_series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/place_keep.h"

static int by_pair(const void *a, const void *b)
{
	const struct place_demand *x = a, *y = b;

	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	return x->dst < y->dst ? -1 : x->dst > y->dst;
}

/* Every pair that ever has a demand, so that none comes and goes. */
static size_t all_pairs(const struct te_data *data, struct place_demand **ret_demands)
{
	size_t n = 0, n_different = 0;

	for (size_t m = 0; m < data->n_matrices; m++)
		n += data->matrices[m].n;
	struct place_demand *all = xheap_alloc(n * sizeof *all);
	n = 0;
	for (size_t m = 0; m < data->n_matrices; m++)
		for (size_t i = 0; i < data->matrices[m].n; i++)
			all[n++] = (struct place_demand) { .src = data->matrices[m].demands[i].src,
							   .dst = data->matrices[m].demands[i].dst };
	qsort(all, n, sizeof *all, by_pair);
	for (size_t i = 0; i < n; i++)
		if (!i || by_pair(&all[i], &all[i - 1]))
			all[n_different++] = all[i];
	*ret_demands = all;
	return n_different;
}

/* What of the old placement's traffic, at the new demands, runs elsewhere. */
static double moved(const struct placement *old, const struct placement *now, size_t *ret_changed)
{
	double sum = 0, total = 0;

	*ret_changed = 0;
	for (size_t i = 0; i < now->n_pairs; i++) {
		const struct place_pair *b = &now->pairs[i], *a = place_find(old, b->src, b->dst);
		double stays = 0;
		for (uint32_t x = 0; a && x < a->n_active; x++)
			for (uint32_t y = 0; y < b->n_active; y++)
				if (a->paths[x].n_arcs == b->paths[y].n_arcs &&
				    !memcmp(a->paths[x].arcs, b->paths[y].arcs,
					    a->paths[x].n_arcs * sizeof *a->paths[x].arcs))
					stays += fmin(a->paths[x].share, b->paths[y].share);
		total += b->mbps;
		sum += b->mbps * fmax(0, 1 - stays);
		*ret_changed += stays < 1 - 1e-9;
	}
	return total > 0 ? sum / total : 0;
}

/* A placement of its own that does not change when the keeper's does. */
static struct placement *copy(struct place_job job, const struct placement *running)
{
	job.running = running;
	job.options.without_standbys = true;
	return place_stay(&job);
}

void te_series(const struct te_data *data, const struct place_options *options, double goal, uint64_t step_ms)
{
	struct place_policy policy = place_policy_defaults();
	struct place_demand *demands;
	struct place_job job = {
		.n_nodes = data->n_nodes,
		.links = data->links,
		.n_links = data->n_links,
		.n_demands = all_pairs(data, &demands),
		.options = *options,
	};
	struct placement *last = NULL;

	policy.goal = goal;
	struct place_keeper *keeper = place_keeper_new(&policy);
	for (size_t m = 0; m < data->n_matrices; m++) {
		const struct te_matrix *matrix = &data->matrices[m];
		struct place_demand *now = xheap_alloc((job.n_demands + matrix->n) * sizeof *now);
		struct place_job step = job;
		size_t n_changed = 0;
		memcpy(now, demands, job.n_demands * sizeof *now);
		memcpy(now + job.n_demands, matrix->demands, matrix->n * sizeof *now);
		step.demands = now;
		step.n_demands += matrix->n;
		struct place_decision d = place_keeper_step(keeper, &step, (m + 1) * step_ms);
		struct placement *after = copy(step, d.running);
		double part = last ? moved(last, after, &n_changed) : 0;
		printf("%s,%.6f,%.6f,%.6f,%s\n", matrix->name, after->u, part,
		       (double) n_changed / (double) after->n_pairs, place_verdict_text(d.verdict));
		place_free(last);
		last = after;
		free(now);
	}
	place_free(last);
	place_keeper_free(keeper);
	free(demands);
}
