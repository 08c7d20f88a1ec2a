/* SPDX-License-Identifier: Apache-2.0 */
/* The placement as the caller gets it: paths of each pair, slots that stay where
 * they run as far as the shares allow, and what all that moves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/place_state.h"

static void copy_path(struct arena *arena, const struct place_state *s, const struct place_way *way,
		      struct place_path *ret_path)
{
	*ret_path = (struct place_path) {
		.arcs = arena_new_array(arena, uint32_t, way->n),
		.n_arcs = way->n,
		.n_slots = way->units,
	};
	memcpy(ret_path->arcs, place_arcs(s, way), way->n * sizeof *ret_path->arcs);
}

static bool is_active(const struct place_state *s, const struct place_way *way, double mbps)
{
	return s->job->options.unrounded ? way->x > 0 || !(mbps > 0) : way->units > 0;
}

static bool same_path(const struct place_path *a, const struct place_path *b)
{
	return a->n_arcs == b->n_arcs && !memcmp(a->arcs, b->arcs, a->n_arcs * sizeof *a->arcs);
}

static uint32_t find_path(const struct place_pair *pair, const struct place_path *path)
{
	for (uint32_t i = 0; i < pair->n_active; i++)
		if (same_path(&pair->paths[i], path))
			return i;
	return PLACE_NONE;
}

/* Slots stay on their path while it has some left; the others are dealt so that
 * each path has its turns evenly: Open vSwitch sends the traffic of a dead slot
 * to the next live one, and neighbours should not be of the same path. */
static void deal_slots(struct place_pair *pair, const struct place_pair *running)
{
	uint32_t left[PLACE_MAX_WAYS], total = 0, empty[PLACE_MAX_SLOTS], n_empty = 0;
	double turn[PLACE_MAX_WAYS] = {0};

	for (uint32_t p = 0; p < pair->n_active; p++)
		left[p] = pair->paths[p].n_slots;
	for (uint32_t i = 0; i < pair->n_slots; i++) {
		uint32_t p = PLACE_NONE;
		if (running && running->n_slots)
			p = find_path(pair, &running->paths[running->slots[i % running->n_slots]]);
		if (p != PLACE_NONE && left[p]) {
			left[p]--;
			pair->slots[i] = (uint8_t) p;
		} else {
			empty[n_empty++] = i;
		}
	}
	total = n_empty;
	for (uint32_t i = 0; i < n_empty; i++) {
		uint32_t best = PLACE_NONE;
		for (uint32_t p = 0; p < pair->n_active; p++) {
			turn[p] += (double) left[p] / total;
			if (best == PLACE_NONE || turn[p] > turn[best] + 1e-9)
				best = p;
		}
		turn[best] -= 1;
		pair->slots[empty[i]] = (uint8_t) best;
	}
}

/* Running paths first and in their order, so that what stays keeps its number. */
static void order_ways(const struct place_state *s, const struct place_flow *flow, uint32_t *ret_order)
{
	uint32_t n = 0;

	for (uint32_t p = 0; flow->running && p < flow->running->n_active; p++)
		for (uint32_t w = 0; w < flow->n_ways; w++) {
			struct place_way *way = &flow->ways[w];
			const struct place_path *path = &flow->running->paths[p];
			if (way->n == path->n_arcs &&
			    !memcmp(place_arcs(s, way), path->arcs, way->n * sizeof *path->arcs))
				ret_order[n++] = w;
		}
	for (uint32_t w = 0, known = n; w < flow->n_ways; w++) {
		bool found = false;
		for (uint32_t i = 0; i < known; i++)
			found = found || ret_order[i] == w;
		if (!found)
			ret_order[n++] = w;
	}
}

static void fill_pair(struct placement *p, const struct place_state *s, const struct place_flow *flow,
		      struct place_pair *ret_pair)
{
	uint32_t order[PLACE_MAX_WAYS], n = 0;
	struct place_pair pair = { .src = flow->src, .dst = flow->dst, .mbps = flow->mbps,
				   .has_rules = flow->fence || flow->rules_broken, .rules_broken = flow->rules_broken };

