/* SPDX-License-Identifier: Apache-2.0 */
#include "topo/te_cut.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

#define WHOLE (1 - 1e-9)
#define NEAR 0.003                      /* of the best: proved well enough */

struct work {
	const struct net *net;
	struct arena *arena, *scratch;  /* scratch: of one cut */
	const struct te_map *map;
	const double (*mbps)[2];        /* borrowed; may be null */
	bool *is_up;                    /* per edge; ours: cut and mended */
	struct place_link *edges;
	struct place_job job;
	struct placement *base;         /* without a cut, of the search */
	double *load, *share;           /* per arc of the search */
	uint64_t done;                  /* arcs looked at so far, about */
	struct te_cut *cuts;
};

static struct placement *plan(struct work *w)
{
	w->job.running = w->base;
	w->job.options.sparing = true;
	struct placement *p = place_plan(&w->job);
	w->done += p->work + w->job.n_links + 4 * w->job.n_demands;
	if (p->u <= 1 || p->bound > 1)
		return p;
	w->job.options.sparing = false;
	struct placement *other = place_plan(&w->job);
	w->done += other->work;
	bool better = other->u < p->u;
	place_free(better ? p : other);
	return better ? other : p;
}

static void add(const struct place_pair *pair, double mbps, double *per_arc)
{
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++)
			per_arc[pair->paths[k].arcs[i]] += mbps * pair->paths[k].share;
}

/* What the pair could send of its guarantee, with all other guarantees in use. */
static double kept(const struct work *w, const struct place_pair *pair)
{
	double least = pair->n_active ? 1 : 0;

	add(pair, 1, w->share);
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++) {
			uint32_t arc = pair->paths[k].arcs[i];
			double more = w->job.links[arc / 2].mbps[arc & 1] - w->load[arc];
			if (w->share[arc] > 0)
				least = fmin(least, 1 + more / (w->share[arc] * pair->mbps));
		}
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++)
			w->share[pair->paths[k].arcs[i]] = 0;
	return least < WHOLE ? fmax(0, least) : 1;
}

static void note(struct work *w, const struct placement *p, uint32_t edge)
{
	memset(w->load, 0, 2 * w->job.n_links * sizeof *w->load);
	for (size_t i = 0; i < p->n_pairs; i++)
		add(&p->pairs[i], p->pairs[i].mbps, w->load);
	for (size_t i = 0; i < w->job.n_demands; i++) {
		const struct place_pair *pair = place_find(p, w->job.demands[i].src, w->job.demands[i].dst);
		double part = kept(w, pair);
		if (edge == NET_NONE)
			w->cuts[i] = (struct te_cut) { .kept = part, .now = part, .edge = NET_NONE };
		if (edge == NET_NONE || !(part < WHOLE))
			continue;
		w->cuts[i].n_short++;
		if (part < w->cuts[i].kept) {
			w->cuts[i].kept = part;
			w->cuts[i].edge = edge;
		}
	}
}

static bool fail_together(const struct net *net, uint32_t a, uint32_t b)
{
	return a == b || (net->edges[a].risk && net->edges[a].risk == net->edges[b].risk);
}

/* The first edge of the risk is the one that is cut. */
static uint32_t first_of(const struct net *net, uint32_t edge)
{
	uint32_t e = net->edges[edge].risk ? 0 : edge;

	while (!fail_together(net, e, edge))
		e++;
	return e;
}

static void mark_used(const struct work *w, uint8_t *ret_marks)
{
	struct placement *p = te_map_out(w->map, w->base);

	for (size_t i = 0; i < p->n_pairs; i++)
		for (uint32_t k = 0; k < p->pairs[i].n_active; k++)
			for (uint32_t a = 0; a < p->pairs[i].paths[k].n_arcs; a++)
				ret_marks[first_of(w->net, p->pairs[i].paths[k].arcs[a] / 2)] = 1;
	place_free(p);
}

static bool is_torn(const struct work *w, const struct place_pair *pair)
{
	for (uint32_t k = 0; k < pair->n_active; k++)
		for (uint32_t i = 0; i < pair->paths[k].n_arcs; i++)
			if (w->job.links[pair->paths[k].arcs[i] / 2].down)
				return true;
	return false;
}

/* Does what is torn find its way over what the rest leaves? Mostly it does, and little has to be looked at. */
static bool mends(struct work *w, struct place_link *links)
{
	struct place_job job = w->job;
	struct place_demand *torn = arena_new_array(w->scratch, struct place_demand, job.n_demands);

	memset(w->load, 0, 2 * job.n_links * sizeof *w->load);
	job.n_demands = 0;
	for (size_t i = 0; i < w->base->n_pairs; i++) {
		const struct place_pair *pair = &w->base->pairs[i];
		if (is_torn(w, pair))
			torn[job.n_demands++] = (struct place_demand) { .src = pair->src, .dst = pair->dst, .mbps = pair->mbps };
		else
			add(pair, pair->mbps, w->load);
	}
	struct place_link *left = arena_new_array(w->scratch, struct place_link, job.n_links);
	for (uint32_t arc = 0; arc < 2 * job.n_links; arc++) {
		if (!(arc & 1))
			left[arc / 2] = links[arc / 2];
		left[arc / 2].mbps[arc & 1] = fmax(0, links[arc / 2].mbps[arc & 1] - w->load[arc]);
	}
	job.links = left;
	job.demands = torn;
	job.running = w->base;
	job.options.sparing = true;
	struct placement *p = place_plan(&job);
	bool good = p->u <= 1 && !p->n_unreachable;
	w->done += p->work + job.n_links + w->job.n_demands;
	place_free(p);
	return good;
}

