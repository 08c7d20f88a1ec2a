/* SPDX-License-Identifier: Apache-2.0 */
/* What if: the question is taken apart in the loop and copied with all that it is
 * about; the plan is made wherever; the answer needs nothing but the copy. */
#include <stdlib.h>
#include <string.h>

#include "controller/show_te.h"
#include "topo/arena.h"
#include "topo/te_what.h"
#include "topo/te_words.h"

enum { MAX_MOVES = 50 };

struct te_question {
	struct arena *arena;
	const char *text;
	struct net *net;                /* names only: see copy_names() */
	struct te_plan *now, *then;
	struct placement *running, *plan;
	double above, bound;
	size_t n_cut;                   /* pairs that have a path now and would have none */
};

/* As much of the net as words need, for the file may change meanwhile. */
static struct net *copy_names(struct arena *arena, const struct net *net)
{
	struct net *copy = arena_alloc(arena, sizeof *copy);
	copy->switches = arena_new_array(arena, struct net_switch, net->n_switches);
	copy->edges = arena_new_array(arena, struct net_edge, net->n_edges);
	copy->n_switches = net->n_switches;
	copy->n_edges = net->n_edges;
	for (size_t i = 0; i < net->n_switches; i++)
		copy->switches[i].name = arena_strdup(arena, net->switches[i].name);
	for (size_t i = 0; i < net->n_edges; i++)
		copy->edges[i] = (struct net_edge) {
			.name = arena_strdup(arena, net->edges[i].name), .sw = { net->edges[i].sw[0], net->edges[i].sw[1] } };
	copy->nics = arena_new_array(arena, struct net_nic, net->n_nics);
	copy->n_nics = net->n_nics;
	copy->underlays = arena_new_array(arena, struct net_underlay, net->n_underlays);
	for (size_t i = 0; i < net->n_nics; i++)
		copy->nics[i] = net->nics[i];
	for (size_t i = 0; i < net->n_underlays; i++)
		copy->underlays[i].name = arena_strdup(arena, net->underlays[i].name);
	return copy;
}

struct te_question *te_question_new(const struct core *core, const char *text, char *ret_why, size_t size)
{
	struct te_what what;
	if (!core->te->n_edges || !core->te->running) {
		snprintf(ret_why, size, "%s", core->te->n_edges ? "there are no paths yet: ask again in a moment" :
			 "the file has no links to steer traffic over");
		return NULL;
	}
	struct arena *arena = arena_new();
	struct te_question *q = arena_alloc(arena, sizeof *q);
	struct te_seen seen = core_te_seen(core, arena);
	q->arena = arena;
	q->text = arena_strdup(arena, text);
	if (!te_what_parse(&what, core->net, seen.usable, text, ret_why, size)) {
		te_what_free(&what);
		arena_free(arena);
		return NULL;
	}
	q->net = copy_names(arena, core->net);
	q->above = core->net->te.above;
	q->now = te_plan_new(core->view, &seen);
	q->running = te_copy(core->te->running);
	te_set_demands(q->running, &seen);
	seen.usable = what.usable;
	seen.changes = what.changes;
	seen.n_changes = what.n_changes;
	q->then = te_plan_new(core->view, &seen);
	te_what_free(&what);
	return q;
}

void te_question_run(void *question)
{
	struct te_question *q = question;
	q->plan = te_what_plan(q->then, q->running, q->above, &q->bound);
	for (size_t i = 0; i < q->running->n_pairs; i++) {
		const struct place_pair *old = &q->running->pairs[i], *now = place_find(q->plan, old->src, old->dst);
		q->n_cut += old->n_active && (!now || !now->n_active);
	}
}

static json_t *paths_text(const struct te_question *q, const struct place_pair *pair)
{
	json_t *list = json_array();
	char name[1024];
	for (uint32_t k = 0; pair && k < pair->n_active; k++)
		json_array_append_new(list, json_pack("{s:s, s:o}",
			"path", te_path_name(q->net, pair->src, &pair->paths[k], name, sizeof name),
			"share_percent", show_percent(pair->paths[k].share)));
	return list;
}

static json_t *moves(const struct te_question *q, size_t *ret_n)
{
	json_t *list = json_array();
	*ret_n = 0;
	for (size_t i = 0; i < q->running->n_pairs; i++) {
		const struct place_pair *old = &q->running->pairs[i], *now = place_find(q->plan, old->src, old->dst);
		if (te_moved(old, now) <= 0 || ++*ret_n > MAX_MOVES)
			continue;
		json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o}", "from",
			show_text(q->net->switches[old->src].name), "to", show_text(q->net->switches[old->dst].name),
			"mbps", show_mbps(now ? now->mbps : old->mbps), "before", paths_text(q, old), "after", paths_text(q, now)));
	}
	return list;
}

json_t *te_question_answer(const struct te_question *q)
{
	double *loads = xheap_alloc((q->now->n_arcs + 1) * sizeof *loads);
	uint32_t before, after;
	size_t n;
	te_loads(q->now, q->running, loads);
	double u = te_highest(q->now, loads, &before);
	json_t *json = json_pack("{s:o, s:o, s:o}", "question", show_text(q->text), "before_percent", show_percent(u),
				 "before_busiest", before == PLACE_NONE ? json_null() : show_te_arc(q->net, q->now, loads, before));
	te_loads(q->then, q->plan, loads);
	u = te_highest(q->then, loads, &after);
	show_set(json, "after_percent", show_percent(u));
	show_set(json, "after_busiest", after == PLACE_NONE ? json_null() : show_te_arc(q->net, q->then, loads, after));
	show_set(json, "bound_percent", show_percent(q->bound));
	show_set(json, "fits", json_boolean(u <= 1));
	show_set(json, "cut_pairs", show_count(q->n_cut));
	json_t *list = moves(q, &n);
	show_set(json, "moved_pairs", show_count(n));
	show_set(json, "moves", list);
	free(loads);
	return json;
}

void te_question_free(struct te_question *q)
{
	if (!q)
		return;
	te_plan_free(q->now);
	te_plan_free(q->then);
	place_free(q->running);
	place_free(q->plan);
	arena_free(q->arena);
}