	order_ways(s, flow, order);
	for (uint32_t w = 0; w < flow->n_ways; w++)
		n += is_active(s, &flow->ways[w], flow->mbps);
	pair.paths = arena_new_array(p->arena, struct place_path, n);
	for (uint32_t i = 0; i < flow->n_ways; i++) {
		const struct place_way *way = &flow->ways[order[i]];
		if (!is_active(s, way, flow->mbps))
			continue;
		struct place_path *path = &pair.paths[pair.n_active++];
		copy_path(p->arena, s, way, path);
		path->share = !s->job->options.unrounded ? (double) way->units / flow->n_units :
			      flow->mbps > 0 ? way->x / flow->mbps : 1.0 / n;
	}
	pair.n_paths = pair.n_active;
	if (n && !s->job->options.unrounded) {
		pair.n_slots = flow->n_units;
		deal_slots(&pair, flow->running);
	}
	*ret_pair = pair;
}

/* What of the pair runs elsewhere from now on. */
static void count_moves(struct placement *p, const struct place_pair *pair, const struct place_pair *running)
{
	double stays = 0;
	bool changed = !running || running->n_slots != pair->n_slots;

	for (uint32_t i = 0; running && i < pair->n_active; i++) {
		uint32_t r = find_path(running, &pair->paths[i]);
		if (r != PLACE_NONE)
			stays += fmin(pair->paths[i].share, running->paths[r].share);
	}
	for (uint32_t i = 0; !changed && i < pair->n_slots; i++)
		changed = !same_path(&pair->paths[pair->slots[i]], &running->paths[running->slots[i]]);
	p->n_changed += changed;
	p->moved_mbps += pair->mbps * fmax(0, 1 - stays);
}

struct placement *place_result(const struct place_state *s)
{
	struct arena *arena = arena_new();
	struct placement *p = arena_alloc(arena, sizeof *p);

	*p = (struct placement) {
		.arena = arena,
		.pairs = arena_new_array(arena, struct place_pair, s->n_flows),
		.n_pairs = s->n_flows,
		.u = place_utilisation(s),
		.bound = s->bound,
		.n_rounds = s->n_rounds,
		.work = s->work,
		.cut_short = s->stopped,
	};
	for (size_t i = 0; i < s->n_flows; i++) {
		const struct place_flow *flow = &s->flows[i];
		fill_pair(p, s, flow, &p->pairs[i]);
		p->n_unreachable += !p->pairs[i].n_paths;
		p->total_mbps += flow->mbps;
		if (p->pairs[i].n_paths)
			count_moves(p, &p->pairs[i], flow->running);
	}
	return p;
}

void place_free(struct placement *p)
{
	if (p)
		arena_free(p->arena);
}

struct place_pair place_copy_pair(struct arena *arena, const struct place_pair *from)
{
	struct place_pair to = *from;

	to.paths = arena_new_array(arena, struct place_path, from->n_paths);
	for (uint32_t i = 0; i < from->n_paths; i++) {
		to.paths[i] = from->paths[i];
		to.paths[i].arcs = arena_new_array(arena, uint32_t, from->paths[i].n_arcs);
		memcpy(to.paths[i].arcs, from->paths[i].arcs, from->paths[i].n_arcs * sizeof *from->paths[i].arcs);
	}
	return to;
}

const struct place_pair *place_find(const struct placement *p, uint32_t src, uint32_t dst)
{
	size_t low = 0, high = p->n_pairs;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct place_pair *pair = &p->pairs[mid];
		if (pair->src == src && pair->dst == dst)
			return pair;
		if (pair->src < src || (pair->src == src && pair->dst < dst))
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

double place_load(const struct place_job *job, const struct placement *p)
{
	double *load = xheap_alloc(2 * job->n_links * sizeof *load), u = 0;

	for (size_t i = 0; i < job->n_demands; i++) {
		const struct place_demand *d = &job->demands[i];
		const struct place_pair *pair = d->mbps > 0 ? place_find(p, d->src, d->dst) : NULL;
		for (uint32_t k = 0; pair && k < pair->n_active; k++)
			for (uint32_t n = 0; n < pair->paths[k].n_arcs; n++)
				load[pair->paths[k].arcs[n]] += d->mbps * pair->paths[k].share;
	}
	for (size_t arc = 0; arc < 2 * job->n_links; arc++)
		if (load[arc] > 0)
			u = fmax(u, load[arc] / job->links[arc / 2].mbps[arc & 1]);
	free(load);
	return u;
}
