/* SPDX-License-Identifier: Apache-2.0 */
/* Pairs whose paths have to suit rules.
 *
 * A pair with rules of its own gets the cheapest suitable paths listed at the
 * start. When these are all there are, the search only divides its traffic among them;
 * else it takes what it finds and suits. They
 * are found best first: partial paths wait by what they cost so far and at least
 * will cost, and those that cannot end in time are not followed. Where there are very
 * many pairs, those under nothing but the ceiling for all are searched like any other,
 * and paths above the ceiling are not taken.
 *
 * The bound stays one: a list that is complete gives the least price of any path
 * the pair may have; otherwise the price of the best of all paths is below it, and
 * then the bound may be far below what can be had. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"
#include "topo/place_state.h"

enum {
	MAX_LISTED = 32,                /* paths of a pair */
	MAX_STEPS = 20000,              /* partial paths looked at for one pair */
	FEW_FLOWS = 500,                /* then all that have rules get a list */
};

struct place_fence {
	const uint32_t *via;
	uint32_t n_via;
	const bool *banned;             /* per link; null: none */
	double max_delay;
	bool listed, complete;          /* its ways are a list; and there are no others */
};

static double delay_of(const struct place_state *s, uint32_t arc)
{
	double delay = s->g->links[arc / 2].delay;

	return delay > 0 ? delay : 0;
}

bool place_suits(const struct place_state *s, const struct place_flow *flow, const uint32_t *arcs, uint32_t n)
{
	const struct place_fence *f = flow->fence;
	uint32_t passed = 0;
	double delay = 0;

	if (!f)
		return true;
	for (uint32_t i = 0; i < n; i++) {
		delay += delay_of(s, arcs[i]);
		if (f->banned && f->banned[arcs[i] / 2])
			return false;
		passed += passed < f->n_via && s->g->to[arcs[i]] == f->via[passed];
	}
	return passed == f->n_via && !(f->max_delay > 0 && delay > f->max_delay);
}

bool place_is_listed(const struct place_flow *flow) { return flow->fence && flow->fence->listed; }

bool place_is_complete(const struct place_flow *flow) { return flow->fence && flow->fence->complete; }

/* --- a list of paths ----------------------------------------------------------- */

/* A partial path: one step more than another. */
struct step {
	uint32_t before, arc, node;     /* before: index of a step, PLACE_NONE = the start */
	uint32_t passed;                /* of via */
	double cost, delay;
	double least;                   /* what the whole path costs at least */
};

struct list {
	struct place_state *s;
	struct place_flow *flow;
	struct place_fence *f;
	double *cost_left[PLACE_MAX_VIA + 1], *delay_left[PLACE_MAX_VIA + 1];      /* per node, by how many are passed */
	struct step *steps;
	uint32_t *heap, n_steps, n_heap;
};

static bool is_before(const struct list *l, uint32_t a, uint32_t b)
{
	const struct step *x = &l->steps[a], *y = &l->steps[b];

	return x->least != y->least ? x->least < y->least : a < b;
}

static void push(struct list *l, struct step step)
{
	uint32_t at = l->n_heap++, me = l->n_steps++;

	l->steps[me] = step;
	for (; at && is_before(l, me, l->heap[(at - 1) / 2]); at = (at - 1) / 2)
		l->heap[at] = l->heap[(at - 1) / 2];
	l->heap[at] = me;
}

static uint32_t pop(struct list *l)
{
	uint32_t top = l->heap[0], last = l->heap[--l->n_heap], at = 0;

	for (uint32_t below; (below = 2 * at + 1) < l->n_heap; at = below) {
		if (below + 1 < l->n_heap && is_before(l, l->heap[below + 1], l->heap[below]))
			below++;
		if (!is_before(l, l->heap[below], last))
			break;
		l->heap[at] = l->heap[below];
	}
	l->heap[at] = last;
	return top;
}

/* From every node to the end, by the places to pass that are left, over lengths
 * of arcs that may be used: no less is possible. */
