/* SPDX-License-Identifier: Apache-2.0 */
/* Questions of the kind "what if". */
#include "topo/te_what.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "topo/arena.h"

enum { MAX_TEXT = 1000 };
#define NEAR 0.01                       /* of the best there is: proved well enough */
#define WORTH 0.95                      /* of the top: a plan that is not below is not worth moving for */

static bool __attribute__((format(printf, 3, 4)))
wrong(char *why, size_t size, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(why, size, format, args);
	va_end(args);
	return false;
}

static char *trim(char *text)
{
	text += strspn(text, " \t");
	for (size_t n = strlen(text); n && strchr(" \t", text[n - 1]); n--)
		text[n - 1] = '\0';
	return text;
}

/* All edges between the two, or all of a switch, or the one of that name. */
static bool set_edges(struct te_what *w, const struct net *net, const char *name, bool usable)
{
	uint32_t sw = net_switch_by_name(net, name), one = te_edge_by_name(net, name);
	bool found = false;
	for (uint32_t e = 0; e < net->n_edges; e++) {
		const struct net_edge *edge = &net->edges[e];
		const char *a = net->switches[edge->sw[0]].name, *b = net->switches[edge->sw[1]].name;
		size_t len_a = strlen(a), len_b = strlen(b), len = strlen(name);
		bool is_between = len == len_a + len_b + 1
			&& ((!strncmp(name, a, len_a) && name[len_a] == '-' && !strcmp(name + len_a + 1, b))
			    || (!strncmp(name, b, len_b) && name[len_b] == '-' && !strcmp(name + len_b + 1, a)));
		if (one != NET_NONE ? e == one : sw != NET_NONE ? edge->sw[0] == sw || edge->sw[1] == sw : is_between) {
			w->usable[e] = usable;
			found = true;
		}
	}
	return found;
}

static bool take_rate(struct te_change *c, const char *text)
{
	static const struct { const char *unit; double mbps; } units[] = {
		{ "kbit", 1e-3 }, { "mbit", 1 }, { "gbit", 1e3 }, { "kbit/s", 1e-3 }, { "mbit/s", 1 }, { "gbit/s", 1e3 },
	};
	char *end;
	double n = strtod(text + (text[0] == 'x'), &end);
	if (end == text + (text[0] == 'x') || !isfinite(n) || n < 0)
		return false;
	end += strspn(end, " ");
	if (text[0] == 'x' || !strcmp(end, "x")) {
		c->times = n;
		return n > 0 && (text[0] != 'x' || !*end);
	}
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (!strcasecmp(end, units[i].unit)) {
			c->mbps = n * units[i].mbps;
			return true;
		}
	return false;
}

/* "kvm1->kvm3 x2" */
static bool take_pair(struct te_what *w, const struct net *net, char *from, char *to, char *why, size_t size)
{
	struct te_change *c = &w->changes[w->n_changes];
	char *rate = to + strcspn(to, " \t");
	if (!*rate)
		return wrong(why, size, "how much more? Say \"%s->%s x2\", or \"300Mbit\"", from, to);
	*rate++ = '\0';
	rate = trim(rate);
	if (w->n_changes == TE_WHAT_MAX)
		return wrong(why, size, "more than %d pairs", TE_WHAT_MAX);
	*c = (struct te_change) { .from = net_switch_by_name(net, from), .to = net_switch_by_name(net, to) };
	if (c->from == NET_NONE || c->to == NET_NONE)
		return wrong(why, size, "there is no switch \"%s\"", c->from == NET_NONE ? from : to);
	if (!take_rate(c, rate))
		return wrong(why, size, "\"%s\" is no factor like x2 and no rate like 300Mbit", rate);
	w->n_changes++;
	return true;
}

static bool take_clause(struct te_what *w, const struct net *net, char *text, char *why, size_t size)
{
	char *arrow = strstr(text, "->");
	if (arrow) {
		*arrow = '\0';
		return take_pair(w, net, trim(text), trim(arrow + 2), why, size);
	}
	char *space = strrchr(text, ' ');
	const char *word = space ? space + 1 : "";
	if (strcmp(word, "down") && strcmp(word, "up"))
		return wrong(why, size, "\"%s\" is not of the form \"LINK down\", \"SWITCH down\", \"LINK up\" or "
			     "\"SWITCH->SWITCH x2\"", text);
	*space = '\0';
	text = trim(text);
	if (!set_edges(w, net, text, !strcmp(word, "up")))
		return wrong(why, size, "there is no link and no switch \"%s\"", text);
	return true;
}

bool te_what_parse(struct te_what *w, const struct net *net, const bool *usable, const char *text, char *ret_why,
		   size_t size)
{
	char copy[MAX_TEXT], *rest = copy;
	*w = (struct te_what) { .usable = xheap_alloc(net->n_edges * sizeof *w->usable + 1) };
	memcpy(w->usable, usable, net->n_edges * sizeof *w->usable);
	if (strlen(text) >= sizeof copy)
		return wrong(ret_why, size, "the question is longer than %d characters", MAX_TEXT - 1);
	snprintf(copy, sizeof copy, "%s", text);
	for (char *clause; (clause = strsep(&rest, ","));)
		if (!take_clause(w, net, trim(clause), ret_why, size))
			return false;
	return true;
}

void te_what_free(struct te_what *w)
{
	free(w->usable);
	w->usable = NULL;
}

double te_bound(const struct te_plan *t)
{
	struct place_job job = t->job;
	job.running = NULL;
	job.options.unrounded = true;
	job.options.tolerance = NEAR;
	struct placement *p = place_plan(&job);
	double bound = te_u(p->bound);
	place_free(p);
	return bound;
}

struct placement *te_what_plan(const struct te_plan *t, const struct placement *running, double goal, double *ret_bound)
{
	struct place_job job = t->job;
	struct placement *before = te_map_in(t->map, running);
	job.running = before;
	struct placement *p = place_stay(&job);
	place_free(before);
	*ret_bound = te_bound(t);
	if (te_u(p->u) > goal) {
		job.running = p;
		job.options.sparing = true;
		job.options.goal = te_place_u(goal) * WORTH;
		struct placement *next = place_plan_firm(&job, place_plan(&job));
		double kept = place_kept(&job, p), kept_next = place_kept(&job, next);
		bool helps = kept_next > kept || (kept_next >= kept && next->u < WORTH * p->u);
		place_free(helps ? p : next);
		p = helps ? next : p;
	}
	struct placement *all = te_map_out(t->map, p);
	place_free(p);
	return all;
}

static bool same_path(const struct place_path *a, const struct place_path *b)
{
	return a->n_arcs == b->n_arcs && !memcmp(a->arcs, b->arcs, a->n_arcs * sizeof *a->arcs);
}

double te_moved(const struct place_pair *before, const struct place_pair *after)
{
	double stays = 0;
	if (!before || !before->n_active)
		return after && after->n_active ? 1 : 0;
	for (uint32_t i = 0; i < before->n_active; i++)
		for (uint32_t k = 0; after && k < after->n_active; k++)
			if (same_path(&before->paths[i], &after->paths[k]))
				stays += fmin(before->paths[i].share, after->paths[k].share);
	return stays > 1 - 1e-9 ? 0 : 1 - stays;
}
