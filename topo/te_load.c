/* SPDX-License-Identifier: Apache-2.0 */
/* What a placement puts on which link, and of whom. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/te_plan.h"

struct placement *te_copy(const struct placement *p)
{
	struct arena *arena = arena_new();
	struct placement *copy = arena_alloc(arena, sizeof *copy);
	*copy = *p;
	copy->arena = arena;
	copy->pairs = arena_new_array(arena, struct place_pair, p->n_pairs);
	for (size_t i = 0; i < p->n_pairs; i++)
		copy->pairs[i] = place_copy_pair(arena, &p->pairs[i]);
	return copy;
}

static void add(const struct te_map *map, const struct place_path *path, double mbps, double *ret_mbps)
{
	for (uint32_t a = 0; a < path->n_arcs; a++) {
		const uint32_t *nic = map->nic[path->arcs[a]];
		ret_mbps[path->arcs[a]] += mbps;
		for (int i = 0; i < 2; i++)
			if (nic[i] != PLACE_NONE)
				ret_mbps[nic[i]] += mbps;
	}
}

void te_add_owns(const struct te_map *map, const struct te_owns *owns, double *mbps)
{
	for (size_t i = 0; i < owns->n; i++) {
		const struct place_path path = { .arcs = owns->items[i].arcs, .n_arcs = owns->items[i].n_arcs };
		add(map, &path, owns->items[i].mbps, mbps);
	}
}

void te_loads(const struct te_plan *t, const struct placement *p, double *ret_mbps)
{
	memset(ret_mbps, 0, t->n_arcs * sizeof *ret_mbps);
	for (size_t i = 0; i < p->n_pairs; i++)
		for (uint32_t k = 0; k < p->pairs[i].n_active; k++)
			add(t->map, &p->pairs[i].paths[k], p->pairs[i].mbps * p->pairs[i].paths[k].share, ret_mbps);
}

bool te_arc_is_up(const struct te_plan *t, uint32_t arc)
{
	return arc >= 2 * t->map->n_edges || !t->links[arc / 2].down;
}

double te_highest(const struct te_plan *t, const double *loads, uint32_t *ret_arc)
{
	double u = 0;
	*ret_arc = PLACE_NONE;
	for (uint32_t arc = 0; arc < t->n_arcs; arc++) {
		double here = (loads[arc] + t->background[arc]) / t->mbps[arc];
		if (!te_arc_is_up(t, arc) || here <= u)
			continue;
		u = here;
		*ret_arc = arc;
	}
	return u;
}

double te_room(const struct te_plan *t, const double *loads, const struct place_pair *pair, double *share)
{
	double least = INFINITY;
	for (uint32_t k = 0; k < pair->n_active; k++)
		add(t->map, &pair->paths[k], pair->paths[k].share, share);
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++) {
			uint32_t arc = pair->paths[k].arcs[a], arcs[] = { arc, t->map->nic[arc][0], t->map->nic[arc][1] };
			for (int i = 0; i < 3; i++)
				if (arcs[i] != PLACE_NONE && share[arcs[i]] > 0)
					least = fmin(least, (t->mbps[arcs[i]] - t->background[arcs[i]] - loads[arcs[i]]) / share[arcs[i]]);
		}
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t a = 0; a < pair->paths[k].n_arcs; a++) {
			const uint32_t *nic = t->map->nic[pair->paths[k].arcs[a]];
			share[pair->paths[k].arcs[a]] = 0;
			for (int i = 0; i < 2; i++)
				if (nic[i] != PLACE_NONE)
					share[nic[i]] = 0;
		}
	return pair->n_active ? fmax(0, least + pair->mbps) : 0;
}

void te_set_demands(struct placement *p, const struct te_seen *seen)
{
	p->total_mbps = 0;
	for (size_t i = 0; i < p->n_pairs; i++) {
		struct place_pair *pair = &p->pairs[i];
		pair->mbps = te_wanted(seen, pair->src, pair->dst);
		p->total_mbps += pair->mbps;
	}
}

static bool passes(const struct te_plan *t, uint32_t arc, uint32_t by)
{
	return arc == by || t->map->nic[arc][0] == by || t->map->nic[arc][1] == by;
}

size_t te_parts(const struct te_plan *t, const struct placement *p, uint32_t arc, struct te_part *ret_parts, size_t n)
{
	size_t n_parts = 0, n_kept = 0;
	for (uint32_t i = 0; i < p->n_pairs; i++) {
		double mbps = 0;
		bool is_there = false;
		for (uint32_t k = 0; k < p->pairs[i].n_active; k++) {
			const struct place_path *path = &p->pairs[i].paths[k];
			for (uint32_t a = 0; a < path->n_arcs; a++)
				if (passes(t, path->arcs[a], arc)) {
					mbps += p->pairs[i].mbps * path->share;
					is_there = true;
				}
		}
		if (!is_there)
			continue;
		n_parts++;
		/* The largest first; of equal ones the first pair. */
		size_t at = n_kept < n ? n_kept++ : n;
		for (; at && ret_parts[at - 1].mbps < mbps; at--)
			if (at < n)
				ret_parts[at] = ret_parts[at - 1];
		if (at < n)
			ret_parts[at] = (struct te_part) { i, mbps };
	}
	return n_parts;
}