static void measure(struct list *l, const double *all, double **ret_left)
{
	const struct place_graph *g = l->s->g;
	double *length = arena_new_array(l->s->arena, double, g->n_arcs), behind = 0;

	for (uint32_t arc = 0; arc < g->n_arcs; arc++)
		length[arc] = l->f->banned && l->f->banned[arc / 2] ? INFINITY : all[arc];

	for (uint32_t i = l->f->n_via + 1; i--;) {
		uint32_t next = i < l->f->n_via ? l->f->via[i] : l->flow->dst;

		if (i < l->f->n_via)
			behind = ret_left[i + 1][next];
		ret_left[i] = arena_new_array(l->s->arena, double, g->n_nodes);
		place_tree_grow_back(l->s->tree, g, length, next);
		for (uint32_t node = 0; node < g->n_nodes; node++)
			ret_left[i][node] = l->s->tree->dist[node] + behind;
	}
}

/* A place that is passed too early, or twice. */
static bool is_out_of_turn(const struct list *l, uint32_t at, uint32_t node)
{
	const struct step *step = &l->steps[at];

	if (node == l->flow->dst && step->passed < l->f->n_via)
		return true;
	for (uint32_t i = step->passed + 1; i < l->f->n_via; i++)
		if (l->f->via[i] == node)
			return true;
	for (; at != PLACE_NONE; at = l->steps[at].before)
		if (l->steps[at].node == node)
			return true;
	return false;
}

static void go_on(struct list *l, uint32_t at)
{
	const struct place_graph *g = l->s->g;

	for (uint32_t i = g->first[l->steps[at].node]; i < g->first[l->steps[at].node + 1]; i++) {
		struct place_hop hop = g->hops[i];
		struct step next = l->steps[at];

		if ((l->f->banned && l->f->banned[hop.arc / 2]) || is_out_of_turn(l, at, hop.to))
			continue;
		next.before = at;
		next.arc = hop.arc;
		next.node = hop.to;
		next.passed += next.passed < l->f->n_via && l->f->via[next.passed] == hop.to;
		next.cost += g->cost[hop.arc];
		next.delay += delay_of(l->s, hop.arc);
		next.least = next.cost + l->cost_left[next.passed][hop.to];
		if (!isfinite(next.least) || (l->f->max_delay > 0
		    && next.delay + l->delay_left[next.passed][hop.to] > l->f->max_delay * (1 + 1e-12)))
			continue;
		if (l->n_steps == MAX_STEPS) {
			l->f->complete = false;
			return;
		}
		push(l, next);
	}
}

static void take_path(struct list *l, uint32_t at)
{
	uint32_t n = 0;

	for (uint32_t i = at; l->steps[i].before != PLACE_NONE; i = l->steps[i].before)
		n++;
	for (uint32_t k = n; k--; at = l->steps[at].before)
		l->s->arcs[k] = l->steps[at].arc;
	place_way_add(l->s, l->flow, l->s->arcs, n);
}

static void list_paths(struct list *l, const double *length, const double *delay, uint32_t n_wanted)
{
	uint32_t n = 0;

	measure(l, length, l->cost_left);
	if (l->f->max_delay > 0)
		measure(l, delay, l->delay_left);
	l->n_steps = l->n_heap = 0;
	push(l, (struct step) { .before = PLACE_NONE, .node = l->flow->src });
	l->f->complete = true;
	while (l->n_heap && n < n_wanted) {
		uint32_t at = pop(l);

		if (l->steps[at].node != l->flow->dst) {
			go_on(l, at);
			continue;
		}
		take_path(l, at);
		n++;
	}
	l->f->complete = l->f->complete && !l->n_heap;
	place_spent(l->s, l->n_steps);
}

static void make_room(struct list *l)
{
	if (l->steps)
		return;
	l->steps = xheap_alloc(MAX_STEPS * sizeof *l->steps);
	l->heap = xheap_alloc(MAX_STEPS * sizeof *l->heap);
}

void place_find_cheapest_ways(struct place_state *s, uint32_t n)
{
	struct place_fence anything = {0};
	struct list l = { .s = s, .f = &anything };

	make_room(&l);
	for (size_t i = 0; i < s->n_flows; i++) {
		struct place_flow *flow = &s->flows[i];

		if (flow->fence || !(flow->mbps > 0))
			continue;
		flow->n_ways = 0;
		l.flow = flow;
		list_paths(&l, s->g->cost, NULL, n);
		for (uint32_t w = 0; w < flow->n_ways; w++)
			flow->ways[w].x = flow->mbps / flow->n_ways;
	}
	free(l.steps);
	free(l.heap);
}

