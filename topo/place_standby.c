/* SPDX-License-Identifier: Apache-2.0 */
/* Paths that wait: for each active path one that shares as few links with it as
 * can be, and more until every link is avoided by one of them or is a bridge.
 *
 * One is not always enough: the path may be a zigzag such that any other one
 * meets it somewhere, each time elsewhere. Links that fail together (risk) count
 * as one, and so do the two directions of a link. */
#include <string.h>

#include "topo/arena.h"
#include "topo/place_state.h"

struct search {
	const struct place_state *s;
	struct place_tree *tree;
	double *length;                 /* per arc, without what it shares */
	double *met;                    /* per arc: the same with it */
	double penalty;
	uint32_t *arcs;                 /* a path being made */
	bool *is_open;                  /* room for a path */
	uint32_t *risk_first;           /* links by risk: circular lists */
};

static bool together(const struct place_graph *g, uint32_t arc, uint32_t other)
{
	uint32_t a = arc / 2, b = other / 2;

	return a == b || (g->links[a].risk && g->links[a].risk == g->links[b].risk);
}

static bool avoids(const struct place_graph *g, const struct place_path *path, uint32_t arc)
{
	for (uint32_t i = 0; i < path->n_arcs; i++)
		if (together(g, path->arcs[i], arc))
			return false;
	return true;
}

/* Adds `more` to the lengths of all arcs that fail together with this one. */
static void burden(struct search *f, uint32_t arc, double more)
{
	const struct place_graph *g = f->s->g;
	uint32_t link = arc / 2, at = link;

	do {
		f->met[2 * at] = f->length[2 * at] + more;
		f->met[2 * at + 1] = f->length[2 * at + 1] + more;
		at = f->risk_first[at];
	} while (at != link && g->links[link].risk);
}

static bool same(const struct place_path *path, const uint32_t *arcs, uint32_t n)
{
	return path->n_arcs == n && !memcmp(path->arcs, arcs, n * sizeof *arcs);
}

/* The pair's path over these arcs, made a standby when it is new. */
static uint32_t path_number(struct placement *p, struct place_pair *pair, uint32_t *max, const uint32_t *arcs,
			    uint32_t n)
{
	for (uint32_t i = 0; i < pair->n_paths; i++)
		if (same(&pair->paths[i], arcs, n))
			return i;
	if (pair->n_paths == *max) {
		struct place_path *old = pair->paths;
		*max = *max * 2 + 1;
		pair->paths = arena_new_array(p->arena, struct place_path, *max);
		memcpy(pair->paths, old, pair->n_paths * sizeof *old);
	}
	struct place_path *path = &pair->paths[pair->n_paths];
	*path = (struct place_path) { .arcs = arena_new_array(p->arena, uint32_t, n), .n_arcs = n };
	memcpy(path->arcs, arcs, n * sizeof *arcs);
	return pair->n_paths++;
}

/* Another path of the pair that meets this one nowhere: no search is needed. */
static uint32_t apart(const struct place_graph *g, const struct place_pair *pair, uint32_t which)
{
	for (uint32_t i = 0; i < pair->n_paths; i++) {
		bool free = i != which;
		for (uint32_t k = 0; k < pair->paths[which].n_arcs && free; k++)
			free = avoids(g, &pair->paths[i], pair->paths[which].arcs[k]);
		if (free)
			return i;
	}
	return PLACE_NONE;
}

/* The arcs of an active path that no standby avoids yet, bridges left out. */
struct open { const uint32_t *arcs; bool *is; uint32_t n_arcs, n; };

/* Takes out what the path avoids. Returns whether that is anything. */
static bool close_avoided(const struct place_graph *g, struct open *o, const struct place_path *path)
{
	uint32_t before = o->n;

	for (uint32_t i = 0; i < o->n_arcs; i++)
		if (o->is[i] && avoids(g, path, o->arcs[i])) {
			o->is[i] = false;
			o->n--;
		}
	return o->n < before;
}

/* A short path that meets as few open arcs as can be; or, with `only`, not this
 * one if that can be. */
static struct place_path search(struct search *f, const struct place_pair *pair, const struct open *o, uint32_t only)
{
	for (uint32_t i = 0; i < o->n_arcs; i++)
		burden(f, o->arcs[i], f->penalty / 1024);
	for (uint32_t i = 0; i < o->n_arcs; i++)
		if (only == PLACE_NONE ? o->is[i] : i == only)
			burden(f, o->arcs[i], f->penalty);
	place_tree_grow(f->tree, f->s->g, f->met, pair->src, pair->dst);
	uint32_t n = place_tree_path(f->tree, f->s->g, pair->src, pair->dst, f->arcs);
	for (uint32_t i = 0; i < o->n_arcs; i++)
		burden(f, o->arcs[i], 0);
	return (struct place_path) { .arcs = f->arcs, .n_arcs = n };
}