static void cut(struct work *w, const bool *is_up, uint32_t edge)
{
	for (uint32_t e = 0; e < w->net->n_edges; e++)
		w->is_up[e] = (!is_up || is_up[e]) && (edge == NET_NONE || !fail_together(w->net, e, edge));
	w->scratch = arena_new();
	te_job_links(w->net, w->is_up, w->mbps, w->edges);
	struct place_link *links = te_map_links(w->scratch, w->map, w->net, w->edges);
	w->job.links = links;
	if (edge == NET_NONE || !mends(w, links)) {
		struct placement *p = plan(w);
		note(w, p, edge);
		place_free(edge == NET_NONE ? NULL : p);
		w->base = edge == NET_NONE ? p : w->base;
	}
	arena_free(w->scratch);
}

static struct work prepare(const struct net *net, const double (*mbps)[2], struct te_cut *ret)
{
	size_t n = net->te.n_reserves;
	struct arena *arena = arena_new();
	struct work w = { .net = net, .arena = arena, .map = te_map_new(arena, net), .mbps = mbps, .cuts = ret };
	struct place_demand *demands = arena_new_array(arena, struct place_demand, n);

	w.edges = arena_new_array(arena, struct place_link, net->n_edges);
	w.is_up = arena_new_array(arena, bool, net->n_edges);
	for (size_t i = 0; i < n; i++)
		demands[i] = (struct place_demand) { .src = net->te.reserves[i].from, .dst = net->te.reserves[i].to,
						     .mbps = net->te.reserves[i].mbps };
	w.job = (struct place_job) { .n_nodes = w.map->n_nodes, .n_links = w.map->n_links, .demands = demands, .n_demands = n,
				     .options = place_defaults() };
	w.job.rules = te_job_rules(net, w.map, arena, &w.job.n_rules);
	w.job.options.max_paths = net->te.max_paths;
	w.job.options.without_standbys = true;
	w.job.options.goal = 1;
	w.job.options.content = true;
	w.job.options.tolerance = NEAR;
	w.load = arena_new_array(arena, double, 2 * w.map->n_links);
	w.share = arena_new_array(arena, double, 2 * w.map->n_links);
	return w;
}

size_t te_cuts(const struct net *net, const bool *is_up, const double (*mbps)[2], uint64_t work, struct te_cut *ret)
{
	struct work w = prepare(net, mbps, ret);
	uint8_t *marks = xheap_alloc(net->n_edges + 1);
	size_t n_left = 0;

	cut(&w, is_up, NET_NONE);
	mark_used(&w, marks);
	for (uint32_t e = 0; e < net->n_edges; e++) {
		if (marks[e] && w.done < work)
			cut(&w, is_up, e);
		else
			n_left += marks[e];
	}
	place_free(w.base);
	free(marks);
	arena_free(w.arena);
	return n_left;
}

/* --- elsewhere ------------------------------------------------------------------------- */

static void *copy(struct arena *arena, const void *from, size_t size)
{
	void *to = arena_alloc(arena, size + 1);

	if (size)
		memcpy(to, from, size);
	return to;
}

static struct net_te_pair *copy_pairs(struct arena *arena, const struct net_te_pair *from, size_t n)
{
	struct net_te_pair *pairs = copy(arena, from, n * sizeof *from);

	for (size_t i = 0; i < n; i++) {
		pairs[i].via = copy(arena, from[i].via, from[i].n_via * sizeof *from[i].via);
		pairs[i].edges = copy(arena, from[i].edges, from[i].n_edges * sizeof *from[i].edges);
		pairs[i].underlays = copy(arena, from[i].underlays, from[i].n_underlays * sizeof *from[i].underlays);
	}
	return pairs;
}

struct net *te_cut_net(struct arena *arena, const struct net *net)
{
	struct net *mine = arena_alloc(arena, sizeof *mine);

	*mine = (struct net) { .n_switches = net->n_switches, .n_edges = net->n_edges, .n_nics = net->n_nics, .te = net->te };
	mine->edges = copy(arena, net->edges, net->n_edges * sizeof *net->edges);
	mine->nics = copy(arena, net->nics, net->n_nics * sizeof *net->nics);
	mine->te.reserves = copy(arena, net->te.reserves, net->te.n_reserves * sizeof *net->te.reserves);
	mine->te.pins = copy_pairs(arena, net->te.pins, net->te.n_pins);
	mine->te.avoids = copy_pairs(arena, net->te.avoids, net->te.n_avoids);
	return mine;
}
