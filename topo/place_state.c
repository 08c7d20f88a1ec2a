/* SPDX-License-Identifier: Apache-2.0 */
/* The state of the search: made from a job, loads and prices kept up to date. */
#include "topo/place_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum {
	FIRST_POOL = 1 << 14,
	LOOK_AT_CLOCK = 1 << 16,        /* arcs between two looks */
};
#define EXPONENT_MAX 60.0
#define MBPS_MAX 1e15

static int by_pair(const void *a, const void *b)
{
	const struct place_flow *x = a, *y = b;

	if (x->src != y->src)
		return x->src < y->src ? -1 : 1;
	return x->dst < y->dst ? -1 : x->dst > y->dst;
}

static void make_flows(struct place_state *s, const struct place_job *job)
{
	size_t n = 0, end = 0;

	s->flows = arena_new_array(s->arena, struct place_flow, job->n_demands);
	for (size_t i = 0; i < job->n_demands; i++) {
		const struct place_demand *d = &job->demands[i];
		if (d->src != d->dst && d->src < job->n_nodes && d->dst < job->n_nodes)
			s->flows[n++] = (struct place_flow) {
				.src = d->src,
				.dst = d->dst,
				.mbps = d->mbps > 0 ? fmin(d->mbps, MBPS_MAX) : 0,
			};
	}
	qsort(s->flows, n, sizeof *s->flows, by_pair);
	for (size_t i = 0; i < n; i++)
		if (end && !by_pair(&s->flows[end - 1], &s->flows[i]))
			s->flows[end - 1].mbps += s->flows[i].mbps;
		else
			s->flows[end++] = s->flows[i];
	s->n_flows = end;
}

static bool can_stay(const struct place_state *s, const struct place_flow *flow, const struct place_path *path)
{
	return place_is_whole(s->g, flow->running, path) && place_suits(s, flow, path->arcs, path->n_arcs);
}

/* What a torn path carried goes to the others in proportion. */
static void take_over(struct place_state *s, struct place_flow *flow)
{
	const struct place_pair *pair = flow->running;
	double kept = 0;

	for (uint32_t i = 0; i < pair->n_active; i++)
		if (can_stay(s, flow, &pair->paths[i]))
			kept += pair->paths[i].share;
	for (uint32_t i = 0; i < pair->n_active && kept > 0; i++) {
		const struct place_path *path = &pair->paths[i];
		if (can_stay(s, flow, path))
			place_way_add(s, flow, path->arcs, path->n_arcs)->x += flow->mbps * path->share / kept;
	}
}

struct place_state *place_state_new(struct arena *arena, const struct place_job *job, const struct place_graph *g)
{
	struct place_state *s = arena_alloc(arena, sizeof *s);

	*s = (struct place_state) {
		.job = job,
		.arena = arena,
		.g = g,
		.tree = place_tree_new(arena, g->n_nodes),
		.pool = xheap_alloc(FIRST_POOL * sizeof *s->pool),
		.max_pool = FIRST_POOL,
		.load = arena_new_array(arena, double, g->n_arcs),
		.price = arena_new_array(arena, double, g->n_arcs),
		.mark = arena_new_array(arena, uint32_t, g->n_arcs),
		.arcs = arena_new_array(arena, uint32_t, g->n_nodes + 1),
	};
	make_flows(s, job);
	place_fences(s);
	for (size_t i = 0; i < s->n_flows && job->running; i++) {
		struct place_flow *flow = &s->flows[i];
		flow->running = place_find(job->running, flow->src, flow->dst);
		if (flow->running)
			take_over(s, flow);
	}
	place_list_ways(s);
	return s;
}

void place_state_free(struct place_state *s)
{
	free(s->pool);
}

static bool same_arcs(const struct place_state *s, const struct place_way *way, const uint32_t *arcs, uint32_t n)
{
	return way->n == n && !memcmp(place_arcs(s, way), arcs, n * sizeof *arcs);
}

static struct place_way *new_way(struct place_state *s, struct place_flow *flow)
{
	if (flow->n_ways == PLACE_MAX_WAYS) {
		uint32_t least = 0;
		for (uint32_t i = 1; i < flow->n_ways; i++)
			if (flow->ways[i].x < flow->ways[least].x)
				least = i;
		double x = flow->ways[least].x;
		if (x > 0)
			place_way_put(s, &flow->ways[least], -x);
		flow->ways[least] = flow->ways[flow->n_ways - 1];
		struct place_way *last = &flow->ways[flow->n_ways - 1];
		*last = (struct place_way) { .x = 0 };
		if (x > 0)
			place_way_put(s, &flow->ways[0], x);
		return last;
	}
	if (flow->n_ways == flow->max_ways) {
		struct place_way *old = flow->ways;
		flow->max_ways = flow->max_ways ? flow->max_ways * 2 : 2;
		flow->ways = arena_new_array(s->arena, struct place_way, flow->max_ways);
		if (old)
			memcpy(flow->ways, old, flow->n_ways * sizeof *old);
	}
	return &flow->ways[flow->n_ways++];
}