/* --- who has which rules --------------------------------------------------------- */

static bool is_about(const struct place_rule *rule, const struct place_flow *flow)
{
	return (rule->src == PLACE_NONE && rule->dst == PLACE_NONE) || (rule->src == flow->src && rule->dst == flow->dst);
}

/* All rules of the flow as one, or null. Two that name places to pass: the first one's
 * are passed, then the other's. */
static struct place_fence *join_rules(const struct place_state *s, const struct place_flow *flow)
{
	const struct place_job *job = s->job;
	struct place_fence *f = NULL;
	uint32_t *via = NULL;
	bool *banned = NULL;

	for (size_t i = 0; i < job->n_rules; i++) {
		const struct place_rule *rule = &job->rules[i];

		if (!is_about(rule, flow))
			continue;
		if (!f)
			f = arena_alloc(s->arena, sizeof *f);
		f->listed |= rule->n_via || rule->n_banned || s->n_flows <= FEW_FLOWS;
		if (rule->max_delay > 0 && (!(f->max_delay > 0) || rule->max_delay < f->max_delay))
			f->max_delay = rule->max_delay;
		if (rule->n_via && !via)
			f->via = via = arena_new_array(s->arena, uint32_t, PLACE_MAX_VIA);
		for (uint32_t k = 0; k < rule->n_via && f->n_via < PLACE_MAX_VIA; k++)
			if (rule->via[k] < s->g->n_nodes)
				via[f->n_via++] = rule->via[k];
		if (rule->n_banned && !banned)
			f->banned = banned = arena_new_array(s->arena, bool, s->g->n_arcs / 2);
		for (uint32_t k = 0; k < rule->n_banned; k++)
			if (rule->banned[k] < s->g->n_arcs / 2)
				banned[rule->banned[k]] = true;
	}
	return f;
}

void place_fences(struct place_state *s)
{
	for (size_t i = 0; i < s->n_flows && s->job->n_rules; i++)
		s->flows[i].fence = join_rules(s, &s->flows[i]);
}

static double *delays(const struct place_state *s)
{
	double *delay = arena_new_array(s->arena, double, s->g->n_arcs);

	for (uint32_t arc = 0; arc < s->g->n_arcs; arc++)
		delay[arc] = delay_of(s, arc);
	return delay;
}

/* The fastest path, where the ceiling is all; false when even that is too slow. */
static bool add_fastest(struct place_state *s, struct place_flow *flow, const double *delay)
{
	place_tree_grow(s->tree, s->g, delay, flow->src, flow->dst);
	uint32_t n = place_tree_path(s->tree, s->g, flow->src, flow->dst, s->arcs);

	if (!n || !place_suits(s, flow, s->arcs, n))
		return false;
	place_way_add(s, flow, s->arcs, n);
	return true;
}

static void put_on_first(struct place_flow *flow)
{
	double sum = 0;

	for (uint32_t w = 0; w < flow->n_ways; w++)
		sum += flow->ways[w].x;
	if (flow->n_ways && !(sum > 0))
		flow->ways[0].x = flow->mbps;
}

void place_list_ways(struct place_state *s)
{
	struct list l = { .s = s };
	double *delay = NULL;

	for (size_t i = 0; i < s->n_flows; i++) {
		struct place_flow *flow = &s->flows[i];

		if (!flow->fence)
			continue;
		if (!delay)
			delay = delays(s);
		l.flow = flow;
		l.f = flow->fence;
		if (place_is_listed(flow)) {
			make_room(&l);
			list_paths(&l, s->g->cost, delay, MAX_LISTED);
		} else if (!flow->n_ways) {
			add_fastest(s, flow, delay);
		}
		put_on_first(flow);
		if (flow->n_ways)
			continue;
		flow->fence = NULL;
		flow->rules_broken = true;
	}
	free(l.steps);
	free(l.heap);
}