/* Of the ways that suit the pair's rules, the one that avoids the most open arcs;
 * no arcs when none avoids any. */
static struct place_path suitable(const struct search *f, const struct place_flow *flow, const struct open *o)
{
	struct place_path best = {0};
	uint32_t most = 0;

	for (uint32_t w = 0; place_is_listed(flow) && w < flow->n_ways; w++) {
		struct place_path path = { .arcs = f->s->pool + flow->ways[w].at, .n_arcs = flow->ways[w].n };
		uint32_t n = 0;
		for (uint32_t i = 0; i < o->n_arcs; i++)
			n += o->is[i] && avoids(f->s->g, &path, o->arcs[i]);
		if (n > most) {
			most = n;
			best = path;
		}
	}
	return best;
}

static void stand_by(struct search *f, struct placement *p, size_t number_of_pair, uint32_t *max, uint32_t which)
{
	struct place_pair *pair = &p->pairs[number_of_pair];
	const struct place_flow *flow = &f->s->flows[number_of_pair];
	const struct place_graph *g = f->s->g;
	struct open o = { pair->paths[which].arcs, f->is_open, pair->paths[which].n_arcs, pair->paths[which].n_arcs };
	uint32_t found[PLACE_MAX_STANDBYS], n_found = 0;
	uint32_t number = apart(g, pair, which);

	memset(o.is, true, o.n_arcs * sizeof *o.is);
	if (number != PLACE_NONE) {
		found[n_found++] = number;
		o.n = 0;
	}
	for (struct place_path path; o.n && n_found < PLACE_MAX_STANDBYS && (path = suitable(f, flow, &o)).n_arcs;) {
		close_avoided(g, &o, &path);
		found[n_found++] = path_number(p, pair, max, path.arcs, path.n_arcs);
	}
	while (o.n && n_found < PLACE_MAX_STANDBYS) {
		struct place_path path = search(f, pair, &o, PLACE_NONE);
		bool better = close_avoided(g, &o, &path);
		/* With links that fail together, few arcs met may be many links. */
		for (uint32_t i = 0; i < o.n_arcs && !better && o.n; i++)
			if (o.is[i]) {
				path = search(f, pair, &o, i);
				better = close_avoided(g, &o, &path);
				o.n -= o.is[i];
				o.is[i] = false;
			}
		if (better)
			found[n_found++] = path_number(p, pair, max, path.arcs, path.n_arcs);
	}
	memcpy(pair->paths[which].standbys, found, n_found * sizeof *found);
	pair->paths[which].n_standbys = n_found;
}

static void link_risks(struct search *f)
{
	const struct place_graph *g = f->s->g;
	uint32_t n = g->n_arcs / 2;

	f->risk_first = arena_new_array(f->s->arena, uint32_t, n);
	for (uint32_t i = 0; i < n; i++)
		f->risk_first[i] = i;
	for (uint32_t i = 0; i < n; i++)
		for (uint32_t k = i; g->links[i].risk && k--;)
			if (g->links[k].risk == g->links[i].risk) {
				f->risk_first[i] = f->risk_first[k];
				f->risk_first[k] = i;
				break;
			}
}

/* Short ways over links that are wide and not the busiest. */
static void set_lengths(struct search *f)
{
	const struct place_state *s = f->s;
	double sum = 0, u = place_utilisation(s);

	for (uint32_t arc = 0; arc < s->g->n_arcs; arc++) {
		double busy = u > 0 ? s->load[arc] * s->g->inverse[arc] / u : 0;
		f->length[arc] = f->met[arc] = 1 + s->g->cost[arc] * 1e-3 + 2 * busy;
		sum += f->length[arc];
	}
	f->penalty = sum * 1024;
}

void place_add_standbys(struct place_state *s, struct placement *p)
{
	struct search f = {
		.s = s,
		.tree = s->tree,
		.length = arena_new_array(s->arena, double, s->g->n_arcs),
		.met = arena_new_array(s->arena, double, s->g->n_arcs),
		.arcs = s->arcs,
		.is_open = arena_new_array(s->arena, bool, s->g->n_nodes),
	};
	uint64_t before = s->tree->work;

	link_risks(&f);
	set_lengths(&f);
	for (size_t i = 0; i < p->n_pairs && !s->stopped; i++) {
		uint32_t max = p->pairs[i].n_paths;
		for (uint32_t k = 0; k < p->pairs[i].n_active; k++)
			stand_by(&f, p, i, &max, k);
		place_spent(s, s->tree->work - before);
		before = s->tree->work;
	}
	p->work = s->work;
	p->cut_short = s->stopped;
}