struct place_way *place_way_add(struct place_state *s, struct place_flow *flow, const uint32_t *arcs, uint32_t n)
{
	for (uint32_t i = 0; i < flow->n_ways; i++)
		if (same_arcs(s, &flow->ways[i], arcs, n))
			return &flow->ways[i];
	if (s->n_pool + n > s->max_pool) {
		s->max_pool = s->max_pool * 2 + n;
		s->pool = xheap_realloc(s->pool, s->max_pool * sizeof *s->pool);
	}
	struct place_way *way = new_way(s, flow);
	*way = (struct place_way) { .at = (uint32_t) s->n_pool, .n = n };
	memcpy(s->pool + s->n_pool, arcs, n * sizeof *arcs);
	s->n_pool += n;
	return way;
}

void place_find_ways(struct place_state *s, const double *length, bool idle)
{
	uint32_t grown = PLACE_NONE;

	for (size_t i = 0; i < s->n_flows; i++) {
		struct place_flow *flow = &s->flows[i];
		if (flow->n_ways || idle == (flow->mbps > 0))
			continue;
		if (flow->src != grown)
			place_tree_grow(s->tree, s->g, length, flow->src, PLACE_NONE);
		grown = flow->src;
		uint32_t n = place_tree_path(s->tree, s->g, flow->src, flow->dst, s->arcs);
		if (n)
			place_way_add(s, flow, s->arcs, n)->x = flow->mbps;
	}
}

void place_reload(struct place_state *s)
{
	memset(s->load, 0, s->g->n_arcs * sizeof *s->load);
	for (size_t i = 0; i < s->n_flows; i++)
		for (uint32_t w = 0; w < s->flows[i].n_ways; w++) {
			const struct place_way *way = &s->flows[i].ways[w];
			for (uint32_t k = 0; k < way->n; k++)
				s->load[s->pool[way->at + k]] += way->x;
		}
}

double place_utilisation(const struct place_state *s)
{
	double u = 0;

	for (uint32_t arc = 0; arc < s->g->n_arcs; arc++)
		u = fmax(u, s->load[arc] * s->g->inverse[arc]);
	return u;
}

void place_set_price(struct place_state *s, uint32_t arc)
{
	double inverse = s->g->inverse[arc];
	double exponent = s->alpha * (s->load[arc] * inverse - s->level);

	exponent = exponent < -EXPONENT_MAX ? -EXPONENT_MAX : exponent > EXPONENT_MAX ? EXPONENT_MAX : exponent;
	s->price[arc] = inverse * exp(exponent);
}

void place_set_prices(struct place_state *s, double u, double sharpness)
{
	s->level = u;
	s->alpha = u > 0 ? sharpness / u : 0;
	for (uint32_t arc = 0; arc < s->g->n_arcs; arc++)
		place_set_price(s, arc);
}

double place_way_heat(const struct place_state *s, const struct place_way *way)
{
	const uint32_t *arcs = place_arcs(s, way);
	double heat = 0;

	for (uint32_t i = 0; i < way->n; i++) {
		double u = s->load[arcs[i]] * s->g->inverse[arcs[i]];
		heat = u > heat ? u : heat;
	}
	return heat;
}

void place_way_put(struct place_state *s, struct place_way *way, double mbps)
{
	way->x = fmax(0, way->x + mbps);
	for (uint32_t i = 0; i < way->n; i++) {
		uint32_t arc = s->pool[way->at + i];
		s->load[arc] = fmax(0, s->load[arc] + mbps);
		place_set_price(s, arc);
	}
}

bool place_spent(struct place_state *s, uint64_t arcs)
{
	const struct place_options *o = &s->job->options;
	bool look = !s->work || (s->work ^ (s->work + arcs)) / LOOK_AT_CLOCK;

	s->work += arcs;
	if (o->work && s->work >= o->work)
		s->stopped = true;
	if (look && o->late && o->late(o->ctx))
		s->stopped = true;
	return s->stopped;
}

struct by_size { double mbps; uint32_t flow; };

static int largest_first(const void *a, const void *b)
{
	const struct by_size *x = a, *y = b;

	if (x->mbps != y->mbps)
		return x->mbps < y->mbps ? 1 : -1;
	return x->flow < y->flow ? -1 : x->flow > y->flow;
}

const uint32_t *place_by_size(struct place_state *s)
{
	struct by_size *sorted = arena_new_array(s->arena, struct by_size, s->n_flows);
	uint32_t *order = arena_new_array(s->arena, uint32_t, s->n_flows);

	for (uint32_t i = 0; i < s->n_flows; i++)
		sorted[i] = (struct by_size) { s->flows[i].mbps, i };
	qsort(sorted, s->n_flows, sizeof *sorted, largest_first);
	for (size_t i = 0; i < s->n_flows; i++)
		order[i] = sorted[i].flow;
	return order;
}
